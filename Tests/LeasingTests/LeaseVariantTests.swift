import Leasing
import Ledger
import Testing
import Units

/// What a lease was sold as is a fact about its past: nothing that is agreed later changes it.
@Suite struct LeaseVariantTests {
  private func variant(_ name: String?, of terms: Terms) -> Terms {
    var terms = terms
    terms.variant = name
    return terms
  }

  @Test func aQuoteIsSoldAsTheVariantOfItsTerms() {
    #expect(Lease.quoted(variant("a", of: .hourly)).terms.soldAs == "a")
    #expect(Lease.quoted().terms.soldAs == nil)
  }

  @Test func changesMoveTheVariantAndNotWhatItWasSoldAs() throws {
    var talk = try Conversation.active(variant("a", of: .hourly))
    let large = variant("x", of: .large)
    let amount = try #require(talk.lease.changeAmount(to: large, at: talk.now))
    try talk.say(.settled(Settlement(paymentHash: "c", amount: amount, purpose: .change(large))))
    #expect(talk.lease.terms.variant == "x")
    #expect(talk.lease.terms.soldAs == "a")
    try talk.say(.changed(.hourly))
    #expect(talk.lease.terms.variant == nil)
    #expect(talk.lease.terms.soldAs == "a")
    var renewal = Settlement.renewal(Terms.hourly.price)
    renewal.terms = variant("y", of: .hourly)
    try talk.say(.settled(renewal))
    #expect(talk.lease.terms.variant == "y")
    #expect(talk.lease.terms.soldAs == "a")
  }

  @Test func whatWasSoldAsNoneStaysSo() throws {
    var talk = try Conversation.active(.large)
    try talk.say(.changed(variant("a", of: .hourly)))
    #expect(talk.lease.terms.variant == "a")
    #expect(talk.lease.terms.soldAs == nil)
  }
}
