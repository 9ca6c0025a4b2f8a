import Units

/// What a wish costs, and the challenge that buys it: the answer of `POST /v1/quotes`.
public struct QuoteDocument: Hashable, Sendable, SnakeCased {
  public var offer: String
  /// The lease that is bought.
  public var lease: String
  public var amountMsat: Int64
  /// The amount, rounded up.
  public var amountSats: Int64
  /// What the amount was reckoned from, where that is a price in a currency.
  public var price: PriceDocument?
  public var exchangeRate: ExchangeRateDocument?
  /// Of the invoice.
  public var expiresAt: Timestamp
  /// Whether a place is set aside meanwhile.
  public var held: Bool
  public var challenge: QuoteChallenge
  /// Where the same wish is sent with the paid credential.
  public var redeem: DiscoveryEndpoint

  public init(
    offer: String, lease: String, amountMsat: Int64, amountSats: Int64, price: PriceDocument?,
    exchangeRate: ExchangeRateDocument?, expiresAt: Timestamp, held: Bool, challenge: QuoteChallenge,
    redeem: DiscoveryEndpoint
  ) {
    self.offer = offer
    self.lease = lease
    self.amountMsat = amountMsat
    self.amountSats = amountSats
    self.price = price
    self.exchangeRate = exchangeRate
    self.expiresAt = expiresAt
    self.held = held
    self.challenge = challenge
    self.redeem = redeem
  }
}

/// An L402 challenge as a document.
public struct QuoteChallenge: Hashable, Sendable, SnakeCased {
  /// `L402`.
  public var scheme: String
  public var macaroon: String
  /// BOLT 11.
  public var invoice: String
  public var paymentHash: String
  /// The whole value of a `WWW-Authenticate` line, for clients that read that.
  public var header: String

  public init(scheme: String, macaroon: String, invoice: String, paymentHash: String, header: String) {
    self.scheme = scheme
    self.macaroon = macaroon
    self.invoice = invoice
    self.paymentHash = paymentHash
    self.header = header
  }
}
