import Leasing
import Ledger
import Units

/// What the provider may see and do (administration). Doors to these ask for the provider's own token.
public struct Operator: Sendable {
  let store: any Store
  let clock: any WallClock
  let loop: LeaseLoop
  let health: Health
  let rates: Rates
  let doors: DoorCache
  let bell: Bell
  /// The node's name.
  let node: String

  public let keys: KeyEpochs
  public let revocations: Revocations
  public let payouts: PayoutsByHand
  public let unbooked: Unbooked
  public let nodeAudits: NodeAudits
  public let earnings: Earnings
  public let outageCredits: OutageCredits
  public let variants: Variants
  public let failedPurchases: FailedPurchases
  public var notices: DeadLetters { DeadLetters(store: store, clock: clock, bell: bell) }

  public enum Action: Sendable, Hashable {
    case suspend, resume, freeze, thaw
    case protect(Bool)
    case evict(until: Instant?)

    /// - Parameter reason: for the renter, where something is taken from them.
    func event(_ reason: String?) -> Event {
      switch self {
      case .suspend: .operatorSuspended(reason: reason)
      case .resume: .operatorResumed
      case .freeze: .frozen(reason: reason)
      case .thaw: .thawed
      case .protect(let on): .protected(on)
      case .evict(let until): .evicting(until: until, reason: reason)
      }
    }
  }

  /// - Parameter reason: why, for the renter, who sees it in the lease and in `explain`: up to 500 characters.
  public func operate(
    _ action: Action, on id: LeaseID, reason: String? = nil, requestID: String
  ) async throws -> LeaseRecord {
    if let reason {
      guard (1...500).contains(reason.unicodeScalars.count),
        !reason.unicodeScalars.contains(where: { $0.properties.generalCategory == .control })
      else { throw Refusal.invalidField("reason", "1 to 500 characters, none of them a control character") }
    }
    try await loop.handle(
      action.event(reason), for: id, eventID: EventID(.operator, requestID),
      cause: .init(type: .operator, id: requestID))
    guard let record = try await store.transaction({ tx in try tx.lease(id) }) else { throw Refusal.unknownLease }
    return record
  }

  public func lease(_ id: LeaseID) async throws -> OperatorLeaseView {
    try await store.transaction { tx in
      guard let record = try tx.lease(id) else { throw Refusal.unknownLease }
      return OperatorLeaseView(
        record: record, effects: try tx.effects(of: id), events: try tx.events(of: id, after: 0, limit: 1_000))
    }
  }

  public func leases(_ query: LeaseQuery) async throws -> [LeaseRecord] {
    try await store.transaction { tx in try tx.leases(query) }
  }

  public func overview() async throws -> Overview {
    let now = clock.now()
    let name = node
    let (overdue, pools, census, parked, unbooked, held, marks, payouts, deliveries) = try await store.transaction {
      tx in
      (
        try tx.overdueEffects(at: now), try tx.pools(), try tx.census(), try tx.parked(),
        try tx.unbooked(limit: 100), try tx.heldPayments(),
        try tx.settlementMarks(of: name), try tx.pendingPayouts(limit: 100),
        try tx.deliveryCounts()
      )
    }
    let known = health.snapshot
    let spares = health.sparesForNode(known)
    return Overview(
      at: now, overdue: overdue, pools: pools, census: census, parked: parked, unbooked: unbooked,
      heldPayments: held, payouts: payouts, nodeIsUp: known.nodeIsUp, clockSkewMicroseconds: known.clockSkew,
      listenerIsAlive: doors.isTrusted,
      breakerTrippedAt: known.breakerTrippedAt, cursorMovedAt: marks.cursorMovedAt,
      oldestUnbooked: marks.oldestUnbooked, followerFailingSince: known.followerFailingSince,
      cursorAheadAt: known.cursorAheadAt, failedLookups: known.failedLookups,
      nodeFailingSince: known.nodeIsUp ? nil : known.node?.since,
      sparedUntil: known.nodeIsUp && spares.map { $0 <= now } ?? true ? nil : spares,
      exchangeRates: rates.view(at: now), deliveries: deliveries)
  }

  /// The whole proof of the books.
  public func audit() async throws -> Audit {
    try await store.transaction { tx in try tx.audit() }
  }

  /// The proof of what came since the last; see ``LedgerRows/auditNew(at:)``.
  public func auditNew() async throws -> Audit {
    try await store.transaction { [clock] tx in try tx.auditNew(at: clock.now()) }
  }

  /// The operator has looked: suspensions go on for ten minutes without the breaker, and whether or not the
  /// node answers.
  public func releaseBreaker() {
    let now = clock.now()
    health.releaseBreaker(at: now, until: now + 600)
    bell.ring()
  }
}

/// A node that does not answer, and what that means for leases.
public struct NodeOutage: Sendable {
  public var since: Instant
  /// Until then nobody is suspended for it.
  public var sparesUntil: Instant
  /// Whether that is still ahead.
  public var spares: Bool
}

public struct OperatorLeaseView: Sendable {
  public var record: LeaseRecord
  public var effects: [OutboxRow]
  public var events: [EventRecord]
}

/// How things stand, overdue work first.
public struct Overview: Sendable {
  public var at: Instant
  public var overdue: OverdueWork
  public var pools: [PoolLevel]
  public var census: [Lease.State.Name: Int]
  public var parked: [ParkedLease]
  public var unbooked: [UnbookedSettlement]
  /// Payments that have arrived and are neither taken nor sent back.
  public var heldPayments: Int
  public var payouts: PendingPayouts
  public var nodeIsUp: Bool
  public var clockSkewMicroseconds: Int64
  public var listenerIsAlive: Bool
  public var breakerTrippedAt: Instant?
  /// When the last settlement behind the node's cursor was taken in; `nil`: none ever was.
  public var cursorMovedAt: Instant?
  /// When the first of the unbooked was found.
  public var oldestUnbooked: Instant?
  /// Since when this daemon cannot follow settlements; `nil`: it can.
  public var followerFailingSince: Instant?
  /// When the node was found to know less of its settlements than was taken in; `nil`: never, or the books were compared
  /// since.
  public var cursorAheadAt: Instant?
  /// Look-ups of single invoices that sweeps went past, since this daemon started.
  public var failedLookups: Int
  /// Since when the node does not answer this daemon; `nil`: it does.
  public var nodeFailingSince: Instant?
  /// Until when nobody is suspended because of the node; past while the node is away for longer than that.
  public var sparedUntil: Instant?
  /// One for each currency that has a source.
  public var exchangeRates: [ExchangeRateView]
  /// What is on its way to renters, and what never arrived.
  public var deliveries: DeliveryCounts
}
