import Synchronization

/// Raised once, from whatever task.
final class Flag: Sendable {
  private let state = Mutex(false)
  var isRaised: Bool { state.withLock { $0 } }
  func raise() { state.withLock { $0 = true } }
}

/// How far an event stream was read.
final class Cursor: Sendable {
  private let state: Mutex<String?>
  init(_ value: String?) { state = Mutex(value) }
  var value: String? { state.withLock { $0 } }
  func set(_ value: String?) { if let value { state.withLock { $0 = value } } }
}
