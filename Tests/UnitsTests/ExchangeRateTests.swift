import Testing
import Units

@Suite struct ExchangeRateTests {
  private func rate(_ hundredMillionths: Int64) throws -> ExchangeRate {
    try #require(
      ExchangeRate(
        .usd, perBitcoin: FixedDecimal(hundredMillionths: hundredMillionths), source: "test",
        readAt: Instant(unixSeconds: 1)))
  }

  /// The definition: the least whole millisatoshi that is worth at least the amount, by multiplication alone.
  @Test func isTheLeastThatIsWorthThePrice() throws {
    for _ in 0..<20_000 {
      let rate = try rate(.random(in: 100_000_000...(.random(in: 100_000_000...1_000_000_000_000_000_000))))
      let amount = FixedDecimal(hundredMillionths: .random(in: 0...(.random(in: 0...100_000_000_000_000_000))))
      guard let millisatoshi = rate.millisatoshi(for: amount) else {
        #expect(
          Int128(amount.hundredMillionths) * 100_000_000_000
            > Int128(Int64.max) * Int128(rate.perBitcoin.hundredMillionths))
        continue
      }
      let worth = { (count: Int64) in Int128(count) * Int128(rate.perBitcoin.hundredMillionths) }
      let wanted = Int128(amount.hundredMillionths) * 100_000_000_000
      #expect(worth(millisatoshi.count) >= wanted)
      #expect(millisatoshi == .zero || worth(millisatoshi.count - 1) < wanted)
    }
  }

  @Test func knownFigures() throws {
    // 100,000 USD for a bitcoin: a cent is 10 sat.
    #expect(try rate(10_000_000_000_000).millisatoshi(for: FixedDecimal("0.01")) == 10_000)
    #expect(try rate(9_712_345_000_000).millisatoshi(for: FixedDecimal("4.99")) == 5_137_792)
    #expect(try rate(9_712_345_000_000).millisatoshi(for: FixedDecimal("0.00000001")) == 1)
    #expect(try rate(9_712_345_000_000).millisatoshi(for: .zero) == .zero)
    #expect(try rate(100_000_000).millisatoshi(for: FixedDecimal("92233720.36854775")) == 9_223_372_036_854_775_000)
    #expect(try rate(100_000_000).millisatoshi(for: FixedDecimal("92233720.36854776")) == nil)
  }

  @Test func dearerNeverCostsLess() throws {
    for _ in 0..<2_000 {
      let rate = try rate(.random(in: 100_000_000...100_000_000_000_000))
      let (a, b) = (Int64.random(in: 0...1_000_000_000_000), Int64.random(in: 0...1_000_000_000_000))
      let low = try #require(rate.millisatoshi(for: FixedDecimal(hundredMillionths: min(a, b))))
      let high = try #require(rate.millisatoshi(for: FixedDecimal(hundredMillionths: max(a, b))))
      #expect(low <= high)
    }
  }

  @Test func whatNoBitcoinCostsIsNoRate() throws {
    for count in [0, 99_999_999, 1_000_000_000_000_000_001, Int64.max] {
      #expect(
        ExchangeRate(
          .eur, perBitcoin: FixedDecimal(hundredMillionths: count), source: "test", readAt: Instant(unixSeconds: 1))
          == nil)
    }
  }

  @Test func stepsAreMeasuredFromTheOther() throws {
    let known = try rate(100_000_000_000)
    #expect(try rate(110_000_000_000).isWithin(percent: 10, of: known))
    #expect(try !rate(110_000_000_001).isWithin(percent: 10, of: known))
    #expect(try rate(90_000_000_000).isWithin(percent: 10, of: known))
    #expect(try !rate(89_999_999_999).isWithin(percent: 10, of: known))
    #expect(try rate(1_000_000_000_000_000_000).isWithin(percent: 10, of: rate(1_000_000_000_000_000_000)))
  }
}
