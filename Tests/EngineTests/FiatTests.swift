import L402
import Leasing
import Ledger
import TestKit
import Testing
import Units

@testable import Engine

/// Offers priced in a currency, through a real database and a real node, with rates that are said to order.
@Suite struct FiatTests {
  /// 3.60 USD an hour, and a cent for a thousand bytes out: at 100,000 USD 3,600 sat and 10 sat.
  static let offer: Terms = {
    var terms = Catalog.disk
    terms.offer = "dollars"
    terms.price = .zero
    terms.meters[0].price = .zero
    terms.meters[0].fiat = FixedDecimal(hundredMillionths: 1_000_000)
    terms.fiat = FiatPrice(.usd, price: FixedDecimal(hundredMillionths: 360_000_000))
    return terms
  }()

  static let catalog = Catalog.of([offer, Catalog.disk, Catalog.bigDisk], room: 20)

  private static func with(
    _ perBitcoin: String? = "100000", settings: (inout Settings) -> Void = { _ in },
    _ body: (Platform, ScriptedRates) async throws -> Void
  ) async throws {
    let rates = ScriptedRates(perBitcoin)
    try await Platform.with(catalog: catalog, rates: [rates], settings: settings) { platform in
      try await platform.engine.doubts.rates.read(rates)
      try await body(platform, rates)
    }
  }

  private func invoice(_ demand: PaymentDemand, _ platform: Platform) async throws -> InvoiceRecord {
    let hash = demand.paymentHash
    return try #require(try await platform.postgres.transaction { tx in try tx.invoice(hash) })
  }

  @Test func aPurchaseFreezesTheRateWithItsInvoiceAndItsLease() async throws {
    try await Self.with { platform, rates in
      let renter = Renter(platform)
      let key = "0123456789abcdef012345"
      let read = platform.clock.now()
      platform.clock.advance(by: 30)
      let quote = try await renter.quote("dollars", periods: 2, key: key)
      #expect(quote.amount == Millisatoshi(satoshis: 7_200))
      let locked = try #require(quote.locked)
      #expect(locked.price.description == "3.6")
      #expect(locked.rate.perBitcoin.description == "100000")
      #expect(locked.rate.source == "rates.test")
      #expect(locked.rate.readAt == read)
      #expect(try await invoice(quote, platform).locked == locked)
      let lease = try await platform.lease(quote.lease)
      #expect(lease.terms.lockedPrice == locked)
      #expect(lease.terms.price == 3_600_000)
      #expect(lease.terms.meters[0].price == 10_000)

      // The rate moves, and fails; what was quoted stands, and another daemon says the same.
      rates.say("95000")
      platform.clock.advance(by: 60)
      try await platform.engine.doubts.rates.read(rates)
      let again = try await renter.quote("dollars", periods: 2, key: key)
      #expect(again.challenge.invoice == quote.challenge.invoice)
      #expect(again.locked == locked)
      rates.say(nil)
      let other = platform.anotherEngine(rates: [])
      try await other.prepare()
      let fromOther = try await renter.quote("dollars", periods: 2, engine: other, key: key)
      #expect(fromOther.challenge.invoice == quote.challenge.invoice)
      #expect(fromOther.locked == locked)
      // A new one is at the new rate: 3.60 / 95,000.
      #expect(try await renter.quote("dollars").amount == Millisatoshi(satoshis: 3_790))

      let credential = try await renter.pay(quote)
      _ = try await other.rent(
        LeaseRequest(offer: "dollars", periods: 2), body: Array("dollars/2".utf8), renter.caller(credential)
      ).bought
      try await platform.settle()
      #expect(try await platform.lease(quote.lease).paidUntil == platform.clock.now() + 7_200)
      let events = try await platform.postgres.transaction { tx in
        try tx.events(of: quote.lease, after: 0, limit: 100)
      }
      for name: EventRecord.Name in [.quoted, .event(.settled)] {
        let evidence = try #require(events.first { $0.name == name }?.evidence)
        #expect(evidence["per_bitcoin"] == "100000 USD")
        #expect(evidence["rate_source"] == "rates.test")
        #expect(evidence["price"] == "3.6 USD")
        #expect(evidence["rate_read_at"] == read.rfc3339)
      }
      #expect(try await platform.engine.operator.audit().findings == [])
    }
  }

