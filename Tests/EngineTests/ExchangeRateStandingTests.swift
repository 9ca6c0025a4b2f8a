import Engine
import Testing
import Units

@Suite struct ExchangeRateStandingTests {
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

  private func trouble(_ standing: ExchangeRateStanding, after seconds: Seconds) -> String {
    do throws(ExchangeRateTrouble) {
      return try standing.rate(at: Self.start + seconds, limits).perBitcoin.description
    } catch {
      return error.name.rawValue
    }
  }

  @Test func aStepAtATimeIsBelievedAndAgeIsNot() {
    var standing = ExchangeRateStanding(first: rate(100, after: 0))
    #expect(trouble(standing, after: 600) == "100")
    #expect(trouble(standing, after: 601) == "old")
    standing.take(rate(110, after: 700), limits)
    #expect(trouble(standing, after: 700) == "110")
    standing.take(rate(99, after: 760), limits)
    #expect(trouble(standing, after: 760) == "99")
  }

  @Test func aLeapIsBelievedOnceReadingsAgreeForLongEnough() {
    var standing = ExchangeRateStanding(first: rate(100, after: 0))
    standing.take(rate(150, after: 60), limits)
    #expect(trouble(standing, after: 60) == "jumped")
    standing.take(rate(155, after: 120), limits)
    standing.take(rate(160, after: 359), limits)
    #expect(trouble(standing, after: 359) == "jumped")
    #expect(standing.accepted == rate(100, after: 0))
    #expect(standing.doubted?.since == Self.start + 60)
    standing.take(rate(161, after: 360), limits)
    #expect(trouble(standing, after: 360) == "161")
    #expect(standing.doubted == nil)
  }

  @Test func aLeapThatWasNoneIsForgotten() {
    var standing = ExchangeRateStanding(first: rate(100, after: 0))
    standing.take(rate(1_000, after: 60), limits)
    standing.take(rate(101, after: 120), limits)
    #expect(trouble(standing, after: 120) == "101")
    // And the next one begins anew.
    standing.take(rate(1_000, after: 180), limits)
    standing.take(rate(1_000, after: 400), limits)
    #expect(trouble(standing, after: 400) == "jumped")
  }

  @Test func readingsThatDoNotAgreeConfirmNothing() {
    var standing = ExchangeRateStanding(first: rate(100, after: 0))
    for number in 1...20 {
      standing.take(rate(number.isMultiple(of: 2) ? 200 : 400, after: Seconds(Int64(number) * 60)), limits)
    }
    #expect(trouble(standing, after: 1_200) == "jumped")
  }

  @Test func theSameFileReadAgainConfirmsNothing() {
    var standing = ExchangeRateStanding(first: rate(100, after: 0))
    for _ in 0..<100 { standing.take(rate(200, after: 60), limits) }
    #expect(trouble(standing, after: 100_000) == "jumped")
    // Nor does one from before what is known.
    standing.take(rate(100, after: 30), limits)
    #expect(standing.doubted != nil)
  }

  @Test func theOperatorsWordCounts() {
    var standing = ExchangeRateStanding(first: rate(100, after: 0))
    let nothing = standing.confirm()
    #expect(!nothing)
    standing.take(rate(200, after: 60), limits)
    let confirmed = standing.confirm()
    #expect(confirmed)
    #expect(trouble(standing, after: 60) == "200")
    #expect(standing.doubted == nil)
  }
}
