import Postgres
import TestKit
import Testing

@Suite struct MigratorTests {
  private let one = Migration(
    version: 1, name: "one", sql: "CREATE TABLE a (id int8);\n-- a comment; with a semicolon\nCREATE TABLE b (id int8);"
  )
  private let two = Migration(version: 2, name: "two", sql: "INSERT INTO a VALUES (1)")

  @Test func whatIsMissingIsAppliedOnce() async throws {
    try await TestDatabase.withPool { pool in
      try await #expect(Migrator([one, two]).pending(pool) == [1, 2])
      try await #expect(Migrator([one]).migrate(pool) == [1])
      try await #expect(Migrator([one, two]).pending(pool) == [2])
      try await #expect(Migrator([two, one]).migrate(pool) == [2])
      try await #expect(Migrator([one, two]).migrate(pool) == [])
      try await #expect(pool.read("SELECT id FROM a") { try $0.int(0) } == [1])
    }
  }

  @Test func manyAtOnceAreAsGoodAsOne() async throws {
    try await TestDatabase.with { database in
      let migrations = (1...20).map {
        Migration(version: $0, name: "m\($0)", sql: "CREATE TABLE t\($0) (id int8)")
      }
      let pools = (0..<6).map { _ in Pool(.init(connection: database.connection, maxConnections: 2)) }
      let applied = try await withThrowingTaskGroup(of: [Int].self) { group in
        for pool in pools {
          for _ in 0..<2 { group.addTask { try await Migrator(migrations).migrate(pool) } }
        }
        return try await group.reduce(into: []) { $0 += $1 }
      }
      #expect(applied == Array(1...20))
      for pool in pools { await pool.close() }
    }
  }

  @Test func aFailingOneLeavesNothingAndThoseBeforeItStay() async throws {
    try await TestDatabase.withPool { pool in
      let bad = Migration(version: 2, name: "bad", sql: "CREATE TABLE c (id int8); SELECT 1 / 0;")
      await #expect(throws: PostgresError.self) { try await Migrator([one, bad]).migrate(pool) }
      let tables = try await pool.read("SELECT to_regclass('a')::text, to_regclass('c')::text") { row in
        [try row[0] as String?, try row[1] as String?]
      }
      #expect(tables == [["a", nil]])
      // The lock has been given back.
      try await #expect(Migrator([one, two]).migrate(pool) == [2])
    }
  }

  @Test func anotherHistoryIsRefused() async throws {
    try await TestDatabase.withPool { pool in
      try await Migrator([one, two]).migrate(pool)
      let changed = Migration(version: 1, name: "one", sql: one.sql + " ")
      await #expect(throws: MigrationError.changed(version: 1, name: "one")) {
        try await Migrator([changed, two]).migrate(pool)
      }
      await #expect(throws: MigrationError.unknown(version: 2, name: "two")) {
        try await Migrator([one]).migrate(pool)
      }
      await #expect(throws: MigrationError.notNumbered(version: 3)) {
        try await Migrator([one, Migration(version: 3, name: "three", sql: "")]).migrate(pool)
      }
    }
  }

  @Test func fileNamesAreRead() {
    #expect(Migration(file: "0007_what_it_adds.sql", sql: "x") == Migration(version: 7, name: "what_it_adds", sql: "x"))
    #expect(Migration(file: "7_short.sql", sql: "") == nil)
    #expect(Migration(file: "current.sql", sql: "") == nil)
  }
}
