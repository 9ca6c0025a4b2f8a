import Units

/// A price in a currency, and the rate at which it was last reckoned in bitcoin.
///
/// Everything that a lease is charged is in millisatoshi, at prices locked in its terms. What is in a currency is what
/// the next quote is reckoned from: a purchase freezes the rate of that moment for what it buys, and each renewal the
/// rate of its own.
public struct FiatPrice: Hashable, Sendable, Codable {
  public var currency: Currency
  /// For one period. Nothing: the offer is purely metered.
  public var price: FixedDecimal
  /// What a purely metered offer is bought by.
  public var deposit: FixedDecimal
  /// What the amounts in bitcoin beside it were reckoned at; `nil` in an offer, which has none of its own.
  public var rate: ExchangeRate?

  public init(
    _ currency: Currency, price: FixedDecimal, deposit: FixedDecimal = .zero, rate: ExchangeRate? = nil
  ) {
    self.currency = currency
    self.price = price
    self.deposit = deposit
    self.rate = rate
  }
}

/// What an invoice was reckoned from: the price of a period, and the rate.
public struct LockedPrice: Hashable, Sendable {
  /// In the rate's currency.
  public var price: FixedDecimal
  public var rate: ExchangeRate

  public init(price: FixedDecimal, rate: ExchangeRate) {
    self.price = price
    self.rate = rate
  }
}

extension Terms {
  /// Whether their amounts in bitcoin mean something: those of an offer in a currency do not before ``priced(at:)``.
  public var isPriced: Bool { fiat.map { $0.rate != nil } ?? true }

  /// What the price was reckoned from, where that is a price in a currency.
  public var lockedPrice: LockedPrice? {
    fiat.flatMap { fiat in fiat.rate.map { LockedPrice(price: fiat.price, rate: $0) } }
  }

  /// The same terms with every price in a currency reckoned in bitcoin at a rate, each rounded up to a whole
  /// millisatoshi (a deposit to a whole satoshi). Terms without such a price are as they were.
  ///
  /// `nil` when the rate is another currency's, or an amount is more than terms can have (``Terms/fault``).
  public func priced(at rate: ExchangeRate) -> Terms? {
    guard let fiat else { return self }
    guard rate.currency == fiat.currency, let price = rate.millisatoshi(for: fiat.price),
      let deposit = rate.millisatoshi(for: fiat.deposit), deposit <= Terms.highestPrice
    else { return nil }
    var terms = self
    terms.price = price
    terms.deposit = deposit.roundedUpToSatoshi
    terms.fiat?.rate = rate
    // What is taken at the least is in millisatoshis, and no more than the first invoice.
    terms.minimum = minimum.map { min($0, price > .zero ? price : terms.deposit) }
    for (index, meter) in meters.enumerated() {
      guard let fiat = meter.fiat else { continue }
      guard let price = rate.millisatoshi(for: fiat) else { return nil }
      terms.meters[index].price = price
    }
    return terms.fault == nil ? terms : nil
  }

  /// The terms that a renewal's invoice was quoted at, which is reckoned from these at the invoice's own rate.
  ///
  /// - Returns: `nil` when it was quoted for others: in another currency, at another price, or in bitcoin where these
  ///   are in a currency, or the other way round.
  public func renewed(at locked: LockedPrice?) -> Terms? {
    guard let fiat, let locked else { return fiat == nil && locked == nil ? self : nil }
    guard fiat.price == locked.price else { return nil }
    return priced(at: locked.rate)
  }
}
