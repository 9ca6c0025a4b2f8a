import Engine
import Leasing
import Units
import Wire

extension PriceDocument {
  init(_ fiat: FiatPrice) {
    self.init(
      amount: fiat.price.description, currency: fiat.currency.rawValue,
      deposit: fiat.price == .zero ? fiat.deposit.description : nil)
  }

  init(_ locked: LockedPrice) {
    self.init(amount: locked.price.description, currency: locked.rate.currency.rawValue)
  }
}

extension ExchangeRateDocument {
  init(_ rate: ExchangeRate) {
    self.init(
      currency: rate.currency.rawValue, perBitcoin: rate.perBitcoin.description, source: rate.source,
      readAt: Timestamp(rate.readAt))
  }
}

extension ExchangeRateItem {
  init(_ view: ExchangeRateView) {
    self.init(
      currency: view.currency.rawValue, rate: view.believed.map { ExchangeRateDocument($0.accepted) },
      trouble: view.trouble?.name.rawValue, troubleSince: view.trouble.map { Timestamp($0.since) },
      sparedUntil: view.sparedUntil.map(Timestamp.init(_:)),
      doubted: view.believed?.doubted.map { ExchangeRateDocument($0.rate) },
      doubtedSince: view.believed?.doubted.map { Timestamp($0.since) }, failedReads: view.failedReads,
      lastFailure: view.lastFailure,
      refusals: Dictionary(uniqueKeysWithValues: view.refusals.map { ($0.key.rawValue, $0.value) }))
  }
}
