import Testing
import Units

@testable import NodeRPC

@Suite struct FormatTests {
  @Test(
    arguments: [
      ("1970-01-01T00:00:00+00:00", 0), ("2026-11-26T09:30:01.5+00:00", 1_795_685_401_500_000),
      ("2026-11-26T09:30:01.123456", 1_795_685_401_123_456), ("2024-02-29T23:59:59Z", 1_709_251_199_000_000),
      ("2026-11-26T10:30:01+01:00", 1_795_685_401_000_000), ("2026-11-26T04:00:01-05:30", 1_795_685_401_000_000),
    ] as [(String, Int64)])
  func timesOfPythonAreRead(_ text: String, _ microseconds: Int64) {
    #expect(ISO8601.instant(text) == Instant(microseconds: microseconds))
  }

  @Test(arguments: ["", "2026", "2026-13-01T00:00:00", "2026-11-26T09:30:01+1", "2026-11-26T09:30:01 x", "1e9"])
  func otherTextsAreNoTimes(_ text: String) {
    #expect(ISO8601.instant(text) == nil)
  }

  @Test func formsAndQueriesEncodeAllThatIsNotPlain() {
    #expect(FormFields(["a b": "c&d=é", "none": nil]).text == "a%20b=c%26d%3D%C3%A9")
  }

  @Test func linesAreCutWhereverThePiecesEnd() {
    let text = Array("one\ntwo\n\nthree".utf8)
    for cut in text.indices {
      var splitter = LineSplitter(limit: 5)
      let lines = (splitter.take(text[..<cut]) ?? []) + (splitter.take(text[cut...]) ?? [])
      #expect(lines.map { String(decoding: $0, as: UTF8.self) } == ["one", "two"])
      #expect(splitter.rest == Array("three".utf8))
    }
    var splitter = LineSplitter(limit: 4)
    #expect(splitter.take(text) == nil)
  }

  @Test(arguments: [
    "ftp://node", "node:8080", "http://", "https://user:secret@node", "https://node?x=1", "http://node#x", "",
  ])
  func anAddressThatIsNoneIsRefusedAndItsSecretsNotTold(_ text: String) {
    let error = #expect(throws: RPCError.self) { try NodeAddress(text) }
    #expect(error.map { "\($0)".contains("secret") } == false)
  }

  @Test func anAddressKeepsItsPathAndGetsThePortOfItsScheme() throws {
    #expect(try NodeAddress("https://node.example/lnbits/").url("/api") == "https://node.example:443/lnbits/api")
    #expect(try NodeAddress("http://[::1]:8080").url("/x", FormFields(["a": "b"])) == "http://[::1]:8080/x?a=b")
  }

  @Test func aPinnedCertificateNeedsHttpsAndACertificate() {
    #expect(throws: RPCError.self) { try NodeAddress("http://node", certificateFile: "/etc/passwd") }
    #expect(throws: RPCError.self) { try NodeAddress("https://node", certificateFile: "/etc/passwd") }
    #expect(throws: RPCError.self) { try NodeAddress("https://node", certificateFile: "/nowhere") }
  }

  @Test func theFeeOfPhoenixdIsNeverUnderWhatItTakes() {
    #expect(PhoenixdClient.fee(for: 1_000_000) == 9_000)
    #expect(PhoenixdClient.fee(for: Millisatoshi(Int64.max)) >= .supply)
  }
}
