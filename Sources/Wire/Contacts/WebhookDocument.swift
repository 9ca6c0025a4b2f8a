import Units

/// The body of a webhook (Standard Webhooks): what it is about, since when, and the facts.
public struct WebhookDocument: Hashable, Sendable, Codable {
  /// `lease.notice`.
  public var type: String
  /// When it was announced; the same at every attempt.
  public var timestamp: Timestamp
  public var data: NoticeData

  public init(type: String, timestamp: Timestamp, data: NoticeData) {
    self.type = type
    self.timestamp = timestamp
    self.data = data
  }
}

/// What happens to a lease, when, and what it costs to prevent it.
public struct NoticeData: Hashable, Sendable, SnakeCased {
  public var lease: String
  public var offer: String
  /// As in the lease's event feed: `renewal`, `expired`, `reclaim` …
  public var kind: String?
  /// What happens at the deadline, in words.
  public var consequence: String?
  public var deadline: Timestamp?
  /// Whole days until then; 0 on the last of them.
  public var daysRemaining: Int64?
  /// What one period costs, debt included. Absent: paying does not help.
  public var amountMsat: Int64?
  /// A pay-only address of the lease: asked without a credential it answers `402` with an invoice that is made then. A
  /// secret of little worth: who has it can pay, and do nothing else.
  public var payAt: String?
  /// What can be paid at once (BOLT 11), for a contact that asked for it. Whoever pays it is given nothing: the lease is.
  public var invoice: String?
  /// What it asks for, which may be more than ``amountMsat`` by now.
  public var invoiceMsat: Int64?
  /// Not to be paid after it: ``payAt`` has another then.
  public var invoiceExpiresAt: Timestamp?

  public init(
    lease: String, offer: String, kind: String? = nil, consequence: String? = nil, deadline: Timestamp? = nil,
    daysRemaining: Int64? = nil, amountMsat: Int64? = nil, payAt: String? = nil, invoice: String? = nil,
    invoiceMsat: Int64? = nil,
    invoiceExpiresAt: Timestamp? = nil
  ) {
    self.lease = lease
    self.offer = offer
    self.kind = kind
    self.consequence = consequence
    self.deadline = deadline
    self.daysRemaining = daysRemaining
    self.amountMsat = amountMsat
    self.payAt = payAt
    self.invoice = invoice
    self.invoiceMsat = invoiceMsat
    self.invoiceExpiresAt = invoiceExpiresAt
  }
}
