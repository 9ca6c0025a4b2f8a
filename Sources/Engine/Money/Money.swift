import Leasing
import Logging
import Units

/// The services of everything that is paid, charged and given back.
public struct Money: Sendable {
  let unbooked: Unbooked
  let bookings: Bookings
  let holds: Holds
  let settlements: Settlements
  let settlementFollower: SettlementFollower
  public let settlementSweep: SettlementSweep
  let presented: PresentedPayments
  let heldPayments: HeldPayments
  let refunds: Refunds
  let payouts: Payouts
  let payoutsByHand: PayoutsByHand
  let credit: Credit
  public let metering: Metering
  let nodeAudits: NodeAudits
  let earnings: Earnings
  let outageCredits: OutageCredits

  init(
    store: any Store, node: any LightningNode, clock: any WallClock, loop: LeaseLoop, watch: LeaseWatch,
    nodeWatch: NodeWatch, health: Health, credentials: Credentials, retrying: Retrying, drivers: Engine.Drivers,
    doorMeters: DoorMeters, settings: Settings, log: Logger
  ) {
    let keys = credentials.keys
    let awaited = Bell()
    unbooked = Unbooked(store: store, clock: clock, loop: loop, log: log)
    bookings = Bookings(
      store: store, nodeName: node.name, clock: clock, loop: loop, health: health, unbooked: unbooked, log: log)
    holds = Holds(
      store: store, node: node, clock: clock, loop: loop, keys: keys, bookings: bookings, settings: settings, log: log)
    settlements = Settlements(
      node: node, clock: clock, health: health, nodeWatch: nodeWatch, bookings: bookings, holds: holds, log: log)
    settlementFollower = SettlementFollower(
      store: store, node: node, clock: clock, health: health,
      cursor: SettlementCursor(store: store, node: node, clock: clock, health: health, log: log), bookings: bookings,
      log: log)
    settlementSweep = SettlementSweep(
      store: store, loop: loop, nodeWatch: nodeWatch, settlements: settlements, bookings: bookings,
      awaited: awaited, log: log)
    presented = PresentedPayments(store: store, settlements: settlements, unbooked: unbooked)
    heldPayments = HeldPayments(
      store: store, node: node, clock: clock, health: health, keys: keys, holds: holds, settlements: settlements,
      bookings: bookings, heldAtOnce: settings.heldPayments, retrying: retrying,
      bell: awaited, log: log)
    refunds = Refunds(
      store: store, node: node, clock: clock, loop: loop, watch: watch, credentials: credentials,
      presented: presented, unbooked: unbooked, settings: settings, log: log)
    payouts = Payouts(store: store, node: node, clock: clock, health: health)
    payoutsByHand = PayoutsByHand(store: store, node: node, clock: clock, loop: loop, log: log)
    credit = Credit(
      store: store, clock: clock, loop: loop, credentials: credentials, presented: presented, unbooked: unbooked,
      log: log)
    metering = Metering(
      store: store, clock: clock, loop: loop, drivers: drivers.resources, doorMeters: doorMeters,
      batch: settings.batch, log: log)
    nodeAudits = NodeAudits(store: store, node: node, clock: clock, health: health, bookings: bookings)
    earnings = Earnings(store: store, clock: clock)
    outageCredits = OutageCredits(store: store, clock: clock, loop: loop, batch: settings.batch, log: log)
  }
}
