import Testing
import Units

@Suite struct InstantTests {
  @Test func secondsAreRoundedTowardsThePastAndTheFuture() {
    #expect(Instant(microseconds: 1_500_000).unixSeconds == 1)
    #expect(Instant(microseconds: 1_500_000).unixSecondsRoundedUp == 2)
    #expect(Instant(microseconds: -1).unixSeconds == -1)
    #expect(Instant(microseconds: -1).unixSecondsRoundedUp == 0)
    #expect(Instant(unixSeconds: 7).unixSecondsRoundedUp == 7)
  }

  @Test func spansAddAndSubtract() {
    let noon = Instant(unixSeconds: 43_200)
    #expect((noon + .hour) - .hour == noon)
    #expect((noon + .minute).microseconds(since: noon) == 60_000_000)
  }
}
