import Leasing
import Ledger
import Testing
import Units

@Suite struct LeaseCreditTests {
  private static let other = LeaseID(unixMilliseconds: 1_700_000_000_000, random: (3, 4))

  /// Of 1,800 sat: half an hour.
  private func move(
    from: LeaseID = other, to: LeaseID = .sample, _ amount: Millisatoshi = 1_800_000
  ) -> CreditMove {
    CreditMove(id: String(repeating: "a", count: 64), from: from, to: to, amount: amount)
  }

  private func account(_ move: CreditMove) -> Account { .move(move.id) }

  /// Closed, with 3,600 sat of credit.
  private func closed() throws -> Conversation {
    var talk = Conversation()
    try talk.say(.settled(.purchase()))
    try talk.say(.provisionFailed(generation: 1, reason: "no"))
    try talk.say(.invoicesCanceled)
    try talk.say(.destroyed(generation: talk.lease.generation, receipt: ""))
    return talk
  }

  @Test func whatIsGivenLeavesTheCredit() throws {
    var talk = try closed()
    let move = move(from: .sample, to: Self.other)
    #expect(try talk.say(.creditGiven(move)) == [])
    #expect(talk.lease.account.credit == 1_800_000)
    #expect(talk.charged(account(move)) == 1_800_000)
    #expect(throws: Rejection.overCredit) { try talk.say(.creditGiven(self.move(from: .sample, 1_800_001))) }
    try talk.say(.creditGiven(move))
    #expect(talk.lease.account.credit == .zero)
  }

  @Test func whatArrivesBuysTimeAtTheRate() throws {
    var talk = try Conversation.active()
    let until = try #require(talk.lease.paidUntil)
    try talk.say(.creditReceived(move()), after: 600)
    #expect(talk.lease.paidUntil == until + 1_800)
    // Less than a renewal is no renewal: grace is for who has bought time again.
    #expect(!talk.lease.renewed)
    try talk.say(.creditReceived(move(3_600_000)))
    #expect(talk.lease.paidUntil == until + 5_400)
    #expect(talk.lease.renewed)
    #expect(talk.charged(account(move())) == -5_400_000)
  }

  @Test func debtIsPaidFirst() throws {
    var talk = try Conversation.renewed()
    try talk.wake()
    while talk.lease.state.isActive { try talk.wake() }
    try talk.say(.creditReceived(move(59_999)), after: 60)
    #expect(talk.lease.account.debt == 1)
    #expect(!talk.lease.state.isActive)
    try talk.say(.creditReceived(move(601)))
    #expect(talk.lease.account.balance == 600)
    #expect(talk.lease.state.isActive)
  }

  @Test func whoIsSuspendedComesBack() throws {
    var talk = try Conversation.active()
    while talk.lease.state.isActive { try talk.wake() }
    #expect(try talk.say(.creditReceived(move()), after: 5).names == ["resume"])
    try talk.resumed()
    #expect(talk.lease.state.isActive)
    #expect(talk.lease.paidUntil == talk.now + 1_800)
  }

  @Test func itIsRefusedWhereItBuysNothing() throws {
    var quoted = Conversation()
    #expect(throws: Rejection.notPaidYet) { try quoted.say(.creditReceived(move())) }
    var closed = try closed()
    #expect(throws: Rejection.leaseClosed) { try closed.say(.creditReceived(move())) }
    var released = try Conversation.active()
    try released.say(.released)
    #expect(throws: Rejection.leaseReclaiming) { try released.say(.creditReceived(move())) }
    #expect(released.charged(account(move())) == .zero)
  }

  @Test func noTimeIsHeldPastAYearOrAnEviction() throws {
    var talk = try Conversation.active()
    // 3,600 sat are held for the first hour.
    let year = Millisatoshi(satoshis: 366 * 86_400 - 3_600)
    #expect(throws: Rejection.tooFarAhead) { try talk.say(.creditReceived(move(year + 1))) }
    var evicting = talk
    try evicting.say(.evicting(until: talk.now + 5_400))
    #expect(throws: Rejection.tooFarAhead) { try evicting.say(.creditReceived(move(1_800_001))) }
    try evicting.say(.creditReceived(move(1_800_000)))
    try talk.say(.creditReceived(move(year)))
    #expect(talk.lease.paidUntil == talk.now + .day * 366)
    var metered = try Conversation.active(.metered)
    try metered.say(.creditReceived(move(year + 1)))
    #expect(metered.lease.paidUntil == nil)
  }

  @Test func aLeaseMaySpendItsOwn() throws {
    var talk = try Conversation.active()
    try talk.say(.settled(Settlement(paymentHash: "x", amount: 1_000_000, purpose: .purchase)))
    #expect(talk.lease.account.credit == 1_000_000)
    let until = try #require(talk.lease.paidUntil)
    let own = move(from: .sample, to: .sample, 600_000)
    try talk.say(.creditReceived(own))
    #expect(talk.lease.account.credit == 400_000)
    #expect(talk.lease.paidUntil == until + 600)
    #expect(talk.charged(account(own)) == .zero)
    #expect(throws: Rejection.overCredit) { try talk.say(.creditReceived(own)) }
    #expect(talk.lease.account.credit == 400_000)
    #expect(talk.lease.paidUntil == until + 600)
  }

  @Test func aSealKeepsWhatIsHereAndLetsNothingIn() throws {
    var talk = try Conversation.active()
    try talk.say(.settled(Settlement(paymentHash: "x", amount: 1_000_000, purpose: .purchase)))
    try talk.say(.frozen())
    #expect(throws: Rejection.leaseFrozen) { try talk.say(.creditGiven(move(from: .sample, 1_000))) }
    #expect(throws: Rejection.leaseFrozen) { try talk.say(.creditReceived(move(from: .sample, 1_000))) }
    // It could buy nothing here: whoever would give it still has it.
    #expect(throws: Rejection.leaseFrozen) { try talk.say(.creditReceived(move(1_000))) }
  }
}

extension Lease.State {
  fileprivate var isActive: Bool { if case .active = self { true } else { false } }
}
