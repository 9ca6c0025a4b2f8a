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
    let (overdue, pools, census, parked, unbooked, held) = try await store.transaction { tx in
      (
        try tx.overdueEffects(at: now), try tx.pools(), try tx.census(), try tx.parked(),
        try tx.unbooked(limit: 100), try tx.heldPayments()
      )
    }
    let health = health.snapshot
    return Overview(
      at: now, overdue: overdue, pools: pools, census: census, parked: parked, unbooked: unbooked,
      heldPayments: held, nodeIsUp: health.nodeIsUp, clockSkewMicroseconds: health.clockSkew,
      listenerIsAlive: doors.isTrusted,
      breakerTrippedAt: health.breakerTrippedAt)
  }

  public func audit() async throws -> Audit {
    try await store.transaction { tx in try tx.audit() }
  }

  /// The operator has looked: suspensions go on for ten minutes without the breaker.
  public func releaseBreaker() {
    health.releaseBreaker(until: clock.now() + 600)
    bell.ring()
  }
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
  public var nodeIsUp: Bool
  public var clockSkewMicroseconds: Int64
  public var listenerIsAlive: Bool
  public var breakerTrippedAt: Instant?
}
