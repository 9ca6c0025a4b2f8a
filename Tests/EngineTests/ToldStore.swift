import Engine
import Units

/// A store that remembers, in order, what its daemon was told of other daemons' commits.
struct ToldStore: Store {
  private let base: any Store
  private let told = Locked<[StoreChange]>([])

  init(_ base: any Store) {
    self.base = base
  }

  func changes() -> AsyncStream<StoreChange> {
    let (stream, continuation) = AsyncStream<StoreChange>.makeStream()
    let changes = base.changes()
    let passing = Task {
      for await change in changes {
        told.withLock { $0.append(change) }
        continuation.yield(change)
      }
      continuation.finish()
    }
    continuation.onTermination = { _ in passing.cancel() }
    return stream
  }

  /// How much was told so far.
  var count: Int { told.withLock { $0.count } }

  /// Waits until it was told.
  ///
  /// - Parameter earlier: how much had been told before that could be; what is as old does not count.
  /// - Returns: how many round trips of the listening connection came to their end between `mark` and that. One may have
  ///   been under way, and one more may overtake what came with it: the bound is two, on a machine of any speed, where a
  ///   daemon that looked for itself would need as many as it waits.
  func heartbeats(after mark: Int, before wanted: StoreChange, beyond earlier: Int = 0) async throws -> Int {
    while true {
      let found = told.withLock { told -> Int? in
        guard let place = told[earlier...].firstIndex(of: wanted) else { return nil }
        return told[min(mark, place)..<place].count { $0 == .heartbeat }
      }
      if let found { return found }
      try Task.checkCancellation()
      await Task.yield()
    }
  }

  func transaction<T: Sendable>(
    _ body: @escaping @Sendable (any StoreTransaction) throws -> T
  ) async throws -> T {
    try await base.transaction(body)
  }

  func snapshot(_ question: SnapshotQuestion) async throws -> LeaseSnapshot? { try await base.snapshot(question) }

  func databaseTime() async throws -> Instant { try await base.databaseTime() }
}
