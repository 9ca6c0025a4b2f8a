import L402
import Leasing
import Ledger
import TestKit
import Testing
import Units

@testable import Engine

/// Outages made good, to everybody whom they struck.
@Suite struct OutageCreditTests {
  static func wish(
    _ platform: Platform, _ label: String = "power", lasting span: Seconds = 600, host: String? = nil,
    each: Millisatoshi? = nil, reason: String = "no power"
  ) -> OutageCreditWish {
    let now = platform.clock.now()
    return OutageCreditWish(label: label, since: now - span, until: now, host: host, each: each, reason: reason)
  }

  @Test func everybodyIsGivenTheTimeThatWasLostOnce() async throws {
    try await Platform.with(settings: { $0.batch = 2 }) { platform in
      let renter = Renter(platform)
      var leases: [LeaseID] = []
      for _ in 0..<5 { leases.append(try await renter.rent().id) }
      try await platform.pass(1_000)
      // One began in the middle of it, one is a mere quote.
      try await platform.pass(300)
      let late = try await renter.rent()
      _ = try await renter.quote()
      try await platform.pass(300)
      let wish = Self.wish(platform)
      let credits = platform.engine.operator.outageCredits
      let preview = try await credits.preview(wish)
      #expect(preview.record.leases == 6)
      #expect(preview.record.given == 3_300_000)
      #expect(preview.record.finishedAt == nil)
      #expect(try await credits.list(limit: 10).isEmpty)
      var before: [LeaseID: Instant] = [:]
      for id in leases + [late.id] { before[id] = try await platform.lease(id).paidUntil }
      // Two daemons at once, and again.
      let other = platform.anotherEngine()
      try await withThrowingTaskGroup(of: OutageCreditFigures.self) { group in
        for engine in [platform.engine, other, platform.engine, other] {
          group.addTask { try await engine.operator.outageCredits.give(wish, requestID: "r") }
        }
        for try await figures in group {
          #expect(figures.record.leases == 6)
          #expect(figures.record.given == 3_300_000)
          #expect(figures.record.finishedAt != nil)
        }
      }
      for id in leases { #expect(try await platform.lease(id).paidUntil == before[id].map { $0 + 600 }) }
      #expect(try await platform.lease(late.id).paidUntil == before[late.id].map { $0 + 300 })
      try await platform.settle()
      for id in leases + [late.id] {
        #expect(platform.channel.notices(about: id).map(\.kind) == [.compensation])
      }
      let told = try await platform.engine.reader.events(
        of: late.id, after: 0, limit: 100, renter.caller(late.credential, method: "GET"))
      let row = try #require(told.first { $0.name == .event(.compensated) })
      #expect(row.evidence["reason"] == "no power")
      #expect(row.evidence["msat"] == "300000")
      #expect(row.summary?.hasPrefix("300 sat were given back for an outage from ") == true)
      #expect(told.last?.feedName == .notice)
      for audit in [
        try await platform.engine.operator.audit(), try await platform.engine.operator.auditNew(),
        try await platform.engine.operator.auditNew(),
      ] {
        #expect(audit.findings == [])
        #expect(audit.totals["compensation"] == Millisatoshi(-3_300_000))
      }
    }
  }

  @Test func aLabelIsOfOneOutage() async throws {
    try await Platform.with { platform in
      let renter = Renter(platform)
      _ = try await renter.rent()
      try await platform.pass(1_000)
      let credits = platform.engine.operator.outageCredits
      let wish = Self.wish(platform)
      _ = try await credits.give(wish, requestID: "r")
      func asking(_ wish: OutageCreditWish) async -> String {
        await refusal { try await credits.give(wish, requestID: "r") }
      }
      #expect(await asking(Self.wish(platform, reason: "in other words")) == "nothing")
      #expect(await asking(Self.wish(platform, lasting: 500)) == "409 label-taken")
      #expect(await asking(Self.wish(platform, host: "here")) == "409 label-taken")
      #expect(await asking(Self.wish(platform, each: 1)) == "409 label-taken")
      #expect(await refusal { try await credits.preview(Self.wish(platform, each: 1)) } == "409 label-taken")
      #expect(await asking(Self.wish(platform, "a\nb")) == "invalid-field label")
      #expect(await asking(Self.wish(platform, "b", lasting: 0)) == "invalid-field affected_until")
      #expect(await asking(Self.wish(platform, "b", lasting: .day * 367)) == "invalid-field affected_since")
      #expect(await asking(Self.wish(platform, "b", each: 0)) == "invalid-field msat")
      #expect(await asking(Self.wish(platform, "b", reason: "")) == "invalid-field reason")
      var future = Self.wish(platform, "b")
      future.until = future.until + 1
      #expect(await asking(future) == "invalid-field affected_until")
      // Another label for the same time is the operator's to say, and is shown.
      let again = try await credits.preview(Self.wish(platform, "again", lasting: 60, host: "here"))
      #expect(again.overlapping == ["power"])
      #expect(try await credits.list(limit: 10).map(\.wish.label) == ["power"])
    }
  }

  /// Time ran out while nobody could use it: what of it was paid for comes back, and the lease with it.
  @Test func whoWasSuspendedMeanwhileComesBack() async throws {
    try await Platform.with { platform in
      let renter = Renter(platform)
      let (id, _) = try await renter.rent()
      // Suspended 300 s before the end; it was kept for nothing since.
      try await platform.pass(.hour)
      #expect(try await platform.state(id) == "suspended")
      try await platform.pass(300)
      let kept = try #require(try await platform.lease(id).reclaimsAt)
      let credits = platform.engine.operator.outageCredits
      #expect(try await credits.preview(Self.wish(platform)).returning == 1)
      let figures = try await credits.give(Self.wish(platform), requestID: "r")
      #expect(figures.record.given == 300_000)
      try await platform.settle()
      #expect(try await platform.state(id) == "active")
      #expect(try await platform.lease(id).paidUntil == platform.clock.now() + 300)
      // Suspended again, all through another outage: it is kept for longer.
      try await platform.pass(300)
      try await platform.pass(60)
      let second = try #require(try await platform.lease(id).reclaimsAt)
      _ = try await credits.give(Self.wish(platform, "second", lasting: 60), requestID: "r")
      #expect(try await platform.lease(id).reclaimsAt == second + 60)
      #expect(second > kept)
      #expect(try await platform.engine.operator.audit().findings == [])
    }
  }

  @Test func whatStoodStillOrWasElsewhereIsGivenNothing() async throws {
    try await Platform.with { platform in
      let renter = Renter(platform)
      let frozen = try await renter.rent()
      let closed = try await renter.rent()
      let old = try await renter.rent()
      _ = try await platform.engine.release(old.id, renter.caller(old.credential, method: "DELETE"))
      try await platform.settle()
      let server = platform.engine.operator
      try await platform.pass(100)
      _ = try await server.operate(.freeze, on: frozen.id, requestID: "f")
      try await platform.settle()
      try await platform.pass(600)
      _ = try await server.operate(.thaw, on: frozen.id, requestID: "t")
      try await platform.settle()
      let wish = Self.wish(platform)
      _ = try await platform.engine.release(closed.id, renter.caller(closed.credential, method: "DELETE"))
      try await platform.settle()
      let until = try await platform.lease(frozen.id).paidUntil
      let credit = try await platform.lease(closed.id).account.credit
      var elsewhere = wish
      (elsewhere.label, elsewhere.host) = ("there", "there")
      #expect(try await server.outageCredits.give(elsewhere, requestID: "r").record.leases == 0)
      var here = wish
      (here.label, here.host) = ("here", "here")
      #expect(try await server.outageCredits.give(here, requestID: "r").record.leases == 1)
      #expect(try await platform.lease(frozen.id).paidUntil == until)
      // It has ended since: what it lost is credit.
      #expect(try await platform.lease(closed.id).account.credit == credit + 600_000)
      #expect(try await platform.engine.operator.audit().findings == [])
    }
  }

  /// The daemon dies at its first act, its second …; run again, everybody has it once.
  @Test(arguments: Mortality.Blow.allCases)
  func noDeathGivesTwiceOrNever(_ blow: Mortality.Blow) async throws {
    try await TestStore.withDatabase { database in
      let observer = TestStore.store(on: database, connections: 3)
      let platform = try Platform(on: observer)
      defer { platform.node.close() }
      try await platform.engine.prepare()
      let renter = Renter(platform)
      var leases: [LeaseID] = []
      for _ in 0..<3 { leases.append(try await renter.rent(periods: 24).id) }
      var deaths = 0
      for victim in 1...100 {
        try await platform.pass(60)
        let wish = Self.wish(platform, "\(victim)", lasting: 60)
        let before = try await platform.lease(leases[2]).paidUntil
        let mortality = Mortality(at: victim, blow, counting: .everyStatement)
        let store = TestStore.store(on: database, connections: 3, faultHook: mortality.hook)
        let dying = platform.anotherEngine("dying", on: TestTimeStore(store, clock: platform.clock)) { $0.batch = 1 }
        _ = try? await dying.operator.outageCredits.give(wish, requestID: "r")  // It is dead.
        await store.pool.close()
        try await platform.script("BEGIN; LOCK TABLE outage_credit; COMMIT")
        let figures = try await platform.engine.operator.outageCredits.give(wish, requestID: "r")
        #expect(figures.record.leases == 3, "\(mortality.lastAct)")
        #expect(try await platform.lease(leases[2]).paidUntil == before.map { $0 + 60 }, "\(mortality.lastAct)")
        guard mortality.isDead else { break }
        deaths += 1
      }
      #expect(deaths > 15)
      #expect(deaths < 100)
      #expect(try await platform.engine.operator.audit().findings == [])
      await observer.pool.close()
    }
  }

  @Test func theShareOfAnOutageIsReckonedFromWhatHappened() {
    func mark(_ at: Int64, _ name: Event.Name, _ to: Lease.State.Name, ranOut: Int64? = nil) -> ServiceMark {
      ServiceMark(
        at: Instant(unixSeconds: at), name: .event(name), to: to, ranOutAt: ranOut.map { Instant(unixSeconds: $0) })
    }
    func share(_ marks: ServiceMark..., until: Int64 = 200) -> [Int64] {
      let share = ServiceShare(
        of: marks, from: Instant(unixSeconds: 100), to: Instant(unixSeconds: 200),
        servedUntil: Instant(unixSeconds: until))
      return [share.served / 1_000_000, share.suspended / 1_000_000]
    }
    #expect(share() == [0, 0])
    #expect(share(mark(50, .provisioned, .active)) == [100, 0])
    #expect(share(mark(50, .provisioned, .active), until: 130) == [30, 0])
    #expect(share(mark(150, .provisioned, .active)) == [50, 0])
    #expect(share(mark(50, .provisioned, .active), mark(120, .woke, .suspended)) == [20, 80])
    #expect(share(mark(50, .provisioned, .active), mark(120, .woke, .suspended, ranOut: 110)) == [10, 80])
    #expect(share(mark(50, .provisioned, .active), mark(120, .woke, .grace, ranOut: 110)) == [100, 0])
    #expect(share(mark(50, .provisioned, .active), mark(120, .released, .reclaiming)) == [20, 0])
    #expect(
      share(mark(50, .provisioned, .active), mark(120, .impaired, .active), mark(160, .recovered, .active)) == [60, 0])
    #expect(
      share(
        mark(50, .provisioned, .active), mark(120, .frozen, .active), mark(130, .thawed, .active),
        mark(160, .resumed, .active)) == [60, 0])
    #expect(
      share(
        mark(50, .woke, .suspended), mark(120, .frozen, .suspended), mark(130, .thawed, .suspended),
        mark(160, .resumed, .active)) == [40, 60])
  }
}
