import Synchronization

/// A value that several closures of a test write to.
final class Shared<Value: Sendable>: Sendable {
  private let mutex: Mutex<Value>

  init(_ value: Value) {
    mutex = Mutex(value)
  }

  var value: Value { mutex.withLock { $0 } }

  @discardableResult
  func with<T: Sendable>(_ body: (inout Value) -> T) -> T {
    mutex.withLock { value in body(&value) }
  }
}

extension Shared<Int> {
  /// - Returns: the new value.
  @discardableResult
  func increment() -> Int {
    with { value in
      value += 1
      return value
    }
  }
}
