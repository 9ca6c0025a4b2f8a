import BOLT11
import L402
import Leasing
import Ledger
import Store
import TestKit
import Testing
import Units

@testable import Engine

/// Wallets that are asked for renewals. The wallet is in memory and pays at the real node; what it says is believed
/// nowhere.
@Suite struct PullTests {
  static let uri = "wallet:secret"
  static let price = Millisatoshi(3_600_000)

  static func wallet(of platform: Platform) -> SimulatedWallet { wallet(at: platform.node) }

  /// With a lease of an hour that has just begun, and a wallet that may be asked.
  private static func with(
    budget: Millisatoshi = price, every: Seconds? = nil, total: Millisatoshi? = nil,
    settings: (inout Settings) -> Void = { _ in },
    _ body: (Platform, SimulatedWallet, LeaseID, Renter, String) async throws -> Void
  ) async throws {
    let wallet = Locked<SimulatedWallet?>(nil)
    try await Platform.with(
      wallets: { node in
        let made = Self.wallet(at: node)
        wallet.withLock { $0 = made }
        return made
      }, settings: settings
    ) { platform in
      let wallet = try #require(wallet.withLock { $0 })
      let renter = Renter(platform)
      let (id, credential) = try await renter.rent()
      _ = try await platform.engine.wallets.set(
        uri, budget, every: every, total: total, of: id, renter.caller(credential))
      try await body(platform, wallet, id, renter, credential)
    }
  }

  static func wallet(at node: any SelfPayingNode) -> SimulatedWallet {
    SimulatedWallet(hash: { invoice in
      guard let parsed = try? Invoice.parse(invoice) else { return nil }  // What is no invoice has no hash.
      return PaymentHash(parsed.paymentHash)
    }) { invoice in try await node.payOwn(invoice).paymentHash }
  }

  private func pulls(_ platform: Platform, _ id: LeaseID) async throws -> [Notice] {
    platform.channel.notices(about: id).filter { $0.kind == .pull }
  }

  /// Goes on by so much, two seconds at a time while something waits for the wallet.
  private func pass(_ platform: Platform, _ span: Seconds, _ id: LeaseID) async throws {
    try await pass(platform, platform.clock.now() + span, id)
  }

  private func pass(_ platform: Platform, _ end: Instant, _ id: LeaseID) async throws {
    while platform.clock.now() < end {
      let waits = try await platform.effects(id).contains { $0.claim.effect == .pull }
      let next = try await platform.lease(id).wakesAt ?? end
      let step = waits ? platform.clock.now() + 2 : max(platform.clock.now() + 1, min(next, end))
      platform.clock.set(to: min(step, end))
      try await platform.settle()
      try await platform.engine.money.settlementSweep.run()
      try await platform.settle()
    }
  }

  @Test func aLeaseWithAWalletLivesWithoutAnybody() async throws {
    try await Self.with { platform, wallet, id, renter, credential in
      try await pass(platform, .hour * 10 + 60, id)
      #expect(try await platform.state(id) == "active")
      #expect(wallet.requests.count == 10 && Set(wallet.requests).count == 10, "one request for each invoice")
      #expect(try await pulls(platform, id) == [])
      let view = try #require(try await platform.engine.wallets.show(of: id, renter.caller(credential)))
      #expect(view.spentInAll == 36_000_000)
      let tally = platform.engine.selling.pullTally
      #expect(tally[.asked] == 10 && tally[.paid] == 10 && tally[.failed] == 0)
      #expect(view.outline?.relays == ["wss://relay.example"])
      #expect(try await platform.engine.operator.audit().findings == [])
      // Taken back, it is asked no more.
      try await platform.engine.wallets.end(of: id, renter.caller(credential))
      try await pass(platform, .hour * 2, id)
      #expect(wallet.requests.count == 10)
      #expect(try await platform.state(id) != "active")
    }
  }

  @Test func aSpentBudgetIsToldOnceAndNothingIsAsked() async throws {
    try await Self.with(total: 7_200_000) { platform, wallet, id, _, _ in
      try await pass(platform, .hour * 3 + 60, id)
      #expect(wallet.requests.count == 2)
      let told = try await pulls(platform, id)
      #expect(told.map(\.reason) == ["the budget is spent"])
      #expect(try await platform.state(id) != "active")
    }
    try await Self.with(budget: 3_599_999) { platform, wallet, id, _, _ in
      try await pass(platform, .hour, id)
      #expect(wallet.requests.isEmpty)
      #expect(try await pulls(platform, id).count == 1)
    }
  }

