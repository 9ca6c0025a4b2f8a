import Leasing
import Ledger
import Units

/// What the operator gives for an outage.
public struct OutageCreditWish: Hashable, Sendable {
  /// Names the outage: a lease is given something for it once.
  public var label: String
  public var since: Instant
  public var until: Instant
  /// `nil`: every host.
  public var host: String?
  /// To each lease that was in service; `nil`: the time it lost.
  public var each: Millisatoshi?
  public var reason: String

  public init(
    label: String, since: Instant, until: Instant, host: String?, each: Millisatoshi?, reason: String
  ) {
    self.label = label
    self.since = since
    self.until = until
    self.host = host
    self.each = each
    self.reason = reason
  }
}

/// How far an outage was made good.
public struct OutageCreditRecord: Hashable, Sendable {
  public var wish: OutageCreditWish
  public var begunAt: Instant
  /// `nil`: there are leases that it was not given to yet.
  public var finishedAt: Instant?
  /// Leases up to this one, in the order of their ids, were looked at.
  public var upto: LeaseID
  /// Those that were given something, and how much.
  public var leases: Int64
  public var given: Millisatoshi

  public init(
    wish: OutageCreditWish, begunAt: Instant, finishedAt: Instant? = nil, upto: LeaseID = LeaseID(high: 0, low: 0),
    leases: Int64 = 0, given: Millisatoshi = .zero
  ) {
    self.wish = wish
    self.begunAt = begunAt
    self.finishedAt = finishedAt
    self.upto = upto
    self.leases = leases
    self.given = given
  }
}

/// From a moment on a lease was in a state, or stood still in it.
public struct ServiceMark: Hashable, Sendable {
  public var at: Instant
  public var name: EventRecord.Name
  public var to: Lease.State.Name
  /// When paid time had run out, where that is what moved the state.
  public var ranOutAt: Instant?

  public init(at: Instant, name: EventRecord.Name, to: Lease.State.Name, ranOutAt: Instant? = nil) {
    self.at = at
    self.name = name
    self.to = to
    self.ranOutAt = ranOutAt
  }
}
