/// Credit paid out, or on its way: `GET /admin/v1/payouts`.
public struct PayoutItem: Hashable, Sendable, SnakeCased {
  public var paymentHash: String
  public var lease: String
  public var state: String
  public var amountMsat: Int64
  /// Set aside beside it for routing.
  public var maxFeeMsat: Int64
  public var askedAt: Timestamp
  /// The moment from which the invoice can be paid no more.
  public var expiresAt: Timestamp?
  public var orderedAt: Timestamp?
  /// The node that was ordered to pay it, and alone can say what became of it.
  public var orderedOf: String?
  /// Pending though the invoice can be paid no more.
  public var stuck: Bool
  /// What the node says of it now; only of one that is looked at alone and is pending.
  public var nodeSays: String?
  public var feeMsat: Int64?
  /// Why it failed.
  public var reason: String?
  public var finishedAt: Timestamp?

  public init(
    paymentHash: String, lease: String, state: String, amountMsat: Int64, maxFeeMsat: Int64, askedAt: Timestamp,
    expiresAt: Timestamp? = nil, orderedAt: Timestamp? = nil, orderedOf: String? = nil, stuck: Bool,
    nodeSays: String? = nil, feeMsat: Int64? = nil, reason: String? = nil, finishedAt: Timestamp? = nil
  ) {
    self.paymentHash = paymentHash
    self.lease = lease
    self.state = state
    self.amountMsat = amountMsat
    self.maxFeeMsat = maxFeeMsat
    self.askedAt = askedAt
    self.expiresAt = expiresAt
    self.orderedAt = orderedAt
    self.orderedOf = orderedOf
    self.stuck = stuck
    self.nodeSays = nodeSays
    self.feeMsat = feeMsat
    self.reason = reason
    self.finishedAt = finishedAt
  }
}

/// `POST /admin/v1/payouts/{payment_hash}/fail`.
public struct FailPayoutRequest: Hashable, Sendable, Codable {
  /// Kept, and shown to the renter.
  public var reason: String
  /// Although the node does not say that it failed.
  public var force: Bool?

  public init(reason: String, force: Bool? = nil) {
    self.reason = reason
    self.force = force
  }
}

/// `POST /admin/v1/payouts/{payment_hash}/settle`.
public struct SettlePayoutRequest: Hashable, Sendable, SnakeCased {
  /// 64 hexadecimal digits: the proof that it was paid.
  public var preimage: String
  public var reason: String
  /// What routing cost, if that is known.
  public var feeMsat: Int64?

  public init(preimage: String, reason: String, feeMsat: Int64? = nil) {
    self.preimage = preimage
    self.reason = reason
    self.feeMsat = feeMsat
  }
}
