import Postgres
import TestKit
import Testing

@Suite struct PostgresValueTests {
  @Test func everyTypeComesBackAsItWent() async throws {
    try await TestDatabase.withPool { pool in
      try await pool.withConnection { db in
        try echo(db, Int16.min, 0, Int16.max)
        try echo(db, Int32.min, 0, Int32.max)
        try echo(db, Int64.min, 0, Int64.max)
        try echo(db, Int.min, -1, Int.max)
        try echo(db, true, false)
        try echo(db, 0.0, -1.5, Double.greatestFiniteMagnitude, .infinity)
        try echo(db, "", "wörld 🌍", String(repeating: "x", count: 100_000))
        try echo(db, [UInt8](), [0, 1, 255], [UInt8](repeating: 7, count: 100_000))
        try echo(db, UUIDBytes(high: 0, low: .max), UUIDBytes(high: .max, low: 1))
        try echo(
          db,
          Timestamp(microseconds: 0), Timestamp(microseconds: 1_700_000_000_123_456), Timestamp(microseconds: -1))
        try echo(db, JSONB("{\"a\": 1}"))
        try echo(db, Int64?.none, 5)
        try echo(db, String?.none, "")
        try echo(db, [UInt8]?.none, [])
        try echo(db, UUIDBytes?.none)
        try echo(db, Timestamp?.none)
        try echo(db, [Int16](), [1, 2])
        try echo(db, [Int32](), [1, -2])
        try echo(db, [Int64](), [.min, .max])
        try echo(db, [Bool](), [true, false])
        try echo(db, [Double](), [1.5])
        try echo(db, [String](), ["a", "", "NULL"])
        try echo(db, [[UInt8]](), [[], [1, 2], [0]])
        try echo(db, [UUIDBytes](), [UUIDBytes(high: 1, low: 2)])
        try echo(db, [Timestamp](), [Timestamp(microseconds: 3)])
        try echo(db, [Int64?](), [1, nil, 3])
        try echo(db, [String?](), [nil, "a"])
        try echo(db, [[UInt8]?](), [nil, [1]])
        try echo(db, [Int64]?.none, [1])
      }
    }
  }

  private func echo<T: PostgresEncodable & PostgresDecodable & Equatable>(
    _ db: borrowing Session, _ values: T...
  ) throws {
    for value in values {
      let back = try db.first("SELECT $1", value) { row in try row[0] as T }
      #expect(back == value)
      let text = try db.first("SELECT $1::text", value) { row in try row[0] as String? }
      #expect((text == .some(nil)) == value.isNull)
    }
  }

  @Test func theServerReadsWhatWeMean() async throws {
    try await TestDatabase.withPool { pool in
      try await pool.withConnection { db in
        let text = try db.first(
          "SELECT concat_ws('|', $1::text, $2::text, $3::text, $4->>'k', $5::text, $6::text)",
          Timestamp(microseconds: 1_000_001), UUIDBytes(high: 0x0123_4567_89AB_CDEF, low: 0x0011_2233_4455_6677),
          [UInt8]([0xDE, 0xAD]), JSONB("{\"k\": \"v\"}"), [1, nil, 3] as [Int64?], -2.5
        ) { try $0.string(0) }
        #expect(
          text == "1970-01-01 00:00:01.000001+00|01234567-89ab-cdef-0011-223344556677|\\xdead|v|{1,NULL,3}|-2.5")
      }
    }
  }

  /// What no calendar of the server's reaches is sent as its ends, which the server takes.
  @Test func momentsBeyondTheCalendarAreItsEnds() async throws {
    try await TestDatabase.withPool { pool in
      try await pool.withConnection { db in
        for (moment, year) in [(Int64.min, "4714"), (Int64.min + 1, "4714"), (.max, "294247"), (.max / 2, "148108")] {
          let timestamp = Timestamp(microseconds: moment)
          let text = try db.first("SELECT to_char($1, 'FMYYYY'), $2::text", timestamp, [timestamp]) {
            try $0.string(0)
          }
          #expect(text == year, "\(moment)")
        }
      }
    }
  }

  @Test func arraysAreRowsToUnnest() async throws {
    try await TestDatabase.withPool { pool in
      let rows = try await pool.withConnection { db in
        try db.query("SELECT * FROM unnest($1, $2) AS t(id, name)", [1, 2, 3], ["a", nil, "c"] as [String?]) { row in
          "\(try row.int(0))\(try (row[1] as String?) ?? "-")"
        }
      }
      #expect(rows == ["1a", "2-", "3c"])
    }
  }

  @Test(arguments: [
    "SELECT NULL::int8", "SELECT 'a'::text", "SELECT 1::numeric", "SELECT '{1}'::int8[]", "SELECT true",
  ])
  func anotherTypeOrNullIsRefused(sql: String) async throws {
    try await TestDatabase.withPool { pool in
      let error = await #expect(throws: PostgresError.self) {
        try await pool.withConnection { db in try db.query(sql) { try $0.int64(0) } }
      }
      #expect(error?.kind == .decoding)
    }
  }

  @Test func narrowerNumbersWiden() async throws {
    try await TestDatabase.withPool { pool in
      try await pool.withConnection { db in
        try #expect(db.first("SELECT 7::int2") { try $0.int64(0) } == 7)
        try #expect(db.first("SELECT 7::int4") { try $0.int64(0) } == 7)
        try #expect(db.first("SELECT 7::int2") { try $0.int32(0) } == 7)
      }
    }
  }

  @Test(arguments: ["infinity", "-infinity"])
  func noMomentIsRefused(text: String) async throws {
    try await TestDatabase.withPool { pool in
      await #expect(throws: PostgresError.self) {
        try await pool.withConnection { db in try db.query("SELECT '\(text)'::timestamptz") { try $0.timestamp(0) } }
      }
    }
  }

  @Test func enumerationsAreTheirLabels() async throws {
    try await TestDatabase.withPool { pool in
      let label = try await pool.withConnection { db in
        try db.script("CREATE TYPE mood AS ENUM ('sad', 'happy')")
        return try db.first("SELECT $1::text::mood", "happy") { try $0.string(0) }
      }
      #expect(label == "happy")
    }
  }

  @Test func uuidBytesAreSixteen() {
    #expect(UUIDBytes([UInt8](repeating: 0, count: 15)) == nil)
    let bytes = (0..<16).map { UInt8($0) }
    #expect(UUIDBytes(bytes)?.bytes == bytes)
  }
}
