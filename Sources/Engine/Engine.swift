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

  /// Leases as their holders see them.
  public let reader: Reader
  /// What memory alone can say.
  public let remembered: Remembered
  public let offers: Offers
  /// What the provider may see and do.
  public let `operator`: Operator
  /// The data doors of this host.
  public let doors: Doors
  /// Where clients come back that keep no credential.
  public let addresses: Addresses
  /// Where renters are told what will happen.
  public let contacts: Contacts
  /// Wallets that are asked for renewals.
  public let wallets: WalletGrants
  public let selling: Selling
  /// Who waits for places of full offers.
  public var waitlist: Waitlist { selling.waitlist }
  public let money: Money
  public let access: Access
  public let doubts: Doubts
  public let work: Work
  public let readiness: ReadinessProbe

  let loop: LeaseLoop
  let watch: LeaseWatch
  let doorCache: DoorCache
  let reissues: Reissues
  let claims: Claims

  /// The drivers of this daemon, and their doors.
  public struct Drivers: Sendable {
    public var resources: ResourceDrivers
    public var volumes: (any VolumeAccess)?
    public var containers: (any ContainerAccess)?

    public init(
      resources: ResourceDrivers, volumes: (any VolumeAccess)?, containers: (any ContainerAccess)?
    ) {
      self.resources = resources
      self.volumes = volumes
      self.containers = containers
    }
  }

  /// - Parameter keyring: the master keys this daemon was given; see ``KeyEpochs/begin(requestID:)`` for the epochs after
  ///   them.
  public init(
    store: any Store, node: any LightningNode, drivers: Drivers, clock: any WallClock, alarm: any Alarm,
    channels: [any NoticeChannel], messengers: [any Messenger] = [], keyring: MasterKeyring, catalog: Catalog,
    settings: Settings,
    rateSources: [any ExchangeRateSource] = [], wallets: (any RenterWallets)? = nil, bell: Bell, log: Logger
  ) {
    (self.store, self.node, self.drivers, self.clock, self.alarm) = (store, node, drivers, clock, alarm)
    (self.channels, self.catalog, self.settings, self.bell, self.log) = (channels, catalog, settings, bell, log)
    let (doorCache, watch, meters) = (DoorCache(), LeaseWatch(), DoorMeters())
    let doubts = Doubts(
      store: store, node: node, clock: clock, rateSources: rateSources, settings: settings, log: log)
    let keys = KeyEpochs(served: EpochKeys(keyring), store: store, clock: clock, watch: watch, log: log)
    let places = Places(catalog: catalog, rates: doubts.rates, keys: keys, held: settings.placeHeld, log: log)
    let loop = LeaseLoop(store: store, clock: clock, alarm: alarm, doors: doorCache, watch: watch, places: places)
    let retrying = Retrying(health: doubts.health, clock: clock, log: log)
    let access = Access(
      store: store, clock: clock, alarm: alarm, keys: keys, doors: doorCache, catalog: catalog,
      containers: drivers.containers, spared: doubts.spared, retrying: retrying, settings: settings, log: log)
    let credentials = access.credentials
    let money = Money(
      store: store, node: node, clock: clock, loop: loop, watch: watch, nodeWatch: doubts.node, health: doubts.health,
      credentials: credentials, retrying: retrying, drivers: drivers, doorMeters: meters, settings: settings, log: log)
    let (waiting, book) = (Waiting(store: store, watch: watch), ContactBook(messengers, keys: access.keys))
    selling = Selling(
      store: store, node: node, clock: clock, loop: loop, catalog: catalog, drivers: drivers.resources,
      access: access, doubts: doubts, waiting: waiting, money: money, places: places, wallets: wallets,
      settings: settings, log: log)
    reissues = Reissues(
      store: store, clock: clock, credentials: credentials, presented: money.presented, tokens: access.tokens)
    addresses = Addresses(
      store: store, clock: clock, credentials: credentials, presented: money.presented, reissues: reissues)
    contacts = Contacts(store, clock, alarm, credentials, presented: money.presented, book: book)
    self.wallets = WalletGrants(store: store, clock: clock, credentials: credentials, loop: loop, wallets: wallets)
    claims = Claims(store: store, credentials: credentials, settlements: money.settlements)
    let admissions = Admissions(
      store: store, clock: clock, loop: loop, doors: doorCache, meters: meters, credentials: credentials,
      presented: money.presented, waiting: waiting, patience: settings.patience)
    let (trouble, failedPurchases) = (DriverTrouble(log: log), FailedPurchases(log: log))
    doors = Doors(
      store: store, admissions: admissions, renewals: selling.renewals, addresses: addresses,
      disks: DiskDoor(volumes: drivers.volumes, trouble: trouble),
      containers: ContainerDoor(containers: drivers.containers, trouble: trouble, log: log))
    reader = Reader(
      store: store, clock: clock, credentials: credentials, admissions: admissions, presented: money.presented,
      watch: watch)
    remembered = Remembered(
      clock: clock, credentials: credentials, doors: doorCache, containers: doors.containers)
    offers = Offers(store: store, catalog: catalog, rates: doubts.rates)
    `operator` = Operator(
      store: store, clock: clock, loop: loop, health: doubts.health, rates: doubts.rates, doors: doorCache, bell: bell,
      node: node.name, keys: keys, revocations: access.revocations, payouts: money.payoutsByHand,
      unbooked: money.unbooked, nodeAudits: money.nodeAudits, earnings: money.earnings,
      outageCredits: money.outageCredits,
      variants: Variants(of: catalog.offers, store: store, clock: clock), failedPurchases: failedPurchases)
    work = Work(
      store: store, node: node, clock: clock, alarm: alarm, bell: bell, loop: loop, watch: watch, doors: doorCache,
      meters: meters, drivers: drivers.resources, channels: channels, contacts: book, catalog: catalog, access: access,
      money: money, selling: selling, doubts: doubts, failedPurchases: failedPurchases, retrying: retrying,
      settings: settings, log: log)
    readiness = ReadinessProbe(heartbeat: work.heartbeat, node: doubts.node, health: doubts.health, log: log)
    (self.loop, self.watch, self.doorCache) = (loop, watch, doorCache)
    (self.access, self.money, self.doubts) = (access, money, doubts)
  }

  /// What must be so before the first request: the same master keys as the other daemons, pools as configured,
  /// revocations known, a gap in service recorded.
  public func prepare() async throws {
    try await access.keys.prepare()
    let hosts = catalog.hosts
    try await store.transaction { tx in try tx.setHosts(hosts) }
    try await work.heartbeat.beat()
    try await access.revocations.learn()
    // Before the first deadline is looked at: a daemon that starts while the node is away, or has just come back, suspends
    // nobody for it, and gives nobody more time than the one before it would have.
    let name = node.name
    if let known = try await store.transaction({ tx in try tx.nodeTrouble(of: name) }) {
      doubts.health.remember(known.trouble, seenAt: known.seenAt, at: clock.now())
    }
    await doubts.node.ask()
    try await doubts.rates.prepare()
  }

  /// Does what is due for as long as the task lives: wakes leases, runs effects, follows the node and other daemons.
  /// Any of it failing is said, and tried again; none of it stops the rest.
  public func run() async {
    await withTaskGroup(of: Void.self) { group in
      group.addTask { await self.work.wakeAtEachRing(of: self.bell) }
      // What keeps time stays on the threads of the caller; the rest goes to those that everybody shares.
      group.addTask(executorPreference: globalConcurrentExecutor) { await self.work.effects.run() }
      group.addTask(executorPreference: globalConcurrentExecutor) { await self.work.deliveries.run() }
      group.addTask(executorPreference: globalConcurrentExecutor) { await self.money.settlementFollower.follow() }
      group.addTask(executorPreference: globalConcurrentExecutor) { await self.money.heldPayments.follow() }
      group.addTask(executorPreference: globalConcurrentExecutor) {
        await self.access.attachmentKeeper.follow(self.bell)
      }
      group.addTask { await self.work.changes.follow() }
    }
  }
}
