import Postgres
import TestKit
import Testing

@Suite struct CopyTests {
  private static let table = "CREATE TABLE usage (id int8, name text, at timestamptz, raw bytea)"
  private static let copy = "COPY usage FROM STDIN (FORMAT binary)"

  @Test func rowsArrive() async throws {
    try await TestDatabase.withPool { pool in
      try await pool.withConnection { db in
        try db.script(CopyTests.table)
        let count = try db.copy(CopyTests.copy) { copy in
          for id in 0..<20_000 {
            try copy.row(id, id % 2 == 0 ? "row" : String?.none, Timestamp(microseconds: 0), [UInt8(id % 256)])
          }
          #expect(copy.rows == 20_000)
        }
        #expect(count == 20_000)
        try #expect(
          db.first("SELECT sum(id)::int8, count(name), count(*) FROM usage") {
            [try $0.int(0), try $0.int(1), try $0.int(2)]
          } == [199_990_000, 10_000, 20_000])
      }
    }
  }

  @Test func aBodyThatGivesUpLeavesNothing() async throws {
    struct Refusal: Error {}
    try await TestDatabase.withPool(connections: 1) { pool in
      try await pool.withConnection { db in
        try db.script(CopyTests.table)
        #expect(throws: Refusal.self) {
          try db.copy(CopyTests.copy) { copy in
            try copy.row(1, "a", Timestamp?.none, [UInt8]())
            throw Refusal()
          }
        }
        try #expect(db.first("SELECT count(*) FROM usage") { try $0.int(0) } == 0)
      }
    }
  }

  @Test func whatTheServerRefusesIsThrown() async throws {
    try await TestDatabase.withPool(connections: 1) { pool in
      try await pool.withConnection { db in
        try db.script(CopyTests.table)
        #expect(throws: PostgresError.self) { try db.copy(CopyTests.copy) { try $0.row(Int32(1), "too short") } }
        #expect(throws: PostgresError.self) { try db.copy("SELECT 1") { _ in } }
        #expect(throws: PostgresError.self) { try db.copy("COPY nowhere FROM STDIN") { _ in } }
        try #expect(db.first("SELECT 1") { try $0.int(0) } == 1)
      }
    }
  }
}
