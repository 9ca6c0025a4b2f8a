import Ledger
import Units

/// What things cost. Quotes change nothing; only a settled invoice does.
extension Lease {
  /// No lease is sold further ahead than this.
  public static let horizon: Seconds = .day * 366

  /// What a renewal costs: the debt and so many periods, in whole satoshis rounded up (the rounding is the lease's).
  /// A purely metered lease tops its deposit up. `nil` when it does not fit 64 bits.
  public func renewalAmount(periods: Int64) -> Millisatoshi? {
    if terms.price == .zero {
      return max((terms.deposit - account.balance).roundedUpToSatoshi, Millisatoshi(satoshis: 1))
    }
    return terms.price.multipliedReportingOverflow(by: periods)?
      .addingReportingOverflow(account.debt)
      .map { max($0.roundedUpToSatoshi, Millisatoshi(satoshis: 1)) }
  }

  /// Whether so many more periods may be sold: no further than a year and a day ahead, and not past an eviction.
  public func maySell(periods: Int64, at now: Instant) -> Bool {
    let (bought, overflow) = terms.period.microseconds.multipliedReportingOverflow(by: periods)
    guard !overflow else { return false }
    let held = max(0, account.microsecondsLeft ?? 0)
    let (total, tooFar) = held.addingReportingOverflow(bought)
    guard !tooFar, total <= Lease.horizon.microseconds else { return false }
    if let until = flags.evictingUntil, now.advanced(byMicroseconds: total) > until { return false }
    return true
  }

  /// Until when a renewal invoice may be paid: a minute before the next step against the renter, at most a day ahead,
  /// and never so short that nobody could pay it.
  public func renewalInvoiceEnds(at now: Instant) -> Instant {
    let floor = now + min(.minute, max(terms.period / 4, 1))
    let deadline: Instant? =
      switch state {
      case .active: paidUntil.map { $0 + graceLength }
      case .grace(let until): until
      case .suspended(_, let retainedUntil, _): retainedUntil
      case .quoted, .provisioning, .reclaiming, .closed: nil
      }
    let end = min((deadline ?? .distantFuture) - .minute, now + .day)
    return max(end, floor)
  }

  /// What changing to other terms costs now: the time left at the new rate, less what is held for it. Zero or less is
  /// a downgrade: it costs nothing, and the balance lasts longer.
  public func changeAmount(to new: Terms, at now: Instant) -> Millisatoshi? {
    let held = max(.zero, account.balance)
    let left = max(0, account.microsecondsLeft ?? 0)
    guard let price = new.rate.price(ofMicroseconds: left) else { return nil }
    return price > held ? (price - held).roundedUpToSatoshi : .zero
  }

  /// The latest moment a payment made by `invoiceEnds` for so many periods can be serving: the ceiling that a
  /// credential's expiry caveat states. Purely metered leases: thirty days.
  public func servingCeiling(invoiceEnds: Instant, periods: Int64, at now: Instant) -> Instant {
    guard terms.price > .zero else { return max(now, invoiceEnds) + .day * 30 }
    let start = max(paidUntil ?? now, invoiceEnds + terms.policy.provisioning)
    return start + terms.period * periods + terms.policy.grace
  }
}
