import L402
import Leasing
import Ledger
import Units

/// What comes of asking for something that costs.
public enum Sold: Sendable {
  /// It is paid for, or costs nothing: the lease as it is then.
  case lease(LeaseRecord)
  /// Pay this first: `402`.
  case pay(PaymentDemand)
}

/// What a `402` carries.
public struct PaymentDemand: Sendable {
  public var challenge: Challenge
  public var paymentHash: PaymentHash
  public var amount: Millisatoshi
  public var expiresAt: Instant
  public var lease: LeaseID
  public var state: Lease.State.Name
  public var paidUntil: Instant?
  /// When the data goes if nobody pays; `nil` when that is not near.
  public var reclaimsAt: Instant?
  /// Whether capacity is set aside meanwhile.
  public var hasCapacity: Bool
  public var purpose: Settlement.Purpose.Name
  /// What the amount was reckoned from, where that is a price in a currency.
  public var locked: LockedPrice?
}
