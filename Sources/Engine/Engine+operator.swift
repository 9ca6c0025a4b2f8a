import Leasing
import Ledger
import Units

/// What the provider may see and do. Doors to these ask for the provider's own token.
extension Engine {
  public enum OperatorAction: Sendable, Hashable {
    case suspend, resume, freeze, thaw
    case protect(Bool)
    case evict(until: Instant?)

    var event: Event {
      switch self {
      case .suspend: .operatorSuspended
      case .resume: .operatorResumed
      case .freeze: .frozen
      case .thaw: .thawed
      case .protect(let on): .protected(on)
      case .evict(let until): .evicting(until: until)
      }
    }
  }

  public func operate(_ action: OperatorAction, on id: LeaseID, requestID: String) async throws -> LeaseRecord {
    try await handle(
      action.event, for: id, eventID: "operator:\(requestID)", cause: .init(type: "operator", id: requestID))
    guard let record = try await store.transaction({ tx in try tx.lease(id) }) else { throw Refusal.unknownLease }
    return record
  }

  public func operatorLease(_ id: LeaseID) async throws -> OperatorLeaseView {
    try await store.transaction { tx in
      guard let record = try tx.lease(id) else { throw Refusal.unknownLease }
      return OperatorLeaseView(
        record: record, effects: try tx.effects(of: id), events: try tx.events(of: id, after: 0, limit: 1_000))
    }
  }

  public func operatorLeases(_ query: LeaseQuery) async throws -> [LeaseRecord] {
    try await store.transaction { tx in try tx.leases(query) }
  }

  public func overview() async throws -> Overview {
    let now = clock.now()
    let name = node.name
    let (overdue, pools, census, parked, unbooked, held, marks, payouts) = try await store.transaction { tx in
      (
        try tx.overdueEffects(at: now), try tx.pools(), try tx.census(), try tx.parked(),
        try tx.unbooked(limit: 100), try tx.heldPayments(),
        try tx.settlementMarks(of: name), try tx.pendingPayouts(limit: 100)
      )
    }
    let health = health.snapshot
    let spares = self.health.sparesForNode(health)
    let rates = exchangeRates.view(at: now).map { view in
      var view = view
      if view.trouble != nil { view.sparedUntil = self.health.sparesForRate(of: view.currency) }
      return view
    }
    return Overview(
      at: now, overdue: overdue, pools: pools, census: census, parked: parked, unbooked: unbooked,
      heldPayments: held, payouts: payouts, nodeIsUp: health.nodeIsUp, clockSkewMicroseconds: health.clockSkew,
      listenerIsAlive: doors.isTrusted,
      breakerTrippedAt: health.breakerTrippedAt, cursorMovedAt: marks.cursorMovedAt,
      oldestUnbooked: marks.oldestUnbooked, followerFailingSince: health.followerFailingSince,
      failedLookups: health.failedLookups, nodeFailingSince: health.nodeIsUp ? nil : health.node?.since,
      sparedUntil: health.nodeIsUp && spares.map { $0 <= now } ?? true ? nil : spares, exchangeRates: rates)
  }

  /// The node's silence, as this daemon knows it; `nil`: it answers.
  public var nodeOutage: NodeOutage? {
    let state = health.snapshot
    guard !state.nodeIsUp, let since = state.node?.since, let until = health.sparesForNode(state) else { return nil }
    return NodeOutage(since: since, sparesUntil: until, spares: clock.now() < until)
  }

  public func audit() async throws -> Audit {
    try await store.transaction { tx in try tx.audit() }
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
  public var census: [String: Int]
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
  /// Look-ups of single invoices that sweeps went past, since this daemon started.
  public var failedLookups: Int
  /// Since when the node does not answer this daemon; `nil`: it does.
  public var nodeFailingSince: Instant?
  /// Until when nobody is suspended because of the node; past while the node is away for longer than that.
  public var sparedUntil: Instant?
  /// One for each currency that has a source.
  public var exchangeRates: [ExchangeRateView]
}
