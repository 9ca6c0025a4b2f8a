/// A price in a currency.
public struct PriceDocument: Hashable, Sendable, Codable {
  /// In digits, exactly: `4.99`.
  public var amount: String
  /// `USD` or `EUR`.
  public var currency: String
  /// Only where the amount is 0: what is paid instead.
  public var deposit: String?

  public init(amount: String, currency: String, deposit: String? = nil) {
    self.amount = amount
    self.currency = currency
    self.deposit = deposit
  }
}

/// What a bitcoin cost in a currency, as somebody said at some moment: what amounts in bitcoin were reckoned at.
public struct ExchangeRateDocument: Hashable, Sendable, SnakeCased {
  public var currency: String
  /// The currency's units for a bitcoin, in digits: `97123.45`.
  public var perBitcoin: String
  /// Who said so.
  public var source: String
  /// When it was so.
  public var readAt: Timestamp

  public init(currency: String, perBitcoin: String, source: String, readAt: Timestamp) {
    self.currency = currency
    self.perBitcoin = perBitcoin
    self.source = source
    self.readAt = readAt
  }
}

/// How the rate of a currency stands, for the operator.
public struct ExchangeRateItem: Hashable, Sendable, SnakeCased {
  public var currency: String
  /// The last one believed; `null`: none was ever read.
  @Nullable public var rate: ExchangeRateDocument?
  /// `missing`, `old` or `jumped`: why nothing is sold in it.
  public var trouble: String?
  public var troubleSince: Timestamp?
  /// Until when nobody is suspended for it.
  public var sparedUntil: Timestamp?
  /// The reading that is too far from it.
  public var doubted: ExchangeRateDocument?
  public var doubtedSince: Timestamp?
  /// Since this daemon started.
  public var failedReads: Int
  public var lastFailure: String?
  /// Quotes refused by this daemon, by trouble.
  public var refusals: [String: Int]

  public init(
    currency: String, rate: ExchangeRateDocument? = nil, trouble: String? = nil, troubleSince: Timestamp? = nil,
    sparedUntil: Timestamp? = nil, doubted: ExchangeRateDocument? = nil, doubtedSince: Timestamp? = nil,
    failedReads: Int, lastFailure: String? = nil, refusals: [String: Int]
  ) {
    self.currency = currency
    self.rate = rate
    self.trouble = trouble
    self.troubleSince = troubleSince
    self.sparedUntil = sparedUntil
    self.doubted = doubted
    self.doubtedSince = doubtedSince
    self.failedReads = failedReads
    self.lastFailure = lastFailure
    self.refusals = refusals
  }
}
