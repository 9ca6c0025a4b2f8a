import L402
import Leasing
import Ledger
import Lightning
import Postgres
import Store
import TestKit
import Testing
import Units

@testable import Engine

/// What outlives a daemon: the database, the host, the node, the clock and the renter. One lease after the other lives
/// its whole life in it, under daemons of which one dies.
final class CrashWorld {
  let database: TestDatabase
  let clock = ManualClock()
  let driver: SimulatedDriver
  let node: EmbeddedNode
  let channel = RecordingChannel()
  private let directory = TemporaryDirectory()
  private let platform: Platform
  private var daemons = 0
  private var mortality = Mortality(at: 0, .before, counting: .everyStatement)
  private var daemon: (engine: Engine, pool: Pool)?
  private var leases = 0
  private let holding: Bool

  /// - Parameters:
  ///   - observer: a store that never dies.
  ///   - holding: purchases are paid on success.
  init(_ database: TestDatabase, observer: PostgresStore, holding: Bool) throws {
    self.database = database
    self.holding = holding
    platform = try Platform(on: observer, clock: clock)
    driver = platform.driver
    node = platform.node
  }

  /// Runs a step until a daemon has done it without dying. What a dead one had claimed lapses meanwhile.
  @discardableResult
  private func surviving<T>(_ step: (Engine) async throws -> T) async throws -> T {
    while true {
      do {
        let engine = try await currentDaemon()
        let value = try await step(engine)
        if !mortality.isDead { return value }
      } catch  where mortality.isDead {
        // Whatever it was about to say, nobody hears it.
      }
      await bury()
    }
  }

  private func currentDaemon() async throws -> Engine {
    if let daemon { return daemon.engine }
    daemons += 1
    let store = TestStore.store(on: database, connections: 3, faultHook: mortality.hook)
    let engine = Platform.engine(
      "daemon \(daemons)", TestTimeStore(store, clock: clock), node: MortalNode(node, mortality),
      driver: MortalDriver(driver, mortality), clock: clock, channel: channel, keyring: platform.keyring,
      catalog: platform.catalog
    ) { [holding] in $0.heldPayments = holding ? 100 : 0 }
    daemon = (engine, store.pool)
    try await engine.prepare()
    return engine
  }

  private func bury() async {
    await daemon?.pool.close()
    daemon = nil
    mortality = Mortality(at: 0, .before, counting: .everyStatement)
    clock.advance(by: 31)
  }

  /// A whole life, with a daemon that dies at its `victim`th act.
  ///
  /// - Returns: whether it got so far.
  func life(dyingAt victim: Int, _ blow: Mortality.Blow, _ counting: Mortality.Counting) async throws -> Bool {
    await bury()
    leases += 1
    let mortal = Mortality(at: victim, blow, counting: counting)
    mortality = mortal
    let renter = Renter(platform, address: "198.51.100.\(leases % 250)")
    let key = "a key for this life and no other, \(leases)"

    let quote = try await surviving { engine in
      try await renter.quote(engine: engine, key: key)
    }
    let id = quote.lease
    let bought = try await holding ? payOnSuccess(quote, renter) : renter.pay(quote)
    try await surviving { engine in try await self.hear(engine) }
    try await surviving { engine in
      _ = try await engine.rent(Renter.request, body: Array("disk/1".utf8), renter.caller(bought, key: key)).bought
    }
    try await quiet(id)
    try await expect(id, "active", mortal)

    driver.use(id, .egress, 10_000)
    try await surviving { try await $0.money.metering.sample() }
    clock.advance(by: 61)
    driver.use(id, .egress, 20_000)
    try await surviving { try await $0.money.metering.sample() }
    clock.advance(by: 300)
    try await surviving { try await $0.money.metering.rateUsage() }
    try await quiet(id)

    try await reach(id) { $0.paidUntil.map { $0 - 600 } }
    try await reach(id) { $0.paidUntil }
    try await expect(id, "suspended", mortal)

    let renewal = try await surviving { engine in
      try await renter.demand { try await renter.open(id, bought, engine: engine) }
    }
    let renewed = try await renter.pay(renewal)
    try await surviving { try await $0.money.settlementSweep.run() }
    try await quiet(id)
    try await surviving { engine in _ = try await renter.open(id, renewed, engine: engine) }
    try await expect(id, "active", mortal)

    try await reach(id) { $0.paidUntil }
    try await expect(id, "grace", mortal)
    try await reach(id) { lease in if case .grace(let until) = lease.state { until } else { nil } }
    try await expect(id, "suspended", mortal)
    try await reach(id) { lease in if case .suspended(_, let until, _) = lease.state { until } else { nil } }
    try await expect(id, "closed", mortal)
    try await surviving { try await $0.work.reconciler.reconcile() }
    try await surviving { try await $0.work.sweeper.sweep() }
    try await prove(id, renter, mortal)
    return mortal.isDead
  }

