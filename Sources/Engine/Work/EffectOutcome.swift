import Leasing
import Units

/// What an attempt at an effect came to.
enum EffectOutcome: Sendable {
  case event(Event, evidence: [String: String] = [:])
  /// Decided in the outcome's own transaction, the lease locked; `nil`: it is somebody else's to record.
  case decided(@Sendable (any StoreTransaction, Lease, Instant) throws -> Event?)
  /// Nothing more to say of it.
  case done
  /// Newer work has made it moot.
  case stale
  case later(Instant, String)

  /// A payout's row is closed where its lease is told.
  static func payout(_ payout: PayoutRecord, _ state: PayoutState) -> EffectOutcome {
    .decided { tx, _, now in
      guard try tx.finishPayout(payout.paymentHash, state, at: now) else { return nil }
      return payout.event(of: state)
    }
  }
}
