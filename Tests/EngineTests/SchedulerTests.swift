import Leasing
import Ledger
import Postgres
import TestKit
import Testing
import Units

@testable import Engine

@Suite struct SchedulerTests {
  @Test func aPoisonedLeaseIsParkedAndTheOthersGoOn() async throws {
    try await Platform.with { platform in
      let ids = try await platform.makeActive(5)
      let poisoned = ids[0]
      try await platform.script("UPDATE lease SET detail = '{}' WHERE id = '\(uuid(poisoned))'")
      try await platform.pass(3_601)
      for id in ids.dropFirst() { #expect(try await platform.state(id) == "suspended") }
      let parked = try await platform.engine.operator.overview().parked
      #expect(parked.map(\.lease) == [poisoned])
      #expect(parked.first?.until == platform.clock.now() + .minute)
    }
  }

  @Test func aLeaseThatCannotBeWrittenIsParkedToo() async throws {
    try await Platform.with { platform in
      let ids = try await platform.makeActive(3)
      try await platform.script(
        "ALTER TABLE lease ADD CONSTRAINT stuck CHECK (id <> '\(uuid(ids[1]))' OR state <> 'suspended') NOT VALID")
      try await platform.pass(3_601)
      #expect(try await platform.state(ids[0]) == "suspended")
      #expect(try await platform.state(ids[1]) == "active")
      #expect(try await platform.state(ids[2]) == "suspended")
      #expect(try await platform.engine.operator.overview().parked.map(\.lease) == [ids[1]])
      try await platform.script("ALTER TABLE lease DROP CONSTRAINT stuck")
      try await platform.pass(61)
      #expect(try await platform.state(ids[1]) == "suspended")
      #expect(try await platform.engine.operator.overview().parked.isEmpty)
    }
  }

  /// Due, and with nothing to say: woken at once again it would be woken for ever.
  @Test func aLeaseThatWakesForNothingIsLeftForAMinute() async throws {
    try await Platform.with { platform in
      let id = try await platform.makeActive(1)[0]
      try await platform.script("UPDATE lease SET wakes_at = created_at WHERE id = '\(uuid(id))'")
      #expect(try await platform.engine.work.scheduler.wakeDueLeases() == 1)
      let parked = try await platform.engine.operator.overview().parked
      #expect(parked.map(\.reason) == ["it woke for nothing"])
      #expect(parked.map(\.until) == [platform.clock.now() + .minute])
      #expect(try await platform.engine.work.scheduler.wakeDueLeases() == 0)
      // What it has to say later is said.
      try await platform.pass(3_601)
      #expect(try await platform.state(id) == "suspended")
    }
  }

  @Test func manyAreWokenSetWise() async throws {
    try await Platform.with(settings: { $0.breakerLeases = 10_000 }) { platform in
      let ids = try await platform.makeActive(1_000)
      platform.clock.advance(by: 3_601)
      let before = platform.postgres.pool.statementCount
      #expect(try await platform.engine.work.scheduler.wakeDueLeases() == 1_000)
      #expect(platform.postgres.pool.statementCount - before < 60)
      #expect(try await platform.engine.operator.overview().census == [.suspended: 1_000])
      #expect(try await platform.effects(ids[999]).count == 1)
      #expect(try await platform.engine.work.scheduler.wakeDueLeases() == 0)
    }
  }

  @Test func twoDaemonsShareABatch() async throws {
    try await Platform.with(connections: 10, settings: { $0.batch = 20 }) { platform in
      let two = platform.anotherEngine { $0.batch = 20 }
      try await two.prepare()
      try await platform.makeActive(200)
      platform.clock.advance(by: 2_900)
      let woken = try await withThrowingTaskGroup(of: Int.self) { group in
        for engine in [platform.engine, two, platform.engine, two] {
          group.addTask { try await engine.work.scheduler.wakeDueLeases() }
        }
        return try await group.reduce(0, +)
      }
      #expect(woken == 200)
      let notices = try await platform.count("SELECT count(*) FROM outbox WHERE lane = 'notice'")
      #expect(notices == 200)
    }
  }

  @Test func theBreakerHoldsBackWhatIsTooMuch() async throws {
    try await Platform.with { platform in
      let engine = platform.engine
      try await platform.makeActive(100)
      platform.clock.advance(by: 3_601)
      try await engine.work.scheduler.wakeDueLeases()
      #expect(try await engine.operator.overview().census == [.suspended: 50, .active: 50])
      #expect(try await engine.operator.overview().breakerTrippedAt == platform.clock.now())
      #expect(try await engine.operator.overview().parked.count == 50)
      platform.clock.advance(by: 6)
      try await engine.work.scheduler.wakeDueLeases()
      #expect(try await engine.operator.overview().census == [.suspended: 50, .active: 50])
      // The operator has looked.
      engine.operator.releaseBreaker()
      platform.clock.advance(by: 6)
      try await engine.work.scheduler.wakeDueLeases()
      #expect(try await engine.operator.overview().census == [.suspended: 100])
      #expect(try await engine.operator.overview().parked.isEmpty)
    }
  }

  @Test func theBreakerCountsOverAMinute() async throws {
    try await Platform.with { platform in
      try await platform.makeActive(100)
      platform.clock.advance(by: 3_601)
      try await platform.engine.work.scheduler.wakeDueLeases()
      platform.clock.advance(by: 62)
      try await platform.engine.work.scheduler.wakeDueLeases()
      #expect(try await platform.engine.operator.overview().census == [.suspended: 100])
      #expect(try await platform.engine.operator.overview().breakerTrippedAt == nil)
    }
  }

  @Test func nobodyIsPunishedByAWrongClock() async throws {
    try await Platform.with { platform in
      // Its database tells the real time; its clock stands in 2027.
      let wrong = platform.anotherEngine("wrong", on: platform.postgres)
      try await wrong.prepare()
      let id = try await platform.makeActive(1)[0]
      platform.clock.advance(by: 3_601)
      try await wrong.work.scheduler.wakeDueLeases()
      #expect(try await platform.state(id) == "active")
      #expect(try await wrong.operator.overview().clockSkewMicroseconds > 1_000_000)
      platform.clock.advance(by: 6)
      try await platform.engine.work.scheduler.wakeDueLeases()
      #expect(try await platform.state(id) == "suspended")
    }
  }

  @Test func aBalanceThatDiffersFromTheLedgerPunishesNobody() async throws {
    try await Platform.with { platform in
      let id = try await platform.makeActive(1)[0]
      platform.clock.advance(by: 3_601)
      try await platform.script("UPDATE lease SET balance_msat = balance_msat - 1")
      try await platform.engine.work.scheduler.wakeDueLeases()
      #expect(try await platform.state(id) == "active")
      #expect(
        try await platform.engine.operator.overview().parked.first?.reason == "its balance differs from the ledger")
      #expect(try await platform.engine.operator.audit().findings.count == 1)
    }
  }

