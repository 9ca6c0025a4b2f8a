import Units
import Wire

/// What a keeper did, or why not. As JSON it is one line of `leasehold autopay --json`.
public struct AutopayEvent: Hashable, Sendable, Codable {
  public enum Kind: String, Hashable, Sendable, Codable {
    /// Time was bought.
    case renewed
    /// Nothing to do until `next_at`.
    case waiting
    /// Over budget, over the limit, or the wallet declined: nothing was paid.
    case refused
    /// Something did not answer; it is tried again at `next_at`.
    case failed
    /// Nothing more will be done for this lease.
    case finished
  }

  public var at: Timestamp
  public var lease: String
  public var event: Kind
  public var reason: AutopayReason?
  /// For people.
  public var detail: String?
  public var amountMsat: Int64?
  public var periods: Int64?
  public var paidUntil: Timestamp?
  public var nextAt: Timestamp?

  public init(at: Instant, lease: String, event: Kind) {
    self.at = Timestamp(at)
    self.lease = lease
    self.event = event
  }

  private enum CodingKeys: String, CodingKey {
    case at, lease, event, reason, detail
    case amountMsat = "amount_msat"
    case periods
    case paidUntil = "paid_until"
    case nextAt = "next_at"
  }
}
