import Ledger
import Units

/// Wishes of the renter and of the operator: the only events that can be refused.
extension Step {
  mutating func released() throws(Rejection) {
    guard !lease.flags.isSealed else { throw .leaseFrozen }
    switch lease.state {
    case .quoted(let hasCapacity, let until, canceling: false):
      lease.state = .quoted(hasCapacity: hasCapacity, until: until, canceling: true)
      effects.append(.cancelQuote)
    case .quoted:
      break
    case .provisioning, .active, .grace, .suspended:
      reclaim(.release)
    case .reclaiming(.retention, let metersClosed, let invoicesCanceled, destroying: false):
      // From here on an autopay no longer revives it.
      lease.state = .reclaiming(
        .release, metersClosed: metersClosed, invoicesCanceled: invoicesCanceled, destroying: false)
    case .reclaiming:
      break
    case .closed:
      throw .leaseClosed
    }
  }

  mutating func operatorSuspended(_ reason: String?) throws(Rejection) {
    switch lease.state {
    case .quoted, .provisioning: throw .notPaidYet
    case .active, .grace, .suspended(_, _, resuming: true):
      suspend(.operator)
      lease.flags.suspensionReason = reason
    case .suspended: throw .alreadySuspended
    case .reclaiming: throw .leaseReclaiming
    case .closed: throw .leaseClosed
    }
  }

  mutating func operatorResumed() throws(Rejection) {
    guard case .suspended(.operator, let retainedUntil, let resuming) = lease.state else { throw .notSuspended }
    guard lease.flags.frozen == nil else { throw .leaseFrozen }
    guard !resuming else { return }
    lease.flags.suspensionReason = nil
    if lease.isPaidUp {
      resume(.operator, retainedUntil: retainedUntil)
    } else {
      awaitPayment()
    }
  }

  mutating func frozen(_ reason: String?) throws(Rejection) {
    guard lease.flags.frozen.map(\.thawing) ?? true else {
      // Sealed already; why may be said anew.
      if let reason { lease.flags.frozen?.reason = reason }
      return
    }
    let since = lease.flags.frozen?.since ?? now
    switch lease.state {
    case .quoted:
      throw .notPaidYet
    case .closed:
      throw .leaseClosed
    case .reclaiming(_, _, _, destroying: true):
      throw .leaseReclaiming
    case .active, .grace:
      lease.account.stop()
      lease.flags.frozen = Lease.Freeze(since: since, thawing: false, reason: reason)
      effects.append(.suspend(generation: nextGeneration()))
    case .suspended(let cause, let retainedUntil, resuming: true):
      lease.flags.frozen = Lease.Freeze(since: since, thawing: false, reason: reason)
      lease.state = .suspended(cause, retainedUntil: retainedUntil, resuming: false)
      effects.append(.suspend(generation: nextGeneration()))
    case .provisioning, .suspended, .reclaiming:
      lease.flags.frozen = Lease.Freeze(since: since, thawing: false, reason: reason)
    }
  }

  mutating func thawed() throws(Rejection) {
    guard let freeze = lease.flags.frozen else { throw .notFrozen }
    guard !freeze.thawing else { return }
    let stood = max(0, now.microseconds(since: freeze.since))
    if let until = lease.flags.impaired?.until {
      lease.flags.impaired?.until = until.advanced(byMicroseconds: stood)
    }
    switch lease.state {
    case .active, .grace:
      lease.flags.frozen?.thawing = true
      effects.append(.resume(generation: nextGeneration()))
    case .quoted, .provisioning, .suspended, .reclaiming, .closed:
      lease.flags.frozen = nil
      lease.postponeDeadlines(byMicroseconds: stood)
      // An idle lease waits for a request, the operator's for the operator.
      if case .suspended(.unpaid, let retainedUntil, resuming: false) = lease.state, lease.isPaidUp {
        resume(.unpaid, retainedUntil: retainedUntil)
      }
      destroyWhenReady()
    }
  }

  mutating func protected(_ protected: Bool) throws(Rejection) {
    guard !lease.isClosed else { throw .leaseClosed }
    lease.flags.protected = protected
  }

  mutating func evicting(until: Instant?, _ reason: String?) throws(Rejection) {
    switch lease.state {
    case .quoted, .provisioning, .active, .grace, .suspended:
      lease.flags.evictionReason = until == nil ? nil : reason ?? lease.flags.evictionReason
      guard lease.flags.evictingUntil != until else { return }
      lease.flags.evictingUntil = until
      if let until { notify(.eviction, deadline: until, payable: false) }
    case .reclaiming: throw .leaseReclaiming
    case .closed: throw .leaseClosed
    }
  }
}