  @Test func theProvidersBoundHoldsWhateverTheRenterAllows() async throws {
    try await Self.with(settings: { $0.pulls.maxPerDay = 7_200_000 }) { platform, wallet, id, _, _ in
      try await pass(platform, .hour * 3 + 60, id)
      #expect(wallet.requests.count == 2)
      #expect(try await pulls(platform, id).map(\.reason) == ["the provider asks for no more than that in a day"])
    }
  }

  @Test func aBudgetThatComesFreeInTimeIsWaitedFor() async throws {
    // The second is wanted after an hour, and allowed a lead before it would count: 100 seconds later.
    try await Self.with(every: .hour + 1_000) { platform, wallet, id, _, _ in
      try await pass(platform, 3_000, id)
      let first = try #require(try await asked(platform, id).first)
      #expect(first.countsAt == first.askedAt)
      try await pass(platform, first.askedAt + .hour + 90, id)
      #expect(wallet.requests.count == 1)
      try await pass(platform, first.askedAt + .hour + 110, id)
      #expect(wallet.requests.count == 2)
      #expect(try await pulls(platform, id) == [])
      // It was early by as much as it may be: of the third that is told.
      try await pass(platform, .hour, id)
      #expect(wallet.requests.count == 2)
      #expect(try await pulls(platform, id).map(\.reason) == ["the budget is spent"])
    }
  }

  /// Late once is not late for ever.
  @Test func aRenewalThatCameLateMakesTheNextOneNoLater() async throws {
    try await Self.with { platform, wallet, id, _, _ in
      wallet.behave(.away)
      try await pass(platform, 3_500, id)
      wallet.behave(.honest)
      try await pass(platform, 99, id)
      #expect(wallet.requests.count == 1, "with the last reminder")
      #expect(try await pulls(platform, id).count == 1)
      let first = try #require(try await asked(platform, id).first)
      // The next with its first, at least half a lead before the end of the second hour, and so on.
      for period in 2...4 as ClosedRange<Int64> {
        try await pass(platform, ManualClock().now() + Seconds(period * 3_600 - 460), id)
        #expect(Set(wallet.requests).count == period)
      }
      #expect(try await pulls(platform, id).count == 1)
      #expect(first.countsAt == first.askedAt)
      #expect(try await asked(platform, id).map(\.countsAt) == (0..<4).map { first.countsAt + .hour * $0 })
    }
  }

  private func asked(_ platform: Platform, _ id: LeaseID) async throws -> [PulledAmount] {
    try await platform.postgres.transaction { tx in
      try tx.walletPulls(of: id, since: Instant(unixSeconds: 0), besides: nil)
    }
  }

  /// Whatever is asked for: what counts never exceeds the budget in any span, what is asked for exceeds it by no more than one
  /// budget, and that once and not again and again.
  @Test func aBudgetIsNeverExceeded() throws {
    var dice = SystemRandomNumberGenerator()
    let start = Instant(unixSeconds: 1_000_000)
    for _ in 0..<200 {
      let budget = WalletBudget(Millisatoshi(Int64.random(in: 150...300, using: &dice)), every: 1_000)
      let early = Seconds(Int64.random(in: 0...1_000, using: &dice))
      var now = start
      var asked: [PulledAmount] = []
      for _ in 0..<300 {
        now = now + Seconds(Int64.random(in: 0...200, using: &dice))
        let amount = Millisatoshi(Int64.random(in: 1...150, using: &dice))
        let counts = try #require(budget.moment(for: amount, at: now, beside: asked))
        #expect(counts >= now)
        if counts <= now + early { asked.append(PulledAmount(askedAt: now, countsAt: counts, amount: amount)) }
      }
      for one in asked {
        let span = asked.filter { one.countsAt - budget.every < $0.countsAt && $0.countsAt <= one.countsAt }
        #expect(span.total <= budget.amount)
        let wall = asked.filter { one.askedAt - budget.every < $0.askedAt && $0.askedAt <= one.askedAt }
        #expect(wall.total.count <= budget.amount.count * 2)
      }
      let spans = (now.microseconds(since: start) / 1_000_000 + early.count) / budget.every.count + 1
      #expect(asked.total.count <= budget.amount.count * spans)
    }
    #expect(WalletBudget(10, every: 1_000).moment(for: 11, at: start, beside: []) == nil)
  }

