import Engine
import Leasing
import Ledger
import Store
import TestKit
import Testing
import Units

@Suite struct LedgerTransferTableTests {
  /// A lease in service with its payment, and books that are in order.
  private func with(_ body: (PostgresStore) async throws -> Void) async throws {
    try await TestStore.with { store in
      try await store.run { tx in
        try tx.setHosts([
          HostCapacity(host: "a", kind: .disk, limit: Resources(disk: 1_000), uidBase: 100_000)
        ])
        try Sample.quote(1, tx)
        _ = try tx.allocate(
          Resources(disk: 100), for: Sample.id(1), kind: .disk, asUnpaid: nil, pinned: nil)
        guard case .reserved(let id) = try tx.reserveInvoice(Sample.order(Sample.id(1), amount: 3_600_000)) else {
          return
        }
        try tx.openInvoice(id: id, paymentHash: Sample.hash(1), bolt11: "x", expiresAt: Sample.now + 600)
        _ = try tx.insertPayment(Sample.settlement(1, 3_600_000), lease: Sample.id(1), at: Sample.now)
        let paid = try Sample.step(Sample.paid(), try #require(try tx.lockLease(Sample.id(1))), tx)
        let made = try Sample.step(.provisioned(generation: paid.generation), paid, tx)
        try Sample.step(.usageRated(50), made, tx, at: Sample.now + 10)
      }
      try await store.script(
        """
        INSERT INTO usage_window VALUES ((SELECT id FROM lease), 1, 'egress', to_timestamp(1800000000), 5, 50)
        """)
      #expect(try await store.run { tx in try tx.audit() }.findings == [])
      try await body(store)
    }
  }

  @Test func balancesAreTheSumsOfTransfers() async throws {
    try await with { store in
      let audit = try await store.run { tx in try tx.audit() }
      #expect(audit.payments == 1)
      #expect(audit.transfers == 3)
      #expect(
        audit.totals == [
          "node": -3_600_000, "lease": 3_589_950, "revenue:time": 10_000, "revenue:usage": 50,
        ])
      let balances = try await store.run { tx in try tx.ledgerBalances(of: [Sample.id(1), Sample.id(2)]) }
      #expect(balances == [Sample.id(1): 3_589_950, Sample.id(2): .zero])
      let transfers = try await store.run { tx in try tx.transfers(of: Sample.id(1), after: 0, limit: 2) }
      #expect(transfers.map(\.transfer.credit) == [.lease(Sample.id(1)), .revenueTime])
      let rest = try await store.run { tx in try tx.transfers(of: Sample.id(1), after: transfers[1].id, limit: 9) }
      #expect(rest.map(\.transfer.amount) == [50])
      let newest = try await store.run { tx in try tx.newestTransfers(of: Sample.id(1), limit: 2) }
      #expect(newest == [rest[0], transfers[1]])
    }
  }

  @Test func whatWasEarnedIsToldByDayAndOffer() async throws {
    try await with { store in
      let day = Instant(microseconds: Sample.now.microseconds / 86_400_000_000 * 86_400_000_000)
      let earned = try await store.run { tx in try tx.earnings(from: day, to: Sample.now + 60) }
      #expect(earned.count == 1)
      #expect(
        earned.first
          == Earning(
            day: day, offer: try await store.run { tx in try tx.lease(Sample.id(1)) }?.lease.terms.offer ?? "",
            time: 10_000, usage: 50, leases: 1))
      #expect(try await store.run { tx in try tx.earnings(from: day, to: Sample.now) }.isEmpty)
      #expect(try await store.run { tx in try tx.earnings(from: Sample.now + 60, to: Sample.now + 120) }.isEmpty)
    }
  }

  @Test func theLedgerIsAddedToNeverChanged() async throws {
    try await with { store in
      await #expect(throws: (any Error).self) { try await store.script("UPDATE ledger_transfer SET msat = msat + 1") }
      await #expect(throws: (any Error).self) { try await store.script("DELETE FROM ledger_transfer") }
    }
  }

  @Test(
    arguments: [
      ("UPDATE lease SET balance_msat = balance_msat + 1", "its balance is"),
      ("UPDATE lease SET credit_msat = 1", "its credit is"),
      ("UPDATE payment SET received_msat = received_msat + 1", "were paid"),
      ("DELETE FROM payment", "settled and has no payment"),
      ("UPDATE usage_window SET charged_msat = 51", "usage was rated"),
      ("UPDATE pool SET used = used + 1 WHERE dimension = 'disk'", "used"),
      ("UPDATE lease SET state = 'closed', balance_msat = 0", "is closed and holds capacity"),
      (
        "INSERT INTO credit_move SELECT repeat('a', 64), id, id, 5, NULL, created_at FROM lease",
        "of 5 msat: 0 msat left, 0 msat arrived"
      ),
      (
        """
        INSERT INTO ledger_transfer (at, debit, credit, msat, cause, lease)
        SELECT created_at, 'move:' || repeat('b', 64), 'fees', 5, 'move', id FROM lease
        """, "belongs to no move"
      ),
      (
        """
        INSERT INTO ledger_transfer (at, debit, credit, msat, cause, lease)
        SELECT created_at, 'fees', 'node', 5, 'payout', id FROM lease
        """, "5 msat left the node"
      ),
      ("DELETE FROM outbox; UPDATE lease SET wakes_at = NULL", "nothing will wake it"),
    ])
  func corruptionIsFound(_ corruption: String, _ words: String) async throws {
    try await with { store in
      try await store.script(corruption)
      let findings = try await store.run { tx in try tx.audit() }.findings
      #expect(findings.contains { $0.contains(words) }, "\(findings)")
    }
  }
}
