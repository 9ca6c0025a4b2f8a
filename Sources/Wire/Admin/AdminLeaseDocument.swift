/// A lease in the operator's list.
public struct AdminLeaseItem: Hashable, Sendable, SnakeCased {
  public var lease: LeaseDocument
  @Nullable public var host: String?
  /// When it is looked at next.
  @Nullable public var wakesAt: Timestamp?

  public init(
    lease: LeaseDocument, host: String? = nil, wakesAt: Timestamp? = nil
  ) {
    self.lease = lease
    self.host = host
    self.wakesAt = wakesAt
  }
}

/// Everything about one lease.
public struct AdminLeaseDocument: Hashable, Sendable, SnakeCased {
  public var lease: LeaseDocument
  @Nullable public var host: String?
  public var uidBase: Int64?
  @Nullable public var wakesAt: Timestamp?
  public var command: [String]
  public var impairment: String?
  /// In the outbox.
  public var effects: [EffectItem]
  public var events: [ExplainItem]

  public init(
    lease: LeaseDocument, host: String? = nil, uidBase: Int64? = nil, wakesAt: Timestamp? = nil, command: [String],
    impairment: String? = nil, effects: [EffectItem], events: [ExplainItem]
  ) {
    self.lease = lease
    self.host = host
    self.uidBase = uidBase
    self.wakesAt = wakesAt
    self.command = command
    self.impairment = impairment
    self.effects = effects
    self.events = events
  }
}

/// Something to be done outside the database.
public struct EffectItem: Hashable, Sendable, SnakeCased {
  /// (lease, version, ordinal).
  public var key: String
  public var lease: String
  public var effect: String
  public var dueAt: Timestamp
  public var attempts: Int
  @Nullable public var lastError: String?

  public init(
    key: String, lease: String, effect: String, dueAt: Timestamp, attempts: Int, lastError: String? = nil
  ) {
    self.key = key
    self.lease = lease
    self.effect = effect
    self.dueAt = dueAt
    self.attempts = attempts
    self.lastError = lastError
  }
}

/// The proof of the books: no findings.
public struct AuditDocument: Hashable, Sendable, SnakeCased {
  /// So many of the transfers were proved by an earlier audit, and not read again; 0: all were read.
  public var provedBefore: Int64
  public var transfers: Int64
  public var payments: Int64
  /// By kind of account; the sum is zero.
  public var totalsMsat: [String: Int64]
  public var findings: [String]
  public var sound: Bool

  public init(
    transfers: Int64, payments: Int64, totalsMsat: [String: Int64], findings: [String], sound: Bool,
    provedBefore: Int64
  ) {
    self.transfers = transfers
    self.payments = payments
    self.totalsMsat = totalsMsat
    self.findings = findings
    self.sound = sound
    self.provedBefore = provedBefore
  }
}
