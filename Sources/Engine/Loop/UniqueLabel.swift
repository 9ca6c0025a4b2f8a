import Ledger
import Units

extension LeaseID {
  /// One that nobody has had: ordered by time, and chance beyond that (UUIDv7).
  static func fresh(at now: Instant) -> LeaseID {
    LeaseID(
      unixMilliseconds: UInt64(max(0, now.microseconds / 1_000)),
      random: (.random(in: .min ... .max), .random(in: .min ... .max)))
  }
}

/// A label that nobody has used: for events without a key of their own, and for invoices.
func uniqueLabel(at now: Instant) -> String { "\(LeaseID.fresh(at: now))" }
