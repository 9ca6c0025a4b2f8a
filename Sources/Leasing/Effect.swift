import Units

/// Something to be done outside the database. It lives in the outbox until its outcome is an event.
public enum Effect: Hashable, Sendable, Codable {
  /// Make the resource. Outcome: `.provisioned` or `.provisionFailed`.
  /// Twice: the driver finds it made. Never: the provisioning deadline returns the money.
  case provision(generation: Int64)
  /// Freeze it. Outcome: `.suspended` or `.suspendFailed`.
  /// Twice: already frozen. Never: doors are shut all the same; retried and shown.
  case suspend(generation: Int64)
  /// Thaw it. Outcome: `.resumed` or `.resumeFailed`.
  /// Twice: already running. Never: the lease becomes impaired and its balance goes back after the deadline.
  case resume(generation: Int64)
  /// Give it the resources of the lease's present terms. Outcome: `.resized` or `.resizeFailed`.
  /// Twice: already that size. Never: retried and shown.
  case resize(generation: Int64)
  /// Freeze, take the last sample, close and rate the windows. Outcome: `.metersClosed`.
  /// Twice: the windows are closed. Never: nothing is destroyed; retried and shown.
  case closeMeters(generation: Int64)
  /// Cancel every open invoice of the lease. Outcome: `.invoicesCanceled`.
  /// Twice: nothing is open. Never: nothing is destroyed; retried and shown.
  case cancelInvoices
  /// Cancel the invoice of an unpaid quote. Outcome: `.quoteCanceled`.
  /// Twice: gone. Never: the capacity stays held; retried and shown.
  case cancelQuote
  /// Take the payment that is held, now that what it buys is made. Outcome: `.settled` or `.holdCanceled`.
  /// Twice: it is taken already. Never: the lease does not serve; retried and shown until the node says either.
  case settle(paymentHash: String)
  /// Pay the renter's invoice, once. Outcome: `.payoutPaid` or `.payoutFailed`.
  /// Twice: the node reports the payment it has made. Never: the money stays set aside; looked up, retried and shown.
  case payout(paymentHash: String)
  /// Destroy and erase. Outcome: `.destroyed` or `.destroyFailed`.
  /// Twice: gone. Never: the capacity is not free; retried and shown.
  case destroy(generation: Int64)
  /// Tell the renter. No outcome; twice is kept from happening by the key, never costs a courtesy.
  case notice(Notice)

  /// Order holds within (lease, lane) only, so that a dead webhook delays no resume.
  public enum Lane: String, Hashable, Sendable, Codable, CaseIterable {
    case resource, invoice, payout, notice
  }

  public var lane: Lane {
    switch self {
    case .provision, .suspend, .resume, .resize, .closeMeters, .destroy: .resource
    case .cancelInvoices, .cancelQuote, .settle: .invoice
    case .payout: .payout
    case .notice: .notice
    }
  }

  /// What the driver is fenced by; `nil` outside the resource lane.
  public var generation: Int64? {
    switch self {
    case .provision(let generation), .suspend(let generation), .resume(let generation), .resize(let generation),
      .closeMeters(let generation), .destroy(let generation):
      generation
    case .cancelInvoices, .cancelQuote, .settle, .payout, .notice: nil
    }
  }

  public var name: String {
    switch self {
    case .provision: "provision"
    case .suspend: "suspend"
    case .resume: "resume"
    case .resize: "resize"
    case .closeMeters: "close_meters"
    case .cancelInvoices: "cancel_invoices"
    case .cancelQuote: "cancel_quote"
    case .settle: "settle"
    case .payout: "payout"
    case .destroy: "destroy"
    case .notice: "notice"
    }
  }
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
  }
  public var kind: Kind
  /// When what it warns of happens.
  public var deadline: Instant
  /// What one period costs now, debt included; `nil` when paying does not help.
  public var amount: Millisatoshi?

  public init(kind: Kind, deadline: Instant, amount: Millisatoshi?) {
    self.kind = kind
    self.deadline = deadline
    self.amount = amount
  }
}
