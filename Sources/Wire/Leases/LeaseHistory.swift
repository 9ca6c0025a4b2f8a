/// A page of a list.
public struct ListDocument<Item: Hashable & Sendable & Codable>: Hashable, Sendable, SnakeCased {
  public var items: [Item]
  /// For `?cursor=`; `null` at the end.
  @Nullable public var nextCursor: String?

  public init(
    items: [Item], nextCursor: String? = nil
  ) {
    self.items = items
    self.nextCursor = nextCursor
  }
}

/// One meter over one span.
public struct UsageItem: Hashable, Sendable, SnakeCased {
  public var meter: String
  public var windowStart: Timestamp
  public var windowSeconds: Int64
  public var quantity: Int64
  /// The meter's own unit.
  public var unit: String
  /// `null` until it is rated.
  @Nullable public var chargedMsat: Int64?

  public init(
    meter: String, windowStart: Timestamp, windowSeconds: Int64, quantity: Int64, unit: String,
    chargedMsat: Int64? = nil
  ) {
    self.meter = meter
    self.windowStart = windowStart
    self.windowSeconds = windowSeconds
    self.quantity = quantity
    self.unit = unit
    self.chargedMsat = chargedMsat
  }
}

/// One transfer between two accounts.
public struct LedgerItem: Hashable, Sendable, Codable {
  public var id: Int64
  public var at: Timestamp
  public var debit: String
  public var credit: String
  public var msat: Int64
  public var cause: String

  public init(
    id: Int64, at: Timestamp, debit: String, credit: String, msat: Int64, cause: String
  ) {
    self.id = id
    self.at = at
    self.debit = debit
    self.credit = credit
    self.msat = msat
    self.cause = cause
  }
}

/// One thing that happened to a lease, and why.
public struct ExplainItem: Hashable, Sendable, Codable {
  public var sequence: Int64
  public var at: Timestamp
  public var version: Int64
  /// The state before; empty for the first.
  public var from: String
  public var to: String
  public var event: String
  public var cause: CauseDocument
  public var evidence: [String: String]
  /// The same in a sentence for people, where there is one; moments in UTC.
  public var summary: String?

  public init(
    sequence: Int64, at: Timestamp, version: Int64, from: String, to: String, event: String, cause: CauseDocument,
    evidence: [String: String], summary: String? = nil
  ) {
    self.sequence = sequence
    self.at = at
    self.version = version
    self.from = from
    self.to = to
    self.event = event
    self.cause = cause
    self.evidence = evidence
    self.summary = summary
  }
}

/// Which request, timer, payment, effect or person.
public struct CauseDocument: Hashable, Sendable, Codable {
  public var type: String
  public var id: String

  public init(
    type: String, id: String
  ) {
    self.type = type
    self.id = id
  }
}

/// The `data:` of one server-sent event.
public struct FeedEvent: Hashable, Sendable, SnakeCased {
  public var lease: String
  public var at: Timestamp
  public var version: Int64
  /// `quoted paid provisioned notice undelivered suspended resumed reclaimed closed failed`.
  public var event: String
  public var state: String
  /// Of a notice.
  public var kind: String?
  /// Of a notice: what a renewal of one period costs now.
  public var amountMsat: Int64?
  /// Of a notice.
  public var deadline: Timestamp?
  /// Of a notice: whole days from it to the deadline.
  public var daysRemaining: Int64?
  /// Of a notice: what happens at the deadline.
  public var consequence: String?
  /// Of a failure.
  public var reason: String?
  public var links: [String: String]

  public init(
    lease: String, at: Timestamp, version: Int64, event: String, state: String, kind: String? = nil,
    amountMsat: Int64? = nil, deadline: Timestamp? = nil, daysRemaining: Int64? = nil, consequence: String? = nil,
    reason: String? = nil, links: [String: String]
  ) {
    self.lease = lease
    self.at = at
    self.version = version
    self.event = event
    self.state = state
    self.kind = kind
    self.amountMsat = amountMsat
    self.deadline = deadline
    self.daysRemaining = daysRemaining
    self.consequence = consequence
    self.reason = reason
    self.links = links
  }
}
