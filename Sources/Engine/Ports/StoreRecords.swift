import L402
import Leasing
import Ledger
import Units

/// A lease with what was asked for when it was bought.
public struct LeaseRecord: Sendable, Hashable {
  public var lease: Lease
  public var request: LeaseRequest
  public var placement: Placement?

  public init(lease: Lease, request: LeaseRequest, placement: Placement?) {
    self.lease = lease
    self.request = request
    self.placement = placement
  }
}

/// What a renter asks for.
public struct LeaseRequest: Hashable, Sendable, Codable {
  public var offer: String
  public var periods: Int64
  /// An image's name or digest; compute only.
  public var image: String?
  public var command: [String]
  public var environment: [String: String]
  public var ports: [Int]
  public var sshKey: String?
  /// A disk lease to attach.
  public var disk: LeaseID?

  public init(
    offer: String, periods: Int64 = 1, image: String? = nil, command: [String] = [],
    environment: [String: String] = [:], ports: [Int] = [], sshKey: String? = nil, disk: LeaseID? = nil
  ) {
    self.offer = offer
    self.periods = periods
    self.image = image
    self.command = command
    self.environment = environment
    self.ports = ports
    self.sshKey = sshKey
    self.disk = disk
  }
}

public struct LeaseQuery: Hashable, Sendable {
  public var states: [String]
  public var after: LeaseID?
  public var limit: Int

  public init(states: [String] = [], after: LeaseID? = nil, limit: Int = 100) {
    self.states = states
    self.after = after
    self.limit = limit
  }
}

/// One thing that happened to a lease: what `explain` and the event feed show.
public struct EventRecord: Hashable, Sendable {
  /// Rises over all leases; assigned by the store.
  public var sequence: Int64
  /// Unique; the same event delivered again is found by it.
  public var id: String
  public var lease: LeaseID
  public var version: Int64
  public var at: Instant
  public var name: String
  /// The name for the feed (`quoted paid provisioned notice suspended resumed reclaimed closed failed`), or `nil` when
  /// only `explain` shows it.
  public var feedName: String?
  public var from: String
  public var to: String
  public var cause: Cause
  public var evidence: [String: String]

  /// Which request, timer, payment, effect or person.
  public struct Cause: Hashable, Sendable {
    public var type: String
    public var id: String
    public init(type: String, id: String) {
      self.type = type
      self.id = id
    }
  }

  public init(
    sequence: Int64 = 0, id: String, lease: LeaseID, version: Int64, at: Instant, name: String, feedName: String?,
    from: String, to: String, cause: Cause, evidence: [String: String] = [:]
  ) {
    self.sequence = sequence
    self.id = id
    self.lease = lease
    self.version = version
    self.at = at
    self.name = name
    self.feedName = feedName
    self.from = from
    self.to = to
    self.cause = cause
    self.evidence = evidence
  }
}

/// A step to be written: where the lease was, what was decided, and what is said of it.
public struct RecordedStep: Sendable {
  public var before: Lease
  public var decision: Decision
  public var events: [EventRecord]
  public var at: Instant

  public init(before: Lease, decision: Decision, events: [EventRecord], at: Instant) {
    self.before = before
    self.decision = decision
    self.events = events
    self.at = at
  }
}

public struct ParkedLease: Hashable, Sendable {
  public var lease: LeaseID
  public var until: Instant
  public var reason: String
  public init(lease: LeaseID, until: Instant, reason: String) {
    self.lease = lease
    self.until = until
    self.reason = reason
  }
}

/// An effect in our hands.
public struct ClaimedEffect: Hashable, Sendable {
  public var id: Int64
  public var lease: LeaseID
  /// `(lease, version, ordinal)`, as text: the idempotency key handed to drivers, nodes and channels.
  public var key: String
  public var effect: Effect
  /// How often it was tried before.
  public var attempts: Int
  public init(id: Int64, lease: LeaseID, key: String, effect: Effect, attempts: Int) {
    self.id = id
    self.lease = lease
    self.key = key
    self.effect = effect
    self.attempts = attempts
  }
}

public struct OutboxRow: Hashable, Sendable {
  public var claim: ClaimedEffect
  public var dueAt: Instant
  public var lastError: String?
  public init(claim: ClaimedEffect, dueAt: Instant, lastError: String?) {
    self.claim = claim
    self.dueAt = dueAt
    self.lastError = lastError
  }
}

/// Overdue work, for metrics and the operator: it comes first there.
public struct OverdueWork: Hashable, Sendable {
  public var dueLeases: Int
  public var oldestDueLease: Instant?
  public var outboxRows: Int
  public var oldestOutboxRow: Instant?
  public var unbooked: Int
  public var parked: Int
  public init(
    dueLeases: Int, oldestDueLease: Instant?, outboxRows: Int, oldestOutboxRow: Instant?, unbooked: Int, parked: Int
  ) {
    self.dueLeases = dueLeases
    self.oldestDueLease = oldestDueLease
    self.outboxRows = outboxRows
    self.oldestOutboxRow = oldestOutboxRow
    self.unbooked = unbooked
    self.parked = parked
  }
}