  @Test func whatRanOutWhileNobodyLookedGetsAMoment() async throws {
    try await Platform.with(settings: { $0.outageAfter = 30 }) { platform in
      let engine = platform.engine
      let id = try await platform.makeActive(1)[0]
      // An hour in which no daemon says anything; the timer rings before the heartbeat does.
      platform.clock.advance(by: 3_700)
      try await engine.work.scheduler.wakeDueLeases()
      #expect(try await platform.state(id) == "grace")
      let lease = try await platform.lease(id)
      #expect(lease.account.debt == .zero)
      platform.clock.advance(by: 25)
      try await engine.work.heartbeat.beat()
      try await engine.work.scheduler.wakeDueLeases()
      #expect(try await platform.state(id) == "grace")
      for _ in 0..<2 {
        platform.clock.advance(by: 25)
        try await engine.work.heartbeat.beat()
      }
      try await engine.work.scheduler.wakeDueLeases()
      #expect(try await platform.state(id) == "suspended")
    }
  }

  @Test(.timeLimit(.minutes(5))) func severalOutagesAllCount() async throws {
    try await Platform.with(settings: { $0.outageAfter = 30 }) { platform in
      let id = try await platform.makeActive(1)[0]
      // Suspended, with half an hour of retention.
      while try await platform.state(id) != "suspended" {
        platform.clock.advance(by: 30)
        try await platform.engine.work.heartbeat.beat()
        try await platform.engine.work.scheduler.wakeDueLeases()
      }
      guard case .suspended(_, let until, _) = try await platform.lease(id).state else {
        Issue.record("it is not suspended")
        return
      }
      for _ in 0..<3 {
        platform.clock.advance(by: 300)
        try await platform.engine.work.heartbeat.beat()
      }
      // Another daemon learns of them all from the database.
      let two = platform.anotherEngine { $0.outageAfter = 30 }
      try await two.prepare()
      while platform.clock.now() < until {
        platform.clock.advance(by: 30)
        try await two.work.heartbeat.beat()
      }
      try await two.work.scheduler.wakeDueLeases()
      guard case .suspended(_, let after, _) = try await platform.lease(id).state else {
        Issue.record("its data were reclaimed")
        return
      }
      #expect(after == until + 900)
    }
  }

