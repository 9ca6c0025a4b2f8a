import Leasing
import Ledger
import Units

/// One thing that happened to a lease: what `explain` and the event feed show.
public struct EventRecord: Hashable, Sendable {
  /// Rises over all leases; assigned by the store.
  public var sequence: Int64
  /// Unique; the same event delivered again is found by it.
  public var id: String
  public var lease: LeaseID
  public var version: Int64
  public var at: Instant
  public var name: Name
  /// `nil`: only `explain` shows it.
  public var feedName: FeedName?
  /// `nil`: there was no lease before.
  public var from: Lease.State.Name?
  public var to: Lease.State.Name
  public var cause: Cause
  public var evidence: [String: String]

  /// Which request, timer, payment, effect or person.
  public struct Cause: Hashable, Sendable {
    public var type: CauseType
    public var id: String
    public init(type: CauseType, id: String) {
      self.type = type
      self.id = id
    }
  }

  public init(
    sequence: Int64 = 0, id: String, lease: LeaseID, version: Int64, at: Instant, name: Name, feedName: FeedName?,
    from: Lease.State.Name?, to: Lease.State.Name, cause: Cause, evidence: [String: String] = [:]
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
