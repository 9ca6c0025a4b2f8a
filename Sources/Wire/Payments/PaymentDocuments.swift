/// The claim of a payment.
public struct PaymentDocument: Hashable, Sendable, Codable {
  /// 64 lowercase hex digits.
  public var paymentHash: String
  /// `open settled canceled expired`.
  public var state: String
  /// Once settled.
  public var preimage: String?

  public init(
    paymentHash: String, state: String, preimage: String? = nil
  ) {
    self.paymentHash = paymentHash
    self.state = state
    self.preimage = preimage
  }

  private enum CodingKeys: String, CodingKey {
    case paymentHash = "payment_hash"
    case state
    case preimage
  }
}

/// The embedded node's answer to `POST /dev/pay`.
public struct PreimageDocument: Hashable, Sendable, Codable {
  /// 64 lowercase hex digits.
  public var preimage: String

  public init(
    preimage: String
  ) {
    self.preimage = preimage
  }

  private enum CodingKeys: String, CodingKey {
    case preimage
  }
}

/// Credit and what became of it.
public struct RefundDocument: Hashable, Sendable, Codable {
  public var lease: String
  public var creditMsat: Int64
  public var paymentHash: String?
  public var state: String?

  public init(
    lease: String, creditMsat: Int64, paymentHash: String? = nil, state: String? = nil
  ) {
    self.lease = lease
    self.creditMsat = creditMsat
    self.paymentHash = paymentHash
    self.state = state
  }

  private enum CodingKeys: String, CodingKey {
    case lease
    case creditMsat = "credit_msat"
    case paymentHash = "payment_hash"
    case state
  }
}
