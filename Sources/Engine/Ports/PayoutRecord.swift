import BOLT11
import L402
import Leasing
import Ledger
import Units

/// A payout, from when its money was set aside.
public struct PayoutRecord: Hashable, Sendable {
  public enum State: Hashable, Sendable {
    /// The money is set aside, and the node is asked or about to be.
    ///
    /// Can transition to: `.paid`, `.failed`.
    case pending
    case paid(fee: Millisatoshi)
    /// The money is credit again. For ever: whoever wants it makes another invoice.
    case failed(reason: String)

    /// A word in SQL and JSON too.
    public enum Name: String, Hashable, Sendable, CaseIterable {
      case pending, paid, failed
    }

    public var name: Name {
      switch self {
      case .pending: .pending
      case .paid: .paid
      case .failed: .failed
      }
    }
  }
  /// The one order to pay that a node is ever given; taken back only when nothing of it was sent.
  public struct Order: Hashable, Sendable {
    public var at: Instant
    /// ``PayingNode/payerID()``: nobody else's word counts from then on.
    public var node: String

    public init(at: Instant, node: String) {
      self.at = at
      self.node = node
    }
  }
  public var paymentHash: PaymentHash
  public var lease: LeaseID
  public var bolt11: String
  public var amount: Millisatoshi
  public var maxFee: Millisatoshi
  public var askedAt: Instant
  /// Written before it is given.
  public var order: Order?
  public var state: State
  public var finishedAt: Instant?

  public init(
    paymentHash: PaymentHash, lease: LeaseID, bolt11: String, amount: Millisatoshi, maxFee: Millisatoshi,
    askedAt: Instant, order: Order? = nil, state: State = .pending, finishedAt: Instant? = nil
  ) {
    self.paymentHash = paymentHash
    self.lease = lease
    self.bolt11 = bolt11
    self.amount = amount
    self.maxFee = maxFee
    self.askedAt = askedAt
    self.order = order
    self.state = state
    self.finishedAt = finishedAt
  }

  /// Pending though the invoice can be paid no more: the node that was asked is not asked any longer, does not answer, or
  /// holds the payment on its way.
  public func isStuck(at now: Instant) -> Bool {
    guard case .pending = state, let ends = invoiceEnds else { return false }
    return now > ends + .hour
  }

  /// When the invoice can be paid no more.
  public var invoiceEnds: Instant? {
    // It was parsed before it was written.
    try? Invoice.parse(bolt11).expiresAt
  }

  /// Whether that was so long ago that no attempt to pay it is under way.
  func isOver(at now: Instant) -> Bool { invoiceEnds.map { now > $0 + PayoutRecord.orderLasts } ?? false }

  /// As the lease sees it.
  var payout: Payout { Payout(paymentHash: paymentHash.hex, amount: amount, maxFee: maxFee) }
}

/// Credit on its way out, for metrics and doctors.
public struct PendingPayouts: Hashable, Sendable {
  public var count: Int
  /// Set aside for them, routing budgets included.
  public var setAside: Millisatoshi
  public var oldest: [PayoutRecord]

  public init(count: Int, setAside: Millisatoshi, oldest: [PayoutRecord]) {
    self.count = count
    self.setAside = setAside
    self.oldest = oldest
  }

  public func stuck(at now: Instant) -> [PayoutRecord] { oldest.filter { $0.isStuck(at: now) } }
}
