import Leasing
import Ledger
import Units

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
  /// Effects on resources that have failed eight times or more: trying again will not help, somebody must look.
  public var failing: Int
  /// The first of them, with what went wrong.
  public var failingFirst: String?

  /// Effects that somebody has had in hand for longer than ``slowAfter``, and since when the first.
  public var slowEffects: Int
  public var oldestSlowEffect: Instant?

  /// An effect that is under way for so long gives its slot to others, and is shown.
  public static let slowAfter: Seconds = 60

  public init(
    dueLeases: Int, oldestDueLease: Instant?, outboxRows: Int, oldestOutboxRow: Instant?, unbooked: Int, parked: Int,
    failing: Int = 0, failingFirst: String? = nil, slowEffects: Int = 0, oldestSlowEffect: Instant? = nil
  ) {
    self.dueLeases = dueLeases
    self.oldestDueLease = oldestDueLease
    self.outboxRows = outboxRows
    self.oldestOutboxRow = oldestOutboxRow
    self.unbooked = unbooked
    self.parked = parked
    self.failing = failing
    self.failingFirst = failingFirst
    self.slowEffects = slowEffects
    self.oldestSlowEffect = oldestSlowEffect
  }
}
