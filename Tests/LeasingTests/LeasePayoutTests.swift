import Leasing
import Ledger
import Testing
import Units

@Suite struct LeasePayoutTests {
  private let payout = Payout(paymentHash: String(repeating: "a", count: 64), amount: 1_000_000, maxFee: 20_000)
  private var account: Account { .payout(paymentHash: payout.paymentHash) }

  /// Closed, with 3,600 sat of credit.
  private func closed() throws -> Conversation {
    var talk = Conversation()
    try talk.say(.settled(.purchase()))
    try talk.say(.provisionFailed(generation: 1, reason: "no"))
    try talk.say(.invoicesCanceled)
    try talk.say(.destroyed(generation: talk.lease.generation, receipt: ""))
    #expect(talk.lease.isClosed)
    #expect(talk.lease.account.credit == 3_600_000)
    return talk
  }

  @Test func theMoneyIsSetAsideFirst() throws {
    var talk = try closed()
    #expect(try talk.say(.payoutAsked(payout)) == [.payout(paymentHash: payout.paymentHash)])
    #expect(talk.lease.account.credit == 2_580_000)
    #expect(talk.charged(account) == 1_020_000)
  }

  @Test func whatRoutingDidNotCostComesBack() throws {
    var talk = try closed()
    try talk.say(.payoutAsked(payout))
    try talk.say(.payoutPaid(payout, fee: 1_500))
    #expect(talk.lease.account.credit == 2_598_500)
    #expect(talk.charged(account) == .zero)
    #expect(talk.charged(.fees) == .zero)
    #expect(talk.charged(.node) == -2_598_500)
  }

  @Test func aFeeBeyondTheBudgetIsTheProviders() throws {
    var talk = try closed()
    try talk.say(.payoutAsked(payout))
    try talk.say(.payoutPaid(payout, fee: 25_000))
    #expect(talk.lease.account.credit == 2_580_000)
    #expect(talk.charged(account) == .zero)
    #expect(talk.charged(.fees) == -5_000)
  }

  @Test func aFailureGivesAllOfItBack() throws {
    var talk = try closed()
    try talk.say(.payoutAsked(payout))
    // A year passes meanwhile: what is on its way is not forfeited.
    try talk.say(.woke, after: .day * 366)
    #expect(talk.lease.account.credit == .zero)
    #expect(talk.lease.closedCreditUntil == nil)
    try talk.say(.payoutFailed(payout, reason: "no route"))
    #expect(talk.lease.account.credit == 1_020_000)
    #expect(talk.charged(account) == .zero)
    #expect(talk.lease.closedCreditUntil == talk.now + .day * 365)
  }

  @Test func noMoreThanThereIsAndNothingWhileSealed() throws {
    var talk = try closed()
    var much = payout
    much.amount = 3_600_000
    #expect(throws: Rejection.overCredit) { try talk.say(.payoutAsked(much)) }
    var sealed = try Conversation.active()
    try sealed.say(.frozen())
    #expect(throws: Rejection.leaseFrozen) { try sealed.say(.payoutAsked(payout)) }
  }

  @Test func theFeeBudget() {
    #expect(Payout.feeBudget(for: 1_000_000, of: 3_600_000) == 20_000)
    #expect(Payout.feeBudget(for: 1_000_000, of: 1_005_000) == 5_000)
    #expect(Payout.feeBudget(for: 1_000_000, of: 1_000_000) == .zero)
  }
}
