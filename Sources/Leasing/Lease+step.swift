import Ledger
import Units

extension Lease {
  /// Decides what an event means for this lease: the one function that does.
  ///
  /// Pure: it reads no clock and does nothing. `now` is the moment read under the row lock, never before
  /// `account.chargedTo`. An event that changes nothing (a timer that rang early, an outcome of an older generation)
  /// returns the lease as it was, with its version.
  ///
  /// - Throws: ``Rejection`` for wishes that cannot be granted. Outcomes, settlements and timers are never rejected.
  public func step(_ event: Event, at now: Instant) throws(Rejection) -> Decision {
    var step = Step(self, at: now)
    step.charge(before: event)
    let charged = step
    try step.take(event)
    guard step != charged else { return Decision(lease: self) }
    step.lease.version += 1
    step.lease.consumed += step.consumed
    return Decision(lease: step.lease, transfers: step.transfers, effects: step.effects)
  }
}

/// A decision in the making: a working copy of the lease, the money moved and the effects wanted so far.
struct Step: Hashable {
  var lease: Lease
  let now: Instant
  /// When the balance runs out, or ran out, as it was before this step charged anything. Late looks are not the
  /// renter's gain or loss: grace counts from here.
  let ranOut: Instant?
  var transfers: [Transfer] = []
  var effects: [Effect] = []

  init(_ lease: Lease, at now: Instant) {
    self.lease = lease
    self.now = now
    ranOut = lease.paidUntil
  }

  mutating func take(_ event: Event) throws(Rejection) {
    switch event {
    case .settled(let settlement): settled(settlement)
    case .accepted(let acceptance): accepted(acceptance)
    case .holdCanceled(let hash, _): holdCanceled(hash)
    case .quoteCanceled: quoteCanceled()
    case .provisioned(let generation): provisioned(generation)
    case .provisionFailed(let generation, _): provisionFailed(generation)
    case .suspended: break
    case .resized(let generation): resized(generation)
    case .resizeRefused(let generation, _): resizeRefused(generation)
    case .resumed(let generation): resumed(generation)
    case .resumeFailed(let generation, let reason): resumeFailed(generation, reason)
    case .metersClosed(let generation, let unrated): metersClosed(generation, unrated)
    case .invoicesCanceled: invoicesCanceled()
    case .destroyed(let generation, _): destroyed(generation)
    case .usageRated(let amount): usageRated(amount)
    case .woke: woke()
    case .payoutAsked(let payout): try payoutAsked(payout)
    case .payoutPaid(let payout, let fee): payoutPaid(payout, fee: fee)
    case .payoutFailed(let payout, _): payoutFailed(payout)
    case .creditGiven(let move): try creditGiven(move)
    case .creditReceived(let move): try creditReceived(move)
    case .released: try released()
    case .changed(let terms): try changed(to: terms)
    case .foundIdle: foundIdle()
    case .requested: requested()
    case .outage(let from, let to, _): outage(from: from, to: to)
    case .impaired(let reason): impaired(reason)
    case .recovered: recovered()
    case .operatorSuspended(let reason): try operatorSuspended(reason)
    case .operatorResumed: try operatorResumed()
    case .frozen(let reason): try frozen(reason)
    case .thawed: try thawed()
    case .protected(let protected): try self.protected(protected)
    case .evicting(let until, let reason): try evicting(until: until, reason)
    case .walletSet(let isSet): try walletSet(isSet)
    case .pullFailed(let reason): pullFailed(reason)
    case .announced(let announcement): announced(announcement)
    case .limited(let perDay): try limited(perDay)
    case .compensated(let compensation): compensated(compensation)
    }
  }

  /// What time and usage cost in this step.
  var consumed: Millisatoshi {
    transfers.reduce(into: .zero) { sum, transfer in
      switch transfer.credit {
      case .revenueTime, .revenueUsage: sum += transfer.amount
      case .node, .lease, .credit, .payout, .move, .fees, .compensation, .writeoff: break
      }
    }
  }

  // MARK: Charging

  /// Brings the account up to now, as far as time may be charged at all: in `active` and `grace`, and never for more
  /// debt than one grace. What lies beyond is the provider's lateness, not the renter's debt.
  mutating func charge(before event: Event) {
    if case .outage(let from, let to, let passed) = event {
      guard !lease.knows(outageTo: min(to, now)) else { return }
      charge(to: min(from, now), allowingDebt: true)
      if passed {
        charge(to: min(to, now), allowingDebt: false)
      } else if let chargedTo = lease.account.chargedTo {
        // The hands were turned; no time went by.
        lease.account.start(at: max(chargedTo, min(to, now)))
      }
    } else {
      charge(to: now, allowingDebt: true)
    }
  }

