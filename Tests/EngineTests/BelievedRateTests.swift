import Engine
import Testing
import Units

@Suite struct BelievedRateTests {
  private static let start = Instant(unixSeconds: 1_800_000_000)
  private let limits = ExchangeRateLimits(
    maximumAge: 600, maximumStepPercent: 10, confirmation: 300, interval: 60)

  private func rate(_ units: Int64, after seconds: Seconds) -> ExchangeRate {
    let perBitcoin = FixedDecimal(hundredMillionths: units * 100_000_000)
    guard let rate = ExchangeRate(.usd, perBitcoin: perBitcoin, source: "test", readAt: Self.start + seconds) else {
      preconditionFailure("\(units) is a rate")
    }
    return rate
  }

  private func trouble(_ believed: BelievedRate, after seconds: Seconds) -> String {
    do throws(ExchangeRateTrouble) {
      return try believed.rate(at: Self.start + seconds, limits).perBitcoin.description
    } catch {
      return error.name.rawValue
    }
  }

  @Test func aStepAtATimeIsBelievedAndAgeIsNot() {
    var believed = BelievedRate(first: rate(100, after: 0))
    #expect(trouble(believed, after: 600) == "100")
    #expect(trouble(believed, after: 601) == "old")
    believed.take(rate(110, after: 700), limits)
    #expect(trouble(believed, after: 700) == "110")
    believed.take(rate(99, after: 760), limits)
    #expect(trouble(believed, after: 760) == "99")
  }

  @Test func aLeapIsBelievedOnceReadingsAgreeForLongEnough() {
    var believed = BelievedRate(first: rate(100, after: 0))
    believed.take(rate(150, after: 60), limits)
    #expect(trouble(believed, after: 60) == "jumped")
    believed.take(rate(155, after: 120), limits)
    believed.take(rate(160, after: 359), limits)
    #expect(trouble(believed, after: 359) == "jumped")
    #expect(believed.accepted == rate(100, after: 0))
    #expect(believed.doubted?.since == Self.start + 60)
    believed.take(rate(161, after: 360), limits)
    #expect(trouble(believed, after: 360) == "161")
    #expect(believed.doubted == nil)
  }

  @Test func aLeapThatWasNoneIsForgotten() {
    var believed = BelievedRate(first: rate(100, after: 0))
    believed.take(rate(1_000, after: 60), limits)
    believed.take(rate(101, after: 120), limits)
    #expect(trouble(believed, after: 120) == "101")
    // And the next one begins anew.
    believed.take(rate(1_000, after: 180), limits)
    believed.take(rate(1_000, after: 400), limits)
    #expect(trouble(believed, after: 400) == "jumped")
  }

  @Test func readingsThatDoNotAgreeConfirmNothing() {
    var believed = BelievedRate(first: rate(100, after: 0))
    for number in 1...20 {
      believed.take(rate(number.isMultiple(of: 2) ? 200 : 400, after: Seconds(Int64(number) * 60)), limits)
    }
    #expect(trouble(believed, after: 1_200) == "jumped")
  }

  @Test func theSameFileReadAgainConfirmsNothing() {
    var believed = BelievedRate(first: rate(100, after: 0))
    for _ in 0..<100 { believed.take(rate(200, after: 60), limits) }
    #expect(trouble(believed, after: 100_000) == "jumped")
    // Nor does one from before what is known.
    believed.take(rate(100, after: 30), limits)
    #expect(believed.doubted != nil)
  }

  @Test func theOperatorsWordCounts() {
    var believed = BelievedRate(first: rate(100, after: 0))
    let nothing = believed.confirm()
    #expect(!nothing)
    believed.take(rate(200, after: 60), limits)
    let confirmed = believed.confirm()
    #expect(confirmed)
    #expect(trouble(believed, after: 60) == "200")
    #expect(believed.doubted == nil)
  }
}
