import Dispatch
import Postgres
import TestKit
import Testing

@Suite struct TransactionTests {
  @Test func whatTheBodyThrowsRollsBack() async throws {
    struct Refusal: Error {}
    try await TestDatabase.withPool { pool in
      try await pool.withConnection { try $0.script("CREATE TABLE thing (id int8)") }
      await #expect(throws: Refusal.self) {
        try await pool.transaction { db in
          try db.execute("INSERT INTO thing VALUES (1)")
          throw Refusal()
        }
      }
      try await #expect(pool.read("SELECT id FROM thing") { _ in }.isEmpty)
    }
  }

  @Test func collisionsAreRunAgainUntilAllHaveCounted() async throws {
    try await TestDatabase.withPool(connections: 8) { pool in
      try await pool.withConnection { try $0.script("CREATE TABLE tally (n int8); INSERT INTO tally VALUES (0)") }
      let runs = Shared(0)
      try await withThrowingTaskGroup(of: Void.self) { group in
        for _ in 0..<40 {
          group.addTask {
            try await pool.transaction(.serializable) { db in
              runs.increment()
              let n = try db.first("SELECT n FROM tally") { try $0.int64(0) } ?? 0
              try db.execute("UPDATE tally SET n = $1", n + 1)
            }
          }
        }
        try await group.waitForAll()
      }
      try await #expect(pool.read("SELECT n FROM tally") { try $0.int64(0) } == [40])
      #expect(runs.value > 40)
    }
  }

  /// Write skew: each reads what the other writes, both statements succeed, and only COMMIT can refuse one of them.
  @Test(.timeLimit(.minutes(2))) func aRefusalAtCommitIsRunAgainToo() async throws {
    try await TestDatabase.withPool { pool in
      try await pool.withConnection { try $0.script("CREATE TABLE mark (who int8)") }
      let tries = Shared([0, 0])
      let hasRead = [DispatchSemaphore(value: 0), DispatchSemaphore(value: 0)]
      let failures = Shared<[String]>([])
      try await withThrowingTaskGroup(of: Void.self) { group in
        for me in 0..<2 {
          group.addTask {
            try await pool.transaction(.serializable) { db in
              let attempt = tries.with { tries in
                tries[me] += 1
                return tries[me]
              }
              _ = try db.query("SELECT who FROM mark") { try $0.int64(0) }
              if attempt == 1 {
                // Both have read before either writes.
                hasRead[1 - me].signal()
                hasRead[me].wait()
              }
              do {
                try db.execute("INSERT INTO mark VALUES ($1)", me)
              } catch {
                failures.with { $0.append("\(error)") }
                throw error
              }
            }
          }
        }
        try await group.waitForAll()
      }
      try await #expect(pool.read("SELECT who FROM mark ORDER BY 1") { try $0.int64(0) } == [0, 1])
      #expect(tries.with { $0.reduce(0, +) } >= 3, "one of the two was refused")
    }
  }

  /// The same, made certain: COMMIT itself fails.
  @Test(arguments: [SQLState.serializationFailure, .deadlockDetected])
  func aFailingCommitIsRunAgain(state: SQLState) async throws {
    try await TestDatabase.with { database in
      let commits = Shared(0)
      let pool = Pool(
        .init(connection: database.connection) { statement in
          guard statement == "COMMIT", commits.increment() == 1 else { return nil }
          return .fail(PostgresError(.server, "refused", sqlState: state))
        })
      let runs = Shared(0)
      try await pool.transaction { db in
        runs.increment()
        try db.script("CREATE TABLE thing (id int8)")
      }
      #expect(runs.value == 2)
      await pool.close()
    }
  }

  @Test func aDeferredConstraintRefusesAtCommitForGood() async throws {
    try await TestDatabase.withPool { pool in
      try await pool.withConnection {
        try $0.script("CREATE TABLE thing (id int8 CONSTRAINT once UNIQUE DEFERRABLE INITIALLY DEFERRED)")
      }
      let error = await #expect(throws: PostgresError.self) {
        try await pool.transaction { try $0.execute("INSERT INTO thing VALUES (1), (1)") }
      }
      #expect(error?.constraint == "once")
      #expect(error?.kind == .server)
    }
  }

  @Test func aDeadlockIsRunAgain() async throws {
    try await TestDatabase.withPool { pool in
      try await pool.withConnection {
        try $0.script("CREATE TABLE thing (id int8 PRIMARY KEY, n int8); INSERT INTO thing VALUES (1, 0), (2, 0)")
      }
      let locked = Shared(0)
      let runs = Shared(0)
      try await withThrowingTaskGroup(of: Void.self) { group in
        for ids in [[1, 2], [2, 1]] {
          group.addTask {
            try await pool.transaction { db in
              runs.increment()
              try db.script("SET LOCAL deadlock_timeout = '10ms'")
              try db.execute("UPDATE thing SET n = n + 1 WHERE id = $1", ids[0])
              locked.increment()
              while locked.value < 2 {}
              try db.execute("UPDATE thing SET n = n + 1 WHERE id = $1", ids[1])
            }
          }
        }
        try await group.waitForAll()
      }
      try await #expect(pool.read("SELECT n FROM thing") { try $0.int64(0) } == [2, 2])
      #expect(runs.value >= 3)
    }
  }

  @Test func aConnectionLostDuringCommitLeavesTheOutcomeUnknown() async throws {
    try await TestDatabase.with { database in
      for (fault, stays) in [(Fault.disconnectAfter, 1), (.disconnectBefore, 0)] {
        let pool = Pool(.init(connection: database.connection) { $0 == "COMMIT" ? fault : nil })
        let reading = Pool(.init(connection: database.connection))
        try await reading.withConnection { try $0.script("DROP TABLE IF EXISTS thing; CREATE TABLE thing (id int8)") }
        let error = await #expect(throws: PostgresError.self) {
          try await pool.transaction { try $0.execute("INSERT INTO thing VALUES (1)") }
        }
        #expect(error?.kind == .commitOutcomeUnknown)
        try await #expect(reading.read("SELECT id FROM thing") { _ in }.count == stays)
        await pool.close()
        await reading.close()
      }
    }
  }

  @Test func aConnectionLostBeforeCommitIsRunAgain() async throws {
    try await TestDatabase.with { database in
      let broken = Shared(false)
      let pool = Pool(
        .init(connection: database.connection) { statement in
          guard statement.hasPrefix("INSERT"),
            !broken.with({ was in
              defer { was = true }; return was
            })
          else { return nil }
          return .disconnectAfter
        })
      try await pool.withConnection { try $0.script("CREATE TABLE thing (id int8)") }
      try await pool.transaction { try $0.execute("INSERT INTO thing VALUES (1)") }
      try await #expect(pool.read("SELECT id FROM thing") { _ in }.count == 1)
      await pool.close()
    }
  }

  @Test func aSwallowedFailureDoesNotPassForACommit() async throws {
    try await TestDatabase.withPool { pool in
      let error = await #expect(throws: PostgresError.self) {
        try await pool.transaction { db in
          // The mistake under test.
          _ = try? db.execute("SELECT 1 / 0")
        }
      }
      #expect(error?.kind == .transactionAborted)
    }
  }

  @Test func everyStatementMayBeTheOneThatKills() async throws {
    try await TestDatabase.with { database in
      let reading = Pool(.init(connection: database.connection))
      try await reading.withConnection { try $0.script("CREATE TABLE a (id int8); CREATE TABLE b (id int8)") }
      var last = 0
      var rounds = 0
      repeat {
        rounds += 1
        let nth = rounds
        let count = Shared(0)
        let pool = Pool(
          .init(connection: database.connection, maxAttempts: 1) { statement in
            // The setting up of the connection is not the transaction's.
            if statement.hasPrefix("SET") { return nil }
            return count.increment() == nth ? .disconnectBefore : nil
          })
        do {
          try await pool.transaction { db in
            try db.execute("INSERT INTO a VALUES ($1)", nth)
            try db.execute("INSERT INTO b VALUES ($1)", nth)
          }
        } catch is PostgresError {}
        last = count.value
        await pool.close()
        let both = try await reading.read("SELECT (SELECT count(*) FROM a), (SELECT count(*) FROM b)") {
          [try $0.int(0), try $0.int(1)]
        }
        #expect(both[0][0] == both[0][1])
      } while last >= rounds && rounds < 20
      #expect(rounds == 5)
      await reading.close()
    }
  }
}
