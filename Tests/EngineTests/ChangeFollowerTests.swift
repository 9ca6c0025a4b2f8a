import L402
import TestKit
import Testing
import Units

@testable import Engine

/// After a lapse of the listener nothing is believed before it was read what was missed.
@Suite(.timeLimit(.minutes(2))) struct ChangeFollowerTests {
  @Test func whatWasRevokedInALapseIsKnownBeforeAnythingIsBelieved() async throws {
    try await with { platform, engine, told in
      let renter = Renter(platform)
      let (id, credential) = try await renter.rent()
      let own = try #require(try await engine.credential(of: renter.caller(credential)))
      try await heard(engine, told)
      told.say(.interrupted)
      try await waits { !engine.doorCache.isTrusted }
      try await platform.engine.revoke(own.token, of: id, renter.caller(credential))
      #expect(!engine.access.revocations.contains(own.token))
      try await heard(engine, told)
      #expect(engine.access.revocations.contains(own.token))
    }
  }

  @Test func whoCannotCatchUpBelievesNothing() async throws {
    try await with { _, engine, told in
      try await heard(engine, told)
      told.say(.interrupted)
      told.isDeaf.withLock { $0 = true }
      told.say(.heartbeat)
      // Behind it: when this is known, the heartbeat has been taken in.
      let marker = TokenID(epoch: 1)
      told.say(.revoked(marker))
      try await waits { engine.access.revocations.contains(marker) }
      #expect(!engine.doorCache.isTrusted)
      told.isDeaf.withLock { $0 = false }
      try await heard(engine, told)
    }
  }

  /// Says that the listener is alive until that is believed: it lasts two seconds, which a busy machine can let pass.
  private func heard(_ engine: Engine, _ told: ScriptedStore) async throws {
    try await waits {
      if engine.doorCache.isTrusted { return true }
      told.say(.heartbeat)
      try await Task.sleep(for: .milliseconds(5))
      return engine.doorCache.isTrusted
    }
  }

  private func with(_ body: (Platform, Engine, ScriptedStore) async throws -> Void) async throws {
    try await Platform.with { platform in
      let told = ScriptedStore(TestTimeStore(platform.postgres, clock: platform.clock))
      let engine = platform.anotherEngine(on: told)
      try await engine.prepare()
      let following = Task { await engine.work.changes.follow() }
      let outcome: Result<Void, any Error>
      do { outcome = .success(try await body(platform, engine, told)) } catch { outcome = .failure(error) }
      told.end()
      await following.value
      try outcome.get()
    }
  }
}

/// A store whose daemon is told what the test says, and nothing else.
private final class ScriptedStore: Store {
  private let base: any Store
  private let stream: AsyncStream<StoreChange>
  private let continuation: AsyncStream<StoreChange>.Continuation
  let isDeaf = Locked<Bool>(false)

  init(_ base: any Store) {
    self.base = base
    (stream, continuation) = AsyncStream<StoreChange>.makeStream()
  }

  func say(_ change: StoreChange) { continuation.yield(change) }
  func end() { continuation.finish() }
  func changes() -> AsyncStream<StoreChange> { stream }

  func transaction<T: Sendable>(
    _ body: @escaping @Sendable (any StoreTransaction) throws -> T
  ) async throws -> T {
    if isDeaf.withLock({ $0 }) { throw StoreError(.unavailable, "the database is away") }
    return try await base.transaction(body)
  }

  func snapshot(_ question: SnapshotQuestion) async throws -> LeaseSnapshot? { try await base.snapshot(question) }

  func databaseTime() async throws -> Instant { try await base.databaseTime() }
}
