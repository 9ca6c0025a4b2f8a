import Postgres
import TestKit
import Testing

@Suite struct BatchTests {
  @Test func aBatchAnswersEachInOrder() async throws {
    try await TestDatabase.withPool { pool in
      for _ in 0..<2 {
        let sums = try await pool.withConnection { db in
          var batch = Batch()
          for number in 0..<500 { batch.add("SELECT $1 + $2", number, 1) }
          return try db.run(batch).map { try $0.first { try $0.int(0) } }
        }
        #expect(sums == (1...500).map { $0 })
      }
    }
  }

  @Test func aFailureIsItsStatementsOwn() async throws {
    try await TestDatabase.withPool { pool in
      try await pool.withConnection { db in
        try db.script("CREATE TABLE thing (id int8)")
        var batch = Batch()
        batch.add("INSERT INTO thing VALUES (1)")
        batch.add("SELECT 1 / $1", 0)
        batch.add("INSERT INTO thing VALUES (2)")
        batch.add("nonsense")
        let results = try db.results(of: batch)
        #expect(results.count == 4)
        #expect((try? results[0].get())?.affected == 1)
        #expect(throws: PostgresError.self) { try results[1].get() }
        if case .failure(let error) = results[2] { #expect(error.sqlState == .inFailedTransaction) }
        // All of it was one transaction, and the connection goes on.
        try #expect(db.first("SELECT count(*) FROM thing") { try $0.int(0) } == 0)
        var good = Batch()
        good.add("INSERT INTO thing VALUES (1)")
        good.add("INSERT INTO thing VALUES (2)")
        try db.run(good)
        try #expect(db.first("SELECT count(*) FROM thing") { try $0.int(0) } == 2)
      }
    }
  }

  @Test func aStatementThatCannotBePreparedFailsWithItsReason() async throws {
    try await TestDatabase.withPool { pool in
      try await pool.withConnection { db in
        var batch = Batch()
        batch.add("SELECT 1 FROM nowhere")
        batch.add("SELECT 2")
        let results = try db.results(of: batch)
        guard case .failure(let error) = results[0] else { return #expect(Bool(false), "it cannot succeed") }
        #expect(error.sqlState == .undefinedTable)
        try #expect(db.first("SELECT 2") { try $0.int(0) } == 2)
      }
    }
  }

  @Test func aFixedTransactionIsOnePipeline() async throws {
    try await TestDatabase.withPool { pool in
      try await pool.withConnection { try $0.script("CREATE TABLE thing (id int8 PRIMARY KEY)") }
      var batch = Batch()
      batch.add("INSERT INTO thing VALUES ($1)", 1)
      batch.add("SELECT count(*) FROM thing")
      let results = try await pool.transaction(sending: batch)
      #expect(results.count == 2)
      try #expect(results[1].first { try $0.int(0) } == 1)
      let error = await #expect(throws: PostgresError.self) { try await pool.transaction(sending: batch) }
      #expect(error?.sqlState == .uniqueViolation)
      var more = Batch()
      more.add("INSERT INTO thing VALUES ($1)", 2)
      try await pool.transaction(sending: more)
      try await #expect(pool.read("SELECT id FROM thing") { _ in }.count == 2)
    }
  }

  @Test func aPipelinedTransactionIsRunAgainAndItsLostCommitIsUnknown() async throws {
    try await TestDatabase.with { database in
      let commits = Shared(0)
      let pool = Pool(
        .init(connection: database.connection) { statement in
          guard statement == "COMMIT" else { return nil }
          switch commits.increment() {
          case 1: return .fail(PostgresError(.server, "refused", sqlState: .serializationFailure))
          case 2: return nil
          default: return .disconnectAfter
          }
        })
      var batch = Batch()
      batch.add("CREATE TABLE thing (id int8)")
      try await pool.transaction(sending: batch)
      #expect(commits.value == 2)
      var another = Batch()
      another.add("INSERT INTO thing VALUES (1)")
      let error = await #expect(throws: PostgresError.self) { try await pool.transaction(sending: another) }
      #expect(error?.kind == .commitOutcomeUnknown)
      await pool.close()
    }
  }
}
