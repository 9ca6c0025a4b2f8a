import Ledger
import Units

/// Time passing. Each ring takes at most one step against the renter, and looks at the facts again before it does.
extension Step {
  mutating func woke() {
    guard !lease.flags.isSealed else { return }
    if endsByFlag() { return }
    switch lease.state {
    case .quoted(let hasCapacity, let until, canceling: false):
      if until <= now {
        lease.state = .quoted(hasCapacity: hasCapacity, until: until, canceling: true)
        effects.append(.cancelQuote)
      }

    case .quoted:
      break

    case .provisioning(_, let hold?) where hold.isSettling:
      break

    case .provisioning(let deadline, _):
      if deadline <= now { reclaim(.provisioning) }

    case .active:
      if !lease.account.isRunning {
        tryAgain()
      } else if lease.account.balance <= .zero {
        expire()
      } else {
        remind()
      }

    case .grace(let until):
      if !lease.account.isRunning {
        tryAgain()
      } else if lease.isPaidUp {
        lease.state = .active
      } else if until <= now {
        suspend(.unpaid)
      } else {
        remind()
      }

    case .suspended(_, _, resuming: true):
      tryAgain()

    case .suspended(.limit, let retainedUntil, resuming: false) where lease.limitLiftsAt <= now:
      liftLimit(retainedUntil: retainedUntil)

    case .suspended(let cause, let retainedUntil, resuming: false):
      if retainedUntil > now {
        remind()
      } else if lease.flags.protected {
        lease.state = .suspended(cause, retainedUntil: now + .day, resuming: false)
      } else {
        reclaim(cause.reclaim)
      }

    case .reclaiming:
      break

    case .closed:
      if let until = lease.closedCreditUntil, until <= now {
        transfers += lease.account.forfeitCredit(for: lease.id)
        lease.closedCreditUntil = nil
      }
    }
  }

  /// Evictions and impairments end a lease in whatever state it is in service.
  private mutating func endsByFlag() -> Bool {
    switch lease.state {
    case .provisioning, .active, .grace, .suspended:
      if let until = lease.flags.evictingUntil, until <= now {
        reclaim(.eviction)
        return true
      }
      if let impairment = lease.flags.impaired, impairment.until <= now {
        reclaim(.impairment)
        return true
      }
      return false
    case .quoted, .reclaiming, .closed:
      return false
    }
  }

  /// A resume that failed is wanted again every minute until its deadline.
  private mutating func tryAgain() {
    guard let impairment = lease.flags.impaired, impairment.nextAttempt <= now else { return }
    lease.flags.impaired?.nextAttempt = now + .minute
    effects.append(.resume(generation: lease.generation))
  }

  /// The balance is gone. Whoever has renewed before goes on on credit.
  private mutating func expire() {
    if lease.graceLength > .zero {
      enterGrace(until: (ranOut ?? now) + lease.graceLength)
    } else {
      suspend(.unpaid)
    }
  }

  mutating func enterGrace(until: Instant) {
    lease.state = .grace(until: until)
    lease.reminded.insert(.init(.expired))
    notify(.expired, deadline: until)
  }

  private mutating func remind() {
    guard let due = lease.dueReminder(at: now) else { return }
    lease.reminded.formUnion(due.covers)
    notify(due.reminder.kind, deadline: due.reminder.deadline, payable: due.reminder.payable)
  }

  /// Nobody was looking. Deadlines that punish move out by as long; nothing is charged beyond what was paid.
  ///
  /// Two daemons may report overlapping gaps: what lies before the end of the last one is accounted for already. What
  /// ran out inside the gap goes on for a moment in any case, since nobody could have told the renter.
  mutating func outage(from reportedFrom: Instant, to reportedTo: Instant) {
    let to = min(reportedTo, now)
    let from = max(reportedFrom, lease.lastOutage?.to ?? reportedFrom)
    guard from < to, lease.createdAt < to else { return }
    switch lease.state {
    case .quoted, .closed:
      return
    case .provisioning, .active, .grace, .suspended, .reclaiming:
      break
    }
    let length = to.microseconds(since: from)
    lease.lastOutage = Lease.Outage(from: from, to: to)
    if let until = lease.flags.evictingUntil {
      lease.flags.evictingUntil = until.advanced(byMicroseconds: length)
    }
    if let until = lease.flags.impaired?.until {
      lease.flags.impaired?.until = until.advanced(byMicroseconds: length)
    }
    // While time stands still, its deadlines move out at the end of the standstill by the whole of it.
    guard !lease.deadlinesStandStill else { return }
    lease.postponeDeadlines(byMicroseconds: length)
    let soonest = to + min(.minute, max(lease.terms.period / 2, 1))
    if case .grace(let until) = lease.state {
      lease.state = .grace(until: max(until, soonest))
    } else if case .active = lease.state, !lease.isPaidUp, let ranOut {
      if ranOut >= from {
        enterGrace(until: max(to + lease.graceLength, soonest))
      } else if lease.graceLength > .zero {
        enterGrace(until: max(ranOut.advanced(byMicroseconds: length) + lease.graceLength, soonest))
      }
    }
  }

  // MARK: Idleness

  mutating func foundIdle() {
    guard case .active = lease.state, let idle = lease.terms.policy.idle, lease.account.isRunning, lease.isPaidUp
    else { return }
    switch idle.action {
    case .notify:
      guard !lease.reminded.contains(.init(.idle)) else { return }
      lease.reminded.insert(.init(.idle))
      notify(.idle, deadline: now, payable: false)
    case .suspend: suspend(.idle)
    case .reclaim: reclaim(.idle)
    }
  }

  mutating func requested() {
    guard case .suspended(.idle, let retainedUntil, resuming: false) = lease.state, lease.flags.frozen == nil
    else { return }
    if lease.isPaidUp {
      resume(.idle, retainedUntil: retainedUntil)
    } else {
      // Usage measured before the freeze was rated after it and took what was left: now it is payment that resumes.
      awaitPayment()
    }
  }

  /// What was frozen for another reason stays so for want of money.
  mutating func awaitPayment() {
    lease.state = .suspended(.unpaid, retainedUntil: now + lease.retention(for: .unpaid), resuming: false)
    lease.reminded = []
  }
}

extension Lease.SuspensionCause {
  /// What a lease is reclaimed for when it was suspended for this too long. Only `.retention` is revived by money, and
  /// money resumes nothing but what was unpaid.
  var reclaim: Lease.ReclaimCause {
    switch self {
    case .unpaid: .retention
    case .idle: .idle
    case .operator: .eviction
    // It comes back first.
    case .limit: .idle
    }
  }
}

extension Lease {
  /// Frozen or impaired: time stops, and with it what counts against the renter.
  var standsStill: Bool { flags.frozen != nil || flags.impaired != nil }

  /// Grace stands still with time; retention passes in a lease that is merely impaired.
  var deadlinesStandStill: Bool {
    if case .suspended = state { flags.frozen != nil } else { standsStill }
  }

  /// Moves out what would otherwise fall on the renter: grace and retention.
  mutating func postponeDeadlines(byMicroseconds delta: Int64) {
    guard delta > 0 else { return }
    switch state {
    case .grace(let until):
      state = .grace(until: until.advanced(byMicroseconds: delta))
    case .suspended(let cause, let retainedUntil, let resuming):
      state = .suspended(cause, retainedUntil: retainedUntil.advanced(byMicroseconds: delta), resuming: resuming)
    case .quoted, .provisioning, .active, .reclaiming, .closed:
      break
    }
  }
}