  @Test func withoutARateNothingIsSoldInItsCurrencyAndEverythingElseIs() async throws {
    try await Self.with(nil) { platform, rates in
      let renter = Renter(platform)
      let engine = platform.engine
      func ask() async -> String { await refusal { try await renter.quote("dollars") } }
      #expect(await ask() == "503 exchange-rate-unavailable")
      #expect(try await engine.offers.offer("dollars").offer.terms.isPriced == false)
      #expect(try await renter.quote("disk").locked == nil)
      // Nothing is left behind by who was refused.
      #expect(try await engine.operator.leases(LeaseQuery(states: [], after: nil, limit: 10)).count == 1)

      rates.say("100000")
      try await engine.doubts.rates.read(rates)
      #expect(await ask() == "nothing")
      platform.clock.advance(by: 601)
      #expect(await ask() == "503 exchange-rate-unavailable")
      rates.say("-5")
      try await engine.doubts.rates.read(rates)
      #expect(await ask() == "503 exchange-rate-unavailable")
      rates.say("101000")
      try await engine.doubts.rates.read(rates)
      #expect(await ask() == "nothing")

      rates.say("10100")
      platform.clock.advance(by: 60)
      try await engine.doubts.rates.read(rates)
      #expect(await ask() == "503 exchange-rate-unavailable")
      let view = try #require(try await engine.operator.overview().exchangeRates.first)
      #expect(view.trouble?.name == .jumped)
      #expect(view.failedReads == 2)
      #expect(view.refusals == [.missing: 1, .old: 2, .jumped: 1])
      #expect(view.believed?.accepted.perBitcoin.description == "101000")
      #expect(view.believed?.doubted?.rate.perBitcoin.description == "10100")
    }
  }

  @Test func aRestartForgetsNeitherWhatWasBelievedNorWhatWasDoubted() async throws {
    try await Self.with { platform, rates in
      let renter = Renter(platform)
      let quote = try await renter.quote("dollars")
      rates.say("10000")
      platform.clock.advance(by: 60)
      try await platform.engine.doubts.rates.read(rates)
      // A daemon whose source has not been read yet, and one whose source says what the first one's says.
      let next = platform.anotherEngine(rates: [rates])
      try await next.prepare()
      #expect(await refusal { try await renter.quote("dollars", engine: next) } == "503 exchange-rate-unavailable")
      platform.clock.advance(by: 299)
      try await next.doubts.rates.read(rates)
      #expect(await refusal { try await renter.quote("dollars", engine: next) } == "503 exchange-rate-unavailable")
      // Paid is paid, at the rate that it was quoted at.
      try await renter.pay(quote)
      try await next.money.settlementSweep.run()
      try await platform.settle(next)
      #expect(try await platform.lease(quote.lease).account.balance == 3_600_000)
      platform.clock.advance(by: 1)
      try await next.doubts.rates.read(rates)
      #expect(try await renter.quote("dollars", engine: next).amount == Millisatoshi(satoshis: 36_000))
      // The first daemon hears of it with its next reading, also of a source that fails.
      rates.say(nil)
      try await platform.engine.doubts.rates.read(rates)
      #expect(try await renter.quote("dollars").amount == Millisatoshi(satoshis: 36_000))
    }
  }

  @Test func theOperatorMayBelieveAtOnce() async throws {
    try await Self.with { platform, rates in
      let renter = Renter(platform)
      let engine = platform.engine
      #expect(await refusal { try await engine.doubts.rates.confirm(.usd) } == "409 nothing-to-confirm")
      #expect(await refusal { try await engine.doubts.rates.confirm(.eur) } == "409 nothing-to-confirm")
      rates.say("200000")
      platform.clock.advance(by: 60)
      try await engine.doubts.rates.read(rates)
      #expect(try await engine.doubts.rates.confirm(.usd).accepted.perBitcoin.description == "200000")
      #expect(try await renter.quote("dollars").amount == Millisatoshi(satoshis: 1_800))
    }
  }

