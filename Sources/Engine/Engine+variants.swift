import Synchronization
import Units

extension Engine {
  /// What became of the purchases of each variant: those that are sold now, and those that ever were.
  public func variantFigures() async throws -> [VariantFigures] {
    var figures = try await store.transaction { tx in try tx.variantFigures() }
    for offer in catalog.offers {
      for variant in offer.variants {
        if let known = figures.firstIndex(where: { $0.offer == offer.id && $0.variant == variant.name }) {
          figures[known].share = variant.share
        } else {
          figures.append(VariantFigures(offer: offer.id, variant: variant.name, share: variant.share))
        }
      }
    }
    return figures.sorted { ($0.offer, $0.variant) < ($1.offer, $1.variant) }
  }

  /// The same for whoever asks often: no older than a minute.
  public func recentVariantFigures() async throws -> [VariantFigures] {
    let now = clock.now()
    if let (at, figures) = lastVariantFigures.withLock({ $0 }), at <= now, now < at + .minute { return figures }
    let figures = try await variantFigures()
    lastVariantFigures.withLock { $0 = (now, figures) }
    return figures
  }
}
