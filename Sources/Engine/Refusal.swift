import L402
import Leasing
import Ledger
import Units

/// Why a use case does not do what was asked: a value that a door turns into an answer. Nothing was charged.
public enum Refusal: Error, Sendable {
  case unknownOffer(String)
  case unknownLease
  case unknownPayment
  /// A field of the request, and what is wrong with it.
  case invalidField(String, String)
  /// `410`.
  case leaseClosed
  case noCapacity
  case idempotencyConflict
  /// No genuine credential: `401` with a stable reason, never an invoice.
  case unauthorized(reason: String, detail: String)
  /// Genuine, but it does not reach so far: `403`.
  case forbidden(reason: String, detail: String)
  /// Pay this first: `402`.
  case paymentRequired(PaymentDemand)
  /// `429`, with seconds to wait.
  case tooManyRequests(retryAfter: Int)
  /// `503`, with seconds to wait.
  case unavailable(retryAfter: Int, String)
  /// The renter's invoice cannot be paid: `422`, with a stable code.
  case invoiceRefused(code: String, String)
  /// `503`, with seconds to wait: the price is in a currency, and no rate is known that may be quoted at.
  case noExchangeRate(retryAfter: Int, String)
  /// `409`, with a stable code.
  case conflict(code: String, String)
}

/// What a `402` carries.
public struct PaymentDemand: Sendable {
  public var challenge: Challenge
  public var paymentHash: PaymentHash
  public var amount: Millisatoshi
  public var expiresAt: Instant
  public var lease: LeaseID
  public var state: String
  public var paidUntil: Instant?
  /// When the data goes if nobody pays; `nil` when that is not near.
  public var reclaimsAt: Instant?
  /// Whether capacity is set aside meanwhile.
  public var held: Bool
  /// `purchase`, `renewal`, `change`.
  public var purpose: String
  /// What the amount was reckoned from, where that is a price in a currency.
  public var frozen: FrozenPrice?
}

extension Refusal {
  static func credential(_ refusal: CredentialRefusal) -> Refusal {
    .unauthorized(reason: refusal.reason, detail: refusal.condition.map { "at \($0)" } ?? "")
  }

  static func permission(_ refusal: PermissionRefusal) -> Refusal {
    .forbidden(reason: refusal.reason, detail: "the credential was narrowed below what this request needs")
  }

  static func rejection(_ rejection: Rejection) -> Refusal {
    switch rejection {
    case .leaseClosed, .leaseReclaiming: .leaseClosed
    case .leaseFrozen: .forbidden(reason: "lease-frozen", detail: "the provider has sealed this lease")
    case .tooFarAhead: .invalidField("amount_msat", "no time is sold that far ahead")
    case .notPaidYet, .notSuspended, .alreadySuspended, .notFrozen, .evicting, .otherKind, .underpaid, .overCredit:
      .conflict(code: rejection.rawValue, "the lease's state does not allow it")
    }
  }
}
