import Units

extension Lease {
  /// Where a lease is in its life. Each deadline in it was stored when the state was entered.
  public enum State: Hashable, Sendable, Codable {
    /// Asked for, not paid. `hasCapacity`: capacity is set aside. Leaves by the deadline only to cancel its invoice, since a
    /// payment may be on its way.
    ///
    /// Can transition to: `.provisioning` (paid, or a payment held), `.closed` (invoice canceled).
    case quoted(hasCapacity: Bool, until: Instant, canceling: Bool)

    /// Paid, or the payment is held by the node; the resource is being made. Time is not charged.
    ///
    /// With a `hold` nothing is booked yet. Once the resource is made the payment is taken, and only then does the
    /// lease serve: what is served is paid for. Until then a failure sends the payment back.
    ///
    /// Can transition to: `.active` (made, and settled), `.reclaiming` (failed, too late, payment gone, released,
    /// evicted).
    case provisioning(deadline: Instant, hold: Hold? = nil)

    /// Full service; time is charged.
    ///
    /// Can transition to: `.grace`, `.suspended` (balance gone, idle, operator, limit), `.reclaiming` (released, evicted).
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

    /// As it is written in the database.
    enum QuotedCodingKeys: String, CodingKey {
      case hasCapacity = "held"
      case until, canceling
    }
  }

  /// A payment that has arrived at the node and waits for our decision.
  public struct Hold: Hashable, Sendable, Codable {
    /// Hex.
    public var paymentHash: String
    /// The resource is made and the node is asked for the money. From here on no deadline of ours counts: only the
    /// node knows whether the payment was taken or is gone, and it is asked until it says so.
    public var isSettling: Bool

    public init(paymentHash: String, isSettling: Bool) {
      self.paymentHash = paymentHash
      self.isSettling = isSettling
    }
  }

  public enum SuspensionCause: String, Hashable, Sendable, Codable, CaseIterable {
    case unpaid
    case idle
    case `operator`
    /// The renter's own limit is reached. It comes back with the next day, or when the limit is raised.
    case limit
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
    /// The payment that was held for it was gone before it could be taken.
    case payment
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
    /// Why, in the operator's words; the renter sees them.
    public var evictionReason: String?
    /// Why the operator suspended it, in the operator's words; the renter sees them.
    public var suspensionReason: String?
    public var impaired: Impairment?
    /// A wallet of the renter's is asked for renewals; nil: none is.
    public var pulls: Bool?

    public init() {}
  }

  public struct Freeze: Hashable, Sendable, Codable {
    public var since: Instant
    /// The seal is off, the driver has not said `.resumed` yet.
    public var thawing: Bool
    /// Why, in the operator's words; the renter sees them.
    public var reason: String?

    public init(since: Instant, thawing: Bool, reason: String? = nil) {
      self.since = since
      self.thawing = thawing
      self.reason = reason
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
