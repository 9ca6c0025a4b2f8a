/// A currency that an offer can be priced in, by its ISO 4217 code.
public enum Currency: String, Hashable, Sendable, Codable, CaseIterable {
  case usd = "USD"
  case eur = "EUR"
}

/// What a bitcoin cost in a currency, as somebody said at some moment.
///
/// An invoice keeps the one it was reckoned at, so that anybody can reckon it again.
public struct ExchangeRate: Hashable, Sendable, Codable {
  public let currency: Currency
  /// The currency's units for a whole bitcoin.
  public let perBitcoin: FixedDecimal
  /// Who said so: a host, or `file`. Shown to renters.
  public let source: String
  /// When it was so: when the answer came, or when the file was written.
  public let readAt: Instant

  /// A bitcoin costs at least one unit of a currency and at most ten thousand million. What is outside is no rate.
  public static let bounds =
    FixedDecimal(hundredMillionths: 100_000_000)...FixedDecimal(hundredMillionths: 1_000_000_000_000_000_000)

  /// `nil` when the rate is outside of ``bounds``.
  public init?(_ currency: Currency, perBitcoin: FixedDecimal, source: String, readAt: Instant) {
    guard ExchangeRate.bounds.contains(perBitcoin) else { return nil }
    self.currency = currency
    self.perBitcoin = perBitcoin
    self.source = source
    self.readAt = readAt
  }

  /// The least amount of bitcoin that is worth at least so much of the currency: rounded up to a whole millisatoshi.
  /// `nil` when it does not fit.
  public func millisatoshi(for amount: FixedDecimal) -> Millisatoshi? {
    // Both are in hundred-millionths, which cancel. 10^11 millisatoshi are a bitcoin.
    let product = Int128(amount.hundredMillionths) * 100_000_000_000
    let (quotient, rest) = product.quotientAndRemainder(dividingBy: Int128(perBitcoin.hundredMillionths))
    return Int64(exactly: rest > 0 ? quotient + 1 : quotient).map(Millisatoshi.init(_:))
  }

  /// Whether the two differ by no more than so many percent of the other.
  public func isWithin(percent: Int64, of other: ExchangeRate) -> Bool {
    let step = abs(Int128(perBitcoin.hundredMillionths) - Int128(other.perBitcoin.hundredMillionths))
    return step * 100 <= Int128(other.perBitcoin.hundredMillionths) * Int128(percent)
  }
}
