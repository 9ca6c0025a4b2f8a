import Units

extension Lease {
  /// Where a lease is in its life. Each deadline in it was stored when the state was entered.
  public enum State: Hashable, Sendable, Codable {
    /// Asked for, not paid. `held`: capacity is set aside. Leaves by the deadline only to cancel its invoice, since a
    /// payment may be on its way.
    ///
    /// Can transition to: `.provisioning` (paid), `.closed` (invoice canceled).
    case quoted(held: Bool, until: Instant, canceling: Bool)

    /// Paid; the resource is being made. Time is not charged.
    ///
    /// Can transition to: `.active` (made), `.reclaiming` (failed, too late, released, evicted).
    case provisioning(deadline: Instant)

    /// Full service; time is charged.
    ///
    /// Can transition to: `.grace`, `.suspended` (balance gone, idle, operator), `.reclaiming` (released, evicted).
    case active

    /// Full service on credit: time accrues as debt until the deadline.
    ///
    /// Can transition to: `.active` (paid), `.suspended(unpaid)` (deadline), `.reclaiming` (released, evicted).
    case grace(until: Instant)

    /// Frozen, doors shut, data kept, time not charged. `resuming`: the thaw is under way.
    ///
    /// Can transition to: `.active` (resumed), `.reclaiming` (retention over, released, evicted).
    case suspended(SuspensionCause, retainedUntil: Instant, resuming: Bool)

    /// On its way out. `metersClosed` and `invoicesCanceled` are what must be known before anything is destroyed;
    /// `destroying` is the point of no return.
    ///
    /// Can transition to: `.closed` (destroyed and erased), `.suspended(unpaid, resuming)` (money in time, only from
    /// retention and before `destroying`).
    case reclaiming(ReclaimCause, metersClosed: Bool, invoicesCanceled: Bool, destroying: Bool)

    /// Gone; capacity is free. Late money becomes credit, nothing else.
    case closed(at: Instant, ReclaimCause?)
  }

  public enum SuspensionCause: String, Hashable, Sendable, Codable, CaseIterable {
    case unpaid
    case idle
    case `operator`
  }

  public enum ReclaimCause: String, Hashable, Sendable, Codable, CaseIterable {
    /// Suspended longer than its data is kept.
    case retention
    /// The renter gave it back.
    case release
    /// The operator needs the host.
    case eviction
    /// It could not be made.
    case provisioning
    /// It was lost, or its driver could not bring it back in time.
    case impairment
    /// Nobody used it.
    case idle
  }

  /// What is true beside the state.
  public struct Flags: Hashable, Sendable, Codable {
    /// The operator's seal (abuse, legal): time stops, doors shut, never reclaimed; payment does not clear it.
    public var frozen: Freeze?
    /// Not reclaimed when retention ends; looked at daily instead.
    public var protected = false
    /// No time is sold past it, and at it the lease ends.
    public var evictingUntil: Instant?
    public var impaired: Impairment?

    public init() {}
  }

  public struct Freeze: Hashable, Sendable, Codable {
    public var since: Instant
    /// The seal is off, the driver has not said `.resumed` yet.
    public var thawing: Bool

    public init(since: Instant, thawing: Bool) {
      self.since = since
      self.thawing = thawing
    }
  }

  public struct Impairment: Hashable, Sendable, Codable {
    public var since: Instant
    /// Past it the balance goes back to the renter.
    public var until: Instant
    /// When the driver is asked again.
    public var nextAttempt: Instant
    public var reason: String

    public init(since: Instant, until: Instant, nextAttempt: Instant, reason: String) {
      self.since = since
      self.until = until
      self.nextAttempt = nextAttempt
      self.reason = reason
    }
  }
}
