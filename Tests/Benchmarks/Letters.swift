import Engine
import L402
import Leasing
import Ledger
import Lightning
import Macaroons
import Postgres
import Scheduling
import Schema
import Store
import Synchronization
import Units

/// How long it takes to resume a lease while ten thousand others have webhooks that never answer, each on a machine of its
/// own and every one due: as many are being tried as may be, for as long as a receiver is given. The yardstick is the same
/// with nothing on its way.
enum Letters {
  private static let terms = Terms(
    offer: "disk", kind: .disk, resources: Resources(disk: .mebibytes(1)), period: .hour * 24,
    price: Millisatoshi(satoshis: 10), policy: .standard(period: .hour * 24), maxPeriods: 10)

  static func measure(_ world: World) async throws -> [Figure] {
    let dead = world.quick ? 2_000 : 10_000
    let resumes = world.quick ? 20 : 60
    let pool = world.pool(connections: 8)
    _ = try await Migrator(Schema.migrations).migrate(pool)
    let node = try EmbeddedNode(directory: world.directory + "/letters", clock: SystemClock())
    let driver = TellingDriver()
    let engine = try await engine(world, pool, node, driver)
    try await engine.prepare()
    let leases = try await DueLeases.seed(engine.store, dead + 1, terms, at: engine.clock.now())
    let id = leases[dead]
    // It is on the host; they all are made, and nothing is left to do for them.
    let placed = try await engine.store.transaction { tx in
      try tx.allocate(terms.resources, for: id, kind: .disk, asUnpaid: 1, pinned: nil)
    }
    guard placed != nil else { throw BenchFault("the host is full") }
    try await pool.withConnection { try $0.script("DELETE FROM outbox") }
    try await nameDeadWebhooks(of: Array(leases[..<dead]), pool, MasterKeyring(key: world.key))
    let running = Task { await engine.run() }
    let measured: Result<[[Double]], any Error>
    do {
      measured = .success(
        try await alternating(
          world.rounds,
          {
            try await setDue(false, pool, engine)
            return try await latency(of: resumes, id, engine, driver)
          },
          [
            {
              try await setDue(true, pool, engine)
              return try await latency(of: resumes, id, engine, driver)
            }
          ]))
    } catch {
      measured = .failure(error)
    }
    running.cancel()
    await running.value
    node.close()
    await pool.close()
    let figures = try measured.get()
    return [
      Figure(
        "a resume beside dead webhooks", against: "the same with none", unit: "ms", ours: figures[1],
        theirs: figures[0],
        note: "\(dead) due, each at a site of its own; from the operator's word to the driver's, median of \(resumes)")
    ]
  }

  private static func engine(
    _ world: World, _ pool: Pool, _ node: EmbeddedNode, _ driver: TellingDriver
  ) async throws -> Engine {
    let (clock, bell) = (SystemClock(), Bell())
    var settings = Settings(daemon: "bench", network: try await node.info().network)
    settings.outageAfter = .day
    return Engine(
      store: PostgresStore(pool: pool, listening: world.database, log: world.log), node: node,
      drivers: .init(resources: ResourceDrivers(host: "bench", [driver]), volumes: nil, containers: nil), clock: clock,
      alarm: DispatchAlarm(clock: clock, ring: { bell.ring() }), channels: [], messengers: [Silence()],
      keyring: MasterKeyring(key: world.key),
      catalog: Catalog(
        offers: [], images: [],
        hosts: [HostCapacity(host: "bench", kind: .disk, limit: Resources(disk: .mebibytes(64)), uidBase: 1 << 20)]),
      settings: settings, bell: bell, log: world.log)
  }

  /// In milliseconds, the median.
  private static func latency(
    of count: Int, _ id: LeaseID, _ engine: Engine, _ driver: TellingDriver
  ) async throws -> Double {
    var spans: [Double] = []
    for _ in 0..<count {
      try await operate(.suspend, until: .suspended, on: id, engine)
      let start = ContinuousClock.now
      try await operate(.resume, until: .active, on: id, engine)
      spans.append((driver.lastResume - start) / .milliseconds(1))
    }
    return Figure.median(spans)
  }

  private static func operate(
    _ action: Operator.Action, until state: Lease.State.Name, on id: LeaseID, _ engine: Engine
  ) async throws {
    let request = "\(ContinuousClock.now)"
    _ = try await engine.operator.operate(action, on: id, reason: "bench", requestID: request)
    for _ in 0..<10_000 {
      let lease = try await engine.operator.lease(id).record.lease
      if lease.state.name == state, !lease.state.isResuming { return }
      try await Deadlines.shared.sleep(.milliseconds(1))
    }
    throw BenchFault("the lease is not \(state.rawValue)")
  }

