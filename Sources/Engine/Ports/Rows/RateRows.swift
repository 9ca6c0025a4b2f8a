import Units

/// Exchange rates.
public protocol RateRows: AnyObject {
  /// What is believed of a currency's rate, locked to the end of the transaction; also when nothing is yet.
  func lockExchangeRate(_ currency: Currency) throws -> ExchangeRateStanding?
  func setExchangeRate(_ standing: ExchangeRateStanding) throws
  func exchangeRates() throws -> [ExchangeRateStanding]
}
