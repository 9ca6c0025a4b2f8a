import Leasing
import Ledger
import Testing
import Units

/// The rules of a lease's life, one conversation each.
@Suite struct LeaseLifeTests {
  @Test func aLeaseIsPaidMadeUsedAndReclaimed() throws {
    var talk = Conversation()
    #expect(try talk.say(.settled(.purchase())) == [.provision(generation: 1)])
    #expect(talk.lease.account.isRunning == false)
    #expect(try talk.say(.provisioned(generation: 1), after: 9) == [])
    #expect(talk.lease.state == .active)
    #expect(talk.lease.paidUntil == talk.now + .hour)
    #expect(try talk.say(.woke, after: .hour) == [.suspend(generation: 2)])
    #expect(talk.lease.state == .suspended(.unpaid, retainedUntil: talk.now + 1_800, resuming: false))
    #expect(try talk.say(.woke, after: 1_800) == [.closeMeters(generation: 3), .cancelInvoices])
    #expect(try talk.say(.metersClosed(generation: 3, unrated: .zero)) == [])
    #expect(try talk.say(.invoicesCanceled) == [.destroy(generation: 4)])
    #expect(try talk.say(.destroyed(generation: 4, receipt: "r")) == [])
    #expect(talk.lease.state == .closed(at: talk.now, .retention))
    #expect(talk.charged(.revenueTime) == Terms.hourly.price)
    #expect(talk.lease.wakesAt == nil)
  }

  @Test func anUnpaidQuoteIsCanceledAndAPaymentOnItsWayStillWins() throws {
    var talk = Conversation()
    #expect(talk.lease.wakesAt == .start + 660)
    #expect(try talk.wake() == [.cancelQuote])
    #expect(talk.lease.wakesAt == nil)
    #expect(try talk.say(.woke, after: .day) == [])
    var paid = talk
    #expect(try paid.say(.settled(.purchase())).names == ["provision"])
    #expect(try paid.say(.quoteCanceled) == [])
    try talk.say(.quoteCanceled)
    #expect(talk.lease.isClosed)
  }

  @Test func aQuoteThatHoldsNothingNeedsCapacityWhenItIsPaid() throws {
    var lease = Lease.quoted(hasCapacity: false)
    var settlement = Settlement.purchase()
    settlement.capacityFound = false
    lease = try lease.step(.settled(settlement), at: .start).lease
    #expect(lease.isClosed)
    #expect(lease.account.credit == settlement.amount)
    #expect(lease.wakesAt == .start + .day * 365)
  }

  @Test func failedProvisioningGivesTheMoneyBackAtOnceAndDestroysWhatIsHalfMade() throws {
    for event in [Event.provisionFailed(generation: 1, reason: "full"), .woke] {
      var talk = Conversation()
      try talk.say(.settled(.purchase()))
      #expect(try talk.say(event, after: 600) == [.cancelInvoices])
      #expect(talk.lease.account.credit == Terms.hourly.price)
      #expect(try talk.say(.provisioned(generation: 1)) == [])
      #expect(try talk.say(.invoicesCanceled) == [.destroy(generation: 3)])
    }
  }

  @Test func paymentAgainstExpiryIsDecidedByWhoComesFirst() throws {
    var paid = try Conversation.active()
    try paid.say(.settled(.renewal(Terms.hourly.price)), after: .hour)
    #expect(try paid.say(.woke) == [])
    #expect(paid.lease.state == .active)
    #expect(paid.lease.paidUntil == .start + .hour * 2)

    var expired = try Conversation.active()
    try expired.say(.woke, after: .hour)
    #expect(try expired.say(.settled(.renewal(Terms.hourly.price))) == [.resume(generation: 3)])
    #expect(expired.lease.account.isRunning == false)
  }

