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
      try await engine.bookNextSettlements()
      let booked = platform.clock.now()
      platform.clock.advance(by: 3_590)
      node.goAway()
      let away = platform.clock.now()
      await #expect(throws: NodeError.self) { try await engine.bookNextSettlements() }
      #expect(await refusal { try await engine.renew(id, periods: 1, renter.caller(credential)) } == "503")
      var overview = try await engine.overview()
      #expect(!overview.nodeIsUp && overview.nodeFailingSince == away && overview.followerFailingSince == away)
      #expect(overview.sparedUntil == away + 600 && overview.cursorMovedAt == booked)
      for _ in 0..<10 {
        platform.clock.advance(by: 50)
        try await platform.settle(engine)
        await engine.askNodeInTrouble()
        #expect(try await platform.state(id) == "active")
      }
      node.comeBack()
      await engine.askNodeInTrouble()
      overview = try await engine.overview()
      #expect(overview.nodeIsUp && overview.nodeFailingSince == nil)
      #expect(overview.sparedUntil == platform.clock.now() + 60)
      // Who waited for the node has a moment to pay.
      platform.clock.advance(by: 50)
      try await platform.settle(engine)
      #expect(try await platform.state(id) == "active")
      let renewal = try await renter.demand { try await engine.renew(id, periods: 1, renter.caller(credential)) }
      try await renter.pay(renewal)
      try await engine.bookNextSettlements()
      platform.clock.advance(by: 60)
      try await platform.settle(engine)
      overview = try await engine.overview()
      #expect(try await platform.state(id) == "active")
      #expect(overview.followerFailingSince == nil && overview.sparedUntil == nil)
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
      await engine.askNode()
      for _ in 0..<29 {
        platform.clock.advance(by: 10)
        node.comeBack()
        await engine.askNodeInTrouble()
        node.goAway()
        await engine.askNode()
        try await platform.settle(engine)
      }
      #expect(try await platform.state(id) == "active")
      #expect(try await engine.overview().nodeFailingSince == away)
      platform.clock.advance(by: 11)
      try await platform.settle(engine)
      #expect(try await platform.state(id) == "suspended")
      let outage = try #require(engine.nodeOutage)
      #expect(!outage.spares && outage.sparesUntil == away + 300)
      node.comeBack()
      let renewal = try await renter.demand { try await engine.renew(id, periods: 1, renter.caller(credential)) }
      try await renter.pay(renewal)
      try await engine.sweepSettlements()
      try await platform.settle(engine)
      #expect(try await platform.state(id) == "active" && engine.nodeOutage == nil)
    }
  }

  @Test func aDaemonThatStartsWithoutItsNodeSparesEverybody() async throws {
    try await Platform.with { platform in
      let id = try await platform.makeActive(1)[0]
      platform.clock.advance(by: 3_601)
      let engine = platform.anotherEngine(node: AwayNode())
      try await engine.prepare()
      try await engine.wakeDueLeases()
      #expect(try await platform.state(id) == "active")
      // The operator knows better.
      engine.releaseBreaker()
      platform.clock.advance(by: 6)
      try await engine.wakeDueLeases()
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
      await first.askNode()
      try await first.beat()
      platform.clock.advance(by: 20)
      node.comeBack()
      await first.askNodeInTrouble()
      try await first.beat()
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
      #expect(first.nodeOutage?.since == away)
      for _ in 0..<5 {
        platform.clock.advance(by: 40)
        try await first.beat()
      }
      var next = platform.anotherEngine("three", node: AwayNode())
      try await next.prepare()
      #expect(next.nodeOutage?.since == away && next.nodeOutage?.sparesUntil == away + 600)
      let kept = try await platform.postgres.transaction { tx in try tx.nodeStanding(of: AwayNode().name) }
      #expect(kept?.standing == NodeStanding(troubleSince: away) && kept?.seenAt == away + 200)
      platform.clock.advance(by: 61)
      next = platform.anotherEngine("four", node: AwayNode())
      try await next.prepare()
      #expect(next.nodeOutage?.since == platform.clock.now())
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
      await #expect(throws: NodeError.self) { try await engine.sweepSettlements() }
      #expect(node.lookups == 1, "a node that is away is asked once")
      node.comeBack()
      for quote in quotes { _ = try await platform.node.payOwn(quote.challenge.invoice) }
      // The first that is asked for.
      node.garble([quotes[0].paymentHash])
      try await engine.sweepSettlements()
      #expect(try await engine.audit().payments == 2)
      #expect(try await engine.overview().failedLookups == 1)
      node.garble([])
      try await engine.sweepSettlements()
      #expect(try await engine.audit().payments == 3)
      #expect(try await engine.audit().findings == [])
    }
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
