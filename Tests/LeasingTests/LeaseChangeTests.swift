import Leasing
import Ledger
import Testing
import Units

/// Other terms: what they cost, what they bring and what they do not, and how they are undone.
@Suite struct LeaseChangeTests {
  /// A sixth of the price, and ten seconds of grace.
  private static let cheap: Terms = {
    var terms = Terms.hourly
    terms.offer = "cheap"
    terms.price = Millisatoshi(satoshis: 600)
    terms.policy.grace = 10
    terms.policy.retention = 600
    return terms
  }()
  private static let dear: Terms = {
    var terms = Terms.large
    terms.offer = "dear"
    terms.price = Millisatoshi(satoshis: 3_600_000)
    terms.policy.grace = .hour
    terms.policy.retention = .day
    return terms
  }()

  private func upgrade(_ talk: inout Conversation, to terms: Terms) throws {
    let amount = try #require(talk.lease.changeAmount(to: terms, at: talk.now))
    try talk.say(.settled(Settlement(paymentHash: "c", amount: amount, purpose: .change(terms))))
  }

  @Test func thereIsNoChangeInGraceOrDebt() throws {
    var talk = try Conversation.renewed(Self.cheap)
    try talk.say(.woke, after: .hour * 2)
    #expect(talk.lease.state == .grace(until: .start + 7_210))
    #expect(talk.lease.changeObstacle(at: talk.now) == .leaseUnpaid)
    #expect(throws: Rejection.leaseUnpaid) { try talk.say(.changed(Self.dear)) }
    // Time has run out, and the timer has not come yet.
    var late = try Conversation.active(Self.cheap)
    late.now = late.now + .hour
    #expect(late.lease.changeObstacle(at: late.now) == .leaseUnpaid)
    #expect(throws: Rejection.leaseUnpaid) { try late.say(.changed(Self.dear)) }
    // Suspended, it has to be resumed first.
    try late.say(.woke)
    #expect(throws: Rejection.leaseSuspended) { try late.say(.changed(Self.dear)) }
  }

  @Test func moneyForAChangeThatComesTooLateIsCredit() throws {
    var talk = try Conversation.renewed(Self.cheap)
    talk.now = .start + .hour * 2 - 1
    let amount = try #require(talk.lease.changeAmount(to: Self.dear, at: talk.now))
    let paid = Settlement(paymentHash: "c", amount: amount, purpose: .change(Self.dear))
    for wait: Seconds in [1, 60, 3_600] {
      var late = talk
      try late.say(.woke, after: wait)
      try late.say(.settled(paid))
      #expect(late.lease.terms.offer == "cheap", "after \(wait.count) s")
      #expect(late.lease.account.credit == amount)
    }
  }

  @Test func aChangeJustBeforeTheEndBringsNeitherGraceNorRetention() throws {
    var talk = try Conversation.renewed(Self.cheap)
    talk.now = .start + .hour * 2 - 1
    try upgrade(&talk, to: Self.dear)
    #expect(talk.lease.terms.offer == "dear")
    #expect(talk.lease.graceLength == .zero)
    // What was kept for ten minutes is not kept for half a day.
    #expect(talk.lease.retention(for: .unpaid) == 600)
    for _ in 0..<4 where talk.lease.state == .active { try talk.wake() }
    #expect(talk.now < .start + .hour * 2 + 1)
    #expect(talk.lease.state == .suspended(.unpaid, retainedUntil: talk.now + 600, resuming: false))
  }

  @Test func onlyAPeriodAtTheNewPriceBringsThem() throws {
    var talk = try Conversation.renewed(Self.cheap)
    // Quoted before the change, at the old price.
    let old = Settlement.renewal(Self.cheap.price)
    try upgrade(&talk, to: Self.dear)
    try talk.say(.settled(old))
    #expect(talk.lease.graceLength == .zero)
    var bought = talk
    try bought.say(.settled(Settlement(paymentHash: "n", amount: Self.dear.price, purpose: .renewal(periods: 1))))
    #expect(bought.lease.graceLength == .hour)
    #expect(bought.lease.retention(for: .unpaid) == .day)
    // A change back has those of a first period again.
    try bought.say(.changed(Self.cheap))
    #expect(bought.lease.graceLength == .zero)
    #expect(bought.lease.retention(for: .unpaid) == 300)
  }

