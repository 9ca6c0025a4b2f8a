import Units

/// Exchange rates.
public protocol RateRows: AnyObject {
  /// What is believed of a currency's rate, locked to the end of the transaction; also when nothing is yet.
  func lockExchangeRate(_ currency: Currency) throws -> BelievedRate?
  func setExchangeRate(_ believed: BelievedRate) throws
  func exchangeRates() throws -> [BelievedRate]
}
