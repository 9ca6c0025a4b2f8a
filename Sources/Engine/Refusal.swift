import L402
import Leasing
import Ledger
import Problems
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
  /// All of an offer is taken, or waited for.
  case full(offer: String)
  case unknownWaitlistEntry
  case idempotencyConflict
  /// No genuine credential: `401` with a stable reason, never an invoice.
  case unauthorized(reason: ProblemCode, detail: String)
  /// Genuine, but it does not reach so far: `403`.
  case forbidden(reason: ProblemCode, detail: String)
  /// `429`, with seconds to wait.
  case tooManyRequests(retryAfter: Int)
  /// `429`: as many of these are under way as may be; one must end first.
  case tooManyAtOnce(String)
  /// `503`, with seconds to wait.
  case unavailable(retryAfter: Int, String)
  /// The renter's invoice cannot be paid: `422`, with a stable code.
  case invoiceRefused(code: ProblemCode, String)
  /// `503`, with seconds to wait: the price is in a currency, and no rate is known that may be quoted at.
  case noExchangeRate(retryAfter: Int, String)
  /// `409`, with a stable code.
  case conflict(code: ProblemCode, String)
  /// What was asked stands behind us and does not answer: `502`, or `504` when it was waited for.
  case unanswered(code: ProblemCode, String)
}

extension Refusal {
  static func credential(_ refusal: CredentialRefusal) -> Refusal {
    .unauthorized(reason: ProblemCode(refusal), detail: refusal.condition.map { "at \($0)" } ?? "")
  }

  static func permission(_ refusal: PermissionRefusal) -> Refusal {
    .forbidden(reason: ProblemCode(refusal), detail: "the credential was narrowed below what this request needs")
  }

  /// The operator has shut the doors: sealed or suspended it.
  static func sealed(_ lease: Lease) -> Refusal {
    let reason = lease.flags.frozen?.reason ?? lease.flags.suspensionReason
    return .forbidden(
      reason: .leaseFrozen,
      detail: "the provider has closed the doors of this lease" + (reason.map { ": \($0)" } ?? ""))
  }

  /// The renter's own limit is reached.
  static func limitReached(_ lease: Lease) -> Refusal {
    let words = lease.limit.map { limit in
      " of \(limit.perDay.count / 1_000) sat a day is spent: it is served again at \(limit.resetsAt.rfc3339)"
    }
    return .conflict(code: .limitReached, "the lease's own limit" + (words ?? " is spent") + ", or when it is raised")
  }

  /// - Parameter lease: as it is, for what the operator said about it.
  static func rejection(_ rejection: Rejection, of lease: Lease? = nil) -> Refusal {
    func because(_ reason: String?) -> String { reason.map { ": \($0)" } ?? "" }
    return switch rejection {
    case .leaseClosed, .leaseReclaiming: .leaseClosed
    case .leaseFrozen:
      .forbidden(
        reason: .leaseFrozen,
        detail: "the provider has sealed this lease" + because(lease?.flags.frozen?.reason))
    case .suspendedByOperator:
      .forbidden(
        reason: .leaseSuspendedByOperator,
        detail: "the provider has suspended this lease" + because(lease?.flags.suspensionReason))
    case .evicting:
      .forbidden(
        reason: .leaseEvicting,
        detail: "the provider ends this lease"
          + (lease?.flags.evictingUntil.map { " at \($0.rfc3339)" } ?? "")
          + because(lease?.flags.evictionReason))
    case .leaseUnpaid:
      .conflict(code: .leaseUnpaid, "its time has run out: renew the lease first")
    case .leaseSuspended: .conflict(code: .leaseSuspended, "resume the lease first")
    case .notPaidYet: .conflict(code: .notPaidYet, "the lease is not in service yet")
    case .overCredit:
      .conflict(code: .overCredit, "there is not so much credit beyond what the lease owes")
    case .limitTooLow:
      .invalidField(
        "limits.spend_sat_per_day",
        "at least what a day of the lease's time costs"
          + (lease.flatMap { $0.leastLimit.roundedUpToInvoice }.map { ": \($0.count / 1_000)" } ?? ""))
    case .tooFarAhead: .invalidField("amount_msat", "no time is sold that far ahead")
    case .notSuspended: .conflict(code: .notSuspended, "the lease's state does not allow it")
    case .alreadySuspended: .conflict(code: .alreadySuspended, "the lease's state does not allow it")
    case .notFrozen: .conflict(code: .notFrozen, "the lease's state does not allow it")
    case .otherKind: .conflict(code: .otherKind, "the lease's state does not allow it")
    case .underpaid: .conflict(code: .underpaid, "the lease's state does not allow it")
    }
  }
}
