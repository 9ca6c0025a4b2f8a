import Engine
import Leasing
import Ledger
import Logging
import Postgres
import Schema
import Store
import Synchronization
import TestKit
import Testing
import Units

@Suite struct PostgresStoreTests {
  @Test func refusalsSayOfWhichKindTheyAre() async throws {
    try await TestStore.with { store in
      try await store.run { tx in try Sample.quote(1, tx) }
      #expect(await store.refusal { tx in try Sample.quote(1, tx) } == .conflict)
      #expect(
        await store.refusal { tx in
          try tx.insertUnbooked(Sample.settlement(1), lease: nil, reason: "", at: Sample.now)
          _ = try tx.insertPayment(Sample.settlement(1, .zero), lease: Sample.id(1), at: Sample.now)
        } == .invariant)
      // What failed left nothing.
      #expect(try await store.run { tx in try tx.unbooked(limit: 9) }.isEmpty)
      // What the body throws comes out as it is.
      await #expect(throws: CancellationError.self) { try await store.run { _ in throw CancellationError() } }
    }
  }

  @Test func lostConnectionsAreToldApart() async throws {
    let fault = Fuse()
    try await TestStore.with(faultHook: { fault.burn($0) }) { store in
      try await store.run { tx in try Sample.quote(1, tx) }
      // Before COMMIT was sent it is run again, and nobody notices.
      fault.set("INSERT INTO lease_parked", .disconnectBefore)
      try await store.run { tx in try tx.park(Sample.id(1), until: Sample.now, reason: "once", at: Sample.now) }
      #expect(try await store.run { tx in try tx.parked() }.count == 1)
      fault.set("COMMIT", .disconnectAfter)
      #expect(await store.refusal { tx in try Sample.quote(2, tx) } == .outcomeUnknown)
    }
    #expect(await closedStore().refusal { tx in try tx.census() } == .unavailable)
  }

  private func closedStore() async -> PostgresStore {
    let pool = Pool(.init(connection: "postgresql:///nowhere?host=/nonexistent", maxConnections: 1))
    await pool.close()
    return PostgresStore(pool: pool, listening: "", log: Logger(label: "test"))
  }

  @Test func whatOneCommitsAnotherHears() async throws {
    try await TestStore.withDatabase { database in
      let one = TestStore.store(on: database)
      let two = TestStore.store(on: database)
      let changes = two.changes()
      var iterator = changes.makeAsyncIterator()
      while let change = await iterator.next(), change != .heartbeat {}
      let lease = try await one.run { tx in try Sample.quote(1, tx) }
      await #expect(throws: CancellationError.self) {
        try await one.run { tx in
          try Sample.quote(2, tx)
          throw CancellationError()
        }
      }
      try await one.run { tx in
        try tx.insertToken(
          TokenRecord(
            id: Sample.token(1), lease: lease.id, parent: nil, paymentHash: Sample.hash(1), capabilities: "read",
            createdAt: Sample.now))
        _ = try tx.revoke(Sample.token(1), at: Sample.now)
      }
      var heard: [StoreChange] = []
      while heard.last != .revoked(Sample.token(1)), let change = await iterator.next() {
        if change != .heartbeat { heard.append(change) }
      }
      #expect(
        heard == [
          .lease(lease.id, version: 0), .event(lease.id), .due(try #require(lease.wakesAt)),
          .revoked(Sample.token(1)),
        ])
      await one.pool.close()
      await two.pool.close()
    }
  }

  @Test func manyChangesAreFewNotifications() async throws {
    try await TestStore.with { store in
      var iterator = store.changes().makeAsyncIterator()
      while let change = await iterator.next(), change != .heartbeat {}
      try await store.run { tx in for number in UInt64(1)...500 { try Sample.quote(number, tx) } }
      try await store.run { tx in
        let leases = try (1...500).map { try #require(try tx.lockLease(Sample.id(UInt64($0)))) }
        try tx.write(
          try leases.map {
            Sample.recorded(.released, $0, try $0.step(.released, at: Sample.now), at: Sample.now)
          })
      }
      var written: Set<LeaseID> = []
      while written.count < 500, let change = await iterator.next() {
        if case .lease(let id, version: 1) = change { written.insert(id) }
      }
      #expect(written.count == 500)
    }
  }

  @Test(.timeLimit(.minutes(5))) func aRestartOfTheDatabaseUnderLoadLosesNothing() async throws {
    let cluster = try await PostgresCluster.start(options: "-c max_connections=50")
    defer { cluster.remove() }
    let written = try await TestDatabase.with(in: cluster) { database -> Int in
      let pool = Pool(.init(connection: database.connection, maxConnections: 4))
      _ = try await Migrator(Schema.migrations).migrate(pool)
      let store = PostgresStore(pool: pool, listening: database.connection, log: Logger(label: "test"))
      let written = try await withThrowingTaskGroup(of: Int.self) { group in
        for worker in 0..<4 {
          group.addTask {
            var done = 0
            for number in 1...50 {
              let id = UInt64(worker * 1_000 + number)
              while true {
                do {
                  try await store.run { tx in
                    if try tx.lease(Sample.id(id)) == nil { try Sample.quote(id, tx) }
                  }
                  done += 1
                  break
                } catch let error as StoreError where error.kind == .unavailable || error.kind == .outcomeUnknown {
                  try Task.checkCancellation()
                  await Task.yield()
                }
              }
            }
            return done
          }
        }
        group.addTask {
          try await cluster.restart(options: "-c max_connections=50")
          return 0
        }
        return try await group.reduce(0, +)
      }
      #expect(try await store.run { tx in try tx.census() } == [.quoted: 200])
      await pool.close()
      return written
    }
    #expect(written == 200)
  }
}

/// Blows once, at a statement that begins so.
private final class Fuse: Sendable {
  private let state = Mutex<(beginning: String, fault: Fault)?>(nil)

  func set(_ beginning: String, _ fault: Fault) {
    state.withLock { $0 = (beginning, fault) }
  }

  func burn(_ statement: String) -> Fault? {
    state.withLock { state in
      guard let set = state, statement.hasPrefix(set.beginning) else { return nil }
      state = nil
      return set.fault
    }
  }
}
