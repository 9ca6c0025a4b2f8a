import Postgres
import TestKit
import Testing

@Suite struct SessionTests {
  @Test func rowsBecomeValues() async throws {
    try await TestDatabase.withPool { pool in
      let rows = try await pool.withConnection { db in
        try db.script("CREATE TABLE thing (id int8 PRIMARY KEY, name text)")
        try #expect(db.execute("INSERT INTO thing VALUES ($1, $2), ($3, $4)", 1, "one", 2, String?.none) == 2)
        return try db.query("SELECT id, name FROM thing ORDER BY id") { row in
          (try row.int64(0), try row[1] as String?)
        }
      }
      #expect(rows.map(\.0) == [1, 2])
      #expect(rows.map(\.1) == ["one", nil])
    }
  }

  @Test func firstIsNilWithoutRows() async throws {
    try await TestDatabase.withPool { pool in
      let found = try await pool.withConnection { db in
        try db.first("SELECT 1::int8 WHERE $1", false) { try $0.int64(0) }
      }
      #expect(found == nil)
    }
  }

  @Test func errorsCarryTheServersFields() async throws {
    try await TestDatabase.withPool { pool in
      let error = await #expect(throws: PostgresError.self) {
        try await pool.withConnection { db in
          try db.script("CREATE TABLE thing (id int8 CONSTRAINT thing_known PRIMARY KEY)")
          try db.execute("INSERT INTO thing VALUES ($1)", 4711)
          try db.execute("INSERT INTO thing VALUES ($1)", 4711)
        }
      }
      #expect(error?.kind == .server)
      #expect(error?.sqlState == .uniqueViolation)
      #expect(error?.constraint == "thing_known")
      #expect(error?.table == "thing")
      #expect(error?.statement == "INSERT INTO thing VALUES ($1)")
      #expect(error?.detail != nil)
      #expect(error.map { "\($0)".contains("4711") } == false)
    }
  }

  @Test func aSavepointUndoesItsOwnOnly() async throws {
    struct Refusal: Error {}
    try await TestDatabase.withPool { pool in
      let rows = try await pool.transaction { db in
        try db.script("CREATE TABLE thing (id int8)")
        try db.execute("INSERT INTO thing VALUES (1)")
        #expect(throws: Refusal.self) {
          try db.savepoint { db in
            try db.execute("INSERT INTO thing VALUES (2)")
            throw Refusal()
          }
        }
        #expect(throws: PostgresError.self) { try db.savepoint { try $0.execute("SELECT 1 / 0") } }
        try db.savepoint { _ = try $0.execute("INSERT INTO thing VALUES (3)") }
        return try db.query("SELECT id FROM thing ORDER BY id") { try $0.int64(0) }
      }
      #expect(rows == [1, 3])
    }
  }

  @Test func statementsArePreparedOnceAndAgainWhenTheSchemaChanges() async throws {
    try await TestDatabase.withPool(connections: 1) { pool in
      let sql = "SELECT * FROM thing"
      try await pool.withConnection { db in
        try db.script("CREATE TABLE thing (id int8); INSERT INTO thing VALUES (1)")
        for _ in 0..<3 { try #expect(db.query(sql) { $0.columnCount } == [1]) }
        try #expect(db.query("SELECT count(*) FROM pg_prepared_statements") { try $0.int(0) } == [2])
        try db.script("ALTER TABLE thing ADD COLUMN name text")
        try #expect(db.query(sql) { $0.columnCount } == [2])
        try db.script("ALTER TABLE thing ADD COLUMN more text")
      }
      // In a transaction the whole is run again.
      let columns = try await pool.transaction { try $0.query(sql) { $0.columnCount } }
      #expect(columns == [3])
    }
  }

  @Test func theSameTextTakesOtherTypes() async throws {
    try await TestDatabase.withPool { pool in
      try await pool.withConnection { db in
        try #expect(db.first("SELECT $1", Int64(7)) { try $0.int64(0) } == 7)
        try #expect(db.first("SELECT $1", "seven") { try $0.string(0) } == "seven")
        try #expect(db.first("SELECT $1", Int64(8)) { try $0.int64(0) } == 8)
      }
    }
  }

  @Test func moreTextsThanAreKeptDoNotBreakAnything() async throws {
    try await TestDatabase.withPool(connections: 1) { pool in
      try await pool.withConnection { db in
        for number in 0..<2100 {
          try #expect(db.first("SELECT \(number)") { try $0.int(0) } == number)
        }
        try #expect(db.first("SELECT count(*) FROM pg_prepared_statements") { try $0.int(0) } ?? 0 <= 1000)
      }
    }
  }
}
