import Ledger
import Units

/// What things cost. Quotes change nothing; only a settled invoice does.
extension Lease {
  /// No lease is sold further ahead than this.
  public static let horizon: Seconds = .day * 366

  /// The lease as it would be if it were looked at now: time charged up to `now`, nothing else changed. What is quoted
  /// is quoted from this, since the stored lease was charged when something last happened to it.
  public func charged(to now: Instant) -> Lease {
    var step = Step(self, at: now)
    step.charge(to: now, allowingDebt: true)
    return step.lease
  }

  /// What a renewal costs: the debt and so many periods, in whole satoshis rounded up (the rounding is the lease's).
  /// A purely metered lease tops its deposit up. `nil` when it is more than there is.
  ///
  /// With `now`, the debt is what it is by then; without, what it was at the last charge.
  public func renewalAmount(periods: Int64, at now: Instant? = nil) -> Millisatoshi? {
    let account = now.map { charged(to: $0).account } ?? account
    if terms.price == .zero {
      return max(terms.deposit - account.balance, .zero).roundedUpToInvoice
    }
    return terms.price.multipliedReportingOverflow(by: periods)?
      .addingReportingOverflow(account.debt)?
      .roundedUpToInvoice
  }

  /// Whether so many more periods may be sold: one to the offer's most at once, no further than a year and a day
  /// ahead, and not past an eviction.
  public func maySell(periods: Int64, at now: Instant) -> Bool {
    guard (1...max(terms.maxPeriods, 1)).contains(periods) else { return false }
    let held = max(0, charged(to: now).account.microsecondsLeft ?? 0)
    let (total, tooFar) = held.addingReportingOverflow((terms.period * periods).microseconds)
    guard !tooFar, total <= Lease.horizon.microseconds else { return false }
    if let until = flags.evictingUntil, now.advanced(byMicroseconds: total) > until { return false }
    return true
  }

  /// Whether so much more may be held, within the bounds of time that is sold: a year and a day ahead, and not past an
  /// eviction.
  public func mayHold(_ more: Millisatoshi, at now: Instant) -> Bool {
    let account = charged(to: now).account
    guard let balance = account.balance.addingReportingOverflow(more) else { return false }
    guard let held = account.rate.microsecondsUntilSpent(balance, carrying: account.remainder) else {
      // What costs nothing lasts for ever, with whatever is held for its usage.
      return account.rate.isFree
    }
    guard held <= Lease.horizon.microseconds else { return false }
    if let until = flags.evictingUntil, now.advanced(byMicroseconds: max(0, held)) > until { return false }
    return true
  }

  /// Until when a renewal invoice may be paid: a minute before the next step against the renter, at most a day ahead,
  /// and never so short that nobody could pay it.
  public func renewalInvoiceEnds(at now: Instant) -> Instant {
    let floor = now + min(.minute, max(terms.period / 4, 1))
    let deadline: Instant =
      switch state {
      case .active: paidUntil.map { $0 + graceLength } ?? .distantFuture
      case .grace(let until): until
      case .suspended(_, let retainedUntil, _): retainedUntil
      case .quoted, .provisioning, .reclaiming, .closed: .distantFuture
      }
    let end = min(min(deadline, flags.evictingUntil ?? .distantFuture) - .minute, now + .day)
    return max(end, floor)
  }

  /// What changing to other terms costs now: the time left at the new rate, less what is held for it. Zero is a
  /// downgrade: it costs nothing, and the balance lasts longer. Purely metered terms cost what their deposit lacks.
  /// `nil` when it is more than there is.
  public func changeAmount(to new: Terms, at now: Instant) -> Millisatoshi? {
    let account = charged(to: now).account
    let held = max(.zero, account.balance)
    let left = max(0, account.microsecondsLeft ?? 0)
    guard let price = new.rate.isFree ? new.deposit : new.rate.price(ofMicroseconds: left) else { return nil }
    return price > held ? (price - held).roundedUpToInvoice : .zero
  }

  /// The latest moment a payment made by `invoiceEnds` for so many periods can be serving: the ceiling that a
  /// credential's expiry caveat states. Purely metered leases: thirty days.
  public func servingCeiling(invoiceEnds: Instant, periods: Int64, at now: Instant) -> Instant {
    guard terms.price > .zero else { return max(now, invoiceEnds) + .day * 30 }
    let held = now.advanced(byMicroseconds: max(0, charged(to: now).account.microsecondsLeft ?? 0))
    let start = max(held, invoiceEnds + terms.policy.provisioning)
    return start + terms.period * periods + terms.policy.grace
  }
}
