import Leasing
import Ledger
import Testing
import Units

/// Pay on success: a purchase whose payment is held until the resource is made.
@Suite struct LeaseHoldTests {
  private static let price = Millisatoshi(satoshis: 3_600)

  private func accepted(decideBy: Instant? = nil, obstacle: String? = nil) -> Event {
    .accepted(Acceptance(paymentHash: "h", received: Self.price, decideBy: decideBy, obstacle: obstacle))
  }

  private var settled: Event {
    .settled(Settlement(paymentHash: "h", amount: Self.price, purpose: .purchase))
  }

  @Test func madeFirstAndPaidThen() throws {
    var talk = Conversation()
    #expect(try talk.say(accepted()) == [.provision(generation: 1)])
    #expect(talk.lease.state == .provisioning(deadline: .start + 600, hold: .init(paymentHash: "h", isSettling: false)))
    #expect(talk.transfers.isEmpty)
    #expect(talk.lease.account.balance == .zero)
    #expect(try talk.say(.provisioned(generation: 1), after: 5) == [.settle(paymentHash: "h")])
    guard case .provisioning(_, let hold?) = talk.lease.state, hold.isSettling else {
      Issue.record("it is \(talk.lease.state)")
      return
    }
    #expect(!talk.lease.account.isRunning)
    #expect(talk.transfers.isEmpty)
    // Heard twice, it is settled once.
    #expect(try talk.say(.provisioned(generation: 1)).isEmpty)
    #expect(try talk.say(settled, after: 2).isEmpty)
    #expect(talk.lease.state == .active)
    // Time runs from here, not from when the resource was made.
    #expect(talk.lease.account.chargedTo == .start + 7)
    #expect(talk.lease.activatedAt == .start + 7)
    #expect(talk.lease.paidUntil == .start + 7 + .hour)
    #expect(talk.charged(.lease(.sample)) == Self.price)
  }

  @Test func aFailureSendsThePaymentBackAndDestroysWhatWasHalfMade() throws {
    var talk = Conversation()
    try talk.say(accepted())
    #expect(try talk.say(.provisionFailed(generation: 1, reason: "no")) == [.cancelInvoices])
    #expect(try talk.say(.invoicesCanceled) == [.destroy(generation: talk.lease.generation)])
    try talk.say(.destroyed(generation: talk.lease.generation, receipt: ""))
    #expect(talk.lease.isClosed)
    #expect(talk.transfers.isEmpty)
    #expect(talk.lease.account.credit == .zero)
  }

  @Test func theDeadlineLiesAMinuteBeforeTheNodeLetsGo() throws {
    var talk = Conversation()
    try talk.say(accepted(decideBy: .start + 300))
    #expect(talk.lease.wakesAt == .start + 240)
    #expect(try talk.wake() == [.cancelInvoices])
    #expect(talk.lease.state.isReclaiming(.provisioning))
  }

  @Test func withoutTimeToMakeItThePaymentGoesBackAtOnce() throws {
    var talk = Conversation()
    #expect(try talk.say(accepted(decideBy: .start + 60)) == [.cancelQuote])
    #expect(talk.lease.state == .quoted(hasCapacity: true, until: .start + 660, canceling: true))
    try talk.say(.quoteCanceled)
    #expect(talk.lease.isClosed)
    #expect(talk.transfers.isEmpty)
  }

  @Test func anObstacleSendsItBackAtOnce() throws {
    var talk = Conversation()
    #expect(try talk.say(accepted(obstacle: "no capacity is left")) == [.cancelQuote])
    #expect(try talk.say(accepted(obstacle: "no capacity is left")).isEmpty)
  }

  @Test func aPaymentInTimeIsTakenThoughTheQuoteIsBeingCanceled() throws {
    var talk = Conversation()
    #expect(try talk.wake() == [.cancelQuote])
    #expect(try talk.say(accepted()) == [.provision(generation: 1)])
    // The canceling that was on its way has nothing to cancel.
    #expect(try talk.say(.quoteCanceled).isEmpty)
    #expect(try talk.say(.provisioned(generation: 1)) == [.settle(paymentHash: "h")])
  }

  @Test func aPaymentThatIsGoneTakesTheLeaseWithIt() throws {
    for settling in [false, true] {
      var talk = Conversation()
      try talk.say(accepted())
      if settling { try talk.say(.provisioned(generation: 1)) }
      #expect(try talk.say(.holdCanceled(paymentHash: "another", reason: "")).isEmpty)
      #expect(try talk.say(.holdCanceled(paymentHash: "h", reason: "the node let go of it")) == [.cancelInvoices])
      #expect(talk.lease.state.isReclaiming(.payment))
      #expect(talk.transfers.isEmpty)
    }
  }

  @Test func onceTheNodeIsAskedNoClockDecides() throws {
    var talk = Conversation()
    try talk.say(accepted(decideBy: .start + 600))
    try talk.say(.provisioned(generation: 1))
    #expect(talk.lease.wakesAt == .distantFuture)
    #expect(try talk.say(.woke, after: .day).isEmpty)
    try talk.say(settled)
    #expect(talk.lease.state == .active)
  }

  @Test func whatSettlesAfterAReleaseIsCredit() throws {
    var talk = Conversation()
    try talk.say(accepted())
    try talk.say(.provisioned(generation: 1))
    #expect(try talk.say(.released) == [.cancelInvoices])
    try talk.say(settled)
    #expect(talk.lease.account.credit == Self.price)
    #expect(talk.lease.state.isReclaiming(.release))
  }

  @Test func takenTooEarlyItIsAPaymentAsAnyOther() throws {
    var talk = Conversation()
    try talk.say(accepted())
    try talk.say(settled)
    #expect(talk.lease.state == .provisioning(deadline: .start + 600))
    #expect(try talk.say(.provisioned(generation: 1)).isEmpty)
    #expect(talk.lease.state == .active)
  }

  @Test func sealedWhileItWasMadeItIsPaidForAndFrozen() throws {
    var talk = Conversation()
    try talk.say(accepted())
    try talk.say(.frozen())
    #expect(try talk.say(.provisioned(generation: 1)) == [.settle(paymentHash: "h")])
    #expect(try talk.say(settled) == [.suspend(generation: 2)])
    #expect(talk.lease.state == .active)
    #expect(!talk.lease.account.isRunning)
  }
}

extension Lease.State {
  fileprivate func isReclaiming(_ cause: Lease.ReclaimCause) -> Bool {
    if case .reclaiming(cause, _, _, _) = self { true } else { false }
  }
}
