import Ledger
import Units

/// Time passing. Each ring takes at most one step against the renter, and looks at the facts again before it does.
extension Step {
  mutating func woke() {
    guard lease.flags.frozen == nil else { return }
    if endsByFlag() { return }
    switch lease.state {
    case .quoted(let held, let until, canceling: false):
      if until <= now {
        lease.state = .quoted(held: held, until: until, canceling: true)
        effects.append(.cancelQuote)
      }

    case .quoted:
      break

    case .provisioning(let deadline):
      if deadline <= now { reclaim(.provisioning) }

    case .active:
      if lease.flags.impaired != nil {
        tryAgain()
      } else if lease.account.balance <= .zero {
        expire()
      } else {
        remind()
      }

    case .grace(let until):
      if lease.flags.impaired != nil {
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

    case .suspended(let cause, let retainedUntil, resuming: false):
      if retainedUntil > now {
        remind()
      } else if lease.flags.protected {
        lease.state = .suspended(cause, retainedUntil: now + .day, resuming: false)
      } else {
        reclaim(cause == .idle ? .idle : .retention)
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

  /// The balance is gone. Whoever has renewed before goes on on credit; so does, for a moment, whoever ran out while
  /// no daemon could have told him.
  private mutating func expire() {
    let ranOut = lease.paidUntil ?? now
    var until = ranOut + lease.graceLength
    if let outage = lease.lastOutage, outage.from <= ranOut, ranOut <= outage.to {
      until = max(until, outage.to + min(.minute, max(lease.terms.period / 2, 1)))
    }
    guard until > ranOut else {
      suspend(.unpaid)
      return
    }
    lease.state = .grace(until: until)
    lease.reminded.insert(.init(.expired))
    notify(.expired, deadline: until)
  }

  private mutating func remind() {
    guard let due = lease.dueReminder(at: now) else { return }
    lease.reminded.formUnion(due.covers)
    notify(due.kind, deadline: due.deadline)
  }

  /// Nobody was looking. Deadlines that punish move out by as long; nothing is charged for it.
  mutating func outage(from: Instant, to: Instant) {
    guard !lease.knows(outageTo: to), to > from else { return }
    lease.lastOutage = Lease.Outage(from: from, to: to)
    lease.postponeDeadlines(byMicroseconds: to.microseconds(since: from))
    if let until = lease.flags.evictingUntil {
      lease.flags.evictingUntil = until.advanced(byMicroseconds: to.microseconds(since: from))
    }
  }

  // MARK: Idleness

  mutating func foundIdle() {
    guard case .active = lease.state, let idle = lease.terms.policy.idle, lease.flags.frozen == nil,
      lease.flags.impaired == nil
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
    resume(.idle, retainedUntil: retainedUntil)
  }
}

extension Lease {
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
