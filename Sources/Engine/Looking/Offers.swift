import Leasing
import Ledger

/// What can be rented now, and for how much (a product catalog with stock).
public struct Offers: Sendable {
  let store: any Store
  let catalog: Catalog
  let rates: Rates

  public func all() async throws -> [OfferAvailability] {
    let offers = catalog.offers.map(rates.asOfNow)
    return try await store.transaction { tx in
      try offers.map {
        OfferAvailability(offer: $0, available: try tx.available($0.terms.resources, kind: $0.terms.kind))
      }
    }
  }

  public func offer(_ id: String) async throws -> OfferAvailability {
    guard let offer = catalog.offer(id).map(rates.asOfNow) else { throw Refusal.unknownOffer(id) }
    return try await store.transaction { tx in
      OfferAvailability(offer: offer, available: try tx.available(offer.terms.resources, kind: offer.terms.kind))
    }
  }

  /// An offer with its price in bitcoin as of now, where it is in a currency and that has a rate.
  public func asOfNow(_ offer: Offer) -> Offer { rates.asOfNow(offer) }
}
