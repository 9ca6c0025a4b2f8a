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

@Suite struct SaturationTests {
  @Test func timeThatDoesNotFitIsAsFarAsTimeGoes() {
    #expect(Instant(unixSeconds: .max).microseconds == .max)
    #expect(Instant(unixSeconds: .min).microseconds == .min)
    #expect(Instant(microseconds: .max) + .day == Instant(microseconds: .max))
    #expect(Instant(microseconds: .min) - .day == Instant(microseconds: .min))
    #expect(Instant(microseconds: .max).microseconds(since: Instant(microseconds: -1)) == .max)
    #expect(Seconds(.max) + .day == Seconds(.max))
    #expect(Seconds(.max) * -2 == Seconds(.min))
    #expect(Seconds(.min) - 1 == Seconds(.min))
  }

  @Test func noInvoiceAsksForMoreThanThereIs() {
    #expect(Millisatoshi.supply.roundedUpToInvoice == .supply)
    #expect((Millisatoshi.supply + 1).roundedUpToInvoice == nil)
    #expect(Millisatoshi(1).roundedUpToInvoice == 1_000)
    #expect(Millisatoshi(-7).roundedUpToInvoice == 1_000)
  }
}
