import Ledger
import Testing
import Units

@testable import Leasing

/// An offer that changes under a lease.
@Suite struct AnnouncementTests {
  private func dearer(_ terms: Terms, price: Millisatoshi) -> Terms {
    var terms = terms
    terms.price = price
    return terms
  }

  @Test func aLeaseIsToldOnceAndRenewedAtTheOldTermsUntilThen() throws {
    var talk = try Conversation.active()
    let terms = dearer(talk.lease.terms, price: talk.lease.terms.price + talk.lease.terms.price)
    let from = talk.now + 600
    #expect(try talk.say(.announced(Announcement(terms: terms, from: from))).notices == [.terms])
    #expect(talk.lease.renewalTerms(at: from - 1).price == talk.lease.terms.price)
    #expect(talk.lease.renewalTerms(at: from).price == talk.lease.terms.price + talk.lease.terms.price)
    // Said again, later: nothing is moved out, and nobody is told twice.
    let version = talk.lease.version
    #expect(try talk.say(.announced(Announcement(terms: terms, from: from + 500))).notices == [])
    #expect(talk.lease.version == version)
    #expect(talk.lease.announced?.from == from)
    // Taken back.
    #expect(try talk.say(.announced(Announcement(terms: talk.lease.terms, from: from))).notices == [.terms])
    #expect(talk.lease.announced == nil)
  }

  @Test func whatWasBoughtKeepsItsPrice() throws {
    var talk = try Conversation.active()
    let old = talk.lease.terms
    let terms = dearer(old, price: old.price + old.price)
    try talk.say(.announced(Announcement(terms: terms, from: talk.now)))
    let left = try #require(talk.lease.account.microsecondsLeft)
    try talk.say(
      .settled(
        Settlement(
          paymentHash: "ab", amount: terms.price, purpose: .renewal(periods: 1),
          terms: talk.lease.renewalTerms(at: talk.now))))
    #expect(talk.lease.announced == nil)
    #expect(talk.lease.terms.price == terms.price)
    #expect(talk.lease.account.microsecondsLeft == left + old.period.microseconds)
  }

  @Test func whoIsQuotedOrWaitsIsToldAsServiceBegins() throws {
    for isPaid in [false, true] {
      var talk = Conversation()
      let old = talk.lease.terms
      let terms = dearer(old, price: old.price + old.price)
      if isPaid { try talk.say(.settled(.purchase(old))) }
      #expect(try talk.say(.announced(Announcement(terms: terms, from: talk.now + 1))).notices == [])
      if !isPaid { #expect(try talk.say(.settled(.purchase(old)), after: 30).notices == []) }
      let begun = try talk.say(.provisioned(generation: talk.lease.generation), after: 30)
      #expect(begun.notices == [.terms])
      // A whole lead after it was told.
      #expect(talk.lease.announced?.from == talk.now + max(old.policy.lead, terms.policy.lead))
      #expect(talk.lease.terms.price == old.price)
      // Taken back before anybody heard of it.
      var other = Conversation()
      try other.say(.announced(Announcement(terms: terms, from: other.now + 1)))
      try other.say(.announced(Announcement(terms: old, from: other.now + 1)))
      try other.say(.settled(.purchase(old)))
      #expect(try other.say(.provisioned(generation: other.lease.generation)).notices == [])
    }
  }

  @Test func somethingElseIsNotRentedOutUnderALease() throws {
    var talk = try Conversation.active()
    var larger = talk.lease.terms
    larger.resources = Resources(disk: .mebibytes(65))
    #expect(try talk.say(.announced(Announcement(terms: larger, from: talk.now))).notices == [])
    var free = talk.lease.terms
    free.price = .zero
    free.deposit = 1_000
    try talk.say(.announced(Announcement(terms: free, from: talk.now)))
    #expect(talk.lease.announced == nil)
  }
}
