import Macaroons
import Testing

@Suite struct Bytes32Tests {
  @Test func hexIsReadInEitherCaseAndWrittenInLower() throws {
    let text = String(repeating: "0123456789abcdef", count: 4)
    let value = try #require(Bytes32(hex: text.uppercased()))
    #expect(value.hex == text)
    #expect(value.array == (0..<32).map { [0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef][$0 % 8] })
    #expect(Bytes32(value.array) == value)
  }

  @Test(arguments: [0, 1, 62, 63, 65, 66, 128])
  func anyOtherNumberOfDigitsIsRefused(count: Int) {
    #expect(Bytes32(hex: String(repeating: "a", count: count)) == nil)
  }

  @Test(arguments: ["g", " ", "\n", "é", "+", "`", "@", "/", ":"])
  func anythingButADigitIsRefused(stranger: String) {
    let digits = String(repeating: "a", count: 64 - stranger.utf8.count)
    #expect(Bytes32(hex: digits + stranger) == nil)
    #expect(Bytes32(hex: stranger + digits) == nil)
  }

  @Test func anyOtherNumberOfBytesIsRefused() {
    #expect(Bytes32([UInt8](repeating: 0, count: 31)) == nil)
    #expect(Bytes32([UInt8](repeating: 0, count: 33)) == nil)
  }

  @Test func comparesInConstantTimeAsEqualsDoes() {
    let value = Bytes32.random()
    #expect(value.equalsInConstantTime(value))
    for index in 0..<32 {
      var bytes = value.array
      bytes[index] ^= 0x10
      let other = Bytes32(bytes)!
      #expect(!value.equalsInConstantTime(other))
      #expect(value != other)
    }
    #expect(Bytes32.random() != Bytes32.random())
  }

  @Test func hexRoundTrips() {
    #expect(Hex.decode(Hex.encode([0, 1, 0xfe, 0xff])) == [0, 1, 0xfe, 0xff])
    #expect(Hex.decode("") == [])
    #expect(Hex.decode("abc") == nil)
    #expect(Hex.decode("zz") == nil)
  }
}