  @Test func graceIsDebtThatTheNextPaymentCoversFirst() throws {
    var talk = try Conversation.renewed()
    #expect(try talk.say(.woke, after: .hour * 2).notices == [.expired])
    #expect(talk.lease.state == .grace(until: .start + 7_350))
    try talk.say(.settled(.renewal(Terms.hourly.price)), after: 100)
    #expect(talk.lease.state == .active)
    #expect(talk.lease.paidUntil == .start + .hour * 3)
    #expect(talk.charged(.revenueTime) == Millisatoshi(satoshis: 7_300))
  }

  @Test func graceEndsInSuspensionAndItsDebtIsCapped() throws {
    var talk = try Conversation.renewed()
    try talk.say(.woke, after: .hour * 2)
    #expect(try talk.say(.woke, after: 10_000).names == ["suspend"])
    #expect(talk.lease.account.debt == Millisatoshi(satoshis: 150))
    #expect(talk.lease.renewalAmount(periods: 1) == Millisatoshi(satoshis: 3_750))
  }

  @Test func whoIsLookedAtLateOwesNoMoreAndHasNoMoreGrace() throws {
    var talk = try Conversation.renewed()
    try talk.say(.woke, after: .hour * 2 + 10_000)
    #expect(talk.lease.state == .grace(until: .start + 7_350))
    #expect(talk.lease.account.debt == Millisatoshi(satoshis: 150))
    #expect(try talk.say(.woke).names == ["suspend"])
  }

  @Test func theFirstPeriodHasNoGraceAndHalfTheRetention() throws {
    var talk = try Conversation.active()
    #expect(try talk.say(.woke, after: .hour).names == ["suspend"])
    #expect(talk.lease.state == .suspended(.unpaid, retainedUntil: talk.now + 1_800, resuming: false))
  }

  @Test func debtIsReadAgainAtTheMomentOfSuspension() throws {
    var talk = try Conversation.renewed()
    try talk.say(.woke, after: .hour * 2)
    talk.lease.account = LeaseAccount(
      rate: Terms.hourly.rate, balance: Millisatoshi(satoshis: 1_000_000), chargedTo: talk.now)
    #expect(try talk.say(.woke, after: 200) == [])
    #expect(talk.lease.state == .active)
  }

  @Test func aClockThatRanBackwardsShortensNothing() throws {
    var talk = try Conversation.active()
    try talk.say(.usageRated(1_000), after: 100)
    let before = talk.lease
    #expect(try talk.lease.step(.woke, at: .start) == Decision(lease: before))
    try talk.say(.usageRated(1_000))
    #expect(talk.lease.account.chargedTo == before.account.chargedTo)
  }

  @Test func wakingEarlyLateOrTwiceIsHarmless() throws {
    var talk = try Conversation.renewed()
    #expect(try talk.lease.step(.woke, at: .start + 10) == Decision(lease: talk.lease))
    try talk.say(.woke, after: .hour * 2)
    #expect(try talk.lease.step(.woke, at: talk.now) == Decision(lease: talk.lease))
  }

  @Test func suspensionOpensOnTheDriversWordNotOnPayment() throws {
    var talk = try Conversation.active()
    try talk.say(.woke, after: .hour)
    try talk.say(.settled(.renewal(Terms.hourly.price)), after: 60)
    #expect(talk.lease.paidUntil == nil)
    try talk.say(.resumed(generation: 2), after: 5)
    #expect(talk.lease.state != .active)
    try talk.resumed()
    #expect(talk.lease.state == .active)
    #expect(talk.lease.paidUntil == talk.now + .hour)
  }

  @Test func whatIsNotDestroyedYetIsNotClosed() throws {
    var talk = try Conversation.active()
    try talk.say(.released)
    try talk.say(.metersClosed(generation: 2, unrated: .zero))
    try talk.say(.invoicesCanceled)
    #expect(try talk.say(.destroyed(generation: 2, receipt: "of another try")) == [])
    #expect(talk.lease.isClosed == false)
  }
}
