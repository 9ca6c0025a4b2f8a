import L402
import Leasing
import Ledger
import Macaroons
import TestKit
import Testing
import Units

@testable import Engine

/// Pay on success, against a node that holds payments.
@Suite(.timeLimit(.minutes(5))) struct HoldTests {
  private func with(
    catalog: Catalog = .standard, bound: Int = 100, settings change: @escaping (inout Settings) -> Void = { _ in },
    _ body: (Platform) async throws -> Void
  ) async throws {
    try await Platform.with(
      connections: 10, catalog: catalog,
      settings: {
        $0.heldPayments = bound
        change(&$0)
      }, body)
  }

  /// Pays, and returns once the node holds the payment. The task ends when it is taken or sent back.
  private func paying(_ platform: Platform, _ renter: Renter, _ quote: PaymentDemand) async throws -> Task<
    String, any Error
  > {
    let payer = Task { try await renter.pay(quote) }
    guard case .accepted = try await platform.node.waitWhileOpen(quote.paymentHash) else {
      Issue.record("the payment is not held")
      return payer
    }
    return payer
  }

  private func moneyIsBack(_ payer: Task<String, any Error>, sourceLocation: SourceLocation = #_sourceLocation) async {
    let error = await #expect(throws: NodeError.self, sourceLocation: sourceLocation) { try await payer.value }
    #expect(error?.kind == .invoiceExpired, sourceLocation: sourceLocation)
  }

  @Test func theResourceIsMadeBeforeTheMoneyIsTaken() async throws {
    try await with { platform in
      let engine = platform.engine
      let renter = Renter(platform)
      let quote = try await renter.quote()
      let payer = try await paying(platform, renter, quote)
      let gate = platform.driver.hang(.provision)
      try await engine.sweepHolds()
      let running = Task { try await platform.settle() }
      await gate.arrivals()
      #expect(try await platform.lease(quote.lease).account.balance == .zero)
      #expect(try await engine.audit().payments == 0)
      #expect(try await engine.overview().heldPayments == 1)
      platform.driver.hangNoMore(.provision)
      try await running.value
      let credential = try await payer.value
      #expect(try await platform.state(quote.lease) == "active")
      #expect(try await platform.lease(quote.lease).account.balance == 3_600_000)
      #expect(try await engine.overview().heldPayments == 0)
      try await renter.open(quote.lease, credential)
      // The renewal is an ordinary invoice.
      let renewal = try await renter.demand {
        try await engine.renew(quote.lease, periods: 1, renter.caller(credential))
      }
      let renewed = try await renter.pay(renewal)
      _ = try await engine.renew(quote.lease, periods: 1, renter.caller(renewed))
      #expect(try await platform.lease(quote.lease).account.balance == 7_200_000)
      // The follower comes past what the lookup booked.
      try await engine.bookNextSettlements()
      #expect(try await engine.audit().payments == 2)
      let told = try await platform.postgres.transaction { tx in
        try tx.events(of: quote.lease, after: 0, limit: 100).compactMap(\.feedName)
      }
      #expect(Array(told.prefix(3)) == ["quoted", "paid", "provisioned"])
      _ = try await engine.release(quote.lease, renter.caller(credential, method: "DELETE"))
      try await platform.settle()
      try await platform.expectRest()
    }
  }

  @Test func whatCannotBeMadeIsNotPaidFor() async throws {
    try await with { platform in
      let renter = Renter(platform)
      let quote = try await renter.quote()
      let payer = try await paying(platform, renter, quote)
      platform.driver.fail(.provision, .noSpace)
      try await platform.engine.sweepHolds()
      try await platform.settle()
      await moneyIsBack(payer)
      let lease = try await platform.lease(quote.lease)
      #expect(lease.isClosed && lease.account.credit == .zero)
      #expect(try await platform.engine.audit().payments == 0)
      let events = try await platform.postgres.transaction { tx in try tx.events(of: quote.lease, after: 0, limit: 100)
      }
      #expect(
        events.contains { $0.name == "provision_failed" && $0.feedName == "failed" && $0.evidence["reason"] != nil })
      try await platform.expectRest()
    }
  }

  @Test func whatIsNotMadeInTimeIsNotPaidFor() async throws {
    try await with { platform in
      let renter = Renter(platform)
      let quote = try await renter.quote()
      let payer = try await paying(platform, renter, quote)
      platform.driver.fail(.provision, .failed, times: 1)
      try await platform.engine.sweepHolds()
      try await platform.settle()
      #expect(try await platform.state(quote.lease) == "provisioning")
      platform.clock.advance(by: 600)
      _ = try await platform.engine.wakeDueLeases()
      try await platform.settle()
      await moneyIsBack(payer)
      #expect(try await platform.lease(quote.lease).isClosed)
      try await platform.expectRest()
    }
  }

  @Test func withoutCapacityThePaymentGoesBack() async throws {
    try await with(catalog: .of([Catalog.disk], room: 3), settings: { $0.unpaidShare = 1 }) { platform in
      let engine = platform.engine
      let (first, second) = (Renter(platform, address: "198.51.100.1"), Renter(platform, address: "198.51.100.2"))
      // A third quote of one client holds nothing, and the place it would have goes to another.
      for _ in 0..<2 { #expect(try await second.quote().held) }
      let unheld = try await second.quote()
      let held = try await first.quote()
      #expect(held.held && !unheld.held)
      let one = try await paying(platform, first, held)
      let two = try await paying(platform, second, unheld)
      try await engine.sweepHolds()
      try await platform.settle()
      _ = try await one.value
      await moneyIsBack(two)
      #expect(try await platform.state(held.lease) == "active")
      let lease = try await platform.lease(unheld.lease)
      #expect(lease.isClosed && lease.account.credit == .zero)
      let explained = try await platform.postgres.transaction { tx in
        try tx.events(of: unheld.lease, after: 0, limit: 9)
      }
      #expect(explained.contains { $0.evidence["obstacle"] == "no capacity is left" })
      #expect(try await engine.audit().findings == [])
    }
  }

  @Test func aRestartDecidesWhatHadArrived() async throws {
    try await with { platform in
      let renter = Renter(platform)
      let quote = try await renter.quote()
      let payer = try await paying(platform, renter, quote)
      // Nobody was there when it came, and the quote's hold is over.
      platform.clock.advance(by: 700)
      let two = platform.anotherEngine("two") { $0.heldPayments = 100 }
      try await two.prepare()
      try await platform.settle(two)
      _ = try await payer.value
      #expect(try await platform.state(quote.lease) == "active")
    }
  }

  @Test func aPaymentThatIsGoneEndsTheLeaseAndSaysWhy() async throws {
    for made in [false, true] {
      try await with { platform in
        let renter = Renter(platform)
        let quote = try await renter.quote()
        let payer = try await paying(platform, renter, quote)
        try await platform.engine.sweepHolds()
        if made {
          let id = quote.lease
          try await platform.engine.handle(
            .provisioned(generation: 1), for: id, eventID: "made", cause: .init(type: "test", id: "1"))
        }
        // The node's own time for it runs out before we come to it.
        platform.clock.advance(by: .hour)
        try await platform.engine.sweepHolds()
        await moneyIsBack(payer)
        try await platform.settle()
        #expect(try await platform.lease(quote.lease).isClosed)
        let events = try await platform.postgres.transaction { tx in
          try tx.events(of: quote.lease, after: 0, limit: 100)
        }
        #expect(
          events.contains { $0.name == "hold_canceled" && $0.evidence["reason"] != nil && $0.feedName == "failed" })
        #expect(try await platform.engine.audit().payments == 0)
        try await platform.expectRest()
      }
    }
  }

  @Test func twoDaemonsThatHearOfItAreOnePayment() async throws {
    try await with { platform in
      let one = platform.engine
      let two = platform.anotherEngine("two") { $0.heldPayments = 100 }
      try await two.prepare()
      try await platform.running([one, two]) {
        for number in 0..<4 {
          let renter = Renter(platform, address: "198.51.100.\(number)")
          let quote = try await renter.quote(engine: number % 2 == 0 ? one : two)
          // The payer gets the preimage once the lease is made, and it serves at once.
          let credential = try await renter.pay(quote)
          let record = try await two.rent(Renter.request, body: Array("disk/1".utf8), renter.caller(credential))
          #expect(record.lease.state.name == "active" || record.lease.state.name == "provisioning")
          try await platform.waits(for: quote.lease) { $0.account.balance == 3_600_000 && $0.state == .active }
        }
      }
      let audit = try await one.audit()
      #expect(audit.payments == 4 && audit.findings == [])
      #expect(platform.driver.calls.filter { $0.verb == .provision }.count == 4)
    }
  }

  @Test func beyondTheBoundInvoicesAreOrdinary() async throws {
    try await with(bound: 1) { platform in
      let engine = platform.engine
      let first = try await Renter(platform, address: "198.51.100.1").quote()
      let renter = Renter(platform, address: "198.51.100.2")
      let second = try await renter.quote()
      let holds = try await platform.postgres.transaction { tx in
        try [first, second].map { try tx.invoice($0.paymentHash)?.holdEpoch }
      }
      #expect(holds == [1, nil])
      let credential = try await renter.pay(second)
      _ = try await engine.rent(Renter.request, body: Array("disk/1".utf8), renter.caller(credential))
      try await platform.settle()
      #expect(try await platform.state(second.lease) == "active")
      // What is decided makes room.
      platform.clock.advance(by: 661)
      try await platform.settle()
      let third = try await Renter(platform, address: "198.51.100.3").quote()
      #expect(try await platform.postgres.transaction { tx in try tx.invoice(third.paymentHash)?.holdEpoch } == 1)
    }
  }

  @Test func theClaimGivesThePreimageOnceItHasSettled() async throws {
    try await with { platform in
      let engine = platform.engine
      let renter = Renter(platform)
      let quote = try await renter.quote()
      let payer = try await paying(platform, renter, quote)
      let claim = "L402 \(quote.challenge.token):"
      let before = try await engine.claim(quote.paymentHash, renter.caller(claim, method: "GET"))
      #expect(before.state == .accepted && before.preimage == nil)
      try await platform.settle()
      let after = try await engine.claim(quote.paymentHash, renter.caller(claim, method: "GET"))
      #expect(after.state == .settled && after.preimage?.paymentHash == quote.paymentHash)
      _ = try await payer.value
    }
  }

  @Test func aRetiredKeySendsThePaymentBack() async throws {
    try await with { platform in
      let renter = Renter(platform)
      let quote = try await renter.quote()
      let payer = try await paying(platform, renter, quote)
      try await platform.engine.sweepHolds()
      _ = try await platform.engine.rotateKeys(requestID: "1")
      platform.clock.advance(by: Engine.epochNotice)
      try await platform.engine.retireEpoch(1, requestID: "2")
      try await platform.settle()
      await moneyIsBack(payer)
      #expect(try await platform.lease(quote.lease).isClosed)
      try await platform.expectRest()
    }
  }

  @Test func aReleaseWhileItIsMadeSendsThePaymentBack() async throws {
    try await with { platform in
      let renter = Renter(platform)
      let quote = try await renter.quote()
      let payer = try await paying(platform, renter, quote)
      try await platform.engine.sweepHolds()
      try await platform.engine.handle(
        .evicting(until: platform.clock.now()), for: quote.lease, eventID: "evict", cause: .init(type: "test", id: "1"))
      _ = try await platform.engine.wakeDueLeases()
      try await platform.settle()
      await moneyIsBack(payer)
      try await platform.expectRest()
    }
  }
}
