import L402
import Leasing
import Ledger
import TestKit
import Testing
import Units

@testable import Engine

/// A node that goes away and comes back, under an engine that is never restarted.
@Suite struct NodeOutageTests {
  @Test func nobodyIsSuspendedForANodeThatComesBackInTime() async throws {
    try await Platform.with { platform in
      let node = SwitchedNode(platform.node)
      let engine = platform.anotherEngine(node: node)
      try await engine.prepare()
      let renter = Renter(platform)
      let (id, credential) = try await renter.rent(engine: engine)
      try await engine.money.settlementFollower.bookNext()
      let booked = platform.clock.now()
      platform.clock.advance(by: 3_590)
      node.goAway()
      let away = platform.clock.now()
      await #expect(throws: NodeError.self) { try await engine.money.settlementFollower.bookNext() }
      #expect(await refusal { try await engine.renew(id, periods: 1, renter.caller(credential)) } == "503")
      var overview = try await engine.operator.overview()
      #expect(!overview.nodeIsUp)
      #expect(overview.nodeFailingSince == away)
      #expect(overview.followerFailingSince == away)
      #expect(overview.sparedUntil == away + 600)
      #expect(overview.cursorMovedAt == booked)
      for _ in 0..<10 {
        platform.clock.advance(by: 50)
        try await platform.settle(engine)
        await engine.doubts.node.askIfInTrouble()
        #expect(try await platform.state(id) == "active")
      }
      node.comeBack()
      await engine.doubts.node.askIfInTrouble()
      overview = try await engine.operator.overview()
      #expect(overview.nodeIsUp)
      #expect(overview.nodeFailingSince == nil)
      #expect(overview.sparedUntil == platform.clock.now() + 60)
      // Who waited for the node has a moment to pay.
      platform.clock.advance(by: 50)
      try await platform.settle(engine)
      #expect(try await platform.state(id) == "active")
      let renewal = try await renter.demand { try await engine.renew(id, periods: 1, renter.caller(credential)) }
      try await renter.pay(renewal)
      try await engine.money.settlementFollower.bookNext()
      platform.clock.advance(by: 60)
      try await platform.settle(engine)
      overview = try await engine.operator.overview()
      #expect(try await platform.state(id) == "active")
      #expect(overview.followerFailingSince == nil)
      #expect(overview.sparedUntil == nil)
    }
  }

  @Test func afterTheStatedTimeItCountsAgainAlsoForANodeThatFlickers() async throws {
    try await Platform.with(settings: { $0.nodeOutage = 300 }) { platform in
      let node = SwitchedNode(platform.node)
      let engine = platform.anotherEngine(node: node) { $0.nodeOutage = 300 }
      try await engine.prepare()
      let renter = Renter(platform)
      let (id, credential) = try await renter.rent(engine: engine)
      platform.clock.advance(by: 3_601)
      node.goAway()
      let away = platform.clock.now()
      await engine.doubts.node.ask()
      for _ in 0..<29 {
        platform.clock.advance(by: 10)
        node.comeBack()
        await engine.doubts.node.askIfInTrouble()
        node.goAway()
        await engine.doubts.node.ask()
        try await platform.settle(engine)
      }
      #expect(try await platform.state(id) == "active")
      #expect(try await engine.operator.overview().nodeFailingSince == away)
      platform.clock.advance(by: 11)
      try await platform.settle(engine)
      #expect(try await platform.state(id) == "suspended")
      let outage = try #require(engine.doubts.node.outage)
      #expect(!outage.spares)
      #expect(outage.sparesUntil == away + 300)
      node.comeBack()
      let renewal = try await renter.demand { try await engine.renew(id, periods: 1, renter.caller(credential)) }
      try await renter.pay(renewal)
      try await engine.money.settlementSweep.run()
      try await platform.settle(engine)
      #expect(try await platform.state(id) == "active" && engine.doubts.node.outage == nil)
    }
  }

  @Test func aDaemonThatStartsWithoutItsNodeSparesEverybody() async throws {
    try await Platform.with { platform in
      let id = try await platform.makeActive(1)[0]
      platform.clock.advance(by: 3_601)
      let engine = platform.anotherEngine(node: AwayNode())
      try await engine.prepare()
      try await engine.work.scheduler.wakeDueLeases()
      #expect(try await platform.state(id) == "active")
      // The operator knows better.
      engine.operator.releaseBreaker()
      platform.clock.advance(by: 6)
      try await engine.work.scheduler.wakeDueLeases()
      #expect(try await platform.state(id) == "suspended")
    }
  }

  /// The node has come back a moment before the daemon is started anew: who waited for it still has their moment.
  @Test func aRestartForgetsNoOutage() async throws {
    try await Platform.with { platform in
      let node = SwitchedNode(platform.node)
      let first = platform.anotherEngine(node: node)
      try await first.prepare()
      let renter = Renter(platform)
      let (id, _) = try await renter.rent(engine: first)
      platform.clock.advance(by: 3_590)
      node.goAway()
      await first.doubts.node.ask()
      try await first.work.heartbeat.beat()
      platform.clock.advance(by: 20)
      node.comeBack()
      await first.doubts.node.askIfInTrouble()
      try await first.work.heartbeat.beat()
      let back = platform.clock.now()
      let second = platform.anotherEngine("three", node: node)
      try await second.prepare()
      for _ in 0..<5 {
        platform.clock.advance(by: 10)
        try await platform.settle(second)
        #expect(try await platform.state(id) == "active", "\(platform.clock.now().microseconds(since: back)) µs")
      }
      platform.clock.advance(by: 20)
      try await platform.settle(second)
      #expect(try await platform.state(id) == "suspended")
    }
  }

