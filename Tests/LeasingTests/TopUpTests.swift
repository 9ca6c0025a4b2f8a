import Ledger
import Testing
import Units

@testable import Leasing

/// Money of any amount, for as much time as it buys.
@Suite struct TopUpTests {
  private static func topUp(_ amount: Millisatoshi, terms: Terms? = nil) -> Event {
    .settled(Settlement(paymentHash: "t", amount: amount, purpose: .topUp, terms: terms))
  }

  private static func sat(_ count: Int64) -> Millisatoshi { Millisatoshi(satoshis: count) }

  @Test func anyAmountBuysTimeToTheMicrosecond() throws {
    var talk = try Conversation.active()
    let before = try #require(talk.lease.paidUntil)
    // A satoshi a second.
    #expect(try talk.say(Self.topUp(Self.sat(5_001)), after: 10) == [])
    #expect(talk.lease.paidUntil == before + 5_001)
    #expect(talk.charged(.credit(.sample)) == .zero)
    // Split otherwise it buys the same.
    try talk.say(Self.topUp(Self.sat(1)))
    try talk.say(Self.topUp(Self.sat(3_598)))
    #expect(talk.lease.paidUntil == before + 8_600)
  }

  @Test func debtIsCoveredFirstAndWhatWasSuspendedComesBack() throws {
    var talk = try Conversation.renewed()
    try talk.say(.woke, after: .hour * 2)
    try talk.say(Self.topUp(Self.sat(3_700)), after: 100)
    #expect(talk.lease.state == .active)
    #expect(talk.lease.paidUntil == talk.now + 3_600)

    var late = try Conversation.active()
    try late.say(.woke, after: .hour)
    try late.say(.suspended(generation: late.lease.generation))
    #expect(try late.say(Self.topUp(Self.sat(4_000)), after: 100) == [.resume(generation: late.lease.generation)])
    try late.resumed()
    #expect(late.lease.paidUntil == late.now + 4_000)
  }

  @Test func atAnotherPriceItBlendsAndWhatWasPrepaidKeepsItsOwn() throws {
    var talk = try Conversation.active()
    var dear = talk.lease.terms
    dear.price = Self.sat(7_200)
    try talk.say(.announced(Announcement(terms: dear, from: talk.now)))
    let left = try #require(talk.lease.account.microsecondsLeft)
    try talk.say(Self.topUp(Self.sat(10_800), terms: talk.lease.renewalTerms(at: talk.now)))
    #expect(talk.lease.terms.price == dear.price)
    #expect(talk.lease.account.microsecondsLeft == left + (.minute * 90).microseconds)
  }

  @Test func itCountsAsAPeriodOnlyWhenItIsWorthOne() throws {
    var talk = try Conversation.active()
    try talk.say(Self.topUp(Self.sat(3_599)))
    #expect(!talk.lease.renewed)
    try talk.say(Self.topUp(Self.sat(1)))
    #expect(talk.lease.renewed)
  }

  @Test func boundsAreAPeriodWithItsDebtAndTheHorizon() throws {
    var talk = try Conversation.active()
    let year = Lease.horizon.count
    #expect(talk.lease.topUpBounds(at: .start) == Self.sat(3_600)...Self.sat(year - 3_600))
    #expect(talk.lease.topUpBounds(at: .start + 600) == Self.sat(3_600)...Self.sat(year - 3_000))
    for (amount, may) in [
      (Self.sat(3_600), true), (Self.sat(3_599), false), (Self.sat(3_600) + 1, false), (Self.sat(year - 3_600), true),
      (Self.sat(year - 3_599), false),
    ] { #expect(talk.lease.mayTopUp(amount, at: .start) == may, "\(amount)") }
    try talk.say(Self.topUp(Self.sat(year - 3_600)))
    #expect(talk.lease.paidUntil == .start + Lease.horizon)
    #expect(talk.lease.topUpBounds(at: .start) == nil)

    var evicted = try Conversation.active()
    try evicted.say(.evicting(until: .start + 10_000))
    #expect(evicted.lease.topUpBounds(at: .start) == Self.sat(3_600)...Self.sat(6_400))
    // What comes all the same is the renter's.
    try evicted.say(Self.topUp(Self.sat(6_401)))
    #expect(evicted.charged(.credit(.sample)) == Self.sat(6_401))

    var owing = try Conversation.renewed()
    try owing.say(.woke, after: .hour * 2)
    let told = try #require(owing.lease.topUpBounds(at: owing.now + 100))
    #expect(told.lowerBound == Self.sat(3_700))
    // The debt grows between the question and the answer.
    #expect(owing.lease.mayTopUp(told.lowerBound, at: owing.now + 105))
    #expect(!owing.lease.mayTopUp(Self.sat(3_599), at: owing.now + 105))
  }

  @Test func ofAPurelyMeteredLeaseItIsTheDeposit() throws {
    var talk = try Conversation.active(.metered)
    try talk.say(.usageRated(Self.sat(300)))
    #expect(talk.lease.topUpBounds(at: talk.now) == Self.sat(1)...Self.sat(300))
    try talk.say(Self.topUp(Self.sat(200)))
    #expect(talk.lease.account.balance == Self.sat(900))
    #expect(!talk.lease.mayTopUp(Self.sat(101), at: talk.now))
  }

  @Test func whatIsOverSellsNothing() throws {
    var talk = try Conversation.active()
    try talk.say(.released)
    try talk.say(Self.topUp(Self.sat(3_600)))
    #expect(talk.charged(.credit(.sample)) == Self.sat(3_600))
  }
}
