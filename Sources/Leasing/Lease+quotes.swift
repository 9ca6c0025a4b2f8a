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
    let left = max(0, charged(to: now).account.microsecondsLeft ?? 0)
    let (total, tooFar) = left.addingReportingOverflow((terms.period * periods).microseconds)
    guard !tooFar, total <= Lease.horizon.microseconds else { return false }
    if let until = flags.evictingUntil, now.advanced(byMicroseconds: total) > until { return false }
    return true
  }

  /// What may be sent for more time, in whole satoshis: from one period with the debt to what lasts as long as time is sold
  /// ahead, or as long as an eviction leaves. Of a purely metered lease, from what lifts it out of debt to its deposit.
  /// `nil`: no time is sold.
  public func topUpBounds(at now: Instant) -> ClosedRange<Millisatoshi>? {
    let account = charged(to: now).account
    guard let renewal = renewalAmount(periods: 1, at: now) else { return nil }
    guard terms.price > .zero else {
      guard let least = (account.debt + 1).roundedUpToInvoice, least <= renewal else { return nil }
      return least...renewal
    }
    let held = max(0, account.microsecondsLeft ?? 0)
    var room = Lease.horizon.microseconds - held
    if let until = flags.evictingUntil { room = min(room, until.microseconds(since: now) - held) }
    guard room >= terms.period.microseconds else { return nil }
    let most = terms.rate.charge(elapsedMicroseconds: room, carrying: 0).charge
    guard let whole = min(most, .supply).addingReportingOverflow(account.debt), whole >= renewal else { return nil }
    return renewal...max(renewal, Millisatoshi(min(whole, .supply).count / 1_000 * 1_000))
  }

  /// Whether so much, sent at once, buys time: see ``topUpBounds(at:)``. A debt that has grown since the bounds were told
  /// makes an amount within them none too small, as long as it buys any time at all.
  public func mayTopUp(_ amount: Millisatoshi, at now: Instant) -> Bool {
    guard amount.count % 1_000 == 0, let bounds = topUpBounds(at: now) else { return false }
    return amount <= bounds.upperBound
      && (amount >= bounds.lowerBound || amount > charged(to: now).account.debt && amount >= terms.price)
  }

  /// Whether there is room for so much more money, within the bounds of time that is sold: a year and a day ahead, and
  /// not past an eviction.
  public func hasRoom(for more: Millisatoshi, at now: Instant) -> Bool {
    let account = charged(to: now).account
    guard let balance = account.balance.addingReportingOverflow(more) else { return false }
    guard let left = account.rate.microsecondsUntilSpent(balance, carrying: account.remainder) else {
      // What costs nothing lasts for ever, with whatever is kept for its usage.
      return account.rate.isFree
    }
    guard left <= Lease.horizon.microseconds else { return false }
    if let until = flags.evictingUntil, now.advanced(byMicroseconds: max(0, left)) > until { return false }
    return true
  }

  /// Until when a renewal invoice may be paid: a minute before the next step against the renter, at most a day ahead,
  /// and never so short that nobody could pay it.
  public func renewalInvoiceEnds(at now: Instant) -> Instant {
    let floor = now + min(.minute, max(terms.period / 4, 1))
    return max(min(punishedAt - .minute, now + .day), floor)
  }

  /// What changing to other terms costs now: the time left at the new rate, less its balance. Zero is a
  /// downgrade: it costs nothing, and the balance lasts longer. Purely metered terms cost what their deposit lacks.
  /// `nil` when it is more than there is.
  public func changeAmount(to new: Terms, at now: Instant) -> Millisatoshi? {
    let account = charged(to: now).account
    let balance = max(.zero, account.balance)
    let left = max(0, account.microsecondsLeft ?? 0)
    guard let price = new.rate.isFree ? new.deposit : new.rate.price(ofMicroseconds: left) else { return nil }
    return price > balance ? (price - balance).roundedUpToInvoice : .zero
  }

  /// Why the lease cannot change to other terms now; `nil`: it can. Without money there is no change: it would be a gift
  /// of the dearer offer's grace.
  public func changeObstacle(at now: Instant) -> Rejection? {
    switch state {
    case .quoted, .provisioning: return .notPaidYet
    case .active, .grace, .suspended:
      if flags.isSealed { return .leaseFrozen }
      if case .suspended = state { return .leaseSuspended }
      if case .grace = state { return .leaseUnpaid }
      return charged(to: now).isPaidUp ? nil : .leaseUnpaid
    case .reclaiming: return .leaseReclaiming
    case .closed: return .leaseClosed
    }
  }

  /// Whether money for a change still buys it: there was time left without a break since it was quoted.
  public var takesPaidChange: Bool {
    switch state {
    case .active, .suspended(.idle, _, _), .suspended(.limit, _, _), .suspended(.unpaid, _, resuming: true):
      isPaidUp && !flags.isSealed
    case .quoted, .provisioning, .grace, .suspended, .reclaiming, .closed:
      false
    }
  }

  /// Why nobody may pay for more time, in whatever amount; `nil`: somebody may, or the state itself answers.
  ///
  /// - Parameter microseconds: how much more would be bought.
  public func renewalObstacle(lasting microseconds: Int64, at now: Instant) -> Rejection? {
    if flags.isSealed { return .leaseFrozen }
    switch state {
    case .suspended(.operator, _, _):
      return .suspendedByOperator
    case .reclaiming(.eviction, _, _, _):
      return .evicting
    case .active, .grace, .suspended, .reclaiming(.retention, _, _, _):
      guard let until = flags.evictingUntil else { return nil }
      // Its moment has come, and the timer has not.
      if until <= now { return .evicting }
      let (left, tooFar) = max(0, charged(to: now).account.microsecondsLeft ?? 0)
        .addingReportingOverflow(max(0, microseconds))
      return tooFar || now.advanced(byMicroseconds: left) > until ? .evicting : nil
    case .quoted, .provisioning, .reclaiming, .closed:
      return nil
    }
  }

  /// Whether it is for want of money that it does not serve, or will not in a moment.
  public func hasRunOut(at now: Instant) -> Bool {
    switch state {
    case .active: paidUntil.map { $0 <= now } ?? false
    case .grace, .suspended(.unpaid, _, resuming: false), .reclaiming(.retention, _, _, _): true
    case .quoted, .provisioning, .suspended, .reclaiming, .closed: false
    }
  }

  /// How many microseconds the balance would last on other terms.
  public func microsecondsLeft(on terms: Terms, at now: Instant) -> Int64 {
    var account = charged(to: now).account
    account.setRate(terms.rate)
    return account.microsecondsLeft ?? .max
  }

  /// Not given up: an unpaid quote whose invoice has not run out, or what became of one.
  public func mayStillBeBought(at now: Instant) -> Bool {
    switch state {
    case .quoted(_, _, let canceling): !canceling && now < quoteEnds
    case .provisioning, .active, .grace, .suspended, .reclaiming: true
    case .closed: false
    }
  }

  /// Whether an invoice of it can still buy anything. Once all were canceled there are no new ones: what is paid may
  /// be about to be destroyed.
  public var mayBeInvoiced: Bool {
    switch state {
    case .quoted(_, _, let canceling): !canceling
    case .provisioning, .active, .grace, .suspended: true
    case .reclaiming(.retention, _, invoicesCanceled: false, destroying: false): true
    case .reclaiming, .closed: false
    }
  }

  /// Whether measured usage still finds a balance to be charged to.
  public var mayBeCharged: Bool {
    switch state {
    case .active, .grace, .suspended, .reclaiming(_, _, _, destroying: false): true
    case .quoted, .provisioning, .reclaiming, .closed: false
    }
  }

  /// Which period since activation a moment lies in; allowances begin anew with each.
  public func period(at moment: Instant) -> Int64 {
    guard let activatedAt, moment > activatedAt else { return 0 }
    let first = nextAllowance ?? NextAllowance(number: 0, at: activatedAt)
    guard moment >= first.at else { return first.number - 1 }
    return first.number + moment.microseconds(since: first.at) / max(1, terms.period.microseconds)
  }

  /// The allowance that follows the one that counts at a moment; `nil` before service begins.
  func allowance(after moment: Instant) -> NextAllowance? {
    guard let activatedAt else { return nil }
    let first = nextAllowance ?? NextAllowance(number: 0, at: activatedAt)
    guard moment >= first.at else { return first }
    let past = moment.microseconds(since: first.at) / max(1, terms.period.microseconds) + 1
    return NextAllowance(number: first.number + past, at: first.at + terms.period * past)
  }

  /// How much more time a settled invoice buys; none for what buys no time.
  func timeBought(by settlement: Settlement) -> Int64 {
    guard terms.price > .zero else { return 0 }
    switch settlement.purpose {
    case .purchase, .change: return 0
    case .renewal(let periods):
      let (time, tooFar) = terms.period.microseconds.multipliedReportingOverflow(by: periods)
      return tooFar ? .max : time
    case .topUp:
      let beyondDebt = max(.zero, settlement.amount - account.debt)
      return (settlement.terms ?? terms).rate.microsecondsUntilSpent(beyondDebt, carrying: 0) ?? .max
    }
  }

  /// The latest moment a payment made by `invoiceEnds` for so many periods can be serving: the ceiling that a
  /// credential's expiry caveat states. Purely metered leases: thirty days.
  public func servingCeiling(invoiceEnds: Instant, periods: Int64, at now: Instant) -> Instant {
    guard terms.price > .zero else { return max(now, invoiceEnds) + .day * 30 }
    let spent = now.advanced(byMicroseconds: max(0, charged(to: now).account.microsecondsLeft ?? 0))
    let start = max(spent, invoiceEnds + terms.policy.provisioning)
    return start + terms.period * periods + terms.policy.grace
  }
}
