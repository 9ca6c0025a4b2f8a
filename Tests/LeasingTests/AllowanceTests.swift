import Ledger
import Testing
import Units

@testable import Leasing

/// What an offer includes of usage is for a period, and a change to one with another period gives no more of it.
@Suite struct AllowanceTests {
  private func daily(_ terms: Terms) -> Terms {
    var terms = terms
    terms.offer = "daily"
    terms.period = .day
    // At the same rate, so that a change costs nothing.
    terms.price = Millisatoshi(terms.price.count * 24)
    return terms
  }

  /// As if it were paid for long ahead.
  private func prepaid() throws -> Conversation {
    var talk = try Conversation.active()
    for _ in 0..<20 { try talk.say(.settled(.renewal(talk.lease.terms.price))) }
    return talk
  }

  private func change(_ talk: inout Conversation, to terms: Terms) throws {
    try talk.say(.changed(terms))
    try talk.say(.resized(generation: talk.lease.generation))
  }

  @Test func theAllowanceThatHasBegunLastsAsLongAsItWasTo() throws {
    var talk = try prepaid()
    let (hourly, start) = (talk.lease.terms, talk.now)
    #expect(talk.lease.period(at: start + 1) == 0)
    #expect(talk.lease.period(at: start + 3_600) == 1)
    // In the middle of the third hour.
    talk.now = start + 9_000
    try change(&talk, to: daily(hourly))
    #expect(talk.lease.period(at: talk.now) == 2)
    #expect(talk.lease.period(at: start + 10_799) == 2)
    #expect(talk.lease.period(at: start + 10_800) == 3)
    #expect(talk.lease.period(at: start + 10_800 + 86_399) == 3)
    #expect(talk.lease.period(at: start + 10_800 + 86_400) == 4)
  }

  @Test func whoChangesToAndFroBeginsNoneAnew() throws {
    var talk = try prepaid()
    let (hourly, start) = (talk.lease.terms, talk.now)
    talk.now = start + 1_800
    try change(&talk, to: daily(hourly))
    // An hour into the day's.
    talk.now = start + 3_600 + 3_600
    #expect(talk.lease.period(at: talk.now) == 1)
    for terms in [hourly, daily(hourly), hourly] {
      talk.now = talk.now + 60
      try change(&talk, to: terms)
      #expect(talk.lease.period(at: talk.now) == 1)
      #expect(talk.lease.period(at: talk.now + 3_600) == 1)
    }
    #expect(talk.lease.period(at: start + 3_600 + 86_400) == 2)
    #expect(talk.lease.period(at: start + 3_600 + 86_400 + 3_600) == 3)
  }
}
