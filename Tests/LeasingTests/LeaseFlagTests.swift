import Leasing
import Ledger
import Testing
import Units

/// Frozen, protected, evicting, impaired, idle, and the times nobody was looking.
@Suite struct LeaseFlagTests {
  @Test func anOutageLengthensAndNeverCharges() throws {
    var talk = try Conversation.renewed()
    try talk.say(.woke, after: .hour * 2)
    talk.now = talk.now + 100
    try talk.say(.outage(from: talk.now, to: talk.now + 500), after: 500)
    // 50 s of grace were left; nobody is suspended within a minute of the gap's end.
    #expect(talk.lease.state == .grace(until: .start + 7_860))
    #expect(talk.lease.account.debt == Millisatoshi(satoshis: 100))
    #expect(try talk.lease.step(.outage(from: talk.now - 500, to: talk.now), at: talk.now + 9).lease == talk.lease)
  }

  @Test func overlappingOutagesCountOnce() throws {
    var talk = try Conversation.active()
    try talk.say(.woke, after: .hour)
    let from = talk.now + 60
    try talk.say(.outage(from: from, to: from + 100), after: 160)
    try talk.say(.outage(from: from - 20, to: from + 150), after: 50)
    #expect(talk.lease.state == .suspended(.unpaid, retainedUntil: .start + .hour + 1_950, resuming: false))
  }

  @Test func whatRanOutInsideAGapIsSuspendedNoSoonerThanAMomentAfterIt() throws {
    var talk = try Conversation.active()
    let gap = (from: Instant.start + 3_000, to: Instant.start + 4_000)
    talk.now = gap.to + 3
    #expect(try talk.say(.outage(from: gap.from, to: gap.to)).notices == [.expired])
    #expect(talk.lease.state == .grace(until: gap.to + 60))
    #expect(talk.lease.account.debt == .zero)
    #expect(try talk.say(.woke, after: 50).names.contains("suspend") == false)
    #expect(try talk.say(.woke, after: 7) == [.suspend(generation: 2)])
  }

  @Test func evictionAndRetentionMoveOutWithAnOutage() throws {
    var talk = try Conversation.active()
    try talk.say(.evicting(until: .start + 1_000))
    try talk.say(.outage(from: .start + 100, to: .start + 400), after: 400)
    #expect(talk.lease.flags.evictingUntil == .start + 1_300)
    #expect(talk.lease.wakesAt == .start + 1_300)
  }

  @Test func aFrozenLeaseIsClearedByTheOperatorAlone() throws {
    var talk = try Conversation.active()
    #expect(try talk.say(.frozen(), after: 600) == [.suspend(generation: 2)])
    #expect(talk.lease.wakesAt == .distantFuture)
    try talk.say(.settled(.renewal(Terms.hourly.price)), after: .day)
    #expect(talk.lease.flags.frozen != nil)
    // Nobody was to be asked for it: it buys nothing.
    #expect(talk.lease.account.credit == Terms.hourly.price)
    #expect(throws: Rejection.leaseFrozen) { try talk.say(.released) }
    #expect(try talk.say(.woke, after: .day * 99) == [])
    #expect(try talk.say(.thawed) == [.resume(generation: 3)])
    #expect(talk.lease.account.isRunning == false)
    try talk.resumed()
    #expect(talk.lease.flags.frozen == nil)
    #expect(talk.lease.paidUntil == talk.now + 3_000)
  }

  @Test func aThawThatFailsIsTriedAgain() throws {
    var talk = try Conversation.active()
    try talk.say(.frozen())
    try talk.say(.thawed)
    try talk.say(.resumeFailed(generation: 3, reason: "busy"))
    #expect(talk.lease.wakesAt == talk.now + .minute)
    #expect(try talk.wake() == [.resume(generation: 3)])
    try talk.resumed()
    #expect(talk.lease.flags == Lease.Flags())
    #expect(talk.lease.account.isRunning)
  }

