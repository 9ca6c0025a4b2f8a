import Macaroons
import Testing

@testable import L402

@Suite struct CodecTests {
  /// RFC 4648 §10.
  @Test(arguments: [
    ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
    ("foobar", "Zm9vYmFy"),
  ])
  func rfc4648(text: String, encoded: String) {
    #expect(Base64.encode(Array(text.utf8)) == encoded)
    #expect(Base64.decode(encoded) == Array(text.utf8))
    #expect(Base64.decode(String(encoded.filter { $0 != "=" })) == Array(text.utf8))
  }

  @Test(arguments: [
    "Z", "Zg=", "Zg===", "Zm8==", "Zm9v=", "Zm9v====", "=", "====", "Zh==", "Zm9=", "Zm9", "Z g=", "Zg==\n", "Zg==Zg==",
    "+_+_", "-/-/", "Zm\u{0}v", "Zmé9", "Zm9v,", "Z===",
  ])
  func refused(text: String) {
    #expect(Base64.decode(text) == nil)
  }

  @Test func everyLengthAndByteRoundTrips() {
    var random = SplitMix(state: 64)
    for count in 0..<300 {
      let bytes = random.bytes(count)
      let text = Base64.encode(bytes)
      #expect(Base64.decode(text) == bytes)
      let url = String(text.map { $0 == "+" ? "-" : $0 == "/" ? "_" : $0 })
      #expect(Base64.decode(url) == bytes)
    }
    #expect(Base64.decode("-_-_") == [0xfb, 0xff, 0xbf])
    #expect(Base64.decode("+/+/") == [0xfb, 0xff, 0xbf])
  }

  @Test func capabilitiesHaveACanonicalList() throws {
    #expect(Capabilities.all.list == "read,write,exec,control,pay,refund")
    #expect(Capabilities([.pay, .read]).list == "read,pay")
    #expect(Capabilities().list == "")
    for rawValue in UInt8(0)..<64 {
      let set = Capabilities(rawValue: rawValue)
      #expect(Capabilities(list: set.list) == set)
    }
    #expect(Capabilities(list: "pay,read,pay") == [.read, .pay])
    for text in ["fly", "read,", ",", "read, write", "Read", "read;write"] {
      #expect(Capabilities(list: text) == nil)
    }
  }

  @Test func tokensSayTheirEpoch() {
    let token = TokenID(epoch: 0x0102)
    #expect(token.epoch == 0x0102)
    #expect(token.hex.hasPrefix("0102"))
    #expect(TokenID(epoch: 1) != TokenID(epoch: 1))
    #expect(TokenID(hex: token.hex) == token)
  }

  @Test func aPreimageHashesToItsPaymentHash() throws {
    let preimage = try #require(Preimage(hex: String(repeating: "00", count: 32)))
    #expect(preimage.paymentHash.hex == "66687aadf862bd776c8fc18b8e9f8e20089714856ee233b3902a591d0d5f2925")
  }
}
