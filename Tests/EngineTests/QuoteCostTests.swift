import Engine
import Leasing
import Ledger
import Synchronization
import TestKit
import Testing
import Units

/// What a quote that nobody pays may cost: statements, and whatever stays behind.
@Suite(.timeLimit(.minutes(2))) struct QuoteCostTests {
  private final class Statements: Sendable {
    private let count = Atomic<Int>(0)
    private let commits = Atomic<Int>(0)

    func note(_ sql: String) {
      count.add(1, ordering: .relaxed)
      if sql == "COMMIT" { commits.add(1, ordering: .relaxed) }
    }

    func during(_ body: () async throws -> Void) async throws -> (statements: Int, commits: Int) {
      let before = (count.load(ordering: .relaxed), commits.load(ordering: .relaxed))
      try await body()
      return (count.load(ordering: .relaxed) - before.0, commits.load(ordering: .relaxed) - before.1)
    }
  }

  private func with(_ body: (Platform, Statements) async throws -> Void) async throws {
    let statements = Statements()
    try await TestStore.with(
      faultHook: {
        statements.note($0)
        return nil
      },
      { store in
        let platform = try Platform(on: store)
        defer { platform.node.close() }
        try await platform.engine.prepare()
        try await body(platform, statements)
      })
  }

  /// One transaction to reserve and one to open, whatever was sold before.
  @Test func aQuoteIsTwoTransactionsOfFewStatements() async throws {
    try await with { platform, statements in
      // The first of a host makes its free list longer.
      _ = try await Renter(platform, address: "198.51.100.1").quote()
      for number in 2..<5 {
        let renter = Renter(platform, address: "198.51.100.\(number)")
        let alone = try await statements.during { _ = try await renter.quote() }
        #expect(alone.commits == 2)
        #expect(alone.statements <= 24)
      }
    }
  }

  /// Those who ask at the same moment share what is written: many cost less than each alone would.
  @Test func quotesOfOneMomentShareTheirTransactions() async throws {
    try await with { platform, statements in
      let many = 24
      let together = try await statements.during {
        try await withThrowingTaskGroup(of: Void.self) { group in
          for number in 0..<many {
            group.addTask { _ = try await Renter(platform, address: "198.51.100.\(number)").quote() }
          }
          try await group.waitForAll()
        }
      }
      #expect(together.commits < 2 * many)
      #expect(try await platform.engine.store.transaction { tx in try tx.audit().findings } == [])
    }
  }
}
