import Leasing
import Ledger
import Testing
import Units

/// Until when a lease gives what, and what is said of it beforehand.
@Suite struct LeaseServiceTests {
  @Test func serviceEndsWithTheMoneyAndItsGrace() throws {
    let first = try Conversation.active().lease
    #expect(first.serviceEnds == .start + .hour)
    let renewed = try Conversation.renewed().lease
    #expect(renewed.serviceEnds == .start + .hour * 2 + 150)
    var talk = try Conversation.renewed()
    try talk.say(.woke, after: .hour * 2 + 10)
    #expect(talk.lease.state == .grace(until: .start + .hour * 2 + 150))
    #expect(talk.lease.serviceEnds == .start + .hour * 2 + 150)
  }

  @Test func serviceEndsWithAnEvictionThatComesBefore() throws {
    var talk = try Conversation.renewed()
    try talk.say(.evicting(until: .start + .hour * 2 + 100))
    #expect(talk.lease.serviceEnds == .start + .hour * 2 + 100)
    try talk.say(.woke, after: .hour * 2 + 10)
    #expect(talk.lease.serviceEnds == .start + .hour * 2 + 100)
    try talk.say(.evicting(until: .start + .day))
    #expect(talk.lease.serviceEnds == talk.lease.moneyEnds)
    try talk.say(.evicting(until: nil))
    #expect(talk.lease.serviceEnds == .start + .hour * 2 + 150)
  }

  @Test func whatCostsNothingServesUntilItIsEvicted() throws {
    var talk = try Conversation.active(.metered)
    #expect(talk.lease.serviceEnds == nil)
    try talk.say(.evicting(until: .start + 5_000))
    #expect(talk.lease.serviceEnds == .start + 5_000)
  }

  /// Nothing is charged, sold or asked for past the end, however late somebody looks.
  @Test func nothingIsChargedOrSoldPastTheEndOfService() throws {
    var talk = try Conversation.renewed()
    try talk.say(.evicting(until: .start + 1_000))
    let end = try #require(talk.lease.serviceEnds)
    #expect(talk.lease.charged(to: end + 500).account.balance == Millisatoshi(satoshis: 6_200))
    #expect(talk.lease.renewalObstacle(lasting: 0, at: end - 1) == .evicting)
    #expect(talk.lease.renewalObstacle(lasting: 0, at: end) == .evicting)
    var free = try Conversation.active(.metered)
    try free.say(.evicting(until: .start + 1_000))
    #expect(free.lease.renewalObstacle(lasting: 0, at: .start + 999) == nil)
    #expect(free.lease.renewalObstacle(lasting: 0, at: .start + 1_000) == .evicting)
  }

  @Test func retentionIsHalfInAFirstPeriod() throws {
    let first = try Conversation.active().lease
    #expect(first.retention(for: .unpaid) == 1_800)
    #expect(first.retention(for: .operator) == .hour)
    #expect(try Conversation.renewed().lease.retention(for: .unpaid) == .hour)
    #expect(try Conversation.active(.hourly.idle(.suspend)).lease.retention(for: .idle) == 1_800)
  }

