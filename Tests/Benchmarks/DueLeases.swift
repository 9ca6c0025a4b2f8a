import Engine
import Leasing
import Ledger
import Lightning
import Logging
import Postgres
import Scheduling
import Schema
import Store
import Units

/// Leases whose time to be reminded has come, stepped durably in batches: locked, charged for the time used, a notice
/// in the outbox, events written. The yardstick claims and updates as many rows of a bare table of a million, and does
/// nothing else.
enum DueLeases {
  private static let batch = 500
  private static let bareRows = 1_000_000
  private static let terms = Terms(
    offer: "disk", kind: .disk, resources: Resources(disk: .mebibytes(1)), period: .hour,
    price: Millisatoshi(satoshis: 10), policy: .standard(period: .hour), maxPeriods: 10)

  static func measure(_ world: World) async throws -> [Figure] {
    let leases = world.quick ? 2_000 : 10_000
    let pool = world.pool(connections: 4)
    _ = try await Migrator(Schema.migrations).migrate(pool)
    let clock = SystemClock()
    let node = try EmbeddedNode(directory: world.directory + "/lightning", clock: clock)
    var settings = Settings(daemon: "bench", network: try await node.info().network)
    // Between rounds nobody looks; that is no outage to make up for.
    settings.outageAfter = .day
    settings.batch = batch
    let engine = Engine(
      store: PostgresStore(pool: pool, listening: world.database, log: world.log), node: node,
      drivers: .init(resources: ResourceDrivers(), volumes: nil, containers: nil), clock: clock,
      alarm: DispatchAlarm(clock: clock, ring: {}), channels: [], keyring: .init(key: world.key),
      catalog: Catalog(offers: [], images: [], hosts: []), settings: settings, bell: Bell(), log: world.log)
    try await engine.prepare()
    try await pool.withConnection { db in
      try db.script(
        """
        DROP TABLE IF EXISTS bench_due;
        CREATE TABLE bench_due (id uuid PRIMARY KEY, version bigint NOT NULL, wakes_at timestamptz) WITH (fillfactor = 70);
        CREATE INDEX bench_due_due ON bench_due (wakes_at) WHERE wakes_at IS NOT NULL;
        INSERT INTO bench_due SELECT gen_random_uuid(), 0, '2001-01-01' FROM generate_series(1, \(bareRows));
        """)
    }
    let measured = try await alternating(
      world.rounds, { try await bareLoop(pool, leases) },
      [
        {
          _ = try await seed(engine.store, leases, terms, at: clock.now() - .minute * 48)
          let start = ContinuousClock.now
          var stepped = 0
          while stepped < leases {
            // A look may end early when rows are in other hands.
            let more = try await engine.work.scheduler.wakeDueLeases()
            guard more > 0 else { throw BenchFault("\(stepped) leases stepped instead of \(leases)") }
            stepped += more
          }
          let elapsed = (ContinuousClock.now - start) / .seconds(1)
          return Double(stepped) / elapsed
        }
      ])
    node.close()
    await pool.close()
    return [
      Figure(
        "due leases stepped, durable", against: "bare SKIP LOCKED claim and update", unit: "/s", ours: measured[1],
        theirs: measured[0], note: "\(leases) due, batches of \(batch), one worker, 1 transfer + 1 outbox row each")
    ]
  }

  private static func bareLoop(_ pool: Pool, _ leases: Int) async throws -> Double {
    let past = Timestamp(microseconds: 1_000_000_000_000_000)
    let due = Timestamp(microseconds: 1_100_000_000_000_000)
    let later = Timestamp(microseconds: 4_000_000_000_000_000)
    let claim = """
      WITH due AS (
        SELECT id FROM bench_due WHERE wakes_at <= $1 ORDER BY wakes_at LIMIT $3 FOR UPDATE SKIP LOCKED)
      UPDATE bench_due SET wakes_at = $2, version = version + 1 FROM due WHERE bench_due.id = due.id
      """
    try await pool.withConnection { db in
      try db.execute("UPDATE bench_due SET wakes_at = $1 WHERE wakes_at > $1", past)
      try db.script("VACUUM ANALYZE bench_due")
    }
    let start = ContinuousClock.now
    try await pool.withConnection { db in
      for _ in 0..<leases / batch { try db.execute(claim, due, later, Int64(batch)) }
    }
    return Double(leases) / ((ContinuousClock.now - start) / .seconds(1))
  }

  /// Leases bought and made at `moment`, by the same steps as ever. The notice is due a quarter of the period before
  /// its end, with some jitter.
  static func seed(_ store: any Store, _ leases: Int, _ terms: Terms, at moment: Instant) async throws -> [LeaseID] {
    var ids: [LeaseID] = []
    for start in stride(from: 0, to: leases, by: batch) {
      let count = min(batch, leases - start)
      ids += try await store.transaction { tx in
        var living: [Lease] = []
        for _ in 0..<count {
          let id = LeaseID(
            unixMilliseconds: UInt64(moment.microseconds / 1_000),
            random: (.random(in: .min ... .max), .random(in: .min ... .max)))
          let lease = Lease.quote(id, terms, hasCapacity: true, at: moment)
          try tx.insert(
            LeaseRecord(lease: lease, request: LeaseRequest(offer: "disk"), placement: nil),
            event: event(.quoted, lease, from: nil, at: moment))
          living.append(lease)
        }
        for made in [false, true] {
          let steps = try living.map { lease in
            let decision = try lease.step(
              made
                ? .provisioned(generation: lease.generation)
                : .settled(Settlement(paymentHash: "\(lease.id)", amount: terms.price, purpose: .purchase)),
              at: moment)
            let event = event(
              made ? .event(.provisioned) : .event(.settled), decision.lease, from: lease.state.name, at: moment)
            return RecordedStep(before: lease, decision: decision, events: [event], at: moment)
          }
          try tx.write(steps)
          living = steps.map(\.decision.lease)
        }
        return living.map(\.id)
      }
    }
    return ids
  }

  private static func event(
    _ name: EventRecord.Name, _ lease: Lease, from: Lease.State.Name?, at moment: Instant
  ) -> EventRecord {
    EventRecord(
      id: "\(name.word):\(lease.id)", lease: lease.id, version: lease.version, at: moment, name: name, feedName: nil,
      from: from, to: lease.state.name, cause: .init(type: .timer, id: ""))
  }
}
