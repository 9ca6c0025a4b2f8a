import Leasing
import Ledger
import Testing
import Units

@Suite struct LeaseMoneyTests {
  /// Suspended, then reclaimed for want of money; nothing destroyed yet.
  private func reclaiming() throws -> Conversation {
    var talk = try Conversation.active()
    try talk.say(.woke, after: .hour)
    try talk.say(.woke, after: .hour)
    return talk
  }

  @Test func moneyInRetentionWinsUntilThePointOfNoReturn() throws {
    var talk = try reclaiming()
    try talk.say(.metersClosed(generation: 3, unrated: 1_000))
    var late = talk
    #expect(try talk.say(.settled(.renewal(Terms.hourly.price))) == [.resume(generation: 4)])
    try talk.resumed()
    #expect(talk.lease.state == .active)
    #expect(talk.lease.account.debt == .zero)

    #expect(try late.say(.invoicesCanceled).names == ["destroy"])
    #expect(try late.say(.settled(.renewal(Terms.hourly.price))) == [])
    #expect(late.lease.account.credit == Terms.hourly.price)
  }

  @Test func aReleaseIsNotRevivedByMoney() throws {
    var talk = try reclaiming()
    try talk.say(.released)
    #expect(try talk.say(.settled(.renewal(Terms.hourly.price))) == [])
    #expect(talk.lease.account.credit == Terms.hourly.price)
  }

  @Test func whatTheOperatorSuspendedTooLongIsNotRevivedByMoney() throws {
    var talk = try Conversation.active()
    try talk.say(.operatorSuspended())
    try talk.say(.woke, after: .hour)
    #expect(talk.lease.state == .reclaiming(.eviction, metersClosed: false, invoicesCanceled: false, destroying: false))
    #expect(try talk.say(.settled(.renewal(Terms.hourly.price))) == [])
  }

  @Test func unusedBalanceComesBackOnceAndLateMoneyIsCredit() throws {
    var talk = try Conversation.active()
    try talk.say(.released, after: 600)
    try talk.say(.metersClosed(generation: 2, unrated: Millisatoshi(satoshis: 100)))
    try talk.say(.invoicesCanceled)
    #expect(talk.lease.account.credit == Millisatoshi(satoshis: 2_900))
    try talk.say(.destroyed(generation: 3, receipt: ""))
    try talk.say(.settled(.renewal(Terms.hourly.price)))
    #expect(talk.lease.account.credit == Millisatoshi(satoshis: 6_500))
    #expect(talk.lease.account.balance == .zero)
    #expect(talk.lease.wakesAt == talk.now + .day * 365)
    try talk.wake()
    #expect(talk.lease.account.credit == .zero)
    #expect(talk.charged(.writeoff) == Millisatoshi(satoshis: 6_500))
    #expect(talk.lease.wakesAt == nil)
  }

  @Test func aPurchasePaidTwiceAndWhatWasPaidBeyondIsCredit() throws {
    var talk = try Conversation.active()
    try talk.say(.settled(.purchase()))
    #expect(talk.lease.account.balance == Terms.hourly.price)
    var more = Settlement.renewal(Terms.hourly.price)
    more.excess = 77
    try talk.say(.settled(more))
    #expect(talk.lease.account.credit == Terms.hourly.price + 77)
  }

  @Test func usageCanTakeTheBalanceAndGraceCountsFromThen() throws {
    var talk = try Conversation.renewed()
    #expect(try talk.say(.usageRated(Millisatoshi(satoshis: 8_000)), after: 60).notices == [.expired])
    #expect(talk.lease.state == .grace(until: .start + 210))

    var first = try Conversation.active()
    try first.say(.usageRated(Millisatoshi(satoshis: 100_000)), after: 60)
    #expect(first.lease.wakesAt.map { $0 <= first.now } == true)
    #expect(try first.say(.woke).names == ["suspend"])
  }

  @Test func usageFoundAfterThePointOfNoReturnIsNobodysDebt() throws {
    var talk = try reclaiming()
    try talk.say(.metersClosed(generation: 3, unrated: .zero))
    try talk.say(.invoicesCanceled)
    #expect(try talk.lease.step(.usageRated(5), at: talk.now) == Decision(lease: talk.lease))
  }

  @Test func aDepositLeaseHasNoEndUntilItsBalanceIsGone() throws {
    var talk = try Conversation.active(.metered)
    #expect(talk.lease.paidUntil == nil)
    #expect(talk.lease.wakesAt == .distantFuture)
    #expect(try talk.say(.usageRated(Millisatoshi(satoshis: 700)), after: .day) == [])
    #expect(try talk.say(.usageRated(Millisatoshi(satoshis: 60)), after: .day).notices == [.renewal])
    #expect(try talk.say(.usageRated(Millisatoshi(satoshis: 60)), after: .day) == [])
    #expect(talk.lease.renewalAmount(periods: 1) == Millisatoshi(satoshis: 820))
    try talk.say(.usageRated(Millisatoshi(satoshis: 180)), after: .day)
    #expect(try talk.wake().names == ["suspend"])
    #expect(try talk.say(.settled(.renewal(Millisatoshi(satoshis: 1_000)))).names == ["resume"])
  }

  @Test func anUpgradeAddsTheMoneyAndSetsTheRateInOneStep() throws {
    var talk = try Conversation.active()
    let amount = try #require(talk.lease.changeAmount(to: .large, at: talk.now + 1_800))
    #expect(amount == Millisatoshi(satoshis: 1_800))
    let paid = Settlement(paymentHash: "c", amount: amount, purpose: .change(.large))
    #expect(try talk.say(.settled(paid), after: 1_800) == [.resize(generation: 2)])
    #expect(talk.lease.paidUntil == .start + .hour)
    #expect(talk.lease.terms.offer == "disk-large")
  }

  @Test func aDowngradeKeepsTheBalanceAndAnUpgradeIsNotFree() throws {
    var talk = try Conversation.active(.large)
    try talk.say(.changed(.hourly))
    #expect(talk.lease.paidUntil == .start + .hour * 2)
    #expect(throws: Rejection.underpaid) { try talk.say(.changed(.large)) }
    #expect(throws: Rejection.otherKind) {
      var other = Terms.hourly
      other.kind = .compute
      try talk.say(.changed(other))
    }
  }

  @Test func aRenewalAtAnotherPriceBlendsAndPrepaidTimeKeepsItsPrice() throws {
    var talk = try Conversation.active()
    var dearer = Terms.hourly
    dearer.price = Millisatoshi(satoshis: 4_321)
    var renewal = Settlement.renewal(dearer.price)
    renewal.terms = dearer
    try talk.say(.settled(renewal), after: 1_234)
    #expect(talk.lease.paidUntil == .start + .hour * 2)
    #expect(talk.lease.terms.price == dearer.price)
    try talk.say(.settled(.renewal(dearer.price)), after: 100)
    #expect(talk.lease.paidUntil == .start + .hour * 3)
  }

  @Test func aChangeWhileResumingIsResumedAtTheNewSize() throws {
    var talk = try Conversation.active()
    try talk.say(.woke, after: .hour)
    try talk.say(.settled(.renewal(Terms.hourly.price)))
    let change = Settlement(paymentHash: "c", amount: Terms.hourly.price, purpose: .change(.large))
    #expect(try talk.say(.settled(change)) == [.resume(generation: 4)])
    try talk.say(.resumed(generation: 3))
    #expect(talk.lease.state != .active)
    try talk.say(.resumed(generation: 4))
    #expect(talk.lease.state == .active)
  }
}
