import Testing
import Units
import Wire

@Suite struct TimestampTests {
  @Test(arguments: [
    (0, "1970-01-01T00:00:00Z"),
    (1_795_370_400_123_456, "2026-11-22T18:00:00.123456Z"),
    (-1, "1969-12-31T23:59:59.999999Z"),
    (951_782_400_000_000, "2000-02-29T00:00:00Z"),
    (4_107_542_400_000_000, "2100-03-01T00:00:00Z"),
    (1_000_000, "1970-01-01T00:00:01Z"),
    (10, "1970-01-01T00:00:00.000010Z"),
  ])
  func knownMoments(_ microseconds: Int64, _ text: String) {
    let moment = Timestamp(Instant(microseconds: microseconds))
    #expect(moment.description == text)
    #expect(Timestamp(text) == moment)
  }

  @Test func whatIsWrittenReadsBack() {
    var generator = SystemRandomNumberGenerator()
    for _ in 0..<20_000 {
      let moment = Instant(
        microseconds: .random(
          in: Instant.earliestNamed.microseconds...Instant.latestNamed.microseconds, using: &generator))
      #expect(Timestamp(Timestamp(moment).description)?.instant == moment)
    }
  }

  @Test func laterIsLaterAsText() {
    for _ in 0..<5_000 {
      // Whole seconds leave the fraction out; among those with one, text sorts as time does.
      let moments = (0..<2).map { _ in Int64.random(in: 0...4_000_000_000) * 1_000_000 + .random(in: 1...999_999) }
      let texts = moments.map { Timestamp(Instant(microseconds: $0)).description }
      #expect((moments[0] < moments[1]) == (texts[0] < texts[1]))
    }
  }

  @Test func everyDayOfFourCenturies() {
    // Each day is the day after the one before: nothing is skipped and nothing comes twice.
    var previous = ""
    for day in Int64(-146_097)..<146_097 {
      let text = Timestamp(Instant(unixSeconds: day * 86_400)).description
      #expect(text > previous)
      #expect(text.hasSuffix("T00:00:00Z"))
      previous = text
    }
  }

  @Test(arguments: [
    ("2026-11-22T19:00:00+01:00", 1_795_370_400_000_000),
    ("2026-11-22t12:30:00.5-05:30", 1_795_370_400_500_000),
    ("2026-11-22T18:00:00.1234569z", 1_795_370_400_123_456),
    ("2016-12-31T23:59:60Z", 1_483_228_800_000_000),
  ])
  func otherSpellings(_ text: String, _ microseconds: Int64) {
    #expect(Timestamp(text)?.instant.microseconds == microseconds)
  }

  @Test(arguments: [
    "", "2026-11-22", "2026-11-22T18:00:00", "2026-11-22 18:00:00Z", "2026-02-29T00:00:00Z", "2026-13-01T00:00:00Z",
    "2026-00-01T00:00:00Z", "2026-11-00T00:00:00Z", "2026-11-31T00:00:00Z", "2026-11-22T24:00:00Z",
    "2026-11-22T18:60:00Z", "2026-11-22T18:00:61Z", "2026-11-22T18:00:00.Z", "2026-11-22T18:00:00Zx",
    "2026-11-22T18:00:00+1:00", "2026-11-22T18:00:00+24:00", "+026-11-22T18:00:00Z", "1900-02-29T00:00:00Z",
  ])
  func nonsenseIsRefused(_ text: String) {
    #expect(Timestamp(text) == nil)
  }

  @Test func whatHasNoFourDigitYearIsWrittenAsTheNearest() {
    #expect(Timestamp(.distantFuture).description == "9999-12-31T23:59:59.999999Z")
    #expect(Timestamp(Instant(microseconds: .min)).description == "0000-01-01T00:00:00Z")
  }
}
