import Dispatch
import Postgres
import TestKit
import Testing

@Suite struct PoolTests {
  @Test func workWaitsInOrderAndIsDoneByFewConnections() async throws {
    try await TestDatabase.withPool(connections: 3) { pool in
      let processes = try await withThrowingTaskGroup(of: Int.self) { group in
        for _ in 0..<200 {
          group.addTask {
            try await pool.withConnection { db in
              try db.first("SELECT pg_backend_pid()") { try $0.int(0) } ?? 0
            }
          }
        }
        return try await group.reduce(into: Set()) { $0.insert($1) }
      }
      #expect(processes.count <= 3)
      #expect(!processes.contains(0))
    }
  }

  @Test func whoeverWaitsMayGiveUp() async throws {
    try await TestDatabase.withPool(connections: 1) { pool in
      let gate = Gate()
      let holder = Task { try await pool.withConnection { _ in gate.pass() } }
      await gate.someoneWaits()
      let first = Task { try await pool.withConnection { _ in 1 } }
      let second = Task { try await pool.withConnection { _ in 2 } }
      first.cancel()
      await #expect(throws: CancellationError.self) { try await first.value }
      gate.open()
      try await #expect(second.value == 2)
      try await holder.value
    }
  }

  @Test func waitingEndsAtTheTimeout() async throws {
    try await TestDatabase.with { database in
      let pool = Pool(
        .init(connection: database.connection, maxConnections: 1, acquireTimeout: .milliseconds(50)))
      // The timeout is for connecting too, which may take longer on a busy machine: not what is tested here.
      while (try? await pool.withConnection { _ in true }) == nil {}
      let gate = Gate()
      let holder = Task { try await pool.withConnection { _ in gate.pass() } }
      await gate.someoneWaits()
      let error = await #expect(throws: PostgresError.self) { try await pool.withConnection { _ in } }
      #expect(error?.kind == .acquireTimeout)
      gate.open()
      try await holder.value
      await pool.close()
    }
  }

  @Test func closingFinishesWhatHasBegunAndRefusesTheRest() async throws {
    try await TestDatabase.withPool(connections: 1) { pool in
      let gate = Gate()
      let holder = Task {
        try await pool.withConnection { db in
          gate.pass()
          return try db.first("SELECT 1") { try $0.int(0) }
        }
      }
      await gate.someoneWaits()
      let closing = Task { await pool.close() }
      gate.open()
      try await #expect(holder.value == 1)
      await closing.value
      await pool.close()
      let error = await #expect(throws: PostgresError.self) { try await pool.withConnection { _ in } }
      #expect(error?.kind == .closed)
      let another = await #expect(throws: PostgresError.self) { try await pool.read("SELECT 1") { _ in } }
      #expect(another?.kind == .closed)
    }
  }

  @Test func aTransactionLeftOpenIsRolledBack() async throws {
    try await TestDatabase.withPool(connections: 1) { pool in
      try await pool.withConnection { db in
        try db.script("CREATE TABLE thing (id int8)")
        try db.script("BEGIN; INSERT INTO thing VALUES (1)")
      }
      try await #expect(pool.read("SELECT id FROM thing") { _ in }.isEmpty)
    }
  }

  @Test func aConnectionThatDiedWhileIdleIsReplaced() async throws {
    try await TestDatabase.withPool(connections: 1) { pool in
      let process = try await pool.withConnection { try $0.first("SELECT pg_backend_pid()") { try $0.int(0) } }
      try await TestDatabase.with { other in
        let admin = Pool(.init(connection: other.connection))
        try await admin.withConnection { db in
          try db.execute("SELECT pg_terminate_backend($1::int4, 10000)", process)
        }
        await admin.close()
      }
      let next = try await pool.withConnection { try $0.first("SELECT pg_backend_pid()") { try $0.int(0) } }
      #expect(next != process)
    }
  }

  @Test func statementsAreCounted() async throws {
    try await TestDatabase.withPool { pool in
      let before = pool.statementCount
      try await pool.transaction { db in _ = try db.execute("SELECT 1") }
      #expect(pool.statementCount >= before + 3)
      let between = pool.statementCount
      _ = try await pool.read("SELECT 1") { _ in }
      #expect(pool.statementCount > between)
    }
  }

  @Test func connectionTroubleHasNames() async throws {
    let none = Pool(.init(connection: "host=/nowhere-at-all", acquireTimeout: .seconds(3)))
    let error = await #expect(throws: PostgresError.self) { try await none.withConnection { _ in } }
    #expect(error?.kind == .connectionFailed)
    let read = await #expect(throws: PostgresError.self) { try await none.read("SELECT 1") { _ in } }
    #expect(read?.kind == .connectionFailed)
    await none.close()

    let wrong = Pool(.init(connection: "postgresql://user:s3cret@[host/x"))
    let misuse = await #expect(throws: PostgresError.self) { try await wrong.withConnection { _ in } }
    #expect(misuse?.kind == .misuse)
    #expect(misuse.map { "\($0)".contains("s3cret") } == false)
    await wrong.close()

    // A database that is not there stays away: this does not wait for the timeout.
    try await TestDatabase.with { database in
      let missing = Pool(
        .init(
          connection: try ConnectionString(database.connection).changing(["dbname": "no such"]),
          acquireTimeout: .seconds(3600)))
      let error = await #expect(throws: PostgresError.self) { try await missing.withConnection { _ in } }
      #expect(error?.sqlState == .invalidCatalogName)
      await missing.close()
    }
  }
}

/// Holds a thread until told otherwise, and tells when one is held.
final class Gate: Sendable {
  private let opened = DispatchSemaphore(value: 0)
  private let (waiting, waiter) = AsyncStream.makeStream(of: Void.self)

  /// Blocks the calling thread until ``open()``.
  func pass() {
    waiter.yield()
    opened.wait()
  }

  func someoneWaits() async {
    for await _ in waiting { return }
  }

  /// For one who passes.
  func open() {
    opened.signal()
  }
}
