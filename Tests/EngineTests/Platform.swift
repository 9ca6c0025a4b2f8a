import Engine
import Foundation
import L402
import Leasing
import Ledger
import Lightning
import Logging
import Macaroons
import Postgres
import Store
import TestKit
import Testing
import Units

/// A whole provider in one process: real PostgreSQL, real invoices, a clock that stands still and a host in memory.
///
/// Nothing happens by itself: ``settle()`` does what is due. ``running(_:_:)`` lets the engines' own loops do it instead.
final class Platform: Sendable {
  let clock: ManualClock
  let node: EmbeddedNode
  let driver: SimulatedDriver
  /// Containers beside the disks, where a test wants both.
  let boxes: SimulatedDriver?
  let postgres: PostgresStore
  let channel: RecordingChannel
  let messenger = RecordingMessenger()
  let catalog: Catalog
  let keyring = MasterKeyring(key: Bytes32 { $0.copyBytes(from: [UInt8](repeating: 7, count: 32)) })
  let engine: Engine
  private let directory: TemporaryDirectory
  private let rates: [any ExchangeRateSource]

  static func with(
    connections: Int = 6, kind: Kind = .disk, catalog: Catalog = .standard, rates: [any ExchangeRateSource] = [],
    boxes: Bool = false, wallets: (EmbeddedNode) -> (any RenterWallets)? = { _ in nil },
    settings change: (inout Settings) -> Void = { _ in }, _ body: (Platform) async throws -> Void
  ) async throws {
    try await TestStore.with(connections: connections) { store in
      let platform = try Platform(
        on: store, kind: kind, catalog: catalog, rates: rates, boxes: boxes, wallets: wallets,
        settings: change)
      defer { platform.node.close() }
      try await platform.engine.prepare()
      try await body(platform)
    }
  }

  init(
    on store: PostgresStore, clock: ManualClock = ManualClock(), kind: Kind = .disk, catalog: Catalog = .standard,
    rates: [any ExchangeRateSource] = [], boxes: Bool = false,
    wallets: (EmbeddedNode) -> (any RenterWallets)? = { _ in nil },
    settings change: (inout Settings) -> Void = { _ in }
  ) throws {
    self.clock = clock
    self.rates = rates
    self.catalog = catalog
    postgres = store
    directory = TemporaryDirectory()
    node = try EmbeddedNode(directory: directory.path, clock: clock)
    driver = SimulatedDriver(kind, clock: clock)
    channel = RecordingChannel()
    self.boxes = boxes ? SimulatedDriver(.compute, clock: clock) : nil
    engine = Self.engine(
      "one", TestTimeStore(store, clock: clock), node: node, driver: driver, clock: clock, channel: channel,
      messenger: messenger, keyring: keyring, catalog: catalog, rates: rates, boxes: self.boxes, wallets: wallets(node),
      change)
  }

  static func engine(
    _ daemon: String, _ store: any Store, node: any LightningNode, driver: any ResourceDriver,
    clock: ManualClock, channel: RecordingChannel, messenger: RecordingMessenger = RecordingMessenger(),
    keyring: MasterKeyring, catalog: Catalog,
    rates: [any ExchangeRateSource] = [], boxes: SimulatedDriver? = nil, wallets: (any RenterWallets)? = nil,
    elsewhere: [String: any ResourceDriver] = [:], _ change: (inout Settings) -> Void = { _ in }
  ) -> Engine {
    var resources = ResourceDrivers()
    for host in catalog.hosts {
      if host.kind == driver.kind { resources.add(elsewhere[host.host] ?? driver, on: host.host) }
    }
    for host in catalog.hosts where host.kind == .compute {
      if let boxes { resources.add(boxes, on: host.host) }
    }
    var settings = Settings(daemon: daemon, network: "bcrt")
    settings.patience = .zero
    settings.heldPayments = 0
    settings.outageAfter = .day * 1_000
    settings.mintsPerMinutePerClient = 100_000
    settings.mintsPerMinute = 100_000
    for source in rates { settings.exchangeRates[source.currency] = ExchangeRateLimits() }
    change(&settings)
    let bell = Bell()
    return Engine(
      store: store, node: node,
      drivers: .init(
        resources: resources,
        volumes: driver as? any VolumeAccess,
        containers: boxes ?? (driver.kind == .compute ? driver as? any ContainerAccess : nil)),
      clock: clock, alarm: PromptAlarm(clock: clock, bell: bell), channels: [channel],
      messengers: [messenger], keyring: keyring,
      catalog: catalog, settings: settings, rateSources: rates, wallets: wallets, bell: bell, log: Logger(label: "test")
    )
  }

