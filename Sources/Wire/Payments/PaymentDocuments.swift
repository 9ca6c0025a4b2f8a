/// The claim of a payment.
public struct PaymentDocument: Hashable, Sendable, SnakeCased {
  /// 64 lowercase hex digits.
  public var paymentHash: String
  /// `open accepted settled canceled expired`.
  public var state: String
  /// Once settled.
  public var preimage: String?
  /// `canceled` because what it was to buy could not be made: the money went back.
  public var failure: FailureDocument?

  public init(
    paymentHash: String, state: String, preimage: String? = nil, failure: FailureDocument? = nil
  ) {
    self.paymentHash = paymentHash
    self.state = state
    self.preimage = preimage
    self.failure = failure
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
}

/// `POST /dev/invoice`: an invoice of a wallet on the embedded node.
public struct WalletInvoiceRequest: Hashable, Sendable, SnakeCased {
  public var amountMsat: Int64

  public init(
    amountMsat: Int64
  ) {
    self.amountMsat = amountMsat
  }
}

public struct WalletInvoiceDocument: Hashable, Sendable, Codable {
  public var invoice: String

  public init(
    invoice: String
  ) {
    self.invoice = invoice
  }
}

/// `POST /v1/leases/{lease}/credit`: spend credit on a lease.
public struct SpendCreditRequest: Hashable, Sendable, SnakeCased {
  /// The lease that gets it; the giving one buys time for itself.
  public var to: String
  /// All there is without it.
  public var amountMsat: Int64?

  public init(
    to: String, amountMsat: Int64? = nil
  ) {
    self.to = to
    self.amountMsat = amountMsat
  }
}

/// Credit that was spent.
public struct SpentCreditDocument: Hashable, Sendable, SnakeCased {
  public var lease: String
  public var to: String
  public var amountMsat: Int64
  /// What is left.
  public var creditMsat: Int64

  public init(
    lease: String, to: String, amountMsat: Int64, creditMsat: Int64
  ) {
    self.lease = lease
    self.to = to
    self.amountMsat = amountMsat
    self.creditMsat = creditMsat
  }
}

/// Credit and what became of it.
public struct RefundDocument: Hashable, Sendable, SnakeCased {
  public var lease: String
  /// What is left of the lease's credit; not in lists.
  public var creditMsat: Int64?
  public var paymentHash: String?
  /// `pending paid failed`.
  public var state: String?
  public var amountMsat: Int64?
  /// What routing cost, once paid.
  public var feeMsat: Int64?
  /// Why it failed.
  public var reason: String?
  public var askedAt: Timestamp?

  public init(
    lease: String, creditMsat: Int64? = nil, paymentHash: String? = nil, state: String? = nil,
    amountMsat: Int64? = nil, feeMsat: Int64? = nil, reason: String? = nil, askedAt: Timestamp? = nil
  ) {
    self.lease = lease
    self.creditMsat = creditMsat
    self.paymentHash = paymentHash
    self.state = state
    self.amountMsat = amountMsat
    self.feeMsat = feeMsat
    self.reason = reason
    self.askedAt = askedAt
  }
}

/// Why something that was paid for could not be made.
public struct FailureDocument: Hashable, Sendable, Codable {
  /// `container-cannot-start no-room not-on-this-host not-made-in-time not-made`.
  public var code: String
  /// For people.
  public var detail: String

  public init(code: String, detail: String) {
    self.code = code
    self.detail = detail
  }
}
