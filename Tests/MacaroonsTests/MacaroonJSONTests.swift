import Macaroons
import Testing

@Suite struct MacaroonJSONTests {
  private static let signature = "Hv5HY_KQ284MHQhHc2fhH07uRWpkkzz2YteXctu4ISg"
  private static let tail = #""s64":"\#(signature)"}"#

  @Test(arguments: [
    #"{"v":2,"i":"a",\#(tail)"#, #"{"i64":"YQ","s64":"\#(signature)"}"#, #"{"i64":"YQ==",\#(tail)"#,
    #"{"l":"","c":[],"i":"a",\#(tail)"#, #"  { "i" : "a" , "s64" : "\#(signature)" }  "#, #"{"i":"\u0061",\#(tail)"#,
    #"{"s64":"\#(signature)","i":"a"}"#,
  ])
  func spellingsOfOneMacaroon(text: String) throws {
    let macaroon = try Macaroon(json: text)
    #expect(Array(macaroon.identifier) == Array("a".utf8))
    #expect(macaroon.location == nil)
    #expect(macaroon.caveats.count == 0)
    #expect(try Macaroon(text: text) == macaroon)
    #expect(macaroon.json == #"{"i":"a",\#(Self.tail)"#)
  }

  @Test(arguments: [
    (#"{"i":"\ud83c\udf6a\"\\\/\b\f\n\r\t",\#(tail)"#, "🍪\"\\/\u{8}\u{c}\n\r\t"),
    (#"{"i":"ключ",\#(tail)"#, "ключ"), (#"{\#(tail)"#, ""), (#"{"i":"\u0000",\#(tail)"#, "\0"),
  ])
  func escapes(text: String, identifier: String) throws {
    let macaroon = try Macaroon(json: text)
    #expect(Array(macaroon.identifier) == Array(identifier.utf8))
    #expect(try Macaroon(json: macaroon.json) == macaroon)
  }

  @Test(arguments: [
    ("", MacaroonFault.empty), ("{", .json), ("{}", .unsigned), ("[]", .json), ("null", .json),
    (#"{"i":"a",\#(tail) x"#, .trailing), (#"{"i":"a",\#(tail){"#, .trailing),
    (#"{"i":"a","i":"a",\#(tail)"#, .json), (#"{"i":"a","i64":"YQ",\#(tail)"#, .json),
    (#"{"i":"a","extra":"b",\#(tail)"#, .json), (#"{"i":1,\#(tail)"#, .json), (#"{"i":"a",,\#(tail)"#, .json),
    (#"{,"i":"a",\#(tail)"#, .json), (#"{"i":"a" \#(tail)"#, .json), (#"{"i":"\x",\#(tail)"#, .json),
    (#"{"i":"\ud83c",\#(tail)"#, .json), (#"{"i":"\udf6a",\#(tail)"#, .json), (#"{"i":"\ud83c\u0061",\#(tail)"#, .json),
    ("{\"i\":\"a\nb\",\(tail)", .json), (#"{"i":"a,\#(tail)"#, .json), (#"{"i64":"a b",\#(tail)"#, .base64),
    (#"{"v":1,"i":"a",\#(tail)"#, .version), (#"{"v":"2","i":"a",\#(tail)"#, .json),
    (#"{"v":2,"v":2,"i":"a",\#(tail)"#, .json), (#"{"c":[{"i":"x"},],"i":"a",\#(tail)"#, .json),
    (#"{"c":[{"i":"x"}{"i":"y"}],"i":"a",\#(tail)"#, .json), (#"{"c":[],"c":[],"i":"a",\#(tail)"#, .json),
    (#"{"c":[{"s":"x"}],"i":"a",\#(tail)"#, .json), (#"{"c":{},"i":"a",\#(tail)"#, .json),
    (#"{"i":"a","s64":"YQ"}"#, .signature), (#"{"i":"a","s":"short"}"#, .signature), (#"{"i":"a"}"#, .unsigned),
  ])
  func refuses(text: String, fault: MacaroonFault) {
    #expect(throws: fault) { try Macaroon(json: text) }
  }

  @Test func bytesThatAreNotUTF8AreRefused() {
    #expect(throws: MacaroonFault.json) {
      try Macaroon(json: Array(#"{"i":""#.utf8) + [0xff] + Array((#"","# + Self.tail).utf8))
    }
  }

  @Test func everyTruncationIsRefused() throws {
    let text = Array(
      try Macaroon(json: #"{"c":[{"i":"x","v64":"AAEC","l":"there"},{}],"l":"here","i":"a",\#(Self.tail)"#).json.utf8)
    for count in text.indices {
      #expect(throws: MacaroonFault.self) { try Macaroon(json: Array(text[..<count])) }
    }
  }

  /// Whatever the fields hold, in each format; locations stay text, which is all that JSON can say of them.
  @Test func decodeAfterEncodeIsIdentityInEachFormat() throws {
    var random = SplitMix(state: 0xc0de)
    let letters = Array("ab=\"\\<é\u{2028}\n\u{1}🍪".unicodeScalars)
    func field() -> [UInt8] {
      guard Bool.random(using: &random) else { return random.bytes(Int.random(in: 0...90, using: &random)) }
      var text = ""
      for _ in 0..<Int.random(in: 0...20, using: &random) {
        text.unicodeScalars.append(letters.randomElement(using: &random)!)
      }
      return Array(text.utf8)
    }
    for _ in 0..<500 {
      var macaroon = Macaroon(
        location: Bool.random(using: &random) ? "" : "место <&>", identifier: field(),
        key: MacaroonKey(rootKey: random.bytes(8)))
      for _ in 0..<Int.random(in: 0...5, using: &random) {
        macaroon =
          Bool.random(using: &random)
          ? macaroon.adding(field())
          : macaroon.adding(
            thirdParty: field(), location: Bool.random(using: &random) ? "" : "there", rootKey: random.bytes(9))
      }
      #expect(try Macaroon(v2: macaroon.wire) == macaroon)
      #expect(try Macaroon(v1: macaroon.v1()) == macaroon)
      #expect(try Macaroon(json: macaroon.json) == macaroon)
      #expect(try Macaroon(text: macaroon.json) == macaroon)
      #expect(try Macaroon(text: Base64.encode(macaroon.v1())) == macaroon)
    }
  }
}
