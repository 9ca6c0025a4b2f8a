import Engine
import Leasing
import Ledger
import Store
import TestKit
import Testing
import Units

/// The counts that are kept of leases in each state are those of the rows, whoever counts at once and whoever gives up.
@Suite struct LeaseTallyTests {
  private func counted(_ store: PostgresStore) async throws -> [Lease.State.Name: Int] {
    try await store.pool.withConnection { session in
      let rows = try session.query("SELECT state, count(*) FROM lease GROUP BY state") {
        (Lease.State.Name(rawValue: try $0.string(0)), try $0.int(1))
      }
      return Dictionary(uniqueKeysWithValues: try rows.map { (try #require($0.0), $0.1) })
    }
  }

  @Test func countsFollowEveryStepAndWhatIsTakenBack() async throws {
    try await TestStore.with { store in
      try await store.run { tx in
        for number in 1...5 { try Sample.quote(UInt64(number), tx) }
        try Sample.step(Sample.paid(), try #require(try tx.lockLease(Sample.id(1))), tx)
        try Sample.step(.quoteCanceled, try #require(try tx.lockLease(Sample.id(2))), tx)
        try tx.forgetQuote(Sample.id(3))
      }
      let refusal = await store.refusal { tx in
        try Sample.quote(6, tx)
        throw StoreError(.conflict, "given up")
      }
      #expect(refusal == .conflict)
      #expect(try await store.run { tx in try tx.census() } == [.quoted: 2, .provisioning: 1, .closed: 1])
      #expect(try await store.run { tx in try tx.census() } == counted(store))
      // Adding up changes nothing; the sweep takes the closed quote out.
      #expect(try await store.run { tx in try tx.sweep(at: Sample.now) } == 0)
      #expect(try await store.run { tx in try tx.census() } == counted(store))
      #expect(try await store.run { tx in try tx.sweep(at: Sample.now + .hour * 2) } == 1)
      #expect(try await store.run { tx in try tx.census() } == [.quoted: 2, .provisioning: 1])
      #expect(try await store.run { tx in try tx.census() } == counted(store))
    }
  }

  /// Events and effects go with their lease, and a lease that money moved for does not go.
  @Test func aLeaseTakesItsRowsAndLeavesNoMoneyBehind() async throws {
    try await TestStore.with { store in
      try await store.run { tx in
        try Sample.step(.quoteCanceled, try Sample.quote(1, tx), tx)
        try Sample.step(Sample.paid(), try Sample.quote(2, tx), tx)
      }
      #expect(try await store.run { tx in try tx.sweep(at: Sample.now + .hour * 2) } == 1)
      #expect(try await store.run { tx in try tx.events(of: Sample.id(1), after: 0, limit: 9) }.isEmpty)
      #expect(try await store.run { tx in try tx.effects(of: Sample.id(1)) }.isEmpty)
      #expect(try await store.run { tx in try tx.events(of: Sample.id(2), after: 0, limit: 9) }.count == 2)
      await #expect(throws: (any Error).self) {
        try await store.script("DELETE FROM payment; DELETE FROM lease WHERE balance_msat > 0")
      }
      #expect(try await store.run { tx in try tx.audit() }.findings.filter { $0.contains("is gone") }.isEmpty)
    }
  }

  @Test func manyCountAndAddUpAtOnce() async throws {
    try await TestStore.with(connections: 4) { store in
      try await withThrowingTaskGroup(of: Void.self) { group in
        for number in 1...40 {
          group.addTask {
            try await store.run { tx in
              let lease = try Sample.quote(UInt64(number), tx)
              if number % 3 == 0 { try Sample.step(.quoteCanceled, lease, tx) }
            }
          }
          if number % 5 == 0 { group.addTask { _ = try await store.run { tx in try tx.sweep(at: Sample.now) } } }
        }
        try await group.waitForAll()
      }
      #expect(try await store.run { tx in try tx.census() } == [.quoted: 27, .closed: 13])
      #expect(try await store.run { tx in try tx.census() } == counted(store))
      #expect(try await store.run { tx in try tx.audit() }.findings.filter { $0.contains("counted") }.isEmpty)
    }
  }
}
