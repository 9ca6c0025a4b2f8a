import Testing
import Text

@Suite struct JSONStringTests {
  @Test func whatMustBeEscapedIsAndNothingElse() {
    #expect(JSONString.quoted("") == "\"\"")
    #expect(JSONString.quoted("plain ü \u{1F600}") == "\"plain ü \u{1F600}\"")
    #expect(JSONString.quoted("a\"b\\c") == #""a\"b\\c""#)
    #expect(JSONString.quoted("\u{0}\u{1F}\n") == #""\u0000\u001f\u000a""#)
    #expect(JSONString.quoted("\u{7F}") == #""\u007f""#)
    #expect(JSONString.quoted("<&>\u{2028}") == "\"<&>\u{2028}\"")
  }

  @Test func linesHaveNamesForWhoReadsAlong() {
    #expect(JSONString.quoted("a\n\r\tb\u{1}", .init(namesLines: true)) == #""a\n\r\tb\u0001""#)
  }

  @Test func gosEncoderIsFollowedWhereItsOutputIsCompared() {
    let rules = JSONString.Rules(namesLines: true, escapesDelete: false, escapesMarkup: true)
    #expect(JSONString.quoted("<a>&\u{7F}", rules) == "\"\\u003ca\\u003e\\u0026\u{7F}\"")
    #expect(JSONString.quoted("\u{2027}\u{2028}\u{2029}\u{202A}", rules) == "\"\u{2027}\\u2028\\u2029\u{202A}\"")
  }

  @Test func stringsFollowOneAnotherInABuffer() {
    var bytes = Array("[".utf8)
    JSONString.append("a", to: &bytes)
    JSONString.append("\"", to: &bytes)
    #expect(String(decoding: bytes, as: UTF8.self) == #"["a""\"""#)
  }
}