  /// Another daemon on the same database, node and host.
  func anotherEngine(
    _ daemon: String = "two", on store: (any Store)? = nil, node: (any LightningNode)? = nil,
    driver: (any ResourceDriver)? = nil, catalog: Catalog? = nil, rates: [any ExchangeRateSource]? = nil,
    wallets: (any RenterWallets)? = nil, elsewhere: [String: any ResourceDriver] = [:],
    _ change: (inout Settings) -> Void = { _ in }
  ) -> Engine {
    Self.engine(
      daemon, store ?? TestTimeStore(postgres, clock: clock), node: node ?? self.node, driver: driver ?? self.driver,
      clock: clock, channel: channel, messenger: messenger, keyring: keyring, catalog: catalog ?? self.catalog,
      rates: rates ?? self.rates,
      boxes: boxes, wallets: wallets, elsewhere: elsewhere, change)
  }

  // MARK: Time

  /// Lets the engines' own loops run around a body. However that ends, they have ended when this returns: none of them
  /// meets a closed pool or a closed node.
  func running(_ engines: [Engine]? = nil, _ body: () async throws -> Void) async throws {
    let loops = (engines ?? [engine]).map { engine in Task { await engine.run() } }
    let outcome: Result<Void, any Error>
    do { outcome = .success(try await body()) } catch { outcome = .failure(error) }
    for loop in loops { loop.cancel() }
    for loop in loops { await loop.value }
    try outcome.get()
  }

  /// Does what is due until nothing is.
  func settle(_ engine: Engine? = nil) async throws {
    let engine = engine ?? self.engine
    for _ in 0..<100 {
      let woken = try await engine.work.scheduler.wakeDueLeases()
      let ran = try await engine.work.effects.runDue()
      let sent = try await engine.work.deliveries.runDue()
      if woken == 0 && ran == 0 && sent == 0 { return }
    }
    Issue.record("it never comes to rest")
  }

  func pass(_ span: Seconds, _ engine: Engine? = nil) async throws {
    clock.advance(by: span)
    try await settle(engine)
  }

  // MARK: Looking

  func lease(_ id: LeaseID) async throws -> Lease {
    try #require(try await record(id)).lease
  }

  func record(_ id: LeaseID) async throws -> LeaseRecord? {
    try await postgres.transaction { tx in try tx.lease(id) }
  }

  func state(_ id: LeaseID) async throws -> String { try await lease(id).state.name.rawValue }

  func effects(_ id: LeaseID) async throws -> [OutboxRow] {
    try await postgres.transaction { tx in try tx.effects(of: id) }
  }

  /// Everything over: books proved, nothing left to do, all capacity free, nothing on the host.
  func expectRest(sourceLocation: SourceLocation = #_sourceLocation) async throws {
    let audit = try await engine.operator.audit()
    #expect(audit.findings == [], sourceLocation: sourceLocation)
    let overview = try await engine.operator.overview()
    #expect(overview.overdue.outboxRows == 0, sourceLocation: sourceLocation)
    #expect(overview.unbooked.isEmpty, sourceLocation: sourceLocation)
    #expect(overview.parked.isEmpty, sourceLocation: sourceLocation)
    #expect(overview.pools.allSatisfy { $0.used == 0 }, sourceLocation: sourceLocation)
    #expect(driver.resources.isEmpty, sourceLocation: sourceLocation)
  }
}

