import Engine
import Units

/// A store whose database lives in the test's time: its clock is the test's, which stands still in 2027, so that nobody
/// thinks it wrong.
public struct TestTimeStore: Store {
  private let base: any Store
  private let clock: any WallClock

  public init(_ base: any Store, clock: any WallClock) {
    self.base = base
    self.clock = clock
  }

  public func transaction<T: Sendable>(
    _ body: @escaping @Sendable (any StoreTransaction) throws -> T
  ) async throws -> T {
    try await base.transaction(body)
  }

  public func reserved<T: Sendable>(
    _ body: @escaping @Sendable (any StoreTransaction) throws -> T
  ) async throws -> T {
    try await base.reserved(body)
  }

  public func snapshot(_ question: SnapshotQuestion) async throws -> LeaseSnapshot? {
    try await base.snapshot(question)
  }

  public func changes() -> AsyncStream<StoreChange> { base.changes() }

  public func databaseTime() async throws -> Instant {
    _ = try await base.databaseTime()
    return clock.now()
  }
}