  @Test func itsWordIsNotBelieved() async throws {
    try await Self.with { platform, wallet, id, _, _ in
      wallet.behave(.lies)
      try await pass(platform, .hour + 1, id)
      #expect(try await platform.state(id) != "active")
      #expect(wallet.requests.count == Set(wallet.requests).count)
      #expect(try await pulls(platform, id).map(\.reason) == ["it says that it has paid, and nothing has arrived"])
      #expect(try await platform.engine.operator.audit().totals["node"] == -3_600_000)
    }
  }

  @Test func whatWasPaidInSilenceIsFoundAndNotAskedAgain() async throws {
    try await Self.with { platform, wallet, id, _, _ in
      wallet.behave(.paysInSilence)
      try await pass(platform, .hour * 3 + 60, id)
      #expect(try await platform.state(id) == "active")
      #expect(wallet.requests.count == 3)
      #expect(try await pulls(platform, id) == [])
    }
  }

  @Test func whatIsUnderWayIsNotAskedForAgain() async throws {
    try await Self.with { platform, wallet, id, _, _ in
      wallet.behave(.dawdles)
      try await pass(platform, 3_500, id)
      #expect(wallet.requests.count == 1, "three reminders, one request")
      #expect(try await pulls(platform, id).map(\.reason) == ["its payment is under way"])
      try await wallet.payLate()
      wallet.behave(.honest)
      try await pass(platform, 200, id)
      #expect(try await platform.state(id) == "active")
      #expect(wallet.requests.count == 1)
      // A period later all is as it was.
      try await pass(platform, .hour, id)
      #expect(wallet.requests.count == 2)
      #expect(try await platform.engine.operator.audit().findings == [])
    }
  }

  @Test(arguments: [SimulatedWallet.Manner.away, .refuses, .fails, .silent])
  func whatFailedIsTriedWithTheNextReminder(_ manner: SimulatedWallet.Manner) async throws {
    try await Self.with { platform, wallet, id, _, _ in
      wallet.behave(manner)
      try await pass(platform, 2_700 + 200, id)
      #expect(try await pulls(platform, id).count == 1)
      #expect(try await platform.state(id) == "active")
      wallet.behave(.honest)
      if manner == .silent { try await wallet.payLate() }
      try await pass(platform, 900, id)
      #expect(try await platform.state(id) == "active", "\(manner)")
      #expect(try await pulls(platform, id).count == 1)
      #expect(Set(wallet.requests).count == 1, "one invoice")
      #expect(try await platform.engine.operator.audit().totals["node"] == -7_200_000)
    }
  }

  @Test func twoDaemonsAskOnce() async throws {
    try await Self.with { platform, wallet, id, _, _ in
      let two = platform.anotherEngine("two", wallets: wallet)
      for _ in 0..<5 {
        platform.clock.advance(by: 2_800)
        _ = try await platform.engine.work.scheduler.wakeDueLeases()
        async let one = platform.engine.work.effects.runDue()
        async let other = two.work.effects.runDue()
        _ = try await (one, other)
        try await platform.settle()
        platform.clock.advance(by: 800)
        try await platform.settle()
      }
      #expect(wallet.requests.count == 5 && Set(wallet.requests).count == 5)
      #expect(try await platform.state(id) == "active")
    }
  }

