import Leasing
import Ledger
import Testing
import Units

/// An outage made good, to one lease.
@Suite struct CompensationTests {
  private func given(
    _ talk: Conversation, lost: Seconds = 600, stood: Seconds = 0, amount: Millisatoshi? = nil
  ) -> Event {
    .compensated(
      Compensation(
        label: "o", from: talk.now - 600, to: talk.now, lost: lost.microseconds, stood: stood.microseconds,
        amount: amount, reason: "the host was away"))
  }

  @Test func paidTimeMovesOutByWhatWasLost() throws {
    var talk = try Conversation.active()
    talk.now = talk.now + 1_800
    let until = try #require(talk.lease.paidUntil)
    #expect(try talk.say(given(talk)).notices == [.compensation])
    #expect(talk.lease.paidUntil == until + 600)
    #expect(talk.charged(.compensation) == -600_000)
    #expect(!talk.lease.renewed)
    // A sum instead of time.
    try talk.say(given(talk, amount: 60_000))
    #expect(talk.lease.paidUntil == until + 660)
    // Nothing was lost.
    let before = talk.lease
    #expect(try talk.say(given(talk, lost: 0)).isEmpty)
    #expect(talk.lease == before)
  }

  @Test func aLeaseWhoseTimeRanOutMeanwhileComesBack() throws {
    var talk = try Conversation.active()
    try talk.wake()
    talk.now = talk.now + 10_000
    try talk.say(.woke)
    #expect(talk.lease.isSuspended)
    let kept = try #require(talk.lease.reclaimsAt)
    // Nothing of it was service: it is kept for longer, and that is all.
    try talk.say(given(talk, lost: 0, stood: 300))
    #expect(talk.lease.reclaimsAt == kept + 300)
    #expect(talk.charged(.compensation) == .zero)
    #expect(try talk.say(given(talk, lost: 300, stood: 300)).names == ["resume", "notice"])
    try talk.resumed()
    #expect(talk.lease.paidUntil == talk.now + 300)
  }

  @Test func whoOwesMoreStaysSuspended() throws {
    var talk = try Conversation.renewed()
    talk.now = talk.now + 7_400
    try talk.say(.woke)
    talk.now = talk.now + 200
    try talk.say(.woke)
    #expect(talk.lease.isSuspended)
    let owed = talk.lease.account.debt
    #expect(owed > 60_000)
    try talk.say(given(talk, lost: 60, stood: 60))
    #expect(talk.lease.account.debt == owed - 60_000)
    #expect(talk.lease.isSuspended && !talk.lease.isOnItsWay)
  }

  @Test func graceMovesOutAndAnEndedLeaseGetsCredit() throws {
    var talk = try Conversation.renewed()
    talk.now = talk.now + 7_300
    try talk.say(.woke)
    guard case .grace(let until) = talk.lease.state else {
      Issue.record("it is in no grace")
      return
    }
    // Less than is owed.
    try talk.say(given(talk, lost: 10))
    #expect(talk.lease.state == .grace(until: until + 10))
    try talk.say(.released)
    try talk.say(given(talk, lost: 200))
    #expect(talk.lease.account.credit == 200_000)
    try talk.say(.metersClosed(generation: talk.lease.generation, unrated: .zero))
    try talk.say(.invoicesCanceled)
    try talk.say(.destroyed(generation: talk.lease.generation, receipt: ""))
    #expect(talk.lease.isClosed)
    let credit = talk.lease.account.credit
    try talk.say(given(talk, lost: 30))
    #expect(talk.lease.account.credit == credit + 30_000)
    #expect(talk.lease.closedCreditUntil != nil)
  }

  /// No more is held than a lease may hold; the rest is not lost.
  @Test func whatCannotBeUsedIsCredit() throws {
    var talk = try Conversation.active()
    try talk.say(.evicting(until: talk.now + 3_700))
    talk.now = talk.now + 1_000
    try talk.say(given(talk, lost: 60))
    #expect(talk.lease.account.credit == .zero)
    try talk.say(given(talk, lost: 600))
    #expect(talk.lease.account.credit == 600_000)
  }
}
