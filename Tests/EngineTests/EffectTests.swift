import Leasing
import Ledger
import TestKit
import Testing
import Units

@testable import Engine

@Suite struct EffectTests {
  @Test func twoRunnersMakeOneResource() async throws {
    try await Platform.with(connections: 10) { platform in
      let two = platform.anotherEngine()
      let renter = Renter(platform)
      var quotes: [PaymentDemand] = []
      for number in 0..<4 {
        let each = Renter(platform, address: "198.51.100.\(number)")
        let quote = try await each.quote()
        try await renter.pay(quote)
        quotes.append(quote)
      }
      try await platform.engine.money.settlementSweep.run()
      try await withThrowingTaskGroup(of: Void.self) { group in
        for engine in [platform.engine, two, platform.engine, two] {
          group.addTask { _ = try await engine.work.effects.runDue() }
        }
        try await group.waitForAll()
      }
      #expect(platform.driver.calls.filter { $0.verb == .provision }.count == 4)
      for quote in quotes { #expect(try await platform.state(quote.lease) == "active") }
    }
  }

  @Test(.timeLimit(.minutes(10))) func aHangingHostStopsNobodyElse() async throws {
    try await Platform.with(connections: 10, settings: { $0.effectsAtOnce = 2 }) { platform in
      let renter = Renter(platform)
      let (id, credential) = try await renter.rent()
      let gate = platform.driver.hang(.provision)
      try await platform.running {
        // Also when this throws: the loops end only when nothing hangs.
        defer { platform.driver.hangNoMore(.provision) }
        // Both places of the resource lane hang.
        for number in 0..<2 {
          let other = Renter(platform, address: "198.51.100.\(number)")
          let quote = try await other.quote()
          try await other.pay(quote)
        }
        await gate.arrivals(2)
        // An invoice is canceled all the same, and a notice goes out.
        let quote = try await Renter(platform, address: "198.51.100.77").quote()
        platform.clock.advance(by: 661)
        platform.engine.bell.ring()
        try await platform.waits(for: quote.lease) { $0.isClosed }
        platform.driver.hangNoMore(.provision)
        _ = try await platform.engine.release(id, renter.caller(credential, method: "DELETE"))
        try await platform.waits(for: id) { $0.isClosed }
      }
    }
  }

  @Test(.timeLimit(.minutes(10))) func whatHangsForMinutesGivesItsSlotUpAndIsShown() async throws {
    // Claims are not to lapse when the clock is moved.
    let settings: (inout Settings) -> Void = {
      $0.effectsAtOnce = 2
      $0.claim = 3_600
    }
    try await Platform.with(connections: 10, settings: settings) { platform in
      let renter = Renter(platform)
      let (id, credential) = try await renter.rent()
      let gate = platform.driver.hang(.provision)
      try await platform.running {
        // Also when this throws: the loops end only when nothing hangs.
        defer { platform.driver.hangNoMore(.provision) }
        for number in 0..<2 {
          let other = Renter(platform, address: "198.51.100.\(number)")
          let quote = try await other.quote()
          try await other.pay(quote)
        }
        await gate.arrivals(2)
        // Both places of the lane hang; what else is due waits for them, and then it does not.
        _ = try await platform.engine.release(id, renter.caller(credential, method: "DELETE"))
        #expect(try await platform.engine.operator.overview().overdue.slowEffects == 0)
        platform.clock.advance(by: 61)
        // What the release has just begun in another lane may be among them.
        #expect(try await platform.engine.operator.overview().overdue.slowEffects >= 2)
        platform.engine.bell.ring()
        try await platform.waits(for: id) { $0.isClosed }
        platform.driver.hangNoMore(.provision)
      }
    }
  }

  @Test func anEffectOfAnOlderGenerationHoldsNothingUp() async throws {
    try await Platform.with { platform in
      let engine = platform.engine
      let renter = Renter(platform)
      let (id, _) = try await renter.rent()
      platform.driver.fail(.suspend, times: 1)
      _ = try await engine.operator.operate(.suspend, on: id, requestID: "1")
      try await platform.settle()
      #expect(try await platform.effects(id).map(\.claim.effect.name) == ["suspend"])
      _ = try await engine.operator.operate(.resume, on: id, requestID: "2")
      try await platform.settle()
      // The suspension waits out its back-off; the resume does not wait for it.
      #expect(try await platform.state(id) == "active")
      try await platform.pass(2)
      #expect(try await platform.effects(id).isEmpty)
      #expect(platform.driver.resource(id)?.phase == .running)
    }
  }

  @Test func moneyInTimeStopsTheCancelingOfInvoices() async throws {
    try await Platform.with { platform in
      let engine = platform.engine
      let renter = Renter(platform)
      let (id, credential) = try await renter.rent()
      try await platform.pass(3_601)
      let demand = try await renter.demand { try await renter.open(id, credential) }
      platform.clock.advance(by: 1_700)
      try await renter.pay(demand)
      platform.clock.advance(by: 101)
      try await engine.work.scheduler.wakeDueLeases()
      #expect(try await platform.state(id) == "reclaiming")
      try await engine.money.settlementSweep.run()
      #expect(try await platform.state(id) == "suspended")
      // Money won. What was about to end it has nothing to end.
      let later = try await renter.demand { try await engine.renew(id, periods: 1, renter.caller(credential)) }
      try await platform.settle()
      #expect(try await platform.state(id) == "active")
      try await renter.pay(later)
      try await engine.money.settlementSweep.run()
      #expect(try await platform.lease(id).account.balance == 7_200_000)
      #expect(try await engine.operator.audit().findings == [])
    }
  }

  @Test func nothingIsDestroyedWhileAnInvoiceCanBePaid() async throws {
    try await Platform.with { platform in
      let engine = platform.engine
      let renter = Renter(platform)
      let (id, credential) = try await renter.rent()
      try await platform.pass(3_601)
      platform.clock.advance(by: 1_801)
      try await engine.work.scheduler.wakeDueLeases()
      #expect(try await platform.state(id) == "reclaiming")
      // Its invoices are gone, and the last reading is still being taken.
      let gate = platform.driver.hang(.measure)
      let running = Task { try await engine.work.effects.runDue() }
      await gate.arrivals()
      try await platform.waits(for: id) {
        if case .reclaiming(_, _, invoicesCanceled: true, _) = $0.state { true } else { false }
      }
      #expect(await refusal { try await engine.renew(id, periods: 1, renter.caller(credential)) } == "lease-closed")
      platform.driver.hangNoMore(.measure)
      _ = try await running.value
      try await platform.settle()
      #expect(try await platform.state(id) == "closed")
      try await platform.expectRest()
    }
  }

  @Test func aClaimThatLapsedIsTakenOver() async throws {
    try await Platform.with { platform in
      let renter = Renter(platform)
      let quote = try await renter.quote()
      try await renter.pay(quote)
      try await platform.engine.money.settlementSweep.run()
      let now = platform.clock.now()
      let claimed = try await platform.postgres.transaction { tx in
        try tx.claimEffects(of: Effect.Lane.allCases, owner: "gone", at: now, until: now + 15, limit: 10)
      }
      #expect(claimed.count == 1)
      try await platform.settle()
      #expect(try await platform.state(quote.lease) == "provisioning")
      try await platform.pass(15)
      #expect(try await platform.state(quote.lease) == "active")
    }
  }

  @Test func aLostResourceIsFoundOnPositiveEvidenceOnly() async throws {
    try await Platform.with { platform in
      let engine = platform.engine
      let renter = Renter(platform)
      let (id, credential) = try await renter.rent()
      platform.driver.fail(.list)
      try await engine.work.reconciler.reconcile()
      platform.driver.fail(.inspect)
      platform.driver.lose(id)
      try await engine.work.reconciler.reconcile()
      #expect(try await platform.lease(id).flags.impaired == nil)
      try await engine.work.reconciler.reconcile()
      #expect(try await platform.lease(id).flags.impaired != nil)
      #expect(await refusal { try await renter.open(id, credential) } == "503")
      // Time stands still meanwhile, and the money goes back in the end.
      try await platform.pass(3_601)
      try await platform.settle()
      let lease = try await platform.lease(id)
      #expect(lease.isClosed)
      #expect(lease.account.credit == 3_600_000)
    }
  }

  @Test func driftIsMendedAndOrphansAreDestroyedAfterAGrace() async throws {
    try await Platform.with { platform in
      let engine = platform.engine
      let renter = Renter(platform)
      let (id, credential) = try await renter.rent()
      let record = try #require(try await platform.record(id))
      let spec = try await engine.work.specs.spec(of: record)
      try await platform.driver.suspend(id, generation: record.lease.generation)
      try await engine.work.reconciler.reconcile()
      #expect(platform.driver.resource(id)?.phase == .running)
      _ = try await engine.release(id, renter.caller(credential, method: "DELETE"))
      try await platform.settle()
      // Somebody's backup brings it back.
      let ghost = SimulatedDriver(.disk, clock: platform.clock)
      try await ghost.provision(spec, generation: 1)
      let other = platform.anotherEngine(driver: ghost)
      try await other.work.reconciler.reconcile()
      #expect(ghost.resources.count == 1)
      platform.clock.advance(by: 61)
      try await other.work.reconciler.reconcile()
      #expect(ghost.resources.isEmpty)
      // What is no lease of ours is never touched.
      var foreign = spec
      foreign.lease = LeaseID.fresh(at: engine.clock.now())
      try await ghost.provision(foreign, generation: 1)
      platform.clock.advance(by: .day)
      try await other.work.reconciler.reconcile()
      #expect(ghost.resources.count == 1)
    }
  }
}

extension Platform {
  /// Waits until a lease is as it should be, looking whenever something is written of it.
  func waits(
    for id: LeaseID, sourceLocation: SourceLocation = #_sourceLocation, until isSo: @escaping @Sendable (Lease) -> Bool
  ) async throws {
    let engine = engine
    let seen = try await withThrowingTaskGroup(of: Bool.self) { group in
      group.addTask { [self] in
        for await _ in engine.watch.changes(of: id) where isSo(try await lease(id)) { return true }
        return false
      }
      group.addTask {
        try await Task.sleep(for: .seconds(300))
        return false
      }
      defer { group.cancelAll() }
      return try await group.next() ?? false
    }
    #expect(seen, "it did not come to that within five minutes", sourceLocation: sourceLocation)
  }
}