  /// Every message is due, or none is; those that are being tried end by themselves.
  private static func setDue(_ isDue: Bool, _ pool: Pool, _ engine: Engine) async throws {
    try await pool.withConnection { db in
      try db.script(
        "UPDATE delivery SET due_at = '\(isDue ? "2001-01-01" : "2100-01-01")', attempts = 0 WHERE claimed_until IS NULL"
      )
    }
    engine.bell.ring()
    // Those that were on their way are given up on, and slots are taken anew.
    try await Deadlines.shared.sleep(Silence.lasting * 2)
  }

  /// A webhook that has failed before, and a message for each that is tried until the end of the century.
  private static func nameDeadWebhooks(of leases: [LeaseID], _ pool: Pool, _ keyring: MasterKeyring) async throws {
    let notice = #"{"kind":"terms","deadline":4000000000000000}"#
    func hex(_ bytes: [UInt8]) -> String { "'\\x\(Hex.encode(bytes))'" }
    for part in stride(from: 0, to: leases.count, by: 1_000) {
      let rows = leases[part..<min(part + 1_000, leases.count)].map { id -> String in
        let token = keyring.newToken()
        let sealed = keyring.seal(Array("\n\(id).dead.example".utf8), as: "contact/\(token.hex)")
        let site = keyring.hash(ofPlace: "\(id)").array[..<8]
        return
          "(\(hex(token.bytes.array))::bytea, '\(uuid(id))'::uuid, \(hex(sealed))::bytea, \(hex(Array(site)))::bytea)"
      }.joined(separator: ",")
      try await pool.withConnection { db in
        try db.script(
          """
          CREATE TEMP TABLE named AS SELECT * FROM (VALUES \(rows)) AS n (token, lease, sealed, site);
          INSERT INTO credential_token (id, lease, payment_hash, capabilities, created_at, minted_for)
          SELECT token, lease, decode(repeat('01', 32), 'hex'), 'pay', now(), 'contact' FROM named;
          INSERT INTO contact (token, lease, channel, sealed, site, created_at, confirmed_at, failing_since)
          SELECT token, lease, 'webhook', sealed, site, now(), now(), now() FROM named;
          INSERT INTO delivery (contact, lease, channel, site, key, notice, announced_at, due_at, deadline, is_retry)
          SELECT token, lease, 'webhook', site, 'bench', '\(notice)', now(), '2100-01-01', '2101-01-01', true FROM named;
          DROP TABLE named;
          """)
      }
    }
  }

  private static func uuid(_ id: LeaseID) -> String {
    let digits =
      Hex.encode((0..<8).map { UInt8(truncatingIfNeeded: id.high >> (56 - 8 * UInt64($0))) })
      + Hex.encode((0..<8).map { UInt8(truncatingIfNeeded: id.low >> (56 - 8 * UInt64($0))) })
    return digits
  }
}

/// A webhook that takes a message and says nothing until it is given up on.
private struct Silence: Messenger {
  static let lasting = Duration.milliseconds(500)

  var channel: ContactRecord.Channel { .webhook }
  var asksFirst: Bool { false }
  func place(_ wish: ContactWish) throws(ContactFault) -> ContactPlace { ContactPlace(address: wish.address) }
  func masked(_ place: ContactPlace) -> String { "…" }
  func site(of place: ContactPlace) -> String { place.address }

  func deliver(_ message: Message, to place: ContactPlace, signedWith key: Bytes32) async throws(DeliveryFault) {
    // Cancelled, it is given up on at once.
    try? await Deadlines.shared.sleep(Self.lasting)
    throw DeliveryFault("no answer in time")
  }
}

/// Does at once what it is told, and remembers when it last resumed something.
private final class TellingDriver: ResourceDriver {
  private let resumedAt = Mutex(ContinuousClock.now)

  var kind: Kind { .disk }
  var name: String { "telling" }
  var lastResume: ContinuousClock.Instant { resumedAt.withLock { $0 } }

  func probe() async throws(DriverError) {}
  func provision(_ spec: ResourceSpec, generation: Int64) async throws(DriverError) {}
  func suspend(_ lease: LeaseID, generation: Int64) async throws(DriverError) {}
  func resume(_ spec: ResourceSpec, generation: Int64) async throws(DriverError) {
    resumedAt.withLock { $0 = .now }
  }
  func resize(_ spec: ResourceSpec, generation: Int64) async throws(DriverError) {}
  func destroy(_ lease: LeaseID, generation: Int64) async throws(DriverError) -> ErasureReceipt {
    ErasureReceipt(method: .absent, detail: "")
  }
  func inspect(_ lease: LeaseID) async throws(DriverError) -> ResourceStatus {
    ResourceStatus(lease: lease, phase: .running, generation: 0)
  }
  func list() async throws(DriverError) -> [ResourceStatus] { [] }
  func measure(_ leases: [LeaseID]?) async throws(DriverError) -> [Measurement] { [] }
}
