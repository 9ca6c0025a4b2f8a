import L402
import Leasing
import Ledger
import TestKit
import Testing
import Units

@testable import Engine

/// Money that the books have no place for.
@Suite struct UnbookedTests {
  private func wallet(_ platform: Platform, _ amount: Millisatoshi) async throws -> String {
    try await platform.node.createInvoice(
      InvoiceRequest(
        label: "wallet/\(Preimage.random().paymentHash.hex)", amount: amount, description: "x", expiry: 3_600)
    ).bolt11
  }

  /// A purchase that is paid, and a standby without the commits that made it.
  private func losing(
    _ body: (_ platform: Platform, _ renter: Renter, _ quote: PaymentDemand, _ credential: String) async throws -> Void
  ) async throws {
    try await Platform.with { platform in
      let renter = Renter(platform)
      let quote = try await renter.quote()
      let credential = try await renter.pay(quote)
      try await platform.script(
        """
        TRUNCATE lease, lease_event, ledger_transfer, outbox, lease_tally CASCADE;
        UPDATE pool SET used = 0, unpaid = 0
        """)
      try await platform.engine.money.settlementFollower.bookNext()
      try await body(platform, renter, quote, credential)
    }
  }

  @Test func whatTheDatabaseLostIsKeptAndTakenOutByItsCredential() async throws {
    try await losing { platform, renter, quote, credential in
      let engine = platform.engine
      let kept = try await engine.operator.overview()
      #expect(kept.unbooked.map(\.settlement.paymentHash) == [quote.paymentHash])
      #expect(kept.unbooked.map(\.lease) == [quote.lease])
      #expect(kept.overdue.unbooked == 1)
      #expect(kept.cursorMovedAt != nil)
      try await engine.money.settlementSweep.run()
      #expect(try await engine.operator.overview().unbooked.count == 1)
      // Another lease's credential takes nothing of it.
      let other = try await Renter(platform, address: "198.51.100.9").rent()
      #expect(
        await refusal {
          try await engine.refund(
            quote.lease, to: try await wallet(platform, 1_000_000), renter.caller(other.credential))
        } == "403 wrong-lease")
      let asked = try await engine.refund(
        quote.lease, to: try await wallet(platform, 3_000_000), renter.caller(credential))
      #expect(asked.payout.state == .pending)
      try await platform.settle()
      let lease = try await platform.lease(quote.lease)
      #expect(lease.isClosed)
      #expect(lease.account.credit == 600_000)
      #expect(lease.closedCreditUntil != nil)
      let after = try await engine.operator.overview()
      #expect(after.unbooked.isEmpty)
      #expect(after.oldestUnbooked == nil)
      #expect(try await engine.operator.audit().findings == [])
      // Told again from the beginning, it is booked already.
      for settlement in try await platform.node.everySettlement(limit: 100) {
        try await engine.money.bookings.book(settlement, advancing: false)
      }
      #expect(try await engine.operator.overview().unbooked.isEmpty)
      #expect(try await platform.lease(quote.lease).account.credit == 600_000)
    }
  }

  @Test func manyAtOnceTakeItOutOnce() async throws {
    try await losing { platform, renter, quote, credential in
      let engine = platform.engine
      let answers = await withTaskGroup(of: String.self) { group in
        for _ in 0..<6 {
          group.addTask {
            await refusal {
              let invoice = try await self.wallet(platform, 3_000_000)
              return try await engine.refund(quote.lease, to: invoice, renter.caller(credential))
            }
          }
        }
        return await group.reduce(into: [String]()) { $0.append($1) }
      }
      #expect(answers.filter { $0 == "nothing" }.count <= 1)
      _ = await refusal {
        try await engine.refund(quote.lease, to: try await wallet(platform, 3_000_000), renter.caller(credential))
      }
      try await platform.settle()
      #expect(try await platform.lease(quote.lease).account.credit == 600_000)
      let audit = try await engine.operator.audit()
      #expect(audit.findings == [])
      #expect(audit.payments == 1)
    }
  }

  @Test func creditOfItBuysTimeOfAnotherLease() async throws {
    try await losing { platform, renter, quote, credential in
      let other = try await Renter(platform, address: "198.51.100.9").rent()
      let spent = try await platform.engine.spendCredit(
        of: quote.lease, on: other.id, nil, renter.caller(credential, key: "0123456789abcdef012345"))
      #expect(spent.move.amount == 3_600_000)
      #expect(spent.credit == .zero)
      #expect(try await platform.engine.operator.audit().findings == [])
    }
  }

  @Test func whatWasDealtWithIsCountedNoMore() async throws {
    try await losing { platform, _, quote, _ in
      let engine = platform.engine
      let hash = quote.paymentHash
      #expect(
        await refusal { try await engine.operator.unbooked.resolve(hash, reason: "", requestID: "r") }
          == "invalid-field reason")
      try await engine.operator.unbooked.resolve(hash, reason: "sent back by hand", requestID: "r")
      let after = try await engine.operator.overview()
      #expect(after.unbooked.isEmpty)
      #expect(after.overdue.unbooked == 0)
      #expect(after.oldestUnbooked == nil)
      #expect(try await engine.operator.unbooked.list(all: true, limit: 9).map(\.resolution) == ["sent back by hand"])
      for settlement in try await platform.node.everySettlement(limit: 100) {
        try await engine.money.bookings.book(settlement, advancing: false)
      }
      #expect(try await engine.operator.overview().overdue.unbooked == 0)
      #expect(
        await refusal { try await engine.operator.unbooked.resolve(hash, reason: "x", requestID: "r") } != "nothing")
    }
  }

  @Test func theOperatorMakesItCreditForWhoLostTheCredential() async throws {
    try await losing { platform, _, quote, _ in
      try await platform.engine.operator.unbooked.credit(quote.paymentHash, reason: "asked by mail", requestID: "r")
      let lease = try await platform.lease(quote.lease)
      #expect(lease.isClosed)
      #expect(lease.account.credit == 3_600_000)
      #expect(try await platform.engine.operator.overview().unbooked.isEmpty)
      #expect(try await platform.engine.operator.audit().findings == [])
    }
  }

  @Test func whatOthersLabelOnTheSameNodeIsPassedOver() async throws {
    try await Platform.with { platform in
      let theirs = try await platform.node.createInvoice(
        InvoiceRequest(label: "shop/1", amount: 5_000, description: "x", expiry: 3_600))
      _ = try await platform.node.payOwn(theirs.bolt11)
      try await platform.engine.money.settlementFollower.bookNext()
      let overview = try await platform.engine.operator.overview()
      #expect(overview.unbooked.isEmpty)
      #expect(overview.cursorMovedAt != nil)
    }
  }

  /// A renewal that is paid, and an invoice that the node deletes before anybody has heard.
  @Test func whatTheNodeForgotIsProvedByItsPreimage() async throws {
    try await Platform.with { platform in
      let node = SwitchedNode(platform.node)
      let engine = platform.anotherEngine("two", node: node)
      try await engine.prepare()
      let renter = Renter(platform)
      let (id, credential) = try await renter.rent()
      let demand = try await renter.demand { try await engine.renew(id, periods: 1, renter.caller(credential)) }
      let renewed = try await renter.pay(demand)
      node.forget(demand.paymentHash)
      for _ in 0..<2 { _ = try await engine.reader.lease(id, renter.caller(renewed, method: "GET")) }
      let kept = try await engine.operator.overview().unbooked
      #expect(kept.map(\.settlement.paymentHash) == [demand.paymentHash])
      #expect(kept.map(\.lease) == [id])
      // The node's word is wanting: nothing is served for it.
      try await engine.money.settlementSweep.run()
      #expect(try await platform.lease(id).account.balance == 3_600_000)
      #expect(try await engine.operator.overview().unbooked.count == 1)
      let asked = try await engine.refund(id, to: try await wallet(platform, 3_500_000), renter.caller(renewed))
      #expect(asked.payout.state == .pending)
      let lease = try await platform.lease(id)
      #expect(lease.account.balance == 3_600_000)
      #expect(lease.account.credit < 100_000)
      #expect(try await engine.operator.overview().unbooked.isEmpty)
      #expect(try await engine.operator.audit().findings == [])
    }
  }

  @Test func aCursorAheadOfTheNodeIsNoticedOnceAConnection() async throws {
    try await Platform.with { platform in
      let node = SwitchedNode(platform.node)
      let engine = platform.anotherEngine("two", node: node)
      try await engine.prepare()
      let renter = Renter(platform)
      let quote = try await renter.quote(engine: engine)
      _ = try await renter.pay(quote)
      try await engine.money.settlementFollower.bookNext()
      #expect(node.compared == 0, "there was no cursor yet")
      node.goAway()
      await #expect(throws: (any Error).self) { try await engine.money.settlementFollower.bookNext() }
      node.comeBack()
      node.stand(.ahead(goOn: nil))
      // What was booked is told again, from the beginning, and is one payment.
      try await engine.money.settlementFollower.bookNext()
      #expect(node.compared == 1)
      #expect(try await engine.operator.overview().cursorAheadAt == platform.clock.now())
      #expect(try await engine.operator.audit().payments == 1)
      // The next daemon knows of it too.
      try await engine.work.heartbeat.beat()
      let heir = platform.anotherEngine("heir", node: node)
      try await heir.prepare()
      #expect(try await heir.operator.overview().cursorAheadAt != nil)
      let audit = try await heir.operator.nodeAudits.compare(takeIn: false)
      #expect(audit.isSound)
      #expect(audit.ours == 1)
      #expect(audit.booked == 1)
      #expect(try await heir.operator.overview().cursorAheadAt == nil)
    }
  }

  @Test func anAuditWithTheNodeFindsWhatTheBooksLack() async throws {
    try await Platform.with { platform in
      let engine = platform.engine
      let renter = Renter(platform)
      let one = try await renter.rent()
      let quote = try await renter.quote()
      _ = try await renter.pay(quote)
      try await engine.money.settlementFollower.bookNext()
      #expect(try await engine.operator.nodeAudits.compare(takeIn: false).isSound)
      // The cursor stays behind them; only a comparison finds them.
      try await platform.script(
        """
        TRUNCATE lease, lease_event, ledger_transfer, outbox, lease_tally CASCADE;
        UPDATE pool SET used = 0, unpaid = 0
        """)
      let found = try await engine.operator.nodeAudits.compare(takeIn: false)
      #expect(!found.isSound)
      #expect(found.missing.count == 2)
      #expect(found.takenIn == 0)
      #expect(found.missing.contains { $0.paymentHash == quote.paymentHash })
      let taken = try await engine.operator.nodeAudits.compare(takeIn: true)
      #expect(taken.isSound)
      #expect(taken.takenIn == 2)
      #expect(Set(try await engine.operator.overview().unbooked.compactMap(\.lease)) == [one.id, quote.lease])
      let again = try await engine.operator.nodeAudits.compare(takeIn: false)
      #expect(again.isSound)
      #expect(again.unbooked == 2)
    }
  }
}
