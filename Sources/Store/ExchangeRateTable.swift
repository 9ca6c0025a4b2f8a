import Engine
import Leasing
import Postgres
import Units

extension PostgresTransaction {
  func lockExchangeRate(_ currency: Currency) throws -> BelievedRate? {
    // The first reading has no row to lock: of two daemons that have one, the second finds the other's.
    try db.pointee.execute(
      "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", "leasehold.exchange_rate.\(currency.rawValue)")
    return try db.pointee.first(
      """
      SELECT currency, per_bitcoin_e8, source, read_at,
             doubted_per_bitcoin_e8, doubted_source, doubted_read_at, doubted_since
        FROM exchange_rate WHERE currency = $1
      """, currency.rawValue, row: Self.exchangeRate)
  }

  func exchangeRates() throws -> [BelievedRate] {
    // Currencies that this daemon does not know are another's business.
    try db.pointee.query(
      """
      SELECT currency, per_bitcoin_e8, source, read_at,
             doubted_per_bitcoin_e8, doubted_source, doubted_read_at, doubted_since
        FROM exchange_rate WHERE currency = ANY ($1) ORDER BY currency
      """, Currency.allCases.map(\.rawValue), row: Self.exchangeRate)
  }

  func setExchangeRate(_ believed: BelievedRate) throws {
    let (accepted, doubt) = (believed.accepted, believed.doubted)
    try db.pointee.execute(
      """
      INSERT INTO exchange_rate (currency, per_bitcoin_e8, source, read_at,
                                 doubted_per_bitcoin_e8, doubted_source, doubted_read_at, doubted_since)
      VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
      ON CONFLICT (currency) DO UPDATE
         SET per_bitcoin_e8 = excluded.per_bitcoin_e8, source = excluded.source, read_at = excluded.read_at,
             doubted_per_bitcoin_e8 = excluded.doubted_per_bitcoin_e8, doubted_source = excluded.doubted_source,
             doubted_read_at = excluded.doubted_read_at, doubted_since = excluded.doubted_since
      """, accepted.currency.rawValue, accepted.perBitcoin.hundredMillionths, accepted.source,
      accepted.readAt.timestamp, doubt?.rate.perBitcoin.hundredMillionths, doubt?.rate.source,
      doubt?.rate.readAt.timestamp, doubt?.since.timestamp)
  }

  private static func exchangeRate(_ row: borrowing Row) throws -> BelievedRate {
    let currency = try row.currency(0)
    let accepted = try row.exchangeRate(currency, at: 1)
    guard !row.isNull(4) else { return BelievedRate(accepted: accepted, doubted: nil) }
    return BelievedRate(
      accepted: accepted,
      doubted: BelievedRate.Doubt(
        rate: try row.exchangeRate(currency, at: 4), since: try row.instant(7)))
  }
}

extension Row {
  borrowing func currency(_ column: Int) throws -> Currency {
    let code = try string(column)
    guard let currency = Currency(rawValue: code) else {
      throw StoreError(.invariant, "a price is in a currency that this daemon does not know: \(code)")
    }
    return currency
  }

  borrowing func fixedDecimal(_ column: Int) throws -> FixedDecimal {
    let count = try int64(column)
    guard count >= 0 else { throw StoreError(.invariant, "a price is negative") }
    return FixedDecimal(hundredMillionths: count)
  }

  /// From three columns: per bitcoin, source, read at.
  borrowing func exchangeRate(_ currency: Currency, at first: Int) throws -> ExchangeRate {
    guard
      let rate = ExchangeRate(
        currency, perBitcoin: try fixedDecimal(first), source: try string(first + 1), readAt: try instant(first + 2))
    else { throw StoreError(.invariant, "a stored rate is out of bounds") }
    return rate
  }
}
