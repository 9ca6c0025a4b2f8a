/// How things stand, overdue work first: `GET /admin/v1/overview`.
public struct OverviewDocument: Hashable, Sendable, SnakeCased {
  public var at: Timestamp
  public var overdue: OverdueDocument
  public var pools: [PoolDocument]
  /// By state.
  public var leases: [String: Int]
  public var parked: [ParkedItem]
  public var unbooked: [UnbookedItem]
  public var node: String
  public var nodeUp: Bool
  public var listenerAlive: Bool
  /// Our clock less the database's.
  public var clockSkewMicroseconds: Int64
  @Nullable public var breakerTrippedAt: Timestamp?
  public var settlements: SettlementsDocument
  public var payouts: PayoutsDocument
  /// One for each currency that has a source.
  public var exchangeRates: [ExchangeRateItem]?
  /// Absent from a daemon of before they were.
  public var notices: NoticesDocument?

  public init(
    at: Timestamp, overdue: OverdueDocument, pools: [PoolDocument], leases: [String: Int], parked: [ParkedItem],
    unbooked: [UnbookedItem], node: String, nodeUp: Bool, listenerAlive: Bool, clockSkewMicroseconds: Int64,
    breakerTrippedAt: Timestamp? = nil, settlements: SettlementsDocument, payouts: PayoutsDocument,
    exchangeRates: [ExchangeRateItem]? = nil, notices: NoticesDocument? = nil
  ) {
    self.at = at
    self.overdue = overdue
    self.pools = pools
    self.leases = leases
    self.parked = parked
    self.unbooked = unbooked
    self.node = node
    self.nodeUp = nodeUp
    self.listenerAlive = listenerAlive
    self.clockSkewMicroseconds = clockSkewMicroseconds
    self.breakerTrippedAt = breakerTrippedAt
    self.settlements = settlements
    self.payouts = payouts
    self.exchangeRates = exchangeRates
    self.notices = notices
  }
}

/// Work that should have been done.
public struct OverdueDocument: Hashable, Sendable, SnakeCased {
  public var dueLeases: Int
  @Nullable public var oldestDueLease: Timestamp?
  public var outboxRows: Int
  @Nullable public var oldestOutboxRow: Timestamp?
  public var unbooked: Int
  public var parked: Int
  /// Effects on resources that have failed eight times or more.
  public var failing: Int
  /// The first of them: its lease, and what went wrong.
  public var failingFirst: String?

  public init(
    dueLeases: Int, oldestDueLease: Timestamp? = nil, outboxRows: Int, oldestOutboxRow: Timestamp? = nil, unbooked: Int,
    parked: Int, failing: Int = 0, failingFirst: String? = nil
  ) {
    self.dueLeases = dueLeases
    self.oldestDueLease = oldestDueLease
    self.outboxRows = outboxRows
    self.oldestOutboxRow = oldestOutboxRow
    self.unbooked = unbooked
    self.parked = parked
    self.failing = failing
    self.failingFirst = failingFirst
  }
}

/// Capacity of one host in one dimension.
public struct PoolDocument: Hashable, Sendable, Codable {
  public var host: String
  public var kind: String
  public var dimension: String
  public var used: Int64
  public var limit: Int64

  public init(
    host: String, kind: String, dimension: String, used: Int64, limit: Int64
  ) {
    self.host = host
    self.kind = kind
    self.dimension = dimension
    self.used = used
    self.limit = limit
  }
}

/// A lease whose step keeps failing.
public struct ParkedItem: Hashable, Sendable, Codable {
  public var lease: String
  public var until: Timestamp
  public var reason: String

  public init(
    lease: String, until: Timestamp, reason: String
  ) {
    self.lease = lease
    self.until = until
    self.reason = reason
  }
}

/// A settlement of ours that could not be booked.
public struct UnbookedItem: Hashable, Sendable, SnakeCased {
  public var paymentHash: String
  @Nullable public var lease: String?
  public var msat: Int64
  public var settledAt: Timestamp
  public var reason: String
  /// When somebody said that it was dealt with, and how.
  public var resolvedAt: Timestamp?
  public var resolution: String?

  public init(
    paymentHash: String, lease: String? = nil, msat: Int64, settledAt: Timestamp, reason: String,
    resolvedAt: Timestamp? = nil, resolution: String? = nil
  ) {
    self.resolvedAt = resolvedAt
    self.resolution = resolution
    self.paymentHash = paymentHash
    self.lease = lease
    self.msat = msat
    self.settledAt = settledAt
    self.reason = reason
  }
}

/// Credit on its way out.
public struct PayoutsDocument: Hashable, Sendable, SnakeCased {
  public var pending: Int
  /// Set aside for them, routing budgets included.
  public var setAsideMsat: Int64
  @Nullable public var oldestAskedAt: Timestamp?
  /// Pending though their invoices can be paid no more.
  public var stuck: [StuckPayoutItem]

  public init(
    pending: Int, setAsideMsat: Int64, oldestAskedAt: Timestamp? = nil, stuck: [StuckPayoutItem]
  ) {
    self.pending = pending
    self.setAsideMsat = setAsideMsat
    self.oldestAskedAt = oldestAskedAt
    self.stuck = stuck
  }
}

public struct StuckPayoutItem: Hashable, Sendable, SnakeCased {
  public var paymentHash: String
  public var lease: String
  public var msat: Int64
  public var askedAt: Timestamp
  /// The node that was ordered to pay it, and alone can say what became of it; absent: none was.
  public var orderedOf: String?

  public init(
    paymentHash: String, lease: String, msat: Int64, askedAt: Timestamp, orderedOf: String? = nil
  ) {
    self.paymentHash = paymentHash
    self.lease = lease
    self.msat = msat
    self.askedAt = askedAt
    self.orderedOf = orderedOf
  }
}
