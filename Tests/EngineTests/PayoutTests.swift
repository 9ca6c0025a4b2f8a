import BOLT11
import L402
import Leasing
import Ledger
import Lightning
import TestKit
import Testing
import Units

@testable import Engine

/// Credit paid out to a renter's invoice.
@Suite struct PayoutTests {
  /// A lease with credit, and a daemon whose node pays as it is told to.
  func scripted(
    _ body: (
      _ platform: Platform, _ renter: Renter, _ id: LeaseID, _ credential: String, _ payer: ScriptedPayer,
      _ engine: Engine
    ) async throws -> Void
  ) async throws {
    try await Platform.with { platform in
      let renter = Renter(platform)
      let (id, credential) = try await renter.credited()
      let payer = ScriptedPayer(platform.node)
      let engine = platform.anotherEngine("two", node: payer)
      try await engine.prepare()
      try await body(platform, renter, id, credential, payer, engine)
    }
  }

  func wallet(
    _ platform: Platform, _ amount: Millisatoshi, expiry: Seconds = 3_600
  ) async throws -> NodeInvoice {
    try await platform.node.createInvoice(
      InvoiceRequest(
        label: "wallet/\(Preimage.random().paymentHash.hex)", amount: amount, description: "to a wallet",
        expiry: expiry))
  }

  func foreign(
    _ platform: Platform, _ amount: Millisatoshi?, network: Network = .regtest, expiry: Seconds = 3_600
  ) throws -> String {
    try InvoiceDraft(
      network: network, amount: amount, timestamp: platform.clock.now(),
      paymentHash: Preimage.random().paymentHash.bytes.array, paymentSecret: Preimage.random().bytes.array,
      subject: .description("x"), expiry: expiry
    ).sign(with: .random()).text
  }

  @Test func creditIsPaidOutOnce() async throws {
    try await Platform.with { platform in
      let engine = platform.engine
      let renter = Renter(platform)
      let (id, credential) = try await renter.credited()
      let invoice = try await wallet(platform, 2_000_000)
      let asked = try await engine.refund(id, to: invoice.bolt11, renter.caller(credential))
      #expect(asked.payout.state == .pending)
      #expect(asked.credit == 1_570_000)
      // Asked again it is the same payout.
      _ = try await engine.refund(id, to: invoice.bolt11.uppercased(), renter.caller(credential))
      try await platform.settle()
      let paid = try await engine.refund(id, to: invoice.bolt11, renter.caller(credential))
      #expect(paid.payout.state == .paid(fee: .zero))
      #expect(paid.credit == 1_600_000)
      guard case .settled = try await platform.node.lookup(invoice.paymentHash)?.state else {
        Issue.record("the wallet has nothing")
        return
      }
      let listed = try await engine.refunds(of: id, limit: 10, renter.caller(credential, method: "GET"))
      #expect(listed.map(\.paymentHash) == [invoice.paymentHash])
      let audit = try await engine.operator.audit()
      #expect(audit.findings == [])
      #expect(audit.totals["node"] == -1_600_000)
      // All that is left, with nothing for routing.
      let rest = try await wallet(platform, 1_600_000)
      _ = try await engine.refund(id, to: rest.bolt11, renter.caller(credential))
      try await platform.settle()
      #expect(try await platform.lease(id).account.credit == .zero)
      // The follower passes over what is no payment of a lease.
      try await engine.money.settlementFollower.bookNext()
      try await platform.expectRest()
    }
  }

