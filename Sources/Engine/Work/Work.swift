import Leasing
import Logging
import Units

/// The services of what is done by itself.
public struct Work: Sendable {
  public let heartbeat: Heartbeat
  public let scheduler: Scheduler
  public let effects: EffectRunner
  public let deliveries: Deliveries
  public let reconciler: Reconciler
  public let sweeper: Sweeper
  let changes: ChangeFollower
  let specs: ResourceSpecs
  let retrying: Retrying

  init(
    store: any Store, node: any LightningNode, clock: any WallClock, alarm: any Alarm, bell: Bell, loop: LeaseLoop,
    watch: LeaseWatch, doors: DoorCache, meters: DoorMeters, drivers: ResourceDrivers,
    channels: [any NoticeChannel], contacts: ContactBook, catalog: Catalog, access: Access, money: Money,
    selling: Selling, doubts: Doubts,
    failedPurchases: FailedPurchases, retrying: Retrying, settings: Settings, log: Logger
  ) {
    self.retrying = retrying
    heartbeat = Heartbeat(
      store: store, clock: clock, loop: loop, health: doubts.health, settings: settings, node: node.name, log: log)
    specs = ResourceSpecs(catalog: catalog, attachments: access.attachments)
    scheduler = Scheduler(
      store: store, loop: loop, clock: clock, alarm: alarm, heartbeat: heartbeat, breaker: doubts.breaker,
      batch: settings.batch, hosts: catalog.hostNames, log: log)
    let performer = EffectPerformer(
      resources: ResourcePerformer(
        drivers: drivers, specs: specs, attachments: access.attachmentKeeper, metering: money.metering,
        doorMeters: meters),
      invoices: InvoicePerformer(cancellations: selling.cancellations, heldPayments: money.heldPayments),
      payouts: money.payouts, pulls: selling.pulls, channels: channels)
    effects = EffectRunner(
      store: store, loop: loop, clock: clock, alarm: alarm, bell: bell, settings: settings, hosts: catalog.hostNames,
      retrying: retrying, log: log, perform: { try await performer.perform($0, $1) },
      concluded: { failedPurchases.note($0) })
    deliveries = Deliveries(
      store: store, clock: clock, alarm: alarm, bell: bell, book: contacts,
      invoices: NoticeInvoices(store: store, clock: clock, renewals: selling.renewals, log: log),
      daemon: settings.daemon, retrying: retrying, log: log)
    reconciler = Reconciler(
      store: store, loop: loop, clock: clock, drivers: drivers, specs: specs,
      orphanGrace: settings.orphanGrace, log: log)
    sweeper = Sweeper(store: store, clock: clock, settlements: money.settlements, log: log)
    changes = ChangeFollower(
      store: store, doors: doors, watch: watch, revocations: access.revocations, keys: access.keys,
      attachments: access.attachmentKeeper, alarm: alarm, bell: bell, log: log)
  }

  /// Wakes leases whose deadline has come, at each ring.
  func wakeAtEachRing(of bell: Bell) async {
    for await _ in bell.rings() {
      await retrying.again("waking due leases") { _ = try await scheduler.wakeDueLeases() }
    }
  }
}
