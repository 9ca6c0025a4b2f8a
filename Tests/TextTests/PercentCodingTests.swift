import Testing
import Text

@Suite struct PercentCodingTests {
  @Test(arguments: [
    ("", ""), ("a-b.c_d~e", "a-b.c_d~e"), ("ü/ %", "%C3%BC%2F%20%25"), ("\u{0}", "%00"), ("+&=", "%2B%26%3D"),
  ])
  func textIsEncodedAndComesBack(text: String, encoded: String) {
    #expect(PercentCoding.encode(text) == encoded)
    #expect(PercentCoding.decode(encoded) == text)
  }

  @Test(arguments: ["%", "%2", "%zz", "%+1", "%ff", "a%2"])
  func whatNoEncoderWritesIsRefused(text: String) {
    #expect(PercentCoding.decode(text) == nil)
  }

  @Test func digitsAreReadInEitherCase() {
    #expect(PercentCoding.decode("%c3%bC") == "ü")
  }
}