  /// Restarting does not begin the stated time anew; what nobody has said for a while was another outage.
  @Test func aRestartCountsFromWhenTheNodeFellSilent() async throws {
    try await Platform.with { platform in
      let first = platform.anotherEngine(node: AwayNode())
      try await first.prepare()
      let away = platform.clock.now()
      #expect(first.doubts.node.outage?.since == away)
      for _ in 0..<5 {
        platform.clock.advance(by: 40)
        try await first.work.heartbeat.beat()
      }
      var next = platform.anotherEngine("three", node: AwayNode())
      try await next.prepare()
      #expect(next.doubts.node.outage?.since == away)
      #expect(next.doubts.node.outage?.sparesUntil == away + 600)
      let kept = try await platform.postgres.transaction { tx in try tx.nodeTrouble(of: AwayNode().name) }
      #expect(kept?.trouble == NodeTrouble(troubleSince: away))
      #expect(kept?.seenAt == away + 200)
      platform.clock.advance(by: 61)
      next = platform.anotherEngine("four", node: AwayNode())
      try await next.prepare()
      #expect(next.doubts.node.outage?.since == platform.clock.now())
    }
  }

  @Test func oneBadLookUpDoesNotStopTheSweep() async throws {
    try await Platform.with { platform in
      let node = SwitchedNode(platform.node)
      let engine = platform.anotherEngine(node: node)
      try await engine.prepare()
      var quotes: [PaymentDemand] = []
      for number in 0..<3 {
        quotes.append(try await Renter(platform, address: "198.51.100.\(number)").quote(engine: engine))
        platform.clock.advance(by: 1)
      }
      node.goAway()
      await #expect(throws: NodeError.self) { try await engine.money.settlementSweep.run() }
      #expect(node.lookups == 1, "a node that is away is asked once")
      node.comeBack()
      for quote in quotes { _ = try await platform.node.payOwn(quote.challenge.invoice) }
      // The first that is asked for.
      node.garble([quotes[0].paymentHash])
      try await engine.money.settlementSweep.run()
      #expect(try await engine.operator.audit().payments == 2)
      #expect(try await engine.operator.overview().failedLookups == 1)
      node.garble([])
      try await engine.money.settlementSweep.run()
      #expect(try await engine.operator.audit().payments == 3)
      #expect(try await engine.operator.audit().findings == [])
    }
  }

  /// A node that made an invoice and took its payment has done what it is there for: what comes later is another outage.
  @Test func aPaymentEndsAnOutage() {
    let now = Instant(unixSeconds: 1_800_000_000)
    let health = Health(window: 60, nodeOutage: 600)
    health.nodeFailed(at: now)
    health.nodeAnswered(at: now + 100)
    health.nodeServed(invoiceMade: now - 5, at: now + 110)
    health.nodeFailed(at: now + 120)
    #expect(health.snapshot.node?.since == now, "the invoice was made before")
    health.nodeAnswered(at: now + 130)
    health.nodeServed(invoiceMade: now + 131, at: now + 135)
    #expect(health.sparesForNode(health.snapshot) == now + 130 + 60)
    health.nodeFailed(at: now + 140)
    #expect(health.snapshot.node?.since == now + 140)
    #expect(health.sparesForNode(health.snapshot) == now + 140 + 600)
  }

  /// However long the node is away, nobody loses his data because he could not pay.
  @Test func nothingIsDestroyedWhileNobodyCanPay() async throws {
    try await Platform.with { platform in
      let node = SwitchedNode(platform.node)
      let engine = platform.anotherEngine(node: node)
      try await engine.prepare()
      let renter = Renter(platform)
      let (id, _) = try await renter.rent(engine: engine)
      try await platform.pass(3_601, engine)
      #expect(try await platform.state(id) == "suspended")
      node.goAway()
      await engine.doubts.node.ask()
      for _ in 0..<10 {
        try await platform.pass(.day * 3, engine)
        #expect(try await platform.state(id) == "suspended")
      }
      node.comeBack()
      await engine.doubts.node.ask()
      try await platform.pass(30, engine)
      #expect(try await platform.state(id) == "suspended", "there is a moment to pay")
      try await platform.pass(60, engine)
      #expect(try await platform.state(id) != "suspended")
    }
  }

  @Test func whatWasWellIsNotCalledLessOften() {
    let start = ContinuousClock.now
    var backoff = Backoff(most: 30)
    var waits: [Int] = []
    for number in 0..<8 {
      backoff.begins(at: start + .seconds(number))
      waits.append(backoff.failed(at: start + .seconds(number)))
    }
    #expect(waits == [1, 2, 4, 8, 16, 30, 30, 30])
    backoff.begins(at: start)
    #expect(backoff.failed(at: start + Backoff.well) == 1)
    backoff.succeeded()
    backoff.begins(at: start)
    #expect(backoff.failed(at: start) == 1)
  }

  @Test func whoWaitsForSettlementsInSilenceIsNotFailing() {
    let now = Instant(unixSeconds: 1_800_000_000)
    let health = Health(window: 60, nodeOutage: 600)
    health.followerFailed(at: now)
    health.nodeAnswered(at: now + 100)
    #expect(health.snapshot.followerFailingSince == now, "nobody waits")
    health.followerWaits(since: now + 100)
    health.nodeAnswered(at: now + 104)
    health.followerFailed(at: now + 104)
    #expect(health.snapshot.followerFailingSince == now)
    health.followerWaits(since: now + 106)
    health.nodeAnswered(at: now + 112)
    #expect(health.snapshot.followerFailingSince == nil)
  }
}
