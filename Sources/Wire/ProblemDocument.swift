/// Why not (RFC 9457). `type` ends in a stable code, which is also in `code`.
///
/// A `402` carries the challenge besides: everything that is in its `WWW-Authenticate` line, and what a person wants to
/// know before paying. Some of its names are camel case because clients in use look for those.
public struct ProblemDocument: Hashable, Sendable, Codable {
  public var type: String
  public var title: String
  public var status: Int
  public var detail: String?
  /// What programs look at.
  public var code: String
  /// Of the request, for `invalid-field`.
  public var field: String?
  /// The request's id, for asking the provider about it.
  public var request: String?
  /// Standard base64, padded.
  public var macaroon: String?
  /// BOLT 11.
  public var invoice: String?
  public var paymentHash: String?
  public var amountMsat: Int64?
  public var priceSats: Int64?
  public var amountSats: Int64?
  /// Only where the price is one in a currency: that of a period, and the rate that is locked with the invoice.
  public var price: PriceDocument?
  public var exchangeRate: ExchangeRateDocument?
  /// Of the invoice.
  public var expiresAt: Timestamp?
  /// `purchase`, `renewal` or `change`.
  public var purpose: String?
  /// Whether capacity is set aside meanwhile.
  public var held: Bool?
  public var lease: String?
  public var state: String?
  public var paidUntil: Timestamp?
  /// When the data goes if nobody pays.
  public var reclaimsAt: Timestamp?
  public var links: [String: String]?

  /// The beginning of every `type`.
  public static let namespace = "urn:leasehold:problem:"

  public init(
    type: String, title: String, status: Int, detail: String? = nil, code: String, field: String? = nil,
    request: String? = nil, macaroon: String? = nil, invoice: String? = nil, paymentHash: String? = nil,
    amountMsat: Int64? = nil, priceSats: Int64? = nil, amountSats: Int64? = nil, expiresAt: Timestamp? = nil,
    price: PriceDocument? = nil, exchangeRate: ExchangeRateDocument? = nil, purpose: String? = nil, held: Bool? = nil,
    lease: String? = nil, state: String? = nil, paidUntil: Timestamp? = nil,
    reclaimsAt: Timestamp? = nil, links: [String: String]? = nil
  ) {
    self.type = type
    self.title = title
    self.status = status
    self.detail = detail
    self.code = code
    self.field = field
    self.request = request
    self.macaroon = macaroon
    self.invoice = invoice
    self.paymentHash = paymentHash
    self.amountMsat = amountMsat
    self.priceSats = priceSats
    self.amountSats = amountSats
    self.price = price
    self.exchangeRate = exchangeRate
    self.expiresAt = expiresAt
    self.purpose = purpose
    self.held = held
    self.lease = lease
    self.state = state
    self.paidUntil = paidUntil
    self.reclaimsAt = reclaimsAt
    self.links = links
  }

  private enum CodingKeys: String, CodingKey {
    case type
    case title
    case status
    case detail
    case code
    case field
    case request
    case macaroon
    case invoice
    case paymentHash
    case amountMsat = "amount_msat"
    case priceSats
    case amountSats
    case price
    case exchangeRate = "exchange_rate"
    case expiresAt = "expires_at"
    case purpose
    case held
    case lease
    case state
    case paidUntil = "paid_until"
    case reclaimsAt = "reclaims_at"
    case links
  }
}