  @Test func moneyThatComesForAFrozenLeaseIsCredit() throws {
    var talk = try Conversation.active()
    try talk.say(.woke, after: .hour)
    try talk.say(.frozen(reason: "abuse"))
    #expect(talk.lease.flags.frozen?.reason == "abuse")
    #expect(talk.lease.renewalObstacle(lasting: 0, at: talk.now) == .leaseFrozen)
    #expect(try talk.say(.settled(.renewal(Terms.hourly.price))) == [])
    #expect(talk.lease.account.credit == Terms.hourly.price)
    #expect(talk.lease.account.balance == .zero)
    #expect(try talk.say(.thawed, after: 500) == [])
    #expect(talk.lease.renewalObstacle(lasting: 0, at: talk.now) == nil)
    #expect(try talk.say(.settled(.renewal(Terms.hourly.price))) == [.resume(generation: 3)])
  }

  @Test func whatTheOperatorSuspendedOrEndsTakesNoMoney() throws {
    var suspended = try Conversation.active()
    try suspended.say(.operatorSuspended(reason: "moving house"))
    #expect(suspended.lease.flags.suspensionReason == "moving house")
    #expect(suspended.lease.renewalObstacle(lasting: 0, at: suspended.now) == .suspendedByOperator)
    try suspended.say(.settled(.renewal(Terms.hourly.price)))
    #expect(suspended.lease.account.credit == Terms.hourly.price)
    try suspended.say(.operatorResumed)
    #expect(suspended.lease.flags.suspensionReason == nil)

    var evicting = try Conversation.active()
    try evicting.say(.evicting(until: .start + .hour + 1_800, reason: "the host goes"))
    let hour = Seconds.hour.microseconds
    #expect(evicting.lease.renewalObstacle(lasting: hour / 2, at: evicting.now) == nil)
    #expect(evicting.lease.renewalObstacle(lasting: hour, at: evicting.now) == .evicting)
    try evicting.say(.settled(.renewal(Terms.hourly.price)))
    #expect(evicting.lease.account.credit == Terms.hourly.price)
    #expect(evicting.lease.flags.evictionReason == "the host goes")
    try evicting.say(.evicting(until: nil))
    #expect(evicting.lease.flags.evictionReason == nil)
  }

  @Test func aFrozenLeaseIsNotDestroyed() throws {
    var talk = try Conversation.active()
    try talk.say(.released)
    try talk.say(.frozen())
    try talk.say(.metersClosed(generation: 2, unrated: .zero))
    #expect(try talk.say(.invoicesCanceled) == [])
    #expect(try talk.say(.thawed) == [.destroy(generation: 3)])
  }

  @Test func anOperatorWhoSuspendsWhileThawingLeavesNoSeal() throws {
    var talk = try Conversation.active()
    try talk.say(.frozen())
    try talk.say(.thawed)
    try talk.say(.operatorSuspended())
    #expect(talk.lease.flags.frozen == nil)
    try talk.say(.operatorResumed)
    try talk.resumed()
    #expect(talk.lease.state == .active)
  }

  @Test func aProtectedLeaseWakesDailyAndStays() throws {
    var talk = try Conversation.active()
    try talk.say(.protected(true))
    try talk.say(.woke, after: .hour)
    for _ in 0..<3 {
      #expect(try talk.wake() == [])
      #expect(talk.lease.wakesAt == talk.now + .day)
    }
    try talk.say(.protected(false))
    #expect(try talk.wake().notices == [.reclaim])
    #expect(try talk.wake().names == ["close_meters", "cancel_invoices"])
  }

  @Test func anEvictionEndsALeaseAndGivesTheBalanceBack() throws {
    var talk = try Conversation.active()
    #expect(try talk.say(.evicting(until: .start + 1_800)).notices == [.eviction])
    #expect(talk.lease.maySell(periods: 1, at: talk.now) == false)
    // Looked at late: what lies past the moment was sold to nobody.
    try talk.say(.woke, after: 2_000)
    #expect(talk.charged(.revenueTime) == Millisatoshi(satoshis: 1_800))
    try talk.say(.metersClosed(generation: 2, unrated: .zero))
    try talk.say(.invoicesCanceled)
    #expect(talk.lease.account.credit == Millisatoshi(satoshis: 1_800))
  }

