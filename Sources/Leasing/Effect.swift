import Units

/// Something to be done outside the database. It lives in the outbox until its outcome is an event.
public enum Effect: Hashable, Sendable {
  /// Something on the host, fenced by the generation.
  case resource(ResourceAct, generation: Int64)
  /// Something with the lease's invoices, at the node.
  case invoice(InvoiceAct)
  /// Pay the renter's invoice, once. Outcome: `.payoutPaid` or `.payoutFailed`.
  /// Twice: the node reports the payment it has made. Never: the money stays set aside; looked up, retried and shown.
  case payout(paymentHash: String)
  /// Have the renter's wallet pay for time. Outcome: none where it pays, since a settlement is an event of its own;
  /// `.pullFailed` otherwise.
  /// Twice: the request that was made is looked up first, and an invoice settles once. Never: nothing was paid, which the
  /// next reminder tries again.
  case pull
  /// Tell the renter. No outcome; twice is kept from happening by the key, never costs a courtesy.
  case notice(Notice)

  public enum ResourceAct: String, Hashable, Sendable, CaseIterable {
    /// Make the resource. Outcome: `.provisioned` or `.provisionFailed`.
    /// Twice: the driver finds it made. Never: the provisioning deadline returns the money.
    case provision
    /// Freeze it. Outcome: `.suspended`; a failure is none: the outbox tries again.
    /// Twice: already frozen. Never: doors are shut all the same; retried, and shown by `admin lease` and `doctor`.
    case suspend
    /// Thaw it, at the size of the present terms. Outcome: `.resumed`, `.resumeFailed`, or `.resizeRefused`.
    /// Twice: already running. Never: the lease becomes impaired and its balance goes back after the deadline.
    case resume
    /// Give it the resources of the lease's present terms. Outcome: `.resized`, or `.resizeRefused` where more is stored
    /// than they take; a failure is none: the outbox tries again.
    /// Twice: already that size. Never: retried and shown.
    case resize
    /// Freeze, take the last sample, close and rate the windows. Outcome: `.metersClosed`.
    /// Twice: the windows are closed. Never: nothing is destroyed; retried and shown.
    case closeMeters = "close_meters"
    /// Destroy and erase. Outcome: `.destroyed`; a failure is none: the outbox tries again.
    /// Twice: gone. Never: the capacity is not free; retried and shown.
    case destroy
  }

  public enum InvoiceAct: Hashable, Sendable {
    /// Cancel every open invoice of the lease. Outcome: `.invoicesCanceled`.
    /// Twice: nothing is open. Never: nothing is destroyed; retried and shown.
    case cancelInvoices
    /// Cancel the invoice of an unpaid quote. Outcome: `.quoteCanceled`.
    /// Twice: gone. Never: the capacity stays held; retried and shown.
    case cancelQuote
    /// Take the payment that is held, now that what it buys is made. Outcome: `.settled` or `.holdCanceled`.
    /// Twice: it is taken already. Never: the lease does not serve; retried and shown until the node says either.
    case settle(paymentHash: String)
  }

  /// Order holds within (lease, lane) only, so that a dead webhook delays no resume.
  public enum Lane: String, Hashable, Sendable, Codable, CaseIterable {
    case resource, invoice, payout, pull, notice
  }

  public var lane: Lane {
    switch self {
    case .resource: .resource
    case .invoice: .invoice
    case .payout: .payout
    case .pull: .pull
    case .notice: .notice
    }
  }

  /// What the driver is fenced by; `nil` outside the resource lane.
  public var generation: Int64? {
    switch self {
    case .resource(_, let generation): generation
    case .invoice, .payout, .pull, .notice: nil
    }
  }

  /// For logs and the operator.
  public var name: String {
    switch self {
    case .resource(let act, _): act.rawValue
    case .invoice(.cancelInvoices): "cancel_invoices"
    case .invoice(.cancelQuote): "cancel_quote"
    case .invoice(.settle): "settle"
    case .payout: "payout"
    case .pull: "pull"
    case .notice: "notice"
    }
  }
}

extension Effect {
  public static func provision(generation: Int64) -> Effect { .resource(.provision, generation: generation) }
  public static func suspend(generation: Int64) -> Effect { .resource(.suspend, generation: generation) }
  public static func resume(generation: Int64) -> Effect { .resource(.resume, generation: generation) }
  public static func resize(generation: Int64) -> Effect { .resource(.resize, generation: generation) }
  public static func closeMeters(generation: Int64) -> Effect { .resource(.closeMeters, generation: generation) }
  public static func destroy(generation: Int64) -> Effect { .resource(.destroy, generation: generation) }
  public static let cancelInvoices = Effect.invoice(.cancelInvoices)
  public static let cancelQuote = Effect.invoice(.cancelQuote)
  public static func settle(paymentHash: String) -> Effect { .invoice(.settle(paymentHash: paymentHash)) }
}

/// A word to the renter: what will happen, when, and what it costs to prevent it.
public struct Notice: Hashable, Sendable, Codable {
  public enum Kind: String, Hashable, Sendable, Codable, CaseIterable {
    /// Time runs out: one lead, half a lead, a tenth of a lead before.
    case renewal
    case renewalHalf = "renewal_half"
    case renewalTenth = "renewal_tenth"
    /// Time has run out.
    case expired
    /// Service stops soon.
    case suspension
    /// Data goes soon.
    case reclaim
    /// The operator ends the lease.
    case eviction
    case idle
    /// Renewals are quoted at other terms from the deadline on.
    case terms
    /// What an outage took was given back.
    case compensation
    /// The renter's wallet did not pay.
    case pull
    /// Most of what the renter lets it spend in a day is spent.
    case limitNear = "limit_near"
    /// All of it is: it is suspended until the deadline.
    case limitReached = "limit_reached"
    /// A place of a full offer is held for who waited; of no lease that is paid for yet.
    case place
  }
  public var kind: Kind
  /// When what it warns of happens.
  public var deadline: Instant
  /// What one period costs now, debt included; `nil` when paying does not help.
  public var amount: Millisatoshi?
  /// Why, in words for people; of ``Kind/pull`` alone.
  public var reason: String?

  public init(kind: Kind, deadline: Instant, amount: Millisatoshi?, reason: String? = nil) {
    self.kind = kind
    self.deadline = deadline
    self.amount = amount
    self.reason = reason
  }
}
