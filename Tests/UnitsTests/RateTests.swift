import Testing
import Units

@Suite struct RateTests {
  @Test func aPeriodCostsItsPriceHoweverItIsCut() {
    var generator = SystemRandomNumberGenerator()
    for _ in 0..<2_000 {
      let rate = Rate(
        Millisatoshi(.random(in: 1...10_000_000, using: &generator)), per: Seconds(.random(in: 1...10_000_000)))
      let span = Int64.random(in: 1...10_000_000_000_000, using: &generator)
      let whole = rate.charge(elapsedMicroseconds: span, carrying: 0)
      var charged = Millisatoshi.zero
      var remainder: Rate.Remainder = 0
      var left = span
      while left > 0 {
        let piece = Int64.random(in: 1...max(1, left / 3 + 1), using: &generator)
        let step = rate.charge(elapsedMicroseconds: min(piece, left), carrying: remainder)
        charged += step.charge
        remainder = step.remainder
        left -= min(piece, left)
      }
      #expect(charged == whole.charge)
      #expect(remainder == whole.remainder)
    }
  }

  @Test func aBalanceIsSpentAtTheFirstMomentItReachesZero() throws {
    for _ in 0..<2_000 {
      let rate = Rate(Millisatoshi(.random(in: 1...100_000)), per: Seconds(.random(in: 1...100_000)))
      // The longest, 10⁷ msat at 1 msat per 10⁵ s, is 10¹⁸ µs and fits.
      let balance = Millisatoshi(.random(in: 1...10_000_000))
      let remainder = Int64.random(in: 0..<rate.microseconds)
      let spent = try #require(rate.microsecondsUntilSpent(balance, carrying: remainder))
      #expect(rate.charge(elapsedMicroseconds: spent, carrying: remainder).charge >= balance)
      if spent > 0 {
        #expect(rate.charge(elapsedMicroseconds: spent - 1, carrying: remainder).charge < balance)
      }
    }
  }

  @Test func onePeriodsPriceBuysExactlyOnePeriod() {
    let rate = Rate(100_000, per: .hour)
    #expect(rate.microsecondsUntilSpent(100_000, carrying: 0) == Seconds.hour.microseconds)
    #expect(rate.price(ofMicroseconds: Seconds.hour.microseconds) == 100_000)
  }

  @Test func aDebtWasSpentAsLongAgoAsItTookToAccrue() {
    let rate = Rate(3, per: .minute)
    for elapsed in stride(from: Int64(0), to: 600_000_000, by: 7_777_777) {
      let charge = rate.charge(elapsedMicroseconds: elapsed, carrying: 0)
      let since = rate.microsecondsUntilSpent(-charge.charge, carrying: charge.remainder)
      #expect(since == -elapsed)
    }
  }

  @Test func nothingHeldIsSpentAtOnceAndAFreeRateNever() {
    #expect(Rate(1, per: 1).microsecondsUntilSpent(0, carrying: 0) == 0)
    #expect(Rate.free.microsecondsUntilSpent(5, carrying: 0) == nil)
    #expect(Rate(1, per: 100_000).microsecondsUntilSpent(1_000_000_000, carrying: 0) == nil)
  }

  @Test func invoicesAreRoundedUpToWholeSatoshis() {
    #expect(Millisatoshi(1).roundedUpToSatoshi == 1_000)
    #expect(Millisatoshi(1_000).roundedUpToSatoshi == 1_000)
    #expect(Millisatoshi(1_001).satoshisRoundedUp == 2)
    #expect(Millisatoshi(-1).roundedUpToSatoshi == 0)
  }

  @Test func ratesAreEqualWhenTheyCostTheSame() {
    #expect(Rate(20_000, per: .day) == Rate(140_000, per: .day * 7))
    #expect(Rate(20_000, per: .day) != Rate(140_001, per: .day * 7))
    #expect(Set([Rate(2, per: 4), Rate(1, per: 2), Rate(1, per: 3)]).count == 2)
    #expect(Rate(0, per: 5) == .free)
  }
}
