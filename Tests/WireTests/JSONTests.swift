import Testing
import Wire

@Suite struct JSONTests {
  private func read<T: Decodable>(_ type: T.Type, _ text: String) throws -> T {
    try JSON.decode(type, from: text.utf8, unknownFields: .refused)
  }

  private func fault<T: Decodable>(_ type: T.Type, _ text: String) -> JSONFault? {
    do throws(JSONFault) {
      _ = try JSON.decode(type, from: Array(text.utf8), unknownFields: .refused)
      return nil
    } catch { return error }
  }

  @Test(arguments: [
    "", "{", "{\"offer\":}", "{\"offer\":\"a\"", "{\"offer\":\"a\"} x", "{'offer':'a'}", "{\"offer\":\"a\",}",
    "[01]", "[1.]", "[.5]", "[+1]", "[1e]", "[tru]", "[\"\\x\"]", "[\"\\ud800\"]", "[\"\\ud800\\u0041\"]",
    "[\"\u{1}\"]",
    "[1 2]", "nul", "[-]", "\u{FEFF}{}",
  ])
  func malformed(_ text: String) {
    guard case .malformed = fault([String: String].self, text) else {
      Issue.record("\(text) was read as JSON")
      return
    }
  }

  @Test func bytesThatAreNoUTF8AreMalformed() {
    let error = #expect(throws: JSONFault.self) {
      try JSON.decode([String].self, from: [UInt8(ascii: "["), 0x22, 0xFF, 0x22, UInt8(ascii: "]")])
    }
    #expect(error == .malformed(offset: 3))
  }

  @Test func depthIsBounded() {
    let text = String(repeating: "[", count: 100_000)
    guard case .malformed = fault([String].self, text) else {
      Issue.record("a hundred thousand brackets were read")
      return
    }
  }

  @Test func faultsNameTheirField() {
    #expect(fault(RentRequest.self, "{}") == .field("offer", "is missing"))
    #expect(fault(RentRequest.self, "{\"offer\":\"a\",\"perods\":2}") == .field("perods", "is not a field here"))
    #expect(fault(RentRequest.self, "{\"offer\":1}") == .field("offer", "is a string, not a number"))
    #expect(
      fault(RentRequest.self, "{\"offer\":\"a\",\"periods\":1.5}") == .field("periods", "is an integer in its range"))
    #expect(
      fault(RentRequest.self, "{\"offer\":\"a\",\"periods\":99999999999999999999}")
        == .field("periods", "is an integer in its range"))
    #expect(
      fault(RentRequest.self, "{\"offer\":\"a\",\"command\":[\"ls\",7]}")
        == .field("command.1", "is a string, not a number"))
    #expect(
      fault(RentRequest.self, "{\"offer\":\"a\",\"env\":{\"A\":[]}}") == .field("env.A", "is a string, not an array"))
    #expect(fault(RentRequest.self, "[]") == .field("", "is an object, not an array"))
    #expect(fault(RentRequest.self, "{\"offer\":\"a\",\"offer\":\"b\"}") == .field("offer", "appears twice"))
    #expect(fault(EvictRequest.self, "{\"until\":\"tomorrow\"}") == .field("until", "is an RFC 3339 time"))
  }

  @Test func nullIsAbsence() throws {
    let wish = try read(RentRequest.self, "{\"offer\":\"a\",\"periods\":null,\"env\":null}")
    #expect(wish == RentRequest(offer: "a"))
    #expect(try read(EvictRequest.self, "{}") == EvictRequest())
    #expect(try read(EvictRequest.self, "{\"until\":null}") == EvictRequest())
  }

  @Test func environmentsTakeAnyName() throws {
    let wish = try read(RentRequest.self, "{\"offer\":\"a\",\"env\":{\"X\":\"1\",\"Y\":\"2\"}}")
    #expect(wish.env == ["X": "1", "Y": "2"])
  }

  @Test func answersMaySayMore() throws {
    let read = try JSON.decode(PreimageDocument.self, from: Array("{\"preimage\":\"00\",\"fee\":1}".utf8))
    #expect(read.preimage == "00")
  }

  @Test func everyStringComesBack() throws {
    var generator = SystemRandomNumberGenerator()
    for _ in 0..<2_000 {
      let scalars = (0..<Int.random(in: 0...12, using: &generator)).compactMap { _ in
        Unicode.Scalar(UInt32.random(in: 0...0x10FFFF, using: &generator)) ?? "\u{0}"
      }
      let text = String(String.UnicodeScalarView(scalars)) + "\\\"\u{7F}\n"
      let back = try JSON.decode([String].self, from: JSON.encode([text]))
      #expect(back.first?.unicodeScalars.elementsEqual(text.unicodeScalars) == true)
    }
  }

  @Test func escapesAreRead() throws {
    #expect(try read([String].self, #"["\u00e9\ud83d\ude00\/\b\f\n\r\t\"\\"]"#) == ["é😀/\u{8}\u{C}\n\r\t\"\\"])
  }

  @Test func numbersKeepTheirSixtyFourBits() throws {
    let numbers: [Int64] = [.min, -1, 0, 9_007_199_254_740_993, .max]
    #expect(try JSON.decode([Int64].self, from: JSON.encode(numbers)) == numbers)
  }

  @Test func randomBytesNeverTrap() {
    var generator = SystemRandomNumberGenerator()
    let alphabet = Array("{}[]\",:0123456789.eE+-truefalsnl\\u \n".utf8)
    for _ in 0..<20_000 {
      let bytes = (0..<Int.random(in: 0...24, using: &generator)).map { _ in
        alphabet.randomElement(using: &generator) ?? 0
      }
      // Only that it returns matters here.
      _ = try? JSON.decode(RentRequest.self, from: bytes, unknownFields: .refused)
    }
  }
}
