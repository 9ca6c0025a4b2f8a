import Synchronization

/// Counts statements sent, so that a test can assert that something sent none.
final class StatementCounter: Sendable {
  private let value = Atomic<Int>(0)

  func increment() {
    value.add(1, ordering: .relaxed)
  }

  var count: Int { value.load(ordering: .relaxed) }
}