  @Test func eachRefusalHasItsName() async throws {
    try await Platform.with(settings: { $0.payouts.maxEach = 3_000_000 }) { platform in
      let engine = platform.engine
      let renter = Renter(platform)
      let (id, credential) = try await renter.credited()
      func asking(_ invoice: String) async -> String {
        await refusal { try await engine.refund(id, to: invoice, renter.caller(credential)) }
      }
      #expect(await asking("lnbc1nonsense") == "invalid-field invoice")
      #expect(await asking(try foreign(platform, 1_000, network: .mainnet)) == "422 invoice-foreign-network")
      #expect(await asking(try foreign(platform, nil)) == "422 invoice-amountless")
      #expect(await asking(try foreign(platform, 1_000, expiry: 600)) == "422 invoice-expired")
      #expect(await asking(try foreign(platform, 1_000, expiry: .day + 61)) == "422 invoice-lasts-too-long")
      #expect(await asking(try foreign(platform, 3_600_001)) == "422 invoice-above-credit")
      #expect(await asking(try foreign(platform, 3_500_000)) == "422 invoice-above-limit")
      let other = try await Renter(platform, address: "198.51.100.9").rent()
      #expect(
        await refusal {
          try await engine.refund(id, to: try foreign(platform, 1_000), renter.caller(other.credential))
        } == "403 wrong-lease")
      let ours = try await renter.demand {
        try await engine.renew(other.id, periods: 1, renter.caller(other.credential))
      }
      #expect(await asking(ours.challenge.invoice) == "422 invoice-ours")
      #expect(try await platform.lease(id).account.credit == 3_600_000)
      #expect(try await engine.refunds(of: id, limit: 9, renter.caller(credential)).isEmpty)
    }
  }

  @Test func anInvoiceThatCannotBeReachedGivesTheCreditBack() async throws {
    try await Platform.with { platform in
      let renter = Renter(platform)
      let (id, credential) = try await renter.credited()
      let invoice = try foreign(platform, 1_000_000)
      _ = try await platform.engine.refund(id, to: invoice, renter.caller(credential))
      try await platform.settle()
      let after = try await platform.engine.refund(id, to: invoice, renter.caller(credential))
      guard case .failed = after.payout.state else {
        Issue.record("it is \(after.payout.state)")
        return
      }
      #expect(after.credit == 3_600_000)
      #expect(try await platform.engine.operator.audit().findings == [])
    }
  }

  @Test func theDailyBoundHoldsAgainstManyAtOnce() async throws {
    try await Platform.with(connections: 10, settings: { $0.payouts.maxPerDay = 1_000_000 }) { platform in
      let engine = platform.engine
      let renter = Renter(platform)
      // Each from another lease, so that no lease's own lock does the bound's work.
      var leases: [(id: LeaseID, credential: String)] = []
      for _ in 0..<6 { leases.append(try await renter.credited()) }
      // What came in today would be taken off.
      try await platform.pass(.day + 1)
      let (id, credential) = leases[0]
      let answers = await withTaskGroup(of: String.self) { group in
        for lease in leases {
          group.addTask {
            await refusal {
              let invoice = try await self.wallet(platform, 400_000)
              return try await engine.refund(lease.id, to: invoice.bolt11, renter.caller(lease.credential))
            }
          }
        }
        return await group.reduce(into: [String]()) { $0.append($1) }
      }
      #expect(answers.filter { $0 == "nothing" }.count == 2)
      #expect(answers.filter { $0 == "409 payout-limit" }.count == 4)
      try await platform.settle()
      platform.clock.advance(by: .day + 1)
      let later = try await wallet(platform, 400_000)
      _ = try await engine.refund(id, to: later.bolt11, renter.caller(credential))
      try await platform.settle()
      #expect(try await engine.operator.audit().findings == [])
    }
  }

  @Test func pendingStaysPendingUntilTheNodeSaysOtherwise() async throws {
    try await scripted { platform, renter, id, credential, payer, engine in
      let preimage = Preimage.random()
      let invoice = try InvoiceDraft(
        network: .regtest, amount: 1_000_000, timestamp: platform.clock.now(),
        paymentHash: preimage.paymentHash.bytes.array, paymentSecret: Preimage.random().bytes.array,
        subject: .description("x"), expiry: 3_600
      ).sign(with: .random()).text
      _ = try await engine.refund(id, to: invoice, renter.caller(credential))
      // The node took it, and the answer was lost.
      payer.script([.failure(NodeError(.unavailable, attempted: "pay", words: "cut off"))], payout: nil)
      _ = try await engine.work.effects.runDue()
      #expect(payer.pays == 1)
      #expect(try await platform.lease(id).account.credit == 2_580_000)
      // It is looked up, not paid again: not while it is under way, and not while the node says nothing, or "failed"
      // between one way and the next.
      for said in [PayoutState.pending, nil, .failed(reason: "one way of many")] {
        payer.script([], payout: said)
        platform.clock.advance(by: 61)
        _ = try await engine.work.effects.runDue()
        #expect(payer.pays == 1)
        #expect(try await platform.lease(id).account.credit == 2_580_000)
      }
      payer.script([], payout: .paid(preimage: preimage, fee: 7_000))
      platform.clock.advance(by: 61)
      _ = try await engine.work.effects.runDue()
      #expect(payer.pays == 1)
      #expect(try await platform.lease(id).account.credit == 2_593_000)
      let audit = try await engine.operator.audit()
      #expect(audit.findings == [])
      #expect(audit.totals["fees"] == .zero)
    }
  }

  /// The look-up before the order failed: nothing left, and nothing has to be waited for.
  @Test func whatWasNotSentIsOrderedAgainAtOnce() async throws {
    try await scripted { platform, renter, id, credential, payer, engine in
      let preimage = Preimage.random()
      let invoice = try InvoiceDraft(
        network: .regtest, amount: 1_000_000, timestamp: platform.clock.now(),
        paymentHash: preimage.paymentHash.bytes.array, paymentSecret: Preimage.random().bytes.array,
        subject: .description("x"), expiry: 3_600
      ).sign(with: .random()).text
      _ = try await engine.refund(id, to: invoice, renter.caller(credential))
      let lost = NodeError(.unavailable, attempted: "look up a payment", words: "killed", nothingWasSent: true)
      payer.script([.failure(lost), .success(.paid(preimage: preimage, fee: .zero))], payout: nil)
      _ = try await engine.work.effects.runDue()
      #expect(payer.pays == 1)
      let between = try await platform.postgres.transaction { tx in try tx.payout(preimage.paymentHash) }
      #expect(between?.state == .pending)
      #expect(between?.order == nil)
      platform.clock.advance(by: 2)
      _ = try await engine.work.effects.runDue()
      #expect(payer.pays == 2)
      let paid = try await engine.refund(id, to: invoice, renter.caller(credential))
      #expect(paid.payout.state == .paid(fee: .zero))
      #expect(paid.credit == 2_600_000)
      #expect(try await engine.operator.audit().findings == [])
    }
  }

  /// A node, and a server of wallets, is shared with others: who has a wallet there may be paid.
  @Test func anInvoiceOfOurNodeThatIsNotOursIsPaid() async throws {
    try await scripted { platform, renter, id, credential, payer, engine in
      let theirs = try await wallet(platform, 1_000_000)
      #expect(try Invoice.parse(theirs.bolt11).payee.description == (try await payer.info().nodeID))
      payer.script([.success(.pending)], payout: nil)
      let asked = try await engine.refund(id, to: theirs.bolt11, renter.caller(credential))
      #expect(asked.payout.state == .pending)
      // One of ours is none to be paid, also when our books have lost it.
      let ours = try await platform.node.createInvoice(
        InvoiceRequest(
          label: "\(InvoiceRequest.labelPrefix)\(id)/renewal/1", amount: 1_000, description: "x", expiry: 3_600))
      #expect(
        await refusal { try await engine.refund(id, to: ours.bolt11, renter.caller(credential)) }
          == "422 invoice-ours")
    }
  }

  @Test func anInvoiceIsReadAsWalletsGiveIt() async throws {
    try await scripted { platform, renter, id, credential, payer, engine in
      let invoice = try foreign(platform, 1_000_000)
      payer.script([.success(.pending)], payout: nil)
      let asked = try await engine.refund(id, to: " LIGHTNING:\(invoice.uppercased())\n", renter.caller(credential))
      #expect(asked.payout.bolt11 == invoice)
      let again = try await engine.refund(id, to: "lightning:" + invoice, renter.caller(credential))
      #expect(again.payout.paymentHash == asked.payout.paymentHash)
    }
  }

  @Test func whatIsPendingIsShownAndWhatIsStuckIsNamed() async throws {
    try await scripted { platform, renter, id, credential, payer, engine in
      #expect(try await engine.operator.overview().payouts.count == 0)
      payer.script([.success(.pending)], payout: nil)
      let asked = try await engine.refund(id, to: try foreign(platform, 1_000_000), renter.caller(credential))
      _ = try await engine.work.effects.runDue()
      payer.script([], payout: .pending)
      let pending = try await engine.operator.overview()
      #expect(pending.payouts.count == 1)
      #expect(pending.payouts.setAside == 1_020_000)
      #expect(pending.payouts.oldest.map(\.paymentHash) == [asked.payout.paymentHash])
      #expect(pending.payouts.stuck(at: pending.at).isEmpty)
      let row = try #require(try await platform.effects(id).first)
      #expect(row.claim.effect.name == "payout")
      #expect(row.lastError?.contains("has not said") == true)
      // Two hours on the invoice is over, and the node still holds the payment.
      platform.clock.advance(by: .hour * 2 + 1)
      _ = try await engine.work.effects.runDue()
      let stuck = try await engine.operator.overview()
      #expect(stuck.payouts.stuck(at: stuck.at).map(\.lease) == [id])
      #expect(stuck.payouts.stuck(at: stuck.at).first?.order?.node == (try await payer.info().nodeID))
      #expect(try await platform.lease(id).account.credit == 2_580_000)
      payer.script([], payout: .failed(reason: "it came back"))
      platform.clock.advance(by: 61)
      _ = try await engine.work.effects.runDue()
      #expect(try await engine.operator.overview().payouts.count == 0)
      #expect(try await platform.lease(id).account.credit == 3_600_000)
    }
  }

  @Test func aFailureIsBelievedOnceTheOrderIsOver() async throws {
    try await scripted { platform, renter, id, credential, payer, engine in
      payer.script([.failure(NodeError(.unavailable, attempted: "pay", words: "cut off"))], payout: nil)
      _ = try await engine.refund(id, to: try foreign(platform, 1_000_000), renter.caller(credential))
      _ = try await engine.work.effects.runDue()
      payer.script([], payout: .failed(reason: "no route"))
      platform.clock.advance(by: 601)
      _ = try await engine.work.effects.runDue()
      #expect(payer.pays == 1)
      #expect(try await platform.lease(id).account.credit == 3_600_000)
      #expect(try await engine.operator.audit().findings == [])
    }
  }

  /// What failed before we ordered anything says nothing about our order.
  @Test func anInvoiceThatTheNodeTriedForOthersIsNotOrdered() async throws {
    try await scripted { platform, renter, id, credential, payer, engine in
      payer.script([], payout: .failed(reason: "no route"))
      let invoice = try foreign(platform, 1_000_000)
      _ = try await engine.refund(id, to: invoice, renter.caller(credential))
      _ = try await engine.work.effects.runDue()
      #expect(payer.pays == 0)
      let after = try await engine.refund(id, to: invoice, renter.caller(credential))
      #expect(after.payout.state.name == .failed)
      #expect(after.credit == 3_600_000)
      #expect(try await engine.operator.audit().findings == [])
    }
  }

  @Test func onlyTheNodeThatWasAskedIsBelieved() async throws {
    try await scripted { platform, renter, id, credential, payer, engine in
      payer.script([.failure(NodeError(.unavailable, attempted: "pay", words: "cut off"))], payout: nil)
      _ = try await engine.refund(id, to: try foreign(platform, 1_000_000), renter.caller(credential))
      _ = try await engine.work.effects.runDue()
      // The provider takes another node, which knows of nothing and says so for a day.
      payer.become("another")
      for _ in 0..<3 {
        platform.clock.advance(by: .hour * 8)
        _ = try await engine.work.effects.runDue()
      }
      #expect(payer.pays == 1)
      #expect(try await platform.lease(id).account.credit == 2_580_000)
      payer.become(nil)
      platform.clock.advance(by: 61)
      _ = try await engine.work.effects.runDue()
      #expect(payer.pays == 1)
      #expect(try await platform.lease(id).account.credit == 3_600_000)
    }
  }

  @Test func twoRunnersGiveOneOrder() async throws {
    try await Platform.with { platform in
      let renter = Renter(platform)
      let (id, credential) = try await renter.credited()
      let invoice = try foreign(platform, 1_000_000)
      _ = try await platform.engine.refund(id, to: invoice, renter.caller(credential))
      let hash = try #require(PaymentHash(try Invoice.parse(invoice).paymentHash)).hex
      let payer = ScriptedPayer(platform.node)
      payer.script(Array(repeating: .success(.pending), count: 8), payout: nil)
      let engine = platform.anotherEngine("two", node: payer)
      // As runners are that have lost their claims and do not know it yet.
      try await withThrowingTaskGroup(of: Void.self) { group in
        for _ in 0..<8 { group.addTask { _ = try await engine.money.payouts.payOut(hash) } }
        try await group.waitForAll()
      }
      #expect(payer.pays == 1)
    }
  }

  @Test func aNodeThatNeverTookItGivesBackOnceTheInvoiceIsOver() async throws {
    try await scripted { platform, renter, id, credential, payer, engine in
      let down = NodeError(.unavailable, attempted: "pay", words: "down")
      payer.script(Array(repeating: .failure(down), count: 10), payout: nil)
      _ = try await engine.refund(id, to: try foreign(platform, 1_000_000), renter.caller(credential))
      _ = try await engine.work.effects.runDue()
      platform.clock.advance(by: 3_600 + 601)
      let asked = payer.pays
      _ = try await engine.work.effects.runDue()
      #expect(asked == 1)
      #expect(payer.pays == 1)
      #expect(try await platform.lease(id).account.credit == 3_600_000)
      #expect(try await engine.operator.audit().findings == [])
    }
  }
}
