import Ledger
import Units

/// What can happen to a lease.
///
/// An event says what is the case, never what to do about it. Each is delivered under an id and takes effect once.
public enum Event: Hashable, Sendable {
  /// An invoice of this lease settled: the node said so.
  case settled(Settlement)
  /// The payment of the purchase has arrived and is held: it is ours to take or to send back.
  case accepted(Acceptance)
  /// Nothing is held under this payment hash any more: the node let go of it, or sent it back as told.
  case holdCanceled(paymentHash: String, reason: String)
  /// The invoice of the quote is gone for good: canceled, or expired and looked up unpaid.
  case quoteCanceled
  /// The driver made the resource.
  case provisioned(generation: Int64)
  case provisionFailed(generation: Int64, reason: String)
  case suspended(generation: Int64)
  /// The driver runs it again. Only this opens the doors.
  case resumed(generation: Int64)
  case resumeFailed(generation: Int64, reason: String)
  case resized(generation: Int64)
  /// More is in it than the size of its terms takes; it is as large as it was.
  case resizeRefused(generation: Int64, reason: String)
  /// The last sample is taken, windows are closed, and this much of their rating had not been charged yet.
  case metersClosed(generation: Int64, unrated: Millisatoshi)
  /// No invoice of this lease can settle any more.
  case invoicesCanceled
  /// Destroyed and erased, by the driver's word.
  case destroyed(generation: Int64, receipt: String)
  /// A closed usage window was rated.
  case usageRated(Millisatoshi)
  /// Time to look. Harmless early, late or twice.
  case woke
  /// The renter wants credit paid out to an invoice.
  case payoutAsked(Payout)
  /// The node has paid it, for this routing fee.
  case payoutPaid(Payout, fee: Millisatoshi)
  /// The node's positive word that no part of it is or will be paid.
  case payoutFailed(Payout, reason: String)
  /// The renter spends credit on another lease. Taken in one transaction with that lease's `.creditReceived`.
  case creditGiven(CreditMove)
  /// Credit of another lease arrives, or of this one: then it leaves in the same step.
  case creditReceived(CreditMove)
  /// The renter gives the lease back.
  case released
  /// The renter changes to terms that cost nothing now.
  case changed(Terms)
  /// Nobody has used it for as long as its policy says.
  case foundIdle
  /// A request came through a door.
  case requested
  /// No daemon was looking between these two moments.
  case outage(from: Instant, to: Instant, passed: Bool = true)
  /// Positive evidence that the resource is not as it should be; silence is not evidence.
  case impaired(reason: String)
  /// The resource is as it should be again.
  case recovered
  /// - Parameter reason: why, in the operator's words, for the renter; so in the two below.
  case operatorSuspended(reason: String? = nil)
  case operatorResumed
  case frozen(reason: String? = nil)
  case thawed
  case protected(Bool)
  /// `nil` takes the eviction back.
  case evicting(until: Instant?, reason: String? = nil)
  /// The renter lets a wallet be asked for renewals, another than before or the same; `false`: none any more.
  case walletSet(Bool)
  /// The renter's wallet was asked, or could not be, and did not pay as far as is known.
  case pullFailed(reason: String)
  /// The offer has changed: renewals are quoted at its terms from some moment on.
  case announced(Announcement)
  /// The renter lets usage cost so much a day; `nil`: whatever it comes to.
  case limited(perDay: Millisatoshi?)
  /// The operator makes an outage good.
  case compensated(Compensation)
}

/// A payment that has arrived and is not taken yet.
public struct Acceptance: Hashable, Sendable {
  /// Hex.
  public var paymentHash: String
  /// What arrived. Nothing of it is booked before it is settled.
  public var received: Millisatoshi
  /// By then it must be settled or canceled, or the node lets it go by itself; `nil` where the node does not say.
  public var decideBy: Instant?
  /// Why it cannot be taken (no capacity was left, too little arrived); `nil`: nothing stands in the way.
  public var obstacle: String?

  public init(paymentHash: String, received: Millisatoshi, decideBy: Instant? = nil, obstacle: String? = nil) {
    self.paymentHash = paymentHash
    self.received = received
    self.decideBy = decideBy
    self.obstacle = obstacle
  }
}

/// Credit on its way out.
public struct Payout: Hashable, Sendable {
  /// Of the renter's invoice; hex.
  public var paymentHash: String
  /// What the invoice asks for.
  public var amount: Millisatoshi
  /// What routing may cost at most; the renter's, and set aside with the amount.
  public var maxFee: Millisatoshi

  public init(paymentHash: String, amount: Millisatoshi, maxFee: Millisatoshi) {
    self.paymentHash = paymentHash
    self.amount = amount
    self.maxFee = maxFee
  }

  /// The budget for routing: at most a hundredth and ten satoshis, and no more than what is left of the credit.
  public static func feeBudget(for amount: Millisatoshi, of credit: Millisatoshi) -> Millisatoshi {
    let most = Millisatoshi(amount.count / 100) + Millisatoshi(satoshis: 10)
    return max(.zero, min(most, credit - amount))
  }
}

/// Credit of one lease on its way to the balance of another, or to its own.
public struct CreditMove: Hashable, Sendable {
  /// 64 lowercase hex digits; unique.
  public var id: String
  public var from: LeaseID
  public var to: LeaseID
  public var amount: Millisatoshi

  public init(id: String, from: LeaseID, to: LeaseID, amount: Millisatoshi) {
    self.id = id
    self.from = from
    self.to = to
    self.amount = amount
  }
}

/// A settled invoice.
public struct Settlement: Hashable, Sendable {
  /// Hex; the primary key of a payment.
  public var paymentHash: String
  /// What the invoice asked for.
  public var amount: Millisatoshi
  /// What was paid beyond it; becomes credit.
  public var excess: Millisatoshi
  public var purpose: Purpose
  /// For a quote that held nothing: whether capacity was found for it in this very transaction.
  public var capacityFound: Bool
  /// The terms a renewal was quoted at, when they are not the lease's own: at another rate of its currency, or when
  /// its offer had changed and notice of that had been given.
  public var terms: Terms?
  /// Of a renewal: whether it was quoted for what the lease holds. If not, because the lease was changed to another
  /// offer meanwhile, its money is added and buys time at the rate that the lease runs at.
  public var isForTheseTerms: Bool

  public init(
    paymentHash: String, amount: Millisatoshi, excess: Millisatoshi = .zero, purpose: Purpose,
    capacityFound: Bool = true, terms: Terms? = nil, isForTheseTerms: Bool = true
  ) {
    self.paymentHash = paymentHash
    self.amount = amount
    self.excess = excess
    self.purpose = purpose
    self.capacityFound = capacityFound
    self.terms = terms
    self.isForTheseTerms = isForTheseTerms
  }

  /// What an invoice buys.
  public enum Purpose: Hashable, Sendable, Codable {
    case purchase
    case renewal(periods: Int64)
    /// As much time as the money buys at the price of a renewal.
    case topUp
    /// An upgrade: the money is added and the terms change in one step.
    case change(Terms)

    /// What it is without what it holds (a discriminator): a word in JSON.
    public enum Name: String, Hashable, Sendable, CaseIterable {
      case purchase, renewal
      case topUp = "top_up"
      case change
    }

    public var name: Name {
      switch self {
      case .purchase: .purchase
      case .renewal: .renewal
      case .topUp: .topUp
      case .change: .change
      }
    }
  }
}
