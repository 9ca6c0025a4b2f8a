import Testing

@testable import leaseholdd

@Suite struct SpanTests {
  @Test(arguments: [
    ("90s", 90), ("15m", 900), ("1h", 3_600), ("7d", 604_800), ("2w", 1_209_600), ("2d 12h", 216_000), ("1h30m", 5_400),
    ("0s", 0),
  ])
  func whatPeopleWriteIsRead(_ text: String, _ seconds: Int64) {
    #expect(Span.seconds(text) == seconds)
  }

  @Test(arguments: [
    "", " ", "1", "h", "1h 1h", "1m 1h", "1 hour", "-1h", "1.5h", "1h5", "99999999999999999999s",
    "9223372036854775807w",
  ])
  func nothingElseIs(_ text: String) {
    #expect(Span.seconds(text) == nil)
  }

  @Test func isSaidInTheLargestUnits() {
    #expect(Span.text(0) == "0s")
    #expect(Span.text(90) == "1m 30s")
    #expect(Span.text(86_400) == "1d")
    #expect(Span.text(90_061) == "1d 1h")
  }
}
