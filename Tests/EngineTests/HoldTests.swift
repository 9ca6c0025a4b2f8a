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
      try await engine.money.heldPayments.sweep()
      let running = Task { try await platform.settle() }
      await gate.arrivals()
      #expect(try await platform.lease(quote.lease).account.balance == .zero)
      #expect(try await engine.operator.audit().payments == 0)
      #expect(try await engine.operator.overview().heldPayments == 1)
      platform.driver.hangNoMore(.provision)
      try await running.value
      let credential = try await payer.value
      #expect(try await platform.state(quote.lease) == "active")
      #expect(try await platform.lease(quote.lease).account.balance == 3_600_000)
      #expect(try await engine.operator.overview().heldPayments == 0)
      try await renter.open(quote.lease, credential)
      // The renewal is an ordinary invoice.
      let renewal = try await renter.demand {
        try await engine.renew(quote.lease, periods: 1, renter.caller(credential))
      }
      let renewed = try await renter.pay(renewal)
      _ = try await engine.renew(quote.lease, periods: 1, renter.caller(renewed)).bought
      #expect(try await platform.lease(quote.lease).account.balance == 7_200_000)
      // The follower comes past what the lookup booked.
      try await engine.money.settlementFollower.bookNext()
      #expect(try await engine.operator.audit().payments == 2)
      let told = try await platform.postgres.transaction { tx in
        try tx.events(of: quote.lease, after: 0, limit: 100).compactMap(\.feedName)
      }
      #expect(Array(told.prefix(3)) == [.quoted, .paid, .provisioned])
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
      try await platform.engine.money.heldPayments.sweep()
      try await platform.settle()
      await moneyIsBack(payer)
      let lease = try await platform.lease(quote.lease)
      #expect(lease.isClosed)
      #expect(lease.account.credit == .zero)
      #expect(try await platform.engine.operator.audit().payments == 0)
      let events = try await platform.postgres.transaction { tx in try tx.events(of: quote.lease, after: 0, limit: 100)
      }
      #expect(
        events.contains {
          $0.name == .event(.provisionFailed) && $0.feedName == .failed && $0.evidence["reason"] != nil
        })
      #expect(platform.engine.operator.failedPurchases.byOffer == ["disk": 1])
      // Whoever has the macaroon learns why the money went back.
      let claimed = try await platform.engine.claim(
        quote.paymentHash, renter.caller("L402 \(quote.challenge.token):", method: "GET"))
      #expect(claimed.state == .canceled)
      #expect(claimed.failure == ProvisionFailure(.noRoom))
      let record = try #require(try await platform.record(quote.lease))
      #expect(try await platform.engine.reader.failure(of: record) == ProvisionFailure(.noRoom))
      try await platform.expectRest()
      // A day long, whatever is swept and whichever daemon asks.
      for (hours, count) in [(Int64(2), 1), (23, 0)] {
        platform.clock.advance(by: .hour * hours)
        try await platform.anotherEngine().work.sweeper.sweep()
        let since = platform.clock.now() - .day
        let told = try await platform.postgres.transaction { tx in try tx.provisionFailures(since: since) }
        #expect(told.map(\.count) == Array(repeating: 1, count: count))
        #expect(told.first.map { $0.offer == "disk" && $0.fault == .noRoom } ?? true)
      }
      #expect(try await platform.record(quote.lease) == nil)
    }
  }

  @Test func whatIsNotMadeInTimeIsNotPaidFor() async throws {
    try await with { platform in
      let renter = Renter(platform)
      let quote = try await renter.quote()
      let payer = try await paying(platform, renter, quote)
      platform.driver.fail(.provision, .failed, times: 1)
      try await platform.engine.money.heldPayments.sweep()
      try await platform.settle()
      #expect(try await platform.state(quote.lease) == "provisioning")
      platform.clock.advance(by: 600)
      _ = try await platform.engine.work.scheduler.wakeDueLeases()
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
      for _ in 0..<2 { #expect(try await second.quote().hasCapacity) }
      let unheld = try await second.quote()
      let held = try await first.quote()
      #expect(held.hasCapacity)
      #expect(!unheld.hasCapacity)
      let one = try await paying(platform, first, held)
      let two = try await paying(platform, second, unheld)
      try await engine.money.heldPayments.sweep()
      try await platform.settle()
      _ = try await one.value
      await moneyIsBack(two)
      #expect(try await platform.state(held.lease) == "active")
      let lease = try await platform.lease(unheld.lease)
      #expect(lease.isClosed)
      #expect(lease.account.credit == .zero)
      let explained = try await platform.postgres.transaction { tx in
        try tx.events(of: unheld.lease, after: 0, limit: 9)
      }
      #expect(explained.contains { $0.evidence["obstacle"] == "no capacity is left" })
      #expect(try await engine.operator.audit().findings == [])
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
        try await platform.engine.money.heldPayments.sweep()
        if made {
          let id = quote.lease
          try await platform.engine.loop.handle(
            .provisioned(generation: 1), for: id, eventID: EventID(.effect, "made"),
            cause: .init(type: .effect, id: "1"))
        }
        // The node's own time for it runs out before we come to it.
        platform.clock.advance(by: .hour)
        try await platform.engine.money.heldPayments.sweep()
        await moneyIsBack(payer)
        try await platform.settle()
        #expect(try await platform.lease(quote.lease).isClosed)
        let events = try await platform.postgres.transaction { tx in
          try tx.events(of: quote.lease, after: 0, limit: 100)
        }
        #expect(
          events.contains { $0.name == .event(.holdCanceled) && $0.evidence["reason"] != nil && $0.feedName == .failed }
        )
        #expect(try await platform.engine.operator.audit().payments == 0)
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
          let record = try await two.rent(Renter.request, body: Array("disk/1".utf8), renter.caller(credential)).bought
          #expect(record.lease.state.name == .active || record.lease.state.name == .provisioning)
          try await platform.waits(for: quote.lease) { $0.account.balance == 3_600_000 && $0.state == .active }
        }
      }
      let audit = try await one.operator.audit()
      #expect(audit.payments == 4)
      #expect(audit.findings == [])
      #expect(platform.driver.calls.filter { $0.verb == .provision }.count == 4)
    }
  }

  @Test func beyondTheBoundInvoicesAreOrdinary() async throws {
    try await with(bound: 1) { platform in
      let engine = platform.engine
      func epoch(_ quote: PaymentDemand) async throws -> UInt16? {
        try await platform.postgres.transaction { tx in try tx.invoice(quote.paymentHash)?.holdEpoch }
      }
      // What nobody has paid switches it off for nobody else, and for who asks again and again.
      let first = Renter(platform, address: "198.51.100.1")
      let held = try await first.quote()
      #expect(try await epoch(held) == 1)
      for _ in 2...8 { #expect(try await epoch(try await first.quote()) == 1) }
      #expect(try await epoch(try await first.quote()) == nil)
      let renter = Renter(platform, address: "198.51.100.2")
      #expect(try await epoch(try await renter.quote()) == 1)
      // What is held does.
      let payer = try await paying(platform, first, held)
      try await engine.money.heldPayments.sweep()
      let second = try await renter.quote()
      #expect(try await epoch(second) == nil)
      let credential = try await renter.pay(second)
      _ = try await engine.rent(Renter.request, body: Array("disk/1".utf8), renter.caller(credential)).bought
      try await platform.settle()
      #expect(try await platform.state(second.lease) == "active")
      // What is decided makes room.
      _ = try await payer.value
      #expect(try await epoch(try await Renter(platform, address: "198.51.100.3").quote()) == 1)
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
      #expect(before.state == .accepted)
      #expect(before.preimage == nil)
      try await platform.settle()
      let after = try await engine.claim(quote.paymentHash, renter.caller(claim, method: "GET"))
      #expect(after.state == .settled)
      #expect(after.preimage?.paymentHash == quote.paymentHash)
      _ = try await payer.value
    }
  }

  @Test func aRetiredKeySendsThePaymentBack() async throws {
    try await with { platform in
      let renter = Renter(platform)
      let quote = try await renter.quote()
      let payer = try await paying(platform, renter, quote)
      try await platform.engine.money.heldPayments.sweep()
      _ = try await platform.engine.operator.keys.begin(requestID: "1")
      platform.clock.advance(by: KeyEpochs.notice)
      try await platform.engine.operator.keys.retire(1, requestID: "2")
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
      try await platform.engine.money.heldPayments.sweep()
      try await platform.engine.loop.handle(
        .evicting(until: platform.clock.now()), for: quote.lease,
        eventID: EventID(.operator, "evict"), cause: .init(type: .operator, id: "1"))
      _ = try await platform.engine.work.scheduler.wakeDueLeases()
      try await platform.settle()
      await moneyIsBack(payer)
      try await platform.expectRest()
    }
  }
}
