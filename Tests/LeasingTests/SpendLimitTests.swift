import Leasing
import Ledger
import Testing
import Units

/// What a renter lets a lease spend in a day.
@Suite struct SpendLimitTests {
  /// A metered lease that has 1,000 sat and may spend 100 of them a day; the day ends 6,400 s after the start.
  private func limited() throws -> Conversation {
    var talk = try Conversation.active(.metered)
    try talk.say(.limited(perDay: 100_000))
    return talk
  }

  @Test func isToldAtMostOfItAndSuspendedAtAllOfIt() throws {
    var talk = try limited()
    #expect(try talk.say(.usageRated(79_999)).isEmpty)
    #expect(try talk.say(.usageRated(1)).notices == [.limitNear])
    #expect(try talk.say(.usageRated(19_999)).isEmpty)
    let effects = try talk.say(.usageRated(1))
    #expect(effects.names == ["suspend", "notice"])
    #expect(effects.notices == [.limitReached])
    #expect(talk.lease.state.cause == "limit")
    #expect(talk.lease.account.balance == 900_000)
    #expect(talk.lease.timetable == [Deadline(.resume, at: Instant(unixSeconds: 1_700_006_400))])
    #expect(talk.lease.wholeDaysLeft(at: talk.now) == nil)
    // What was measured before the freeze is rated after it, and suspends nothing twice.
    #expect(try talk.say(.usageRated(5_000)).isEmpty)
    // The next day.
    #expect(try talk.say(.woke).isEmpty)
    #expect(try talk.wake().names == ["resume"])
    #expect(talk.now == Instant(unixSeconds: 1_700_006_400))
    try talk.resumed()
    #expect(talk.lease.state == .active)
    #expect(talk.lease.limit(at: talk.now)?.spent == .zero)
    #expect(try talk.say(.usageRated(80_000)).notices == [.limitNear])
  }

  @Test func anotherDayCountsAnew() throws {
    var talk = try limited()
    try talk.say(.usageRated(90_000))
    #expect(try talk.say(.usageRated(20_000), after: 6_400).isEmpty)
    #expect(talk.lease.limit?.spent == 20_000)
    #expect(talk.lease.state == .active)
  }

  @Test func aRaisedLimitOrNoneBringsItBackAtOnce() throws {
    for perDay: Millisatoshi? in [200_000, nil] {
      var talk = try limited()
      try talk.say(.usageRated(150_000))
      #expect(talk.lease.isSuspended)
      // Not by so little.
      #expect(try talk.say(.limited(perDay: 150_000)).isEmpty)
      #expect(try talk.say(.limited(perDay: perDay)).names == ["resume"])
      try talk.resumed()
      #expect(talk.lease.state == .active)
    }
    // One that is lowered below what was spent suspends.
    var talk = try Conversation.active(.metered)
    try talk.say(.limited(perDay: 500_000))
    try talk.say(.usageRated(150_000))
    #expect(try talk.say(.limited(perDay: 100_000)).names == ["suspend", "notice"])
  }

  /// A payment does not lift the renter's own limit; nor does a sealed lease come back by it.
  @Test func nothingElseLiftsIt() throws {
    var talk = try limited()
    try talk.say(.usageRated(100_000))
    try talk.say(.settled(.renewal(1_000_000)))
    try talk.say(.requested)
    #expect(talk.lease.state.cause == "limit")
    try talk.say(.frozen())
    try talk.say(.limited(perDay: nil))
    #expect(talk.lease.isSuspended && !talk.lease.isOnItsWay)
    try talk.say(.thawed)
    #expect(try talk.wake().names == ["resume"])
  }

  /// What was rated after the freeze may have taken what was left: then it is payment that resumes.
  @Test func withoutMoneyItWaitsForPayment() throws {
    var talk = try limited()
    try talk.say(.usageRated(100_000))
    try talk.say(.usageRated(900_000))
    #expect(try talk.wake().isEmpty)
    #expect(talk.lease.state.cause == "unpaid")
  }

  /// A lower one would hold a host's room for next to nothing: time is not charged while it is suspended.
  @Test func aDayCostsNoLessThanItsTime() throws {
    var talk = try Conversation.active()
    #expect(talk.lease.leastLimit == 86_400_000)
    #expect(throws: Rejection.limitTooLow) { try talk.say(.limited(perDay: 86_399_999)) }
    try talk.say(.limited(perDay: 86_400_000))
    #expect(talk.lease.limit?.perDay == 86_400_000)
    var metered = try Conversation.active(.metered)
    #expect(throws: Rejection.limitTooLow) { try metered.say(.limited(perDay: 999)) }
    try metered.say(.released)
    #expect(throws: Rejection.leaseReclaiming) { try metered.say(.limited(perDay: 1_000)) }
  }
}
