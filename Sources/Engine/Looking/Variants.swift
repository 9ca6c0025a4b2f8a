import Leasing
import Logging
import Synchronization
import Units

/// What becomes of the prices that an offer is tried at (figures of an A/B test).
public final class Variants: Sendable {
  private let store: any Store
  private let clock: any WallClock
  private let offers: [Offer]
  /// For metrics, which are asked for every few seconds.
  private let last = Mutex<(at: Instant, figures: [VariantFigures])?>(nil)

  init(of offers: [Offer], store: any Store, clock: any WallClock) {
    self.offers = offers
    self.store = store
    self.clock = clock
  }

  /// What became of the purchases of each variant: those that are sold now, and those that ever were.
  public func figures() async throws -> [VariantFigures] {
    var figures = try await store.transaction { tx in try tx.variantFigures() }
    for offer in offers {
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
  public func recentFigures() async throws -> [VariantFigures] {
    let now = clock.now()
    if let (at, figures) = last.withLock({ $0 }), at <= now, now < at + .minute { return figures }
    let figures = try await figures()
    last.withLock { $0 = (now, figures) }
    return figures
  }
}

/// Purchases that could not be made since this daemon started, by offer: their payments went back, or are credit.
public final class FailedPurchases: Sendable {
  private let counts = Mutex<[String: Int]>([:])
  private let log: Logger

  init(log: Logger) {
    self.log = log
  }

  public var byOffer: [String: Int] { counts.withLock(\.self) }

  /// A renter who could not be given what he paid for is the provider's business: an image that does not start fails for
  /// everybody who buys it.
  func note(_ step: RecordedStep) {
    guard let failure = step.events.first(where: { $0.name == .event(.provisionFailed) }) else { return }
    let offer = step.before.terms.offer
    counts.withLock { $0[offer, default: 0] += 1 }
    log.warning(
      "what was bought could not be made, and the payment goes back",
      metadata: [
        "lease": "\(step.before.id)", "offer": "\(offer)", "reason": "\(failure.evidence["reason"] ?? "")",
      ])
  }
}