  @Test func aRenewalIsReckonedAnewAndItsInvoiceKeepsItsRate() async throws {
    try await Self.with { platform, rates in
      let renter = Renter(platform)
      let engine = platform.engine
      let (id, credential) = try await renter.rent("dollars")
      let end = try #require(try await platform.lease(id).paidUntil)
      func renew() async throws -> PaymentDemand {
        try await renter.demand { try await engine.renew(id, periods: 1, renter.caller(credential)) }
      }
      platform.clock.advance(by: 1_800)
      rates.say("96000")
      try await engine.doubts.rates.read(rates)
      let first = try await renew()
      #expect(first.amount == Millisatoshi(satoshis: 3_750))
      // Nobody may wait and see for a day.
      #expect(first.expiresAt == platform.clock.now() + 600)
      rates.say("92000")
      platform.clock.advance(by: 100)
      try await engine.doubts.rates.read(rates)
      #expect(try await renew().challenge.invoice == first.challenge.invoice)
      // It is offered while the source is away, too, and replaced when little of its life is left.
      rates.say("90000")
      platform.clock.advance(by: 351)
      try await engine.doubts.rates.read(rates)
      let second = try await renew()
      #expect(second.amount == Millisatoshi(satoshis: 4_000))
      #expect(second.locked?.rate.perBitcoin.description == "90000")
      try await renter.pay(first)
      try await engine.money.settlementFollower.bookNext()
      let lease = try await platform.lease(id)
      #expect(lease.paidUntil == end + 3_600)
      #expect(lease.terms.price == 3_750_000)
      #expect(lease.terms.lockedPrice == first.locked)
      #expect(try await invoice(first, platform).locked?.rate.perBitcoin.description == "96000")
      // The other one can still be paid, and is booked at its own rate.
      try await renter.pay(second)
      try await engine.money.settlementFollower.bookNext()
      let twice = try await platform.lease(id)
      #expect(abs(try #require(twice.paidUntil).microseconds(since: end + 7_200)) <= 1)
      #expect(twice.terms.lockedPrice == second.locked)
      try await platform.pass(7_000)
      #expect(try await engine.operator.audit().findings == [])
    }
  }

  @Test func usageIsChargedAtTheRateThatWasFrozen() async throws {
    try await Self.with { platform, rates in
      let renter = Renter(platform)
      let engine = platform.engine
      let (id, credential) = try await renter.rent("dollars")
      let admission = try await renter.open(id, credential)
      rates.say("92000")
      platform.clock.advance(by: 60)
      try await engine.doubts.rates.read(rates)
      admission.count(Traffic(egress: 7_000))
      try await engine.money.metering.sample()
      let before = try await platform.lease(id).account.balance
      platform.clock.advance(by: 240)
      try await engine.money.metering.rateUsage()
      let after = try await platform.lease(id).account.balance
      // 2,000 bytes beyond what is included, at 10 sat a thousand: not at what a cent is worth by now.
      #expect(before - after == Millisatoshi(20_000 + 300_000))
      #expect(try await engine.operator.audit().findings == [])
    }
  }

