import Engine
import L402
import Leasing
import Ledger
import Store
import TestKit
import Testing
import Units

@Suite struct InvoiceTableTests {
  private func open(
    _ number: UInt8, _ order: InvoiceOrder, _ tx: any StoreTransaction
  ) throws -> Int64 {
    guard case .reserved(let id) = try tx.reserveInvoice(order) else { throw StoreError(.failed, "not reserved") }
    try tx.openInvoice(id: id, paymentHash: Sample.hash(number), bolt11: "lnbc\(number)", expiresAt: order.expiresAt)
    return id
  }

  @Test func oneIsReservedOrOpenForEachSlot() async throws {
    try await TestStore.with { store in
      try await store.run { [self] tx in
        let lease = try Sample.quote(1, tx).id
        let order = Sample.order(lease)
        guard case .reserved(let id) = try tx.reserveInvoice(order) else {
          Issue.record("not reserved")
          return
        }
        #expect(try tx.reserveInvoice(order) == .busy(since: Sample.now, id: id))
        try tx.dropInvoice(id: id)
        let second = try open(1, order, tx)
        guard case .open(let record) = try tx.reserveInvoice(Sample.order(lease, label: "another")) else {
          Issue.record("not open")
          return
        }
        #expect(record.id == second)
        #expect(record.paymentHash == Sample.hash(1))
        #expect(record.bolt11 == "lnbc1")
        try tx.dropInvoice(id: second)
        #expect(try tx.invoice(Sample.hash(1))?.id == second)
        _ = try open(2, Sample.order(lease, slot: .renewal(periods: 1), label: "r", purpose: .renewal(periods: 1)), tx)
        #expect(try tx.openInvoices(of: lease).count == 2)
      }
      #expect(
        await store.refusal { tx in
          try tx.openInvoice(id: 999, paymentHash: Sample.hash(9), bolt11: "x", expiresAt: Sample.now)
        } == .conflict)
      #expect(await store.refusal { tx in try tx.reserveInvoice(Sample.order(Sample.id(9))) } == .invariant)
    }
  }

  @Test func anInvoiceIsReplacedWhenLittleOfItIsLeftOrTheTermsDiffer() async throws {
    try await TestStore.with { store in
      try await store.run { [self] tx in
        let lease = try Sample.quote(1, tx).id
        func order(_ label: String, _ amount: Millisatoshi = 1_000, after seconds: Seconds) -> InvoiceOrder {
          let at = Sample.now + seconds
          return Sample.order(
            lease, slot: .renewal(periods: 1), label: label, amount: amount, purpose: .renewal(periods: 1),
            ends: at + 600,
            at: at)
        }
        _ = try open(1, order("a", after: .zero), tx)
        guard case .open = try tx.reserveInvoice(order("b", after: 450)) else {
          Issue.record("it has a quarter of its life left")
          return
        }
        _ = try open(2, order("c", after: 451), tx)
        #expect(try tx.invoice(Sample.hash(1))?.state == .replaced)
        _ = try open(3, order("d", 2_000, after: 452), tx)
        #expect(try tx.invoice(Sample.hash(2))?.state == .replaced)
        // What was replaced can still be paid.
        #expect(try tx.openInvoices(of: lease).count == 3)
        #expect(try tx.insertPayment(Sample.settlement(1), lease: lease, at: Sample.now))
        #expect(try tx.invoice(Sample.hash(1))?.state == .settled)
        // A purchase's is offered to its end: another would end no later.
        let end = Sample.now + 600
        _ = try open(4, Sample.order(lease, label: "p", ends: end), tx)
        guard case .open = try tx.reserveInvoice(Sample.order(lease, label: "p", ends: end, at: end - 1)) else {
          Issue.record("it has not ended")
          return
        }
      }
    }
  }

  @Test func aSettlementIsBookedOnceAndStaysSettled() async throws {
    try await TestStore.with { store in
      try await store.run { [self] tx in
        let lease = try Sample.quote(1, tx).id
        let id = try open(1, Sample.order(lease), tx)
        #expect(try tx.preimage(of: Sample.hash(1)) == nil)
        #expect(try tx.allOpenInvoices(limit: 9).map(\.id) == [id])
        #expect(try tx.lapsedInvoices(before: Sample.now + 600, limit: 9).isEmpty)
        #expect(try tx.lapsedInvoices(before: Sample.now + 601, limit: 9).map(\.id) == [id])
        #expect(try tx.insertPayment(Sample.settlement(1), lease: lease, at: Sample.now))
        #expect(try !tx.insertPayment(Sample.settlement(1), lease: lease, at: Sample.now))
        try tx.setInvoiceState(id: id, .expired)
        #expect(try tx.invoice(Sample.hash(1))?.state == .settled)
        #expect(try tx.preimage(of: Sample.hash(1)) == Sample.preimage(1))
        #expect(try tx.allOpenInvoices(limit: 9).isEmpty)
      }
    }
  }

  @Test func aPaymentIsPresentedOnceOrUnderItsKey() async throws {
    try await TestStore.with { store in
      try await store.run { [self] tx in
        let lease = try Sample.quote(1, tx).id
        for number in UInt8(1)...2 {
          _ = try open(number, Sample.order(lease, slot: .renewal(periods: Int64(number)), label: "l\(number)"), tx)
        }
        func redeem(_ number: UInt8, _ key: String?, _ since: Instant = .distantFuture) throws -> Bool {
          try tx.redeem(Sample.hash(number), key: key, at: Sample.now, repeatedSince: since)
        }
        #expect(try !redeem(1, nil))
        for number in UInt8(1)...2 {
          #expect(try tx.insertPayment(Sample.settlement(number), lease: lease, at: Sample.now))
        }
        #expect(try redeem(1, nil))
        #expect(try !redeem(1, nil))
        #expect(try !redeem(1, "k"))
        #expect(try redeem(2, "k"))
        #expect(try redeem(2, "k"))
        #expect(try !redeem(2, "other"))
        #expect(try !redeem(2, nil))
        // Soon after, what has no key is a repetition; what has another one is another wish.
        #expect(try redeem(1, nil, Sample.now) && redeem(1, nil, Sample.now - 1))
        #expect(try !redeem(1, nil, Sample.now + 1))
        #expect(try !redeem(1, "k", Sample.now - 1) && !redeem(2, nil, Sample.now - 1))
      }
    }
  }

  @Test func cursorsAndWhatCouldNotBeBooked() async throws {
    try await TestStore.with { store in
      try await store.run { tx in
        #expect(try tx.cursor(of: "embedded") == nil)
        try tx.setCursor("1", of: "embedded", at: Sample.now)
        try tx.setCursor("2", of: "embedded", at: Sample.now)
        #expect(try tx.cursor(of: "embedded") == "2" && tx.cursor(of: "lnd") == nil)
        let lease = try Sample.quote(1, tx).id
        try tx.insertUnbooked(Sample.settlement(1), lease: lease, reason: "a", at: Sample.now)
        try tx.insertUnbooked(Sample.settlement(1), lease: lease, reason: "b", at: Sample.now)
        try tx.insertUnbooked(Sample.settlement(2), lease: nil, reason: "c", at: Sample.now + 1)
        let unbooked = try tx.unbooked(limit: 9)
        #expect(unbooked.map(\.reason) == ["b", "c"])
        #expect(unbooked.map(\.lease) == [lease, nil])
        #expect(unbooked[0].settlement == Sample.settlement(1))
        let marks = try tx.settlementMarks(of: "embedded")
        #expect(marks == SettlementMarks(cursorMovedAt: Sample.now, oldestUnbooked: Sample.now))
        #expect(try tx.settlementMarks(of: "lnd").cursorMovedAt == nil)
        #expect(try tx.shielded([lease, Sample.id(2)]) == [lease])
        try tx.deleteUnbooked(Sample.hash(1))
        #expect(try tx.settlementMarks(of: "lnd").oldestUnbooked == Sample.now + 1)
        #expect(try tx.shielded([lease]).isEmpty)
      }
    }
  }
}