  @Test func blockedWorkDoesNotKeepTheAlarmRinging() async throws {
    try await Platform.with { platform in
      let id = try await platform.makeActive(1)[0]
      try await platform.script(
        """
        INSERT INTO outbox (lease, version, ordinal, lane, effect, due_at)
        SELECT '\(uuid(id))', 900, n, 'notice',
               '{"notice":{"_0":{"kind":"idle","deadline":{"microseconds":0}}}}',
               to_timestamp(\(platform.clock.now().unixSeconds) + CASE n WHEN 0 THEN 60 ELSE 0 END)
          FROM generate_series(0, 1) n
        """)
      let next = try await platform.postgres.transaction { tx in try tx.nextDeadline() }
      #expect(next == platform.clock.now() + 60)
    }
  }
}

extension Platform {
  func script(_ sql: String) async throws {
    try await postgres.pool.withConnection { try $0.script(sql) }
  }

  func count(_ sql: String) async throws -> Int64 {
    try await postgres.pool.withConnection { try $0.first(sql) { try $0.int64(0) } } ?? 0
  }

  /// Leases in service without the trouble of buying each: quoted, settled and provisioned in the database.
  @discardableResult
  func makeActive(_ count: Int, _ terms: Terms = Catalog.disk) async throws -> [LeaseID] {
    let now = clock.now()
    let engine = engine
    let ids = (0..<count).map { _ in LeaseID.fresh(at: engine.clock.now()) }
    try await postgres.transaction { tx in
      var paid: [RecordedStep] = []
      for id in ids {
        let lease = Lease.quote(id, terms, hasCapacity: true, at: now)
        try tx.insert(
          LeaseRecord(lease: lease, request: LeaseRequest(offer: terms.offer), placement: nil),
          event: EventRecord(
            id: EventID(.quoted, id).description, lease: id, version: 0, at: now, name: .quoted, feedName: .quoted,
            from: nil, to: .quoted, cause: .init(type: .request, id: "")))
        paid.append(
          try engine.loop.decided(
            .settled(Settlement(paymentHash: "\(id)", amount: terms.price, purpose: .purchase)), for: lease,
            eventID: EventID(.settled, id), cause: .init(type: .payment, id: ""), at: now))
      }
      try tx.write(paid)
      try tx.write(
        paid.map { step in
          try engine.loop.decided(
            .provisioned(generation: step.decision.lease.generation), for: step.decision.lease,
            eventID: EventID(.effect, step.before.id), cause: .init(type: .effect, id: ""), at: now)
        })
    }
    // Books that the audit can prove, and nothing left to make.
    let list = ids.map { "'\(uuid($0))'" }.joined(separator: ",")
    try await script(
      """
      DELETE FROM outbox WHERE lease IN (\(list));
      INSERT INTO payment SELECT decode(md5(id::text) || md5(id::text), 'hex'), id, \(terms.price.count), created_at,
        created_at FROM lease WHERE id IN (\(list))
      """)
    return ids
  }
}

func uuid(_ id: LeaseID) -> String {
  func hex(_ value: UInt64) -> String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
  return hex(id.high) + hex(id.low)
}
