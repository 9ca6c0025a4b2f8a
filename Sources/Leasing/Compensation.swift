import Units

/// What a lease is given for an outage (a service credit).
public struct Compensation: Hashable, Sendable {
  /// Names the outage: a lease is given something for it once.
  public var label: String
  public var from: Instant
  public var to: Instant
  /// So many microseconds of the lease's service fell into the outage.
  public var lost: Int64
  /// And so many while it was suspended: nobody could bring it back then.
  public var stood: Int64
  /// `nil`: the time that was lost, at what the lease pays for time now, and deadlines move out.
  public var amount: Millisatoshi?
  /// Why, in the operator's words; the renter sees them.
  public var reason: String

  public init(
    label: String, from: Instant, to: Instant, lost: Int64, stood: Int64, amount: Millisatoshi? = nil, reason: String
  ) {
    self.label = label
    self.from = from
    self.to = to
    self.lost = lost
    self.stood = stood
    self.amount = amount
    self.reason = reason
  }

  /// What it comes to for a lease.
  public func amount(for lease: Lease) -> Millisatoshi {
    amount ?? lease.account.rate.price(ofMicroseconds: max(0, lost)) ?? .zero
  }
}