/// How far a node's settlements are taken in.
public struct SettlementMarks: Hashable, Sendable {
  /// When the cursor moved last; `nil`: it never did.
  public var cursorMovedAt: Instant?
  /// When the first of the unbooked was found.
  public var oldestUnbooked: Instant?
  public init(cursorMovedAt: Instant? = nil, oldestUnbooked: Instant? = nil) {
    self.cursorMovedAt = cursorMovedAt
    self.oldestUnbooked = oldestUnbooked
  }
}

/// A host's capacity for one kind; a dimension that is zero is not sold there.
public struct HostCapacity: Hashable, Sendable {
  public var host: String
  public var kind: Kind
  public var limit: Resources
  /// The first of the 65,536-uid slots the leases of this host own.
  public var uidBase: UInt32
  public init(host: String, kind: Kind, limit: Resources, uidBase: UInt32) {
    self.host = host
    self.kind = kind
    self.limit = limit
    self.uidBase = uidBase
  }
}

public struct Placement: Hashable, Sendable {
  public var host: String
  /// The first uid of the lease's own range.
  public var uidBase: UInt32
  public init(host: String, uidBase: UInt32) {
    self.host = host
    self.uidBase = uidBase
  }
}

public struct PoolLevel: Hashable, Sendable {
  public var host: String
  public var kind: Kind
  /// `disk`, `cpu`, `memory`, `pids`.
  public var dimension: String
  public var used: Int64
  public var limit: Int64
  public init(host: String, kind: Kind, dimension: String, used: Int64, limit: Int64) {
    self.host = host
    self.kind = kind
    self.dimension = dimension
    self.used = used
    self.limit = limit
  }
}

public struct InvoiceOrder: Hashable, Sendable {
  public var lease: LeaseID
  public var purpose: Settlement.Purpose
  /// What is unique while open: `purchase`, `renewal:1`, `change:<offer>`.
  public var slot: String
  /// Unique for ever; the node's label.
  public var label: String
  public var amount: Millisatoshi
  public var expiresAt: Instant
  /// What it takes beyond the lease's allocation, to be held while it can be paid.
  public var extra: Resources?
  public var at: Instant
  /// The payment is to be held, and its preimage belongs to this epoch's master key; `nil`: an ordinary invoice.
  public var holdEpoch: UInt16?
  public init(
    lease: LeaseID, purpose: Settlement.Purpose, slot: String, label: String, amount: Millisatoshi, expiresAt: Instant,
    extra: Resources? = nil, at: Instant
  ) {
    self.lease = lease
    self.purpose = purpose
    self.slot = slot
    self.label = label
    self.amount = amount
    self.expiresAt = expiresAt
    self.extra = extra
    self.at = at
  }
}

public enum InvoiceReservation: Hashable, Sendable {
  /// Ours to mint, under this row.
  case reserved(id: Int64)
  /// One is open already.
  case open(InvoiceRecord)
  /// Another asker is minting it right now.
  case busy(since: Instant, id: Int64)
}

public struct InvoiceRecord: Hashable, Sendable {
  public enum State: String, Hashable, Sendable {
    /// `replaced`: another is offered instead, but this one can still be paid. `accepted`: its payment has arrived and
    /// is held.
    case reserved, open, replaced, accepted, settled, canceled, expired
  }
  public var id: Int64
  public var lease: LeaseID
  public var purpose: Settlement.Purpose
  public var slot: String
  public var label: String
  public var amount: Millisatoshi
  public var createdAt: Instant
  public var expiresAt: Instant
  public var state: State
  /// `nil` while reserved.
  public var paymentHash: PaymentHash?
  public var bolt11: String?
  /// The epoch of the master key its preimage is derived with, when its payment is held; `nil`: an ordinary invoice.
  public var holdEpoch: UInt16?
  public init(
    id: Int64, lease: LeaseID, purpose: Settlement.Purpose, slot: String, label: String, amount: Millisatoshi,
    createdAt: Instant, expiresAt: Instant, state: State, paymentHash: PaymentHash?, bolt11: String?,
    holdEpoch: UInt16? = nil
  ) {
    self.id = id
    self.lease = lease
    self.purpose = purpose
    self.slot = slot
    self.label = label
    self.amount = amount
    self.createdAt = createdAt
    self.expiresAt = expiresAt
    self.state = state
    self.paymentHash = paymentHash
    self.bolt11 = bolt11
    self.holdEpoch = holdEpoch
  }
}

extension InvoiceRecord {
  /// Offered again while a quarter of its life is left and the terms are the same; to its end when another would end
  /// no later, as a purchase's does.
  public func isGood(for order: InvoiceOrder) -> Bool {
    let life = expiresAt.microseconds(since: createdAt)
    let left = expiresAt.microseconds(since: order.at)
    return amount == order.amount && purpose == order.purpose && left > 0
      && (left >= life / 4 || order.expiresAt <= expiresAt)
  }
}

