import Leasing
import Logging
import Units

/// The services of everything that is quoted, bought, renewed, changed and given back.
public struct Selling: Sendable {
  let minting: Minting
  let invoicing: Invoicing
  let cancellations: Cancellations
  let purchases: Purchases
  let waitlist: Waitlist
  let renewals: Renewals
  public let topUps: TopUps
  let pulls: Pulls
  /// What wallets were asked for, and what came of it, since the start.
  public var pullTally: PullTally { pulls.tally }
  let changes: Changes
  let releases: Releases
  let limits: Limits
  public let announcements: Announcements

  init(
    store: any Store, node: any LightningNode, clock: any WallClock, loop: LeaseLoop, catalog: Catalog,
    drivers: ResourceDrivers, access: Access, doubts: Doubts, waiting: Waiting, money: Money, places: Places,
    wallets: (any RenterWallets)?, settings: Settings, log: Logger
  ) {
    let (keys, credentials, limits, rates) = (access.keys, access.credentials, access.mintLimits, doubts.rates)
    let holds = node is any HoldingNode
    let hashing = NodeHashing()
    let challenges = Challenges(clock: clock, keys: keys, tokens: access.tokens)
    minting = Minting(
      clock: clock, limits: limits, holds: money.holds, awaited: money.heldPayments.bell, nodeWatch: doubts.node,
      hashing: hashing, network: settings.network, challenges: challenges, openings: Openings(store: store), log: log)
    invoicing = Invoicing(
      store: store, clock: clock, holds: money.holds, unpaidShare: settings.unpaidShare, challenges: challenges,
      minting: minting)
    cancellations = Cancellations(
      store: store, node: node, clock: clock, bookings: money.bookings, settlements: money.settlements)
    let wishes = Wishes(catalog: catalog)
    waitlist = Waitlist(
      store: store, clock: clock, loop: loop, wishes: wishes, limits: limits, places: places, invoicing: invoicing,
      most: (settings.waitlistPerOffer, settings.waitlistPerClient), patience: settings.waitlistLasts)
    purchases = Purchases(
      store: store, clock: clock, wishes: wishes, waitlist: waitlist, credentials: credentials,
      presented: money.presented, waiting: waiting, rates: rates, attachments: access.attachments, limits: limits,
      quotes: Quotes(store: store, clock: clock, loop: loop, settings: settings) {
        holds ? keys.keyring.currentEpoch : nil
      }, invoicing: invoicing, patience: settings.patience, log: log)
    let redemptions = Redemptions(
      store: store, clock: clock, presented: money.presented, waiting: waiting, repetition: settings.repetition,
      patience: settings.patience)
    renewals = Renewals(
      store: store, clock: clock, credentials: credentials, redemptions: redemptions, rates: rates,
      invoicing: invoicing)
    topUps = TopUps(store: store, clock: clock, rates: rates, invoicing: invoicing, hashing: hashing)
    pulls = Pulls(
      store: store, clock: clock, keys: keys, wallets: wallets, renewals: renewals, settlements: money.settlements,
      settings: settings)
    changes = Changes(
      store: store, clock: clock, loop: loop, catalog: catalog, drivers: drivers, credentials: credentials,
      redemptions: redemptions, rates: rates, invoicing: invoicing, log: log)
    releases = Releases(store: store, loop: loop, credentials: credentials, presented: money.presented)
    self.limits = Limits(store: store, loop: loop, credentials: credentials, presented: money.presented)
    announcements = Announcements(
      of: catalog.offers, writtenAt: settings.configurationWrittenAt, store: store, clock: clock, loop: loop, log: log)
  }
}
