import Postgres
import TestKit
import Testing

@Suite struct ReadTests {
  @Test func manyAtOnceGetTheirOwnAnswers() async throws {
    try await TestDatabase.withPool { pool in
      let sums = try await withThrowingTaskGroup(of: (Int, Int?).self) { group in
        for number in 0..<1000 {
          group.addTask { (number, try await pool.readFirst("SELECT $1 * 2", number) { try $0.int(0) }) }
        }
        return try await group.reduce(into: [Int: Int]()) { $0[$1.0] = $1.1 }
      }
      #expect(sums.count == 1000)
      #expect(sums.allSatisfy { $0.value == $0.key * 2 })
    }
  }

  @Test func aFailingOneIsAloneInFailing() async throws {
    try await TestDatabase.withPool { pool in
      let outcomes = await withTaskGroup(of: (Int, Bool).self) { group in
        for number in 0..<400 {
          group.addTask {
            do {
              let answer = try await pool.read("SELECT 100 / ($1 % 10)", number) { try $0.int(0) }
              return (number, answer == [100 / (number % 10)])
            } catch let error as PostgresError {
              return (number, number % 10 == 0 && error.sqlState?.rawValue == "22012")
            } catch {
              return (number, false)
            }
          }
        }
        return await group.reduce(into: [Int: Bool]()) { $0[$1.0] = $1.1 }
      }
      #expect(outcomes.filter { !$0.value }.isEmpty)
    }
  }

  @Test func writingIsRefused() async throws {
    try await TestDatabase.withPool { pool in
      let error = await #expect(throws: PostgresError.self) {
        try await pool.read("CREATE TABLE thing (id int8)") { _ in }
      }
      #expect(error?.sqlState == .readOnlyTransaction)
    }
  }

  @Test func whatIsThrownWhileReadingARowIsTheCallers() async throws {
    struct Refusal: Error {}
    try await TestDatabase.withPool { pool in
      await #expect(throws: Refusal.self) { try await pool.read("SELECT 1") { _ in throw Refusal() } }
      try await #expect(pool.read("SELECT 1") { try $0.int(0) } == [1])
    }
  }

  @Test func aBrokenConnectionIsNotNoticed() async throws {
    try await TestDatabase.with { database in
      let count = Shared(0)
      let pool = Pool(
        .init(connection: database.connection) { _ in
          let n = count.increment()
          switch n {
          case 50, 250: return .disconnectAfter
          case 150, 350: return .disconnectBefore
          default: return nil
          }
        })
      try await withThrowingTaskGroup(of: Void.self) { group in
        for number in 0..<500 {
          group.addTask {
            try await #expect(pool.read("SELECT $1", number) { try $0.int(0) } == [number])
          }
        }
        try await group.waitForAll()
      }
      await pool.close()
    }
  }

  @Test func tasksMayRunOnTheReadersThread() async throws {
    try await TestDatabase.withPool { pool in
      let tasks = (0..<32).map { number in
        Task(executorPreference: pool.readExecutor) {
          var sum = 0
          for step in 0..<50 {
            sum += try await pool.readFirst("SELECT $1 + $2", number, step) { try $0.int(0) } ?? 0
          }
          return sum
        }
      }
      for (number, task) in tasks.enumerated() {
        try await #expect(task.value == number * 50 + 1225)
      }
    }
  }

  @Test func statementsThatChangeShapeAreReadAgain() async throws {
    try await TestDatabase.withPool { pool in
      try await pool.withConnection { try $0.script("CREATE TABLE thing (id int8); INSERT INTO thing VALUES (1)") }
      for columns in 1...3 {
        for _ in 0..<4 { try await #expect(pool.read("SELECT * FROM thing") { $0.columnCount } == [columns]) }
        try await pool.withConnection { try $0.script("ALTER TABLE thing ADD COLUMN c\(columns) text") }
      }
    }
  }

  @Test func moreTextsThanAreKeptDoNotBreakAnything() async throws {
    try await TestDatabase.withPool { pool in
      for number in 0..<2500 {
        try await #expect(pool.read("SELECT \(number)") { try $0.int(0) } == [number])
      }
    }
  }

  @Test func aReadThatWaitsForTheServerMayBeCancelled() async throws {
    let pool = Pool(.init(connection: "host=/nowhere-at-all", acquireTimeout: .seconds(3600)))
    let task = Task { try await pool.read("SELECT 1") { _ in } }
    task.cancel()
    await #expect(throws: CancellationError.self) { _ = try await task.value }
    await pool.close()
  }
}