  @Test func aLeaseWithoutARateToRenewAtIsSparedForAWhile() async throws {
    try await Self.with(settings: { $0.exchangeRateOutage = 3_600 }) { platform, rates in
      let renter = Renter(platform)
      let engine = platform.engine
      let (dollars, credential) = try await renter.rent("dollars")
      let (sats, _) = try await renter.rent("disk")
      platform.clock.advance(by: 3_000)
      try await engine.doubts.rates.read(rates)
      let read = platform.clock.now()
      rates.say(nil)
      platform.clock.advance(by: 601)
      #expect(
        await refusal { try await engine.renew(dollars, periods: 1, renter.caller(credential)) }
          == "503 exchange-rate-unavailable")
      // Its time is over; who pays in bitcoin could have paid.
      try await platform.settle()
      #expect(try await platform.state(dollars) == "active")
      #expect(try await platform.state(sats) == "suspended")
      #expect(await refusal { try await renter.open(dollars, credential) } == "503 exchange-rate-unavailable")
      let view = try #require(try await engine.operator.overview().exchangeRates.first)
      #expect(view.trouble == .old(since: read + 600))
      #expect(view.sparedUntil == read + 600 + 3_600)
      // Still after a restart, which does not begin the time anew.
      let next = platform.anotherEngine { $0.exchangeRateOutage = 3_600 }
      try await next.prepare()
      platform.clock.set(to: read + 600 + 3_599)
      try await platform.settle(next)
      #expect(try await platform.state(dollars) == "active")
      platform.clock.advance(by: 7)
      try await platform.settle(next)
      #expect(try await platform.state(dollars) == "suspended")
      // The rate comes back, and so does the lease.
      rates.say("100000")
      try await next.doubts.rates.read(rates)
      let renewal = try await renter.demand {
        try await next.renew(dollars, periods: 1, renter.caller(credential))
      }
      try await renter.pay(renewal)
      try await next.money.settlementFollower.bookNext()
      try await platform.settle(next)
      #expect(try await platform.state(dollars) == "active")
      #expect(try await next.operator.audit().findings == [])
    }
  }

  @Test func whoWaitedForARateHasAMomentToPay() async throws {
    try await Self.with { platform, rates in
      let renter = Renter(platform)
      let engine = platform.engine
      let (id, credential) = try await renter.rent("dollars")
      platform.clock.advance(by: 3_590)
      rates.say("150000")
      try await engine.doubts.rates.read(rates)
      platform.clock.advance(by: 20)
      try await platform.settle()
      #expect(try await platform.state(id) == "active")
      _ = try await engine.doubts.rates.confirm(.usd)
      platform.clock.advance(by: 50)
      try await platform.settle()
      #expect(try await platform.state(id) == "active")
      let renewal = try await renter.demand { try await engine.renew(id, periods: 1, renter.caller(credential)) }
      #expect(renewal.amount == Millisatoshi(satoshis: 2_400))
      platform.clock.advance(by: 16)
      try await platform.settle()
      #expect(try await platform.state(id) == "suspended")
    }
  }

  @Test func aChangeIsQuotedAtTodaysRateAndNeedsOne() async throws {
    try await Self.with { platform, rates in
      let renter = Renter(platform)
      let engine = platform.engine
      let (id, credential) = try await renter.rent("disk")
      rates.say("50000")
      platform.clock.advance(by: 1)
      try await engine.doubts.rates.read(rates)
      func change(to offer: String) async -> String {
        await refusal { try await engine.change(id, to: offer, renter.caller(credential)) }
      }
      #expect(await change(to: "dollars") == "503 exchange-rate-unavailable")
      _ = try await engine.doubts.rates.confirm(.usd)
      let demand = try await renter.demand { try await engine.change(id, to: "dollars", renter.caller(credential)) }
      // Twice as dear as what is held: 3,599 seconds of 1 sat more each.
      #expect(demand.amount == Millisatoshi(satoshis: 3_599))
      #expect(demand.locked?.rate.perBitcoin.description == "50000")
      rates.say(nil)
      platform.clock.advance(by: 60)
      try await renter.pay(demand)
      try await engine.money.settlementFollower.bookNext()
      let lease = try await platform.lease(id)
      #expect(lease.terms.offer == "dollars")
      #expect(lease.terms.price == 7_200_000)
      #expect(lease.terms.lockedPrice == demand.locked)
      #expect(try await engine.operator.audit().findings == [])
    }
  }

  /// A renewal in bitcoin is open when the lease changes to an offer in dollars at twice the price: paid afterwards it
  /// buys half an hour of that, not an hour.
  @Test func aRenewalFromBeforeAChangeBuysWhatItsMoneyIsWorth() async throws {
    try await Self.with("50000") { platform, rates in
      let renter = Renter(platform)
      let engine = platform.engine
      let (id, credential) = try await renter.rent("disk")
      let renewal = try await renter.demand { try await engine.renew(id, periods: 1, renter.caller(credential)) }
      let change = try await renter.demand { try await engine.change(id, to: "dollars", renter.caller(credential)) }
      try await renter.pay(change)
      try await engine.money.settlementFollower.bookNext()
      let end = try #require(try await platform.lease(id).paidUntil)
      try await renter.pay(renewal)
      try await engine.money.settlementFollower.bookNext()
      let lease = try await platform.lease(id)
      #expect(lease.paidUntil == end + 1_800)
      #expect(lease.terms.price == 7_200_000)
      #expect(try await engine.operator.audit().findings == [])
    }
  }
}
