import Foundation

/// Lets two transactions, each on a thread of its own, meet at a point.
final class Barrier: Sendable {
  private let condition = NSCondition()
  nonisolated(unsafe) private var said: Set<String> = []  // Under `condition`.

  func signal(_ word: String) {
    condition.lock()
    said.insert(word)
    condition.broadcast()
    condition.unlock()
  }

  func wait(_ word: String) {
    condition.lock()
    defer { condition.unlock() }
    let deadline = Date(timeIntervalSinceNow: 60)
    while !said.contains(word) {
      guard condition.wait(until: deadline) else { preconditionFailure("nobody said \(word) within a minute") }
    }
  }
}
