import Leasing
import Ledger
import Testing
import Units

@Suite struct FiatPriceTests {
  /// 3.60 USD an hour: at 100,000 USD for a bitcoin 3,600 sat, a satoshi a second.
  private static let offer: Terms = {
    var terms = Terms.hourly
    terms.price = .zero
    terms.fiat = FiatPrice(.usd, price: FixedDecimal(hundredMillionths: 360_000_000))
    return terms
  }()

  private static func rate(_ units: Int64, _ currency: Currency = .usd) -> ExchangeRate {
    let perBitcoin = FixedDecimal(hundredMillionths: units * 100_000_000)
    guard let rate = ExchangeRate(currency, perBitcoin: perBitcoin, source: "test", readAt: .start) else {
      preconditionFailure("\(units) is a rate")
    }
    return rate
  }

  private static func priced(_ units: Int64) throws -> Terms { try #require(offer.priced(at: rate(units))) }

  private static func locked(_ units: Int64) -> LockedPrice {
    LockedPrice(price: offer.fiat?.price ?? .zero, rate: rate(units))
  }

  @Test func anOfferHasNoPriceInBitcoinUntilItHasARate() throws {
    #expect(!Self.offer.isPriced)
    #expect(Self.offer.fault == nil)
    let terms = try Self.priced(100_000)
    #expect(terms.isPriced)
    #expect(terms.price == Millisatoshi(satoshis: 3_600))
    #expect(terms.lockedPrice == Self.locked(100_000))
    #expect(Self.offer.priced(at: Self.rate(100_000, .eur)) == nil)
    #expect(Terms.hourly.priced(at: Self.rate(1)) == .hourly)
    // Again at another rate: from the price in the currency, not from what came of the first.
    #expect(try terms.priced(at: Self.rate(90_000)) == Self.priced(90_000))
  }

  @Test func everyAmountIsRoundedUpAndADepositToASatoshi() throws {
    var terms = Terms.metered
    terms.deposit = .zero
    terms.meters[0].price = .zero
    terms.meters[0].fiat = FixedDecimal(hundredMillionths: 1)
    terms.fiat = FiatPrice(.usd, price: .zero, deposit: FixedDecimal(hundredMillionths: 100_000_001))
    #expect(terms.fault == nil)
    let priced = try #require(terms.priced(at: Self.rate(100_000)))
    #expect(priced.price == .zero)
    #expect(priced.deposit == Millisatoshi(satoshis: 1_001))
    #expect(priced.meters[0].price == 1)
    terms.fiat = FiatPrice(.usd, price: .zero)
    #expect(terms.fault == .deposit)
    terms.fiat = nil
    #expect(terms.fault != nil, "a meter in a currency that the terms do not name")
  }

  @Test func whatDoesNotFitIsNoPrice() throws {
    var dear = Self.offer
    dear.fiat?.price = FixedDecimal(hundredMillionths: .max)
    #expect(dear.priced(at: Self.rate(1)) == nil)
    #expect(dear.priced(at: Self.rate(10_000_000_000)) != nil)
    var deposit = Self.offer
    deposit.fiat?.deposit = FixedDecimal(hundredMillionths: .max)
    #expect(deposit.priced(at: Self.rate(1)) == nil)
  }

  @Test func aRenewalIsForTheTermsItWasQuotedFor() throws {
    let terms = try Self.priced(100_000)
    #expect(try terms.renewed(at: Self.locked(50_000)) == Self.priced(50_000))
    #expect(terms.renewed(at: nil) == nil)
    #expect(Terms.hourly.renewed(at: nil) == .hourly)
    #expect(Terms.hourly.renewed(at: Self.locked(50_000)) == nil)
    var other = Self.locked(50_000)
    other.price = FixedDecimal(hundredMillionths: 1)
    #expect(terms.renewed(at: other) == nil)
    #expect(terms.renewed(at: LockedPrice(price: Self.locked(1).price, rate: Self.rate(1, .eur))) == nil)
  }

  /// Prepaid time keeps its price, and each hour is paid for to the millisatoshi.
  @Test func aRenewalAtAnotherRateBuysExactlyItsTime() throws {
    let terms = try Self.priced(100_000)
    var talk = try Conversation.active(terms)
    for units: Int64 in [97_123, 123_457, 61_803, 100_000] {
      let next = try Self.priced(units)
      let end = try #require(talk.lease.paidUntil)
      var renewal = Settlement.renewal(try #require(next.invoiceAmount(periods: 2)), periods: 2)
      renewal.terms = next
      try talk.say(.settled(renewal), after: 901)
      let until = try #require(talk.lease.paidUntil)
      // The blended rate is the balance over the time, exactly: what is left of rounding is under a microsecond.
      #expect(abs(until.microseconds(since: end + .hour * 2)) <= 1)
      #expect(talk.lease.terms == next)
    }
  }

  /// In debt nothing is prepaid that could keep its price: time costs the new price, and the time since the quote is paid
  /// for like any other.
  @Test func whoPaysLateInGraceGainsNothing() throws {
    let terms = try Self.priced(100_000)
    var talk = try Conversation.renewed(terms)
    let end = try #require(talk.lease.paidUntil)
    try talk.say(.woke, after: Seconds(end.microseconds(since: talk.now) / 1_000_000) + 10)
    #expect(talk.lease.state.isGrace)
    let next = try Self.priced(90_000)
    var asked = talk.lease
    asked.terms = next
    let amount = try #require(asked.renewalAmount(periods: 1, at: talk.now))
    #expect(amount == Millisatoshi(satoshis: 4_010))
    var renewal = Settlement.renewal(amount)
    renewal.terms = next
    try talk.say(.settled(renewal), after: 50)
    #expect(talk.lease.account.rate == next.rate)
    #expect(talk.lease.account.balance == next.price - Millisatoshi(satoshis: 50))
  }

  /// The lease was changed to a dearer offer while a renewal of the old one could still be paid: its money buys time at
  /// the price that the lease has now, not a period.
  @Test func aRenewalQuotedForAnotherOfferIsMoneyAndNoMore() throws {
    let terms = try Self.priced(100_000)
    var talk = try Conversation.active(terms)
    var large = Terms.large
    large.price = .zero
    large.fiat = FiatPrice(.usd, price: FixedDecimal(hundredMillionths: 3_600_000_000))
    large = try #require(large.priced(at: Self.rate(100_000)))
    let amount = try #require(talk.lease.changeAmount(to: large, at: talk.now))
    try talk.say(.settled(Settlement(paymentHash: "c", amount: amount, purpose: .change(large))))
    // Renewed once at another rate, so that its own is a blend.
    var renewal = Settlement.renewal(large.price)
    renewal.terms = large.priced(at: Self.rate(99_000))
    try talk.say(.settled(renewal))
    let rate = talk.lease.account.rate
    let left = try #require(talk.lease.account.microsecondsLeft)
    var stale = Settlement.renewal(terms.price)
    stale.isForTheseTerms = false
    try talk.say(.settled(stale))
    #expect(talk.lease.account.rate == rate)
    let more = try #require(talk.lease.account.microsecondsLeft) - left
    #expect(more < 361_000_000, "a tenth of an hour's price buys a tenth of an hour: \(more)")
  }
}

extension Lease.State {
  fileprivate var isGrace: Bool { if case .grace = self { true } else { false } }
}
