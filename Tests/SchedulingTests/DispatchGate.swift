import Dispatch

/// Blocks the thread of whoever comes until it is opened.
final class DispatchGate: Sendable {
  private let semaphore = DispatchSemaphore(value: 0)

  func pass() {
    semaphore.wait()
    semaphore.signal()
  }

  func open() { semaphore.signal() }
}
