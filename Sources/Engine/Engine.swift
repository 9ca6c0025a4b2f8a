import L402
import Leasing
import Ledger
import Logging
import Synchronization
import Units

/// Everything Leasehold can do, over ports. One per daemon; any number of daemons may share a store.
public final class Engine: Sendable {
  public let store: any Store
  public let node: any LightningNode
  public let drivers: Drivers
  public let clock: any WallClock
  public let alarm: any Alarm
  public let channels: [any NoticeChannel]
  public let catalog: Catalog
  public let settings: Settings
  public let log: Logger
  /// Rung by the alarm, by tickers and by other daemons' commits.
  public let bell: Bell

  let keys: EpochKeys
  let doors: DoorCache
  let watch: LeaseWatch
  let revocations: Revocations
  let soldAs = SoldAs()
  let budget: MintBudget
  let doorMeters: DoorMeters
  let health: Health
  let exchangeRates: ExchangeRates
  let sources: [any ExchangeRateSource]
  /// Rung when there may be a payment to be held that nobody waits for yet.
  let holdsBell = Bell()
  /// The times when no daemon was looking, as far as this one knows; oldest first.
  let outages = Mutex<[Lease.Outage]>([])
  /// For metrics, which are asked for every few seconds.
  let lastVariantFigures = Mutex<(at: Instant, figures: [VariantFigures])?>(nil)
  /// When this daemon last said that it is alive.
  let lastBeat = Mutex<Instant?>(nil)
  /// How the node answered when that was last written down.
  let keptStanding = Mutex(NodeStanding())

  /// The drivers of this host, one per kind, and their doors.
  public struct Drivers: Sendable {
    public var resources: [Kind: any ResourceDriver]
    public var volumes: (any VolumeAccess)?
    public var containers: (any ContainerAccess)?

    public init(
      resources: [Kind: any ResourceDriver], volumes: (any VolumeAccess)?, containers: (any ContainerAccess)?
    ) {
      self.resources = resources
      self.volumes = volumes
      self.containers = containers
    }
  }

  /// - Parameter keyring: the master keys this daemon was given; see ``rotateKeys(requestID:)`` for the epochs after them.
  public init(
    store: any Store, node: any LightningNode, drivers: Drivers, clock: any WallClock, alarm: any Alarm,
    channels: [any NoticeChannel], keyring: MasterKeyring, catalog: Catalog, settings: Settings,
    rateSources: [any ExchangeRateSource] = [], bell: Bell, log: Logger
  ) {
    self.store = store
    self.node = node
    self.drivers = drivers
    self.clock = clock
    self.alarm = alarm
    self.channels = channels
    self.catalog = catalog
    self.settings = settings
    self.bell = bell
    self.log = log
    keys = EpochKeys(keyring)
    doors = DoorCache()
    watch = LeaseWatch()
    revocations = Revocations()
    budget = MintBudget(perClient: settings.mintsPerMinutePerClient, global: settings.mintsPerMinute)
    doorMeters = DoorMeters()
    health = Health(
      window: settings.breakerWindow, nodeOutage: settings.nodeOutage, rateOutage: settings.exchangeRateOutage)
    exchangeRates = ExchangeRates(settings.exchangeRates, at: clock.now())
    sources = rateSources
  }

  /// What must be so before the first request: the same master keys as the other daemons, pools as configured,
  /// revocations known, a gap in service recorded.
  public func prepare() async throws {
    try await prepareKeys()
    let hosts = catalog.hosts
    try await store.transaction { tx in try tx.setHosts(hosts) }
    try await beat()
    let revoked = try await store.transaction { tx in try tx.revokedTokens() }
    revocations.replace(with: revoked)
    // Before the first deadline is looked at: a daemon that starts while the node is away, or has just come back, suspends
    // nobody for it, and gives nobody more time than the one before it would have.
    let name = node.name
    if let known = try await store.transaction({ tx in try tx.nodeStanding(of: name) }) {
      health.remember(known.standing, seenAt: known.seenAt, at: clock.now())
    }
    await askNode()
    try await prepareExchangeRates()
  }

  func newLeaseID() -> LeaseID {
    LeaseID(
      unixMilliseconds: UInt64(max(0, clock.now().microseconds / 1_000)),
      random: (.random(in: .min ... .max), .random(in: .min ... .max)))
  }
}
