import Testing
import Units

@testable import BOLT11

@Suite struct HumanReadablePartTests {
  private func amount(_ text: String) throws(BOLT11Error) -> Int64? {
    try HumanReadablePart(Array("lnbc\(text)".utf8)).amount?.count
  }

  @Test func amountsAreExact() throws {
    #expect(try amount("") == nil)
    #expect(try amount("1") == 100_000_000_000)
    #expect(try amount("1m") == 100_000_000)
    #expect(try amount("1u") == 100_000)
    #expect(try amount("1n") == 100)
    #expect(try amount("10p") == 1)
    #expect(try amount("92233720368547758070p") == .max)
    #expect(try amount("9223372036854775800p") == 922_337_203_685_477_580)
    #expect(try amount("92233720368547758n") == 9_223_372_036_854_775_800)
  }

  @Test func amountsThatAreNoneAreRefused() {
    for text in ["0", "01m", "m", "1mm", "1 m", "+1", "1m1"] {
      #expect(throws: BOLT11Error.self, Comment(rawValue: text)) { try amount(text) }
    }
    #expect(throws: BOLT11Error.subMillisatoshiAmount) { try amount("1p") }
    #expect(throws: BOLT11Error.badMultiplier) { try amount("1x") }
    #expect(throws: BOLT11Error.amountTooLarge) { try amount("92233720368547759n") }
    #expect(throws: BOLT11Error.amountTooLarge) { try amount("92233721") }
    #expect(throws: BOLT11Error.amountTooLarge) { try amount("1" + String(repeating: "0", count: 60) + "p") }
    #expect(throws: BOLT11Error.amountTooLarge) { try amount("92233720368547758080p") }
  }

  @Test func networksAreKnownOrRefused() throws {
    #expect(try HumanReadablePart(Array("lntbs".utf8)).network == .signet)
    #expect(try HumanReadablePart(Array("lnbcrt".utf8)).network == .regtest)
    #expect(throws: BOLT11Error.unknownNetwork("bcr")) { try HumanReadablePart(Array("lnbcr1m".utf8)) }
    #expect(throws: BOLT11Error.unknownNetwork("")) { try HumanReadablePart(Array("ln".utf8)) }
    #expect(throws: BOLT11Error.notAnInvoice) { try HumanReadablePart(Array("bc".utf8)) }
  }

  @Test func amountsAreWrittenShortAndReadBack() throws {
    var generator = SplitMix(state: 3)
    for _ in 0..<5_000 {
      let count = Int64.random(in: 1...(.max), using: &generator) >> Int64.random(in: 0...60, using: &generator) | 1
      let scaled = count.multipliedReportingOverflow(
        by: [1, 100, 100_000, 100_000_000].randomElement(using: &generator)!)
      let amount = Millisatoshi(scaled.overflow ? 1 : scaled.partialValue)
      let part = HumanReadablePart(network: .regtest, amount: amount)
      #expect(try HumanReadablePart(part.bytes).amount == amount)
    }
  }
}