  @Test func theTimetableOfEachState() throws {
    #expect(Lease.quoted().timetable == [Deadline(.quoteExpires, at: .start + 600)])
    var talk = Conversation()
    try talk.say(.settled(.purchase()))
    #expect(talk.lease.timetable == [Deadline(.provisionBy, at: .start + 600)])
    try talk.say(.provisioned(generation: talk.lease.generation))
    #expect(
      talk.lease.timetable == [
        Deadline(.renewBy, at: .start + .hour), Deadline(.suspend, at: .start + .hour),
        Deadline(.reclaim, at: .start + .hour + 1_800),
      ])
    try talk.say(.settled(.renewal(Terms.hourly.price)))
    try talk.say(.evicting(until: .start + 5_000))
    #expect(
      talk.lease.timetable == [
        Deadline(.evict, at: .start + 5_000), Deadline(.renewBy, at: .start + .hour * 2),
        Deadline(.suspend, at: .start + .hour * 2 + 150), Deadline(.reclaim, at: .start + .hour * 3 + 150),
      ])
    try talk.say(.protected(true))
    try talk.say(.evicting(until: nil))
    #expect(talk.lease.timetable.map(\.action) == [.renewBy, .suspend])
    try talk.say(.woke, after: .hour * 2)
    #expect(talk.lease.timetable == [Deadline(.suspend, at: .start + .hour * 2 + 150)])
    try talk.say(.protected(false))
    try talk.say(.woke, after: 150)
    #expect(talk.lease.reclaimsAt == talk.now + .hour)
    #expect(talk.lease.timetable == [Deadline(.reclaim, at: talk.now + .hour)])
    // Nothing happens of itself to what is sealed, or on its way out.
    try talk.say(.frozen())
    #expect(talk.lease.timetable == [])
    try talk.say(.thawed)
    try talk.say(.released)
    #expect(talk.lease.timetable == [])
    #expect(talk.lease.reclaimsAt == nil)
  }

  @Test func whatItCostsToGoOnAndHowLongThatIsOpen() throws {
    let quoted = Lease.quoted()
    #expect(quoted.costOfGoingOn(at: .start) == nil)
    #expect(quoted.wholeDaysLeft(at: .start) == nil)
    var talk = try Conversation.renewed()
    #expect(talk.lease.costOfGoingOn(at: .start) == Terms.hourly.price)
    #expect(talk.lease.wholeDaysLeft(at: .start) == 0)
    #expect(talk.lease.wholeDaysLeft(at: .start - .day * 3) == 3)
    #expect(talk.lease.wholeDaysLeft(at: .start + .day) == 0)
    // What is announced counts from its moment on.
    var dearer = Terms.hourly
    dearer.price = Millisatoshi(satoshis: 5_000)
    try talk.say(.announced(Announcement(terms: dearer, from: .start + .hour)))
    #expect(talk.lease.costOfGoingOn(at: .start + 1) == Terms.hourly.price)
    #expect(talk.lease.costOfGoingOn(at: .start + .hour) == dearer.price)
    // In grace the debt is part of it; an eviction is bought off by nobody.
    try talk.say(.woke, after: .hour * 2)
    #expect(talk.lease.costOfGoingOn(at: talk.now + 100) == dearer.price + Millisatoshi(satoshis: 100))
    try talk.say(.evicting(until: talk.now + .day * 2))
    #expect(talk.lease.costOfGoingOn(at: talk.now) != nil)
    try talk.say(.evicting(until: talk.now + 120))
    #expect(talk.lease.costOfGoingOn(at: talk.now) == nil)
    #expect(talk.lease.timetable.first?.action == .evict)
    try talk.say(.evicting(until: nil))
    try talk.say(.woke, after: 150)
    #expect(talk.lease.costOfGoingOn(at: talk.now) == dearer.price + Millisatoshi(satoshis: 150))
    try talk.say(.frozen())
    #expect(talk.lease.costOfGoingOn(at: talk.now) == nil)
    #expect(talk.lease.wholeDaysLeft(at: talk.now) == nil)
  }

  @Test func whatTimeTakesForWantOfMoneyIsAPunishment() throws {
    var talk = try Conversation.renewed()
    let ranOutAt: Instant = .start + .hour * 2
    var before = talk.lease
    try talk.say(.woke, after: .hour * 2)
    #expect(!talk.lease.isPunished(since: before))
    #expect(
      talk.lease.forfeit(since: before)
        == .service(ranOutAt: ranOutAt, unpaid: Terms.hourly.price, graceUntil: nil))
    before = talk.lease
    try talk.say(.woke, after: 150)
    #expect(talk.lease.isPunished(since: before))
    let owed = Millisatoshi(satoshis: 3_750)
    let graceUntil: Instant = ranOutAt + 150
    #expect(
      talk.lease.forfeit(since: before) == .service(ranOutAt: ranOutAt, unpaid: owed, graceUntil: graceUntil))
    before = talk.lease
    try talk.say(.woke, after: .hour)
    #expect(talk.lease.isPunished(since: before))
    #expect(talk.lease.forfeit(since: before) == .data(keptUntil: graceUntil + .hour))

    // The operator's and the renter's own doing is none.
    var other = try Conversation.active()
    before = other.lease
    try other.say(.operatorSuspended())
    #expect(!other.lease.isPunished(since: before))
    #expect(other.lease.forfeit(since: before) == nil)
    before = other.lease
    try other.say(.released)
    #expect(!other.lease.isPunished(since: before))
    var evicted = try Conversation.active()
    try evicted.say(.evicting(until: .start + 10))
    before = evicted.lease
    try evicted.say(.woke, after: 10)
    #expect(evicted.lease.isReclaiming)
    #expect(!evicted.lease.isPunished(since: before))
  }
}