/// Waits for what nobody tells of, and ends with the test.
func waits(until isSo: () async throws -> Bool) async throws {
  while try await !isSo() {
    try Task.checkCancellation()
    await Task.yield()
  }
}

/// Remembers what the renter was told.
final class RecordingChannel: NoticeChannel {
  private let told = Locked<[(key: String, lease: LeaseID, notice: Notice)]>([])

  func deliver(_ notice: Notice, about lease: LeaseID, key: String) async throws {
    told.withLock { $0.append((key, lease, notice)) }
  }

  func notices(about lease: LeaseID) -> [Notice] {
    var seen: Set<String> = []
    return told.withLock { $0 }.filter { $0.lease == lease && seen.insert($0.key).inserted }.map(\.notice)
  }
}

/// Remembers what was sent to contacts, and does to each what the test says: an address of e-mail is asked first, for a
/// webhook it is not.
final class RecordingMessenger: Messenger {
  struct Sent: Sendable {
    var message: Message
    var address: String
    var key: Bytes32
  }

  private let sent = Locked<[Sent]>([])
  private let fault = Locked<@Sendable (Sent) async -> DeliveryFault?>({ _ in nil })
  let channel: ContactRecord.Channel
  var asksFirst: Bool { channel == .email }

  init(_ channel: ContactRecord.Channel = .webhook) { self.channel = channel }

  func place(_ wish: ContactWish) throws(ContactFault) -> ContactPlace {
    guard wish.address.contains(".") else { throw ContactFault("expected a full stop") }
    return ContactPlace(address: wish.address, relays: wish.relays)
  }
  func masked(_ place: ContactPlace) -> String { place.address.prefix(4) + "…" }
  func site(of place: ContactPlace) -> String { place.address.split(separator: "/").first.map(String.init) ?? "" }

  func deliver(_ message: Message, to place: ContactPlace, signedWith key: Bytes32) async throws(DeliveryFault) {
    let attempt = Sent(message: message, address: place.address, key: key)
    sent.withLock { $0.append(attempt) }
    if let fault = await fault.withLock({ $0 })(attempt) { throw fault }
  }

  func answer(_ fault: @escaping @Sendable (Sent) async -> DeliveryFault?) { self.fault.withLock { $0 = fault } }
  var all: [Sent] { sent.withLock { $0 } }
  func kinds(at address: String) -> [Notice.Kind?] {
    all.filter { $0.address == address }.map {
      if case .notice(let notice) = $0.message.content { notice.kind } else { nil }
    }
  }
}

/// Rings at once for what is due by a clock that stands still; for the rest the test rings.
struct PromptAlarm: Alarm {
  var clock: ManualClock
  var bell: Bell

  func set(noLaterThan moment: Instant) {
    if moment <= clock.now() { bell.ring() }
  }
}

extension Catalog {
  static let gigabyte = ByteCount(1 << 30)

  static let disk = Terms(
    offer: "disk", kind: .disk, resources: Resources(disk: gigabyte), period: 3_600, price: 3_600_000,
    meters: [MeterPrice(meter: .egress, unit: 1_000, included: 5_000, price: 10)],
    policy: Policy(quote: 600, provisioning: 600, lead: 900, grace: 150, retention: 3_600), maxPeriods: 24)

  static let bigDisk = Terms(
    offer: "big", kind: .disk, resources: Resources(disk: ByteCount(4 << 30)), period: 3_600, price: 7_200_000,
    policy: Policy(quote: 600, provisioning: 600, lead: 900, grace: 150, retention: 3_600), maxPeriods: 24)

  static let standard = of([disk, bigDisk], room: 10)

  /// - Parameter room: gigabytes on the one host.
  static func of(_ terms: [Terms], room: Int64) -> Catalog {
    Catalog(
      offers: terms.map { Offer(id: $0.offer, title: $0.offer, terms: $0) }, images: [],
      hosts: [
        HostCapacity(
          host: "here", kind: .disk, limit: Resources(disk: ByteCount(room << 30)), uidBase: 1_000_000)
      ])
  }
}
