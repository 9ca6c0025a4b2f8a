import Foundation
import Synchronization

/// A transfer on standard error, if that is a terminal: redrawn at most ten times a second.
final class ProgressBar: Sendable {
  private struct State {
    var drawnAt: ContinuousClock.Instant?
    var done: Int64 = 0
    var total: Int64?
  }

  private let name: String
  private let isShown: Bool
  private let start = ContinuousClock.now
  private let state = Mutex(State())

  init(_ name: String, isShown: Bool = Terminal.errorIsTTY) {
    self.name = name
    self.isShown = isShown
  }

  func update(_ done: Int64, _ total: Int64?) {
    guard isShown else { return }
    let line: String? = state.withLock { state in
      state.done = done
      state.total = total
      let now = ContinuousClock.now
      if let last = state.drawnAt, now - last < .milliseconds(100) { return nil }
      state.drawnAt = now
      return Self.line(name, done, total, after: now - start)
    }
    if let line { Terminal.writeError("\r\(line)\u{1b}[K") }
  }

  /// Leaves the last state standing.
  func finish() {
    guard isShown else { return }
    let (done, total) = state.withLock { ($0.done, $0.total) }
    Terminal.writeError("\r\(Self.line(name, done, total, after: ContinuousClock.now - start))\u{1b}[K\n")
  }

  static func line(_ name: String, _ done: Int64, _ total: Int64?, after span: Duration) -> String {
    let seconds = max(1, span / .milliseconds(1)) / 1_000
    let speed = Human.bytes(Int64(Double(done) / max(seconds, 0.001))) + "/s"
    guard let total, total > 0 else { return "\(Terminal.printable(name))  \(Human.bytes(done))  \(speed)" }
    let share = min(1, Double(done) / Double(total))
    let digits = "\(Int(share * 100))%"
    let percent = String(repeating: " ", count: 4 - digits.count) + digits
    let filled = Int(share * 24)
    let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: 24 - filled)
    return
      "\(Terminal.printable(name))  \(bar) \(percent)  \(Human.bytes(done)) of \(Human.bytes(total))  \(speed)"
  }
}