  @Test func aChangeToShorterTermsHasTheirs() throws {
    var talk = try Conversation.renewed(Self.dear)
    try talk.say(.changed(Self.cheap))
    #expect(talk.lease.retention(for: .unpaid) == 300)
    try upgrade(&talk, to: Self.dear)
    #expect(talk.lease.retention(for: .unpaid) == 300)
  }

  @Test func aDepositIsBoughtAgainOnlyByAsMuch() throws {
    var talk = try Conversation.active(.metered)
    try talk.say(.settled(.renewal(Millisatoshi(satoshis: 1))))
    #expect(talk.lease.graceLength == .zero)
    try talk.say(.settled(.renewal(Millisatoshi(satoshis: 998))))
    #expect(talk.lease.graceLength == .zero)
    try talk.say(.settled(.renewal(Millisatoshi(satoshis: 1))))
    #expect(talk.lease.graceLength == Terms.metered.policy.grace)
  }

  @Test func aSizeThatTheDriverRefusesIsUndoneAndTheMoneyComesBack() throws {
    var smaller = Terms.large
    smaller.offer = "small and dear"
    smaller.resources.disk = .mebibytes(1)
    smaller.price = Millisatoshi(satoshis: 7_200)
    var talk = try Conversation.renewed()
    let before = talk.lease
    let amount = try #require(talk.lease.changeAmount(to: smaller, at: talk.now))
    try upgrade(&talk, to: smaller)
    #expect(talk.lease.pendingChange?.paid == amount)
    #expect(
      try talk.say(.resizeRefused(generation: 2, reason: "full")) == [.resize(generation: 3)])
    #expect(talk.lease.terms == before.terms)
    #expect(talk.lease.account.rate == before.account.rate)
    #expect(talk.lease.renewed)
    #expect(talk.lease.pendingChange == nil)
    #expect(talk.lease.account.credit == amount)
    #expect(talk.lease.paidUntil == before.paidUntil)
    // What comes late of it is stale.
    #expect(try talk.say(.resized(generation: 2)) == [])
  }

  @Test func aChangeStandsOnceItsSizeDoes() throws {
    var talk = try Conversation.active(.large)
    try talk.say(.changed(.hourly))
    try talk.say(.resized(generation: 2))
    #expect(talk.lease.pendingChange == nil)
    #expect(try talk.say(.resizeRefused(generation: 2, reason: "late")) == [.resize(generation: 2)])
    #expect(talk.lease.terms.offer == "disk-hourly")
    // Twice before the driver has come to it: what is undone is both.
    try talk.say(.settled(.renewal(Terms.hourly.price)))
    try talk.say(.changed(Self.cheap))
    var tiny = Self.cheap
    tiny.offer = "tiny"
    try talk.say(.changed(tiny))
    try talk.say(.resizeRefused(generation: talk.lease.generation, reason: "full"))
    #expect(talk.lease.terms.offer == "disk-hourly")
  }

  @Test(arguments: 1...40 as ClosedRange<UInt64>)
  func changingToAndFroSavesNothing(_ seed: UInt64) throws {
    var dice = SplitMix(state: seed)
    let terms = (0..<4).map { number -> Terms in
      var terms = Terms.hourly
      terms.offer = "o\(number)"
      terms.period = [Seconds.day, .day * 7, .hour, 20][number]
      terms.price = Millisatoshi(Int64(dice.next() % 40) + 1)
      return terms
    }
    var first = terms[0]
    first.deposit = .zero
    var lease = try Conversation.active(first).lease
    _ = lease.account.pay(for: lease.id, Millisatoshi(satoshis: 1_000))
    var now = Instant.start
    // In parts of a microsecond at every price: what all periods together divide.
    let whole = Int128(Seconds.day.microseconds) * 7
    var used: Int128 = 0
    var charged: Int64 = 0
    for _ in 0..<300 {
      let span = Int64(dice.next() % 90_000_000)
      now = now.advanced(byMicroseconds: span)
      let rate = lease.account.rate
      used += Int128(span) * Int128(rate.amount.count) * (whole / Int128(rate.microseconds))
      let next = terms[Int(dice.next() % 4)]
      let decision =
        if dice.next() % 3 == 0 { try lease.step(.woke, at: now) } else {
          try lease.step(.settled(Settlement(paymentHash: "c", amount: 1_000, purpose: .change(next))), at: now)
        }
      charged += decision.transfers.reduce(0) { $0 + ($1.credit == .revenueTime ? $1.amount.count : 0) }
      lease = decision.lease
      let held = lease.charged(to: now).account
      let late = (lease.account.balance - held.balance).count
      #expect(Int128(charged + late) == used / whole)
    }
  }

  @Test func theLeastIsTakenFromWhoGivesItBackAtOnce() throws {
    var terms = Terms.hourly
    terms.minimum = Millisatoshi(satoshis: 500)
    #expect(terms.fault == nil)
    for (served, cost) in [(Seconds(100), Int64(500)), (700, 700)] {
      var talk = try Conversation.active(terms)
      try talk.say(.released, after: served)
      try talk.say(.metersClosed(generation: 2, unrated: .zero))
      try talk.say(.invoicesCanceled)
      #expect(talk.charged(.revenueTime) == Millisatoshi(satoshis: cost))
      #expect(talk.lease.account.credit == Millisatoshi(satoshis: 3_600 - cost))
    }
    var evicted = try Conversation.active(terms)
    try evicted.say(.evicting(until: evicted.now + 100))
    try evicted.say(.woke, after: 100)
    try evicted.say(.metersClosed(generation: 2, unrated: .zero))
    try evicted.say(.invoicesCanceled)
    #expect(evicted.charged(.revenueTime) == Millisatoshi(satoshis: 100))
    terms.minimum = Millisatoshi(satoshis: 3_601)
    #expect(terms.fault == .minimum)
  }

  @Test func usageOnCreditHasABound() throws {
    var terms = Terms.hourly
    terms.debtLimit = Millisatoshi(satoshis: 1_000)
    var talk = try Conversation.renewed(terms)
    // 7,200 sat are held: 100 sat of debt, then 1,100.
    try talk.say(.usageRated(Millisatoshi(satoshis: 7_300)))
    #expect(talk.lease.state == .grace(until: .start + 150))
    try talk.say(.usageRated(Millisatoshi(satoshis: 1_000)))
    #expect(talk.lease.state == .grace(until: .start))
    #expect(try talk.wake().names == ["suspend"])
    // At once too much.
    var greedy = try Conversation.renewed(terms)
    try greedy.say(.usageRated(Millisatoshi(satoshis: 9_000)))
    #expect(try greedy.wake().names == ["suspend"])
  }

  @Test func debtIsCoveredByCreditOfTheSameLease() throws {
    var talk = try Conversation.active()
    // Paid twice: credit. Then everything is used up, and more.
    try talk.say(.settled(.purchase()))
    try talk.say(.usageRated(Millisatoshi(satoshis: 4_600)))
    #expect(talk.lease.account.debt == Millisatoshi(satoshis: 1_000))
    #expect(talk.lease.account.freeCredit == Millisatoshi(satoshis: 2_600))
    #expect(throws: Rejection.overCredit) {
      try talk.say(
        .payoutAsked(Payout(paymentHash: "x", amount: Millisatoshi(satoshis: 2_601), maxFee: .zero)))
    }
    try talk.say(.released)
    try talk.say(.metersClosed(generation: 2, unrated: .zero))
    try talk.say(.invoicesCanceled)
    #expect(talk.charged(.writeoff) == .zero)
    #expect(talk.lease.account.credit == Millisatoshi(satoshis: 2_600))
  }
}