  @Test func whatMustNotBeReadIsSealedAndGoesWithTheLease() async throws {
    try await Self.with { platform, wallet, id, renter, credential in
      let grant = try #require(try await platform.postgres.transaction { try $0.walletGrant(of: id) })
      #expect(!String(decoding: grant.sealed, as: UTF8.self).contains("secret"))
      let engine = platform.engine
      // Told again it is the same one, and counts on.
      try await pass(platform, .hour, id)
      let again = try await engine.wallets.set(
        Self.uri, Self.price, every: nil, total: nil, of: id, renter.caller(credential))
      #expect(again.createdAt == grant.createdAt && again.spentInAll == Self.price)
      let other = try await engine.wallets.set(
        Self.uri, Self.price, every: nil, total: 1, of: id, renter.caller(credential))
      #expect(other.createdAt > grant.createdAt && other.spentInAll == .zero)
      wallet.behave(.unfit)
      #expect(
        await refusal {
          try await engine.wallets.set("wallet:2", 1, every: nil, total: nil, of: id, renter.caller(credential))
        } == "422 wallet-refused")
      #expect(
        await refusal {
          try await engine.wallets.set("else:", 1, every: nil, total: nil, of: id, renter.caller(credential))
        } == "invalid-field nwc")
      for (amount, every, total, field) in [
        (0, nil, nil, "budget_msat"), (1, 0, nil, "every_seconds"), (1, nil, 0, "total_msat"),
      ] as [(Millisatoshi, Seconds?, Millisatoshi?, String)] {
        #expect(
          await refusal {
            try await engine.wallets.set(
              Self.uri, amount, every: every, total: total, of: id, renter.caller(credential))
          } == "invalid-field \(field)")
      }
      let stranger = Renter(platform, address: "198.51.100.9")
      #expect(await refusal { try await engine.wallets.show(of: id, stranger.caller()) }.hasPrefix("401"))
      _ = try await engine.release(id, renter.caller(credential, method: "DELETE"))
      try await platform.settle()
      #expect(try await platform.postgres.transaction { try $0.walletGrant(of: id) } == nil)
      let reason = await refusal {
        try await engine.wallets.set("wallet:3", 1, every: nil, total: nil, of: id, renter.caller(credential))
      }
      #expect(reason == "422 wallet-refused" || reason == "lease-closed")
    }
  }

  /// The daemon dies at its first act, its second …: each time another takes over, and the wallet pays once.
  @Test(arguments: Mortality.Blow.allCases)
  func noDeathPaysTwice(_ blow: Mortality.Blow) async throws {
    try await TestStore.withDatabase { database in
      let observer = TestStore.store(on: database, connections: 3)
      let platform = try Platform(on: observer, wallets: { Self.wallet(at: $0) })
      defer { platform.node.close() }
      try await platform.engine.prepare()
      let wallet = Self.wallet(of: platform)
      let heir = platform.anotherEngine("heir", wallets: wallet)
      try await heir.prepare()
      var deaths = 0
      for victim in 1..<200 {
        let renter = Renter(platform, address: "198.51.100.\(victim)")
        let (id, credential) = try await renter.rent()
        _ = try await heir.wallets.set(
          Self.uri, Self.price, every: nil, total: nil, of: id, renter.caller(credential))
        let before = wallet.requests.count
        let mortality = Mortality(at: victim, blow, counting: .commitsAndCalls)
        let store = TestStore.store(on: database, connections: 3, faultHook: mortality.hook)
        platform.clock.advance(by: 2_800)
        let dying = platform.anotherEngine(
          "dying \(victim)", on: TestTimeStore(store, clock: platform.clock), wallets: MortalWallets(wallet, mortality))
        do {
          _ = try await dying.work.scheduler.wakeDueLeases()
          _ = try await dying.work.effects.runDue()
        } catch  where mortality.isDead {
          // Nobody hears what it would have said.
        }
        await store.pool.close()
        // The server notices a dead connection when it gets to it. Until then its locks stand, and runners pass them over.
        try await platform.script("BEGIN; LOCK TABLE outbox; COMMIT")
        for span: Seconds in [31, 31, 31, 500] { try await platform.pass(span, heir) }
        try await heir.money.settlementSweep.run()
        try await platform.settle(heir)
        let lease = try await platform.lease(id)
        #expect(lease.state.name == .active, "\(mortality.lastAct)")
        let asked = wallet.requests.dropFirst(before)
        #expect(Set(asked).count == 1, "\(mortality.lastAct): one invoice")
        #expect(lease.account.balance + lease.consumed == 7_200_000, "\(mortality.lastAct): paid once")
        _ = try await heir.release(id, renter.caller(credential, method: "DELETE"))
        try await platform.settle(heir)
        guard mortality.isDead else { break }
        deaths += 1
      }
      #expect(deaths > 6)
      #expect(try await platform.engine.operator.audit().findings == [])
      await observer.pool.close()
    }
  }
}