  mutating func charge(to moment: Instant, allowingDebt: Bool) {
    guard let chargedTo = lease.account.chargedTo, moment > chargedTo else { return }
    // What is served past the end of service, because somebody looked late, was sold to nobody.
    let chargeable = lease.serviceEnds.map { min($0, moment) } ?? moment
    if chargeable > chargedTo {
      transfers += lease.account.chargeTime(for: lease.id, to: chargeable, allowingDebt: allowingDebt)
    }
    lease.account.start(at: moment)
  }

  // MARK: Moves several events share

  /// The next generation: from here on the driver shall do something else.
  mutating func nextGeneration() -> Int64 {
    lease.generation += 1
    return lease.generation
  }

  mutating func suspend(_ cause: Lease.SuspensionCause) {
    lease.account.stop()
    endThaw()
    // What comes back by itself is kept until then in any case.
    let from = cause == .limit ? max(now, lease.limitLiftsAt) : now
    lease.state = .suspended(cause, retainedUntil: from + lease.retention(for: cause), resuming: false)
    lease.reminded = []
    effects.append(.suspend(generation: nextGeneration()))
  }

  mutating func resume(_ cause: Lease.SuspensionCause, retainedUntil: Instant) {
    lease.state = .suspended(cause, retainedUntil: retainedUntil, resuming: true)
    effects.append(.resume(generation: nextGeneration()))
  }

  /// Enters `reclaiming`. What was never in use needs no last sample, and its money goes back at once.
  mutating func reclaim(_ cause: Lease.ReclaimCause) {
    let wasUsed = lease.activatedAt != nil
    lease.account.stop()
    endThaw()
    lease.state = .reclaiming(cause, metersClosed: !wasUsed, invoicesCanceled: false, destroying: false)
    let generation = nextGeneration()
    if wasUsed {
      effects.append(.closeMeters(generation: generation))
    } else {
      transfers += lease.account.close(for: lease.id)
    }
    effects.append(.cancelInvoices)
  }

  /// A seal that is being taken off is off, when what follows does not wait for the driver's `.resumed`.
  mutating func endThaw() {
    if let freeze = lease.flags.frozen, freeze.thawing { lease.flags.frozen = nil }
  }

  /// The point of no return, once everything is known that must be.
  mutating func destroyWhenReady() {
    guard case .reclaiming(let cause, true, true, false) = lease.state, !lease.flags.isSealed else { return }
    chargeLeast(cause)
    transfers += lease.account.close(for: lease.id)
    lease.state = .reclaiming(cause, metersClosed: true, invoicesCanceled: true, destroying: true)
    effects.append(.destroy(generation: nextGeneration()))
  }

  /// What making and destroying it costs at the least, where it was made and its end is not the provider's doing.
  private mutating func chargeLeast(_ cause: Lease.ReclaimCause) {
    guard lease.activatedAt != nil, let least = lease.terms.minimum else { return }
    switch cause {
    case .release, .retention, .idle:
      transfers += lease.account.chargeLeast(for: lease.id, least - lease.consumed - consumed)
    case .eviction, .provisioning, .payment, .impairment:
      break
    }
  }

  mutating func notify(_ kind: Notice.Kind, deadline: Instant, payable: Bool = true) {
    var renewed = lease
    let terms = lease.renewalTerms(at: now)
    if terms.isPriced { renewed.terms = terms }
    let amount = payable ? renewed.renewalAmount(periods: 1) : nil
    effects.append(.notice(Notice(kind: kind, deadline: deadline, amount: amount)))
    if payable, kind.isOfTime, lease.flags.pulls == true { effects.append(.pull) }
  }
}

extension Lease.Flags {
  /// Frozen, and the operator has not lifted it: time passes over the lease, nothing ends it.
  var isSealed: Bool { frozen.map { !$0.thawing } ?? false }
}

extension Lease {
  func knows(outageTo end: Instant) -> Bool {
    lastOutage.map { $0.to >= end } ?? false
  }

  /// Whether something is held that time or usage can still be charged to.
  var isPaidUp: Bool { account.balance > .zero }
}