public struct UnbookedSettlement: Hashable, Sendable {
  public var settlement: NodeSettlement
  public var lease: LeaseID?
  public var reason: String
  public init(settlement: NodeSettlement, lease: LeaseID?, reason: String) {
    self.settlement = settlement
    self.lease = lease
    self.reason = reason
  }
}

/// A minted macaroon, by its token id. The macaroon itself is kept nowhere.
public struct TokenRecord: Hashable, Sendable {
  public var id: TokenID
  public var lease: LeaseID
  public var parent: TokenID?
  public var paymentHash: PaymentHash
  public var capabilities: String
  public var createdAt: Instant
  public var revokedAt: Instant?
  public init(
    id: TokenID, lease: LeaseID, parent: TokenID?, paymentHash: PaymentHash, capabilities: String, createdAt: Instant,
    revokedAt: Instant? = nil
  ) {
    self.id = id
    self.lease = lease
    self.parent = parent
    self.paymentHash = paymentHash
    self.capabilities = capabilities
    self.createdAt = createdAt
    self.revokedAt = revokedAt
  }
}

public struct IdempotencyRecord: Hashable, Sendable {
  /// Client address and route, or the credential's lease and route.
  public var scope: String
  public var key: String
  /// Hex of the SHA-256 of the canonical body.
  public var bodyHash: String
  public var lease: LeaseID
  public var at: Instant
  public init(scope: String, key: String, bodyHash: String, lease: LeaseID, at: Instant) {
    self.scope = scope
    self.key = key
    self.bodyHash = bodyHash
    self.lease = lease
    self.at = at
  }
}

public struct TransferRecord: Hashable, Sendable {
  public var id: Int64
  public var at: Instant
  public var transfer: Transfer
  public init(id: Int64, at: Instant, transfer: Transfer) {
    self.id = id
    self.at = at
    self.transfer = transfer
  }
}

/// The proof of the books. Everything listed is wrong; an empty list is the proof.
public struct Audit: Hashable, Sendable {
  public var transfers: Int64
  public var payments: Int64
  /// By account kind (`node`, `lease`, `revenue:time`, …): credited less debited. Sums to zero.
  public var totals: [String: Millisatoshi]
  /// Each a sentence: a lease whose balance differs from its transfers, a payment without a transfer, ….
  public var findings: [String]
  public init(transfers: Int64, payments: Int64, totals: [String: Millisatoshi], findings: [String]) {
    self.transfers = transfers
    self.payments = payments
    self.totals = totals
    self.findings = findings
  }
}

/// A reading to take in. Counters are cumulative; levels are integrated between readings of the same incarnation.
public struct MeterReading: Hashable, Sendable {
  public enum Value: Hashable, Sendable {
    case counter(Int64)
    /// Bytes held at this moment; becomes byte-seconds.
    case level(Int64)
  }
  public var lease: LeaseID
  public var incarnation: Int64
  public var meter: Meter
  public var value: Value
  public var at: Instant
  public init(lease: LeaseID, incarnation: Int64, meter: Meter, value: Value, at: Instant) {
    self.lease = lease
    self.incarnation = incarnation
    self.meter = meter
    self.value = value
    self.at = at
  }
}

public struct UsageWindow: Hashable, Sendable {
  public var incarnation: Int64
  public var meter: Meter
  public var start: Instant
  public var seconds: Int64
  public var quantity: Int64
  /// `nil` until rated.
  public var charged: Millisatoshi?
  public init(
    incarnation: Int64, meter: Meter, start: Instant, seconds: Int64, quantity: Int64, charged: Millisatoshi?
  ) {
    self.incarnation = incarnation
    self.meter = meter
    self.start = start
    self.seconds = seconds
    self.quantity = quantity
    self.charged = charged
  }
}

/// A lease's closed windows of one meter, with what was used and carried before them.
public struct UnratedUsage: Sendable {
  public var lease: Lease
  public var meter: Meter
  /// In order of time.
  public var windows: [UsageWindow]
  public var allowance: RatingState
  public init(lease: Lease, meter: Meter, windows: [UsageWindow], allowance: RatingState) {
    self.lease = lease
    self.meter = meter
    self.windows = windows
    self.allowance = allowance
  }
}

/// What rating must remember per lease and meter: the allowance used in the current period, and what is left of a
/// millisatoshi.
public struct RatingState: Hashable, Sendable {
  public var period: Int64
  public var used: Int64
  public var remainder: Int64
  public init(period: Int64 = 0, used: Int64 = 0, remainder: Int64 = 0) {
    self.period = period
    self.used = used
    self.remainder = remainder
  }
}

public struct RatedWindow: Hashable, Sendable {
  public var lease: LeaseID
  public var window: UsageWindow
  public var charged: Millisatoshi
  public var allowance: RatingState
  public init(lease: LeaseID, window: UsageWindow, charged: Millisatoshi, allowance: RatingState) {
    self.lease = lease
    self.window = window
    self.charged = charged
    self.allowance = allowance
  }
}
