import Engine
import Leasing
import Ledger
import Store
import TestKit
import Testing
import Units

/// An audit proves what came after the last, and finds there what a whole one finds.
@Suite struct LedgerCheckpointTableTests {
  private func audit(_ store: PostgresStore) async throws -> Audit {
    try await store.run { tx in try tx.auditNew(at: Sample.now) }
  }

  /// Two leases that were paid for and proved, and another that was paid for since.
  private func with(_ body: (PostgresStore) async throws -> Void) async throws {
    try await TestStore.with { store in
      try await store.run { tx in
        for number: UInt8 in 1...2 { try pay(number, tx) }
      }
      let first = try await audit(store)
      #expect(first.findings == [])
      #expect(first.proved == 0)
      #expect(first.transfers == 2)
      try await store.run { tx in try pay(3, tx) }
      try await body(store)
    }
  }

  @Test func whatWasProvedIsNotReadAgain() async throws {
    try await with { store in
      let second = try await audit(store)
      #expect(second.findings == [])
      #expect(second.proved == 2)
      #expect(second.transfers == 3)
      #expect(second.payments == 3)
      let whole = try await store.run { tx in try tx.audit() }
      #expect(second.totals == whole.totals)
      #expect(try await audit(store).proved == 3)
    }
  }

  @Test(arguments: [
    ("UPDATE lease SET balance_msat = balance_msat + 1", "its balance is"),
    ("UPDATE lease SET credit_msat = 1", "its credit is"),
    ("UPDATE payment SET received_msat = received_msat + 1", "its payments were"),
    ("UPDATE ledger_proved SET balance_msat = balance_msat + 1", "the checkpoint does not hold"),
    ("UPDATE ledger_proved_total SET msat = msat + 1 WHERE kind = 'node'", "the checkpoint does not hold"),
    (
      """
      INSERT INTO ledger_transfer (at, debit, credit, msat, cause, lease)
      SELECT created_at, 'move:' || repeat('b', 64), 'fees', 5, 'move', id FROM lease LIMIT 1
      """, "did not arrive"
    ),
    (
      """
      INSERT INTO ledger_transfer (at, debit, credit, msat, cause, lease)
      SELECT created_at, 'fees', 'payout:' || repeat('b', 64), 5, 'payout', id FROM lease LIMIT 1
      """, "set aside for payouts"
    ),
    (
      """
      INSERT INTO ledger_transfer (at, debit, credit, msat, cause, lease)
      SELECT created_at, 'fees', 'node', 5, 'payout', id FROM lease LIMIT 1
      """, "its payouts came to"
    ),
    ("DELETE FROM outbox; UPDATE lease SET wakes_at = NULL", "nothing will wake it"),
  ])
  func corruptionIsFoundAndStaysFound(_ corruption: String, _ words: String) async throws {
    try await with { store in
      try await store.script(corruption)
      for _ in 1...2 {
        let findings = try await audit(store).findings
        #expect(findings.contains { $0.contains(words) }, "\(findings)")
      }
    }
  }

  /// A transfer whose number was taken before the audit and which is committed after it is neither lost nor counted twice.
  @Test func aTransferThatCommitsLateIsProvedLater() async throws {
    try await with { store in
      let barrier = Barrier()
      async let late: Void = store.run { tx in
        try pay(4, tx)
        barrier.signal("written")
        barrier.wait("audited")
      }
      try await store.run { tx in
        barrier.wait("written")
        try pay(5, tx)
      }
      #expect(try await audit(store).findings == [])
      barrier.signal("audited")
      try await late
      let after = try await audit(store)
      #expect(after.findings == [])
      #expect(after.transfers == 5)
      #expect(try await audit(store).proved == 5)
    }
  }
}

/// A quote that is paid, booked and written.
private func pay(_ number: UInt8, _ tx: any StoreTransaction) throws {
  let lease = try Sample.quote(UInt64(number), tx)
  _ = try tx.insertPayment(Sample.settlement(number, 3_600_000), lease: lease.id, at: Sample.now)
  try Sample.step(Sample.paid(3_600_000, number), lease, tx)
}
