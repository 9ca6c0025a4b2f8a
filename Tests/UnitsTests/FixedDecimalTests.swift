import Testing
import Units

@Suite struct FixedDecimalTests {
  @Test(arguments: [
    ("0", 0), ("1", 100_000_000), ("4.99", 499_000_000), ("0.00000001", 1), ("007.50", 750_000_000),
    ("97123.45000000", 9_712_345_000_000), ("92233720368.54775807", Int64.max), ("-0", 0), ("1e2", 10_000_000_000),
    ("9.712345E+4", 9_712_345_000_000), ("12345e-3", 1_234_500_000), ("0e999999999999999999", 0),
    ("0.000000000000000000001e21", 100_000_000),
  ])
  func isReadFromItsDigits(_ text: String, _ count: Int64) throws {
    #expect(try FixedDecimal(text).hundredMillionths == count)
    #expect(try FixedDecimal(roundingDown: text).hundredMillionths == count)
  }

  @Test(arguments: [
    "", " ", "NaN", "nan", "Infinity", "+1", "1.", ".5", "1,5", "1_000", "0x10", "1e", "1e+", "1 ", "\u{0661}", "--1",
    "1.2.3", "1e2.5", "null", String(repeating: "1", count: 65),
  ])
  func whatIsNoNumberIsRefused(_ text: String) {
    #expect(throws: FixedDecimal.Fault.notANumber) { try FixedDecimal(roundingDown: text) }
  }

  @Test(arguments: [
    "1e400", "1e11", "92233720368.54775808", "99999999999", "1e99999999999999999999999",
    "0.0000001e999", String(repeating: "9", count: 64),
  ])
  func whatIsTooLargeIsRefused(_ text: String) {
    #expect(throws: FixedDecimal.Fault.tooLarge) { try FixedDecimal(roundingDown: text) }
  }

  @Test func lessThanNothingIsNoPrice() {
    #expect(throws: FixedDecimal.Fault.negative) { try FixedDecimal("-1") }
    #expect(throws: FixedDecimal.Fault.negative) { try FixedDecimal(roundingDown: "-1e-300") }
  }

  @Test func aPriceIsExactAndARateIsRoundedDown() throws {
    #expect(throws: FixedDecimal.Fault.tooFine) { try FixedDecimal("1.000000001") }
    #expect(throws: FixedDecimal.Fault.tooFine) { try FixedDecimal("1e-400") }
    #expect(try FixedDecimal("1.000000010").hundredMillionths == 100_000_001)
    #expect(try FixedDecimal(roundingDown: "97123.450000009999999").description == "97123.45")
    #expect(try FixedDecimal(roundingDown: "1e-400") == .zero)
  }

  @Test func whatIsWrittenReadsTheSame() throws {
    for _ in 0..<5_000 {
      let digits = Int.random(in: 0...18)
      let number = FixedDecimal(hundredMillionths: .random(in: 0...Int64.max) / power(digits))
      #expect(try FixedDecimal(number.description) == number)
    }
    #expect(FixedDecimal(hundredMillionths: 1).description == "0.00000001")
    #expect(FixedDecimal(hundredMillionths: 1_050_000_000).description == "10.5")
  }

  private func power(_ digits: Int) -> Int64 { (0..<digits).reduce(1) { power, _ in power * 10 } }
}