  /// The payer waits until the resource is made, whoever makes it.
  private func payOnSuccess(_ quote: PaymentDemand, _ renter: Renter) async throws -> String {
    let payer = Task { try await renter.pay(quote) }
    guard case .accepted = try await node.waitWhileOpen(quote.paymentHash) else {
      payer.cancel()
      throw NodeError(.refused, attempted: "pay on success", words: "the payment is not held")
    }
    try await surviving { try await $0.money.heldPayments.sweep() }
    try await quiet(quote.lease)
    return try await payer.value
  }

  /// Takes in what the node pushes, unless it has been taken in already.
  private func hear(_ engine: Engine) async throws {
    let last = try await node.settlements(after: nil, limit: 100_000).last?.cursor
    let name = node.name
    guard try await platform.postgres.transaction({ tx in try tx.cursor(of: name) }) != last else { return }
    try await engine.money.settlementFollower.bookNext()
  }

  /// Goes on to a moment of the lease, and does what is due then.
  private func reach(_ id: LeaseID, _ moment: (Lease) -> Instant?) async throws {
    let lease = try await platform.lease(id)
    if let moment = moment(lease), moment + 1 > clock.now() { clock.set(to: moment + 1) }
    try await quiet(id)
  }

  /// Until nothing is left to be done for the lease; claims of the dead lapse on the way.
  private func quiet(_ id: LeaseID) async throws {
    for _ in 0..<40 {
      try await surviving { engine in
        try await engine.work.scheduler.wakeDueLeases()
        try await engine.work.effects.runDue()
        try await engine.work.scheduler.wakeDueLeases()
      }
      if try await platform.effects(id).isEmpty { return }
      clock.advance(by: 16)
    }
    Issue.record("effects are left over: \(try await platform.effects(id))")
  }

  private func expect(
    _ id: LeaseID, _ state: String, _ mortal: Mortality, sourceLocation: SourceLocation = #_sourceLocation
  ) async throws {
    let lease = try await platform.lease(id)
    #expect(
      lease.state.name.rawValue == state, "died at act \(mortal.acts): \(mortal.lastAct)",
      sourceLocation: sourceLocation)
    let phase = driver.resource(id)?.phase
    switch state {
    case "active", "grace": #expect(phase == .running, sourceLocation: sourceLocation)
    case "suspended": #expect(phase == .suspended, sourceLocation: sourceLocation)
    default: #expect(phase == nil, sourceLocation: sourceLocation)
    }
  }

  /// Nothing lost, nothing left over, nothing counted twice.
  private func prove(_ id: LeaseID, _ renter: Renter, _ mortal: Mortality) async throws {
    let comment: Comment = "died at act \(mortal.acts): \(mortal.lastAct)"
    #expect(driver.resources.isEmpty, comment)
    let overview = try await platform.engine.operator.overview()
    #expect(overview.overdue.outboxRows == 0, comment)
    #expect(overview.unbooked.isEmpty, comment)
    #expect(overview.parked.isEmpty, comment)
    #expect(overview.pools.allSatisfy { $0.used == 0 }, comment)
    #expect(overview.census == [.closed: leases], comment)
    let audit = try await platform.engine.operator.audit()
    #expect(audit.findings == [], comment)
    #expect(audit.payments == Int64(2 * leases), comment)
    // Two periods and one grace, to the millisatoshi: usage took its share of the first.
    let totals = audit.totals
    let revenue = (totals["revenue:time"]?.count ?? 0) + (totals["revenue:usage"]?.count ?? 0)
    #expect(revenue == Int64(leases) * 7_350_000, comment)
    #expect(totals["revenue:usage"]?.count == Int64(leases) * 250, comment)
    #expect(renter.paid.map(\.amount.count) == [3_600_000, 3_600_000], comment)
    let kinds = channel.notices(about: id).map(\.kind)
    #expect(Set(kinds).count == kinds.count, comment)
    #expect(kinds.contains(.renewal) || kinds.contains(.renewalHalf), comment)
  }
}