  @Test func anImpairedLeaseStandsStillAndItsBalanceComesBackPastItsDeadline() throws {
    var talk = try Conversation.active()
    try talk.say(.impaired(reason: "host silent"), after: 600)
    #expect(talk.lease.paidUntil == nil)
    #expect(try talk.wake() == [.resume(generation: 1)])
    try talk.say(.woke, after: .hour)
    try talk.say(.metersClosed(generation: 2, unrated: .zero))
    try talk.say(.invoicesCanceled)
    #expect(talk.lease.account.credit == Millisatoshi(satoshis: 3_000))
  }

  @Test func anImpairedLeaseGoesOnWhenItsDriverSaysSo() throws {
    for event in [Event.recovered, .resumed(generation: 1)] {
      var talk = try Conversation.renewed()
      try talk.say(.woke, after: .hour * 2)
      try talk.say(.impaired(reason: "gone"), after: 50)
      try talk.say(event, after: 1_000)
      #expect(talk.lease.flags.impaired == nil)
      #expect(talk.lease.state == .grace(until: .start + 8_350))
      #expect(talk.lease.account.isRunning)
    }
  }

  @Test func freezeAndImpairmentAreOneStandstill() throws {
    var talk = try Conversation.renewed()
    try talk.say(.woke, after: .hour * 2)
    try talk.say(.impaired(reason: "gone"))
    try talk.say(.frozen(), after: 100)
    try talk.say(.recovered, after: 100)
    try talk.say(.thawed, after: 100)
    try talk.resumed()
    #expect(talk.lease.state == .grace(until: .start + 7_650))
  }

  @Test func aResumeThatFailedAndRecoveredIsAskedForAgain() throws {
    var talk = try Conversation.active()
    try talk.say(.woke, after: .hour)
    try talk.say(.settled(.renewal(Terms.hourly.price)))
    try talk.say(.resumeFailed(generation: 3, reason: ""))
    #expect(try talk.say(.recovered) == [.resume(generation: 4)])
  }

  @Test func anImpairedSuspensionIsNotLookedAtForEver() throws {
    var talk = try Conversation.active()
    try talk.say(.woke, after: .hour)
    try talk.say(.impaired(reason: "gone"))
    #expect(try talk.say(.woke, after: 61) == [])
    #expect(talk.lease.wakesAt.map { $0 > talk.now } == true)
  }

  @Test func anIdleLeaseIsResumedByARequestAndReclaimedWithItsBalance() throws {
    var talk = try Conversation.active(.hourly.idle(.suspend))
    #expect(try talk.say(.foundIdle, after: 600).names == ["suspend"])
    var back = talk
    #expect(try back.say(.requested, after: 60).names == ["resume"])
    try back.resumed()
    #expect(back.lease.paidUntil == back.now + 3_000)
    #expect(try talk.say(.settled(.renewal(Terms.hourly.price))) == [])
    try talk.say(.woke, after: 1_800)
    #expect(talk.lease.state == .reclaiming(.idle, metersClosed: false, invoicesCanceled: false, destroying: false))
  }

  @Test func aClosedLeaseIsLeftAlone() throws {
    var talk = Conversation()
    try talk.say(.quoteCanceled)
    for event: Event in [.woke, .foundIdle, .requested, .outage(from: .start, to: .start + 9), .recovered] {
      #expect(try talk.lease.step(event, at: talk.now + 9) == Decision(lease: talk.lease))
    }
    #expect(throws: Rejection.leaseClosed) { try talk.say(.protected(true)) }
    #expect(throws: Rejection.leaseClosed) { try talk.say(.released) }
  }
}
