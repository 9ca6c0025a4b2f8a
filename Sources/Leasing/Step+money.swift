import Ledger
import Units

/// Money coming in and usage going out.
extension Step {
  /// A payment adds to the balance, nothing else; that the balance is no longer gone is what moves the state.
  mutating func settled(_ settlement: Settlement) {
    transfers += lease.account.payLate(for: lease.id, settlement.excess)
    switch lease.state {
    case .quoted(let held, _, _):
      guard held || settlement.capacityFound, case .purchase = settlement.purpose else {
        transfers += lease.account.payLate(for: lease.id, settlement.amount)
        close(nil)
        return
      }
      transfers += lease.account.pay(for: lease.id, settlement.amount)
      lease.state = .provisioning(deadline: now + lease.terms.policy.provisioning)
      effects.append(.provision(generation: nextGeneration()))

    case .provisioning:
      buy(settlement)

    case .active:
      buy(settlement)
      lease.reminded = []

    case .grace:
      buy(settlement)
      if lease.isPaidUp {
        lease.state = .active
        lease.reminded = []
      }

    case .suspended(let cause, let retainedUntil, let resuming):
      buy(settlement)
      if cause == .unpaid, !resuming, lease.isPaidUp, lease.flags.frozen == nil {
        resume(cause, retainedUntil: retainedUntil)
      }

    case .reclaiming(.retention, _, _, destroying: false):
      buy(settlement)
      if lease.isPaidUp {
        let retainedUntil = now + lease.terms.policy.retention
        if lease.flags.frozen == nil {
          resume(.unpaid, retainedUntil: retainedUntil)
        } else {
          lease.state = .suspended(.unpaid, retainedUntil: retainedUntil, resuming: false)
        }
      }

    case .reclaiming:
      transfers += lease.account.payLate(for: lease.id, settlement.amount)

    case .closed:
      transfers += lease.account.payLate(for: lease.id, settlement.amount)
      lease.closedCreditUntil = lease.closedCreditUntil ?? now + Lease.creditKept
    }
  }

  private mutating func buy(_ settlement: Settlement) {
    let timeLeft = max(0, lease.account.microsecondsLeft ?? 0)
    transfers += lease.account.pay(for: lease.id, settlement.amount)
    switch settlement.purpose {
    case .purchase:
      break
    case .renewal(let periods):
      lease.renewed = true
      if lease.account.rate != lease.terms.rate, lease.isPaidUp, !lease.terms.rate.isFree {
        let timeBought = lease.terms.period.microseconds * periods
        lease.account.setRate(Rate(lease.account.balance, perMicroseconds: timeLeft + timeBought))
      }
    case .change(let terms):
      adopt(terms)
    }
  }

  /// New terms, new rate, and a resource of another size.
  mutating func adopt(_ terms: Terms) {
    lease.terms = terms
    lease.account.setRate(terms.rate)
    switch lease.state {
    case .active, .grace:
      effects.append(.resize(generation: nextGeneration()))
    case .quoted, .provisioning, .suspended, .reclaiming, .closed:
      break  // Provisioning and resuming give the resource the size of the terms.
    }
  }

  mutating func changed(to terms: Terms) throws(Rejection) {
    guard terms.kind == lease.terms.kind else { throw .otherKind }
    switch lease.state {
    case .quoted, .provisioning: throw .notPaidYet
    case .active, .grace, .suspended: adopt(terms)
    case .reclaiming: throw .leaseReclaiming
    case .closed: throw .leaseClosed
    }
  }

  /// Usage found after the point of no return is nobody's debt.
  mutating func usageRated(_ amount: Millisatoshi) {
    switch lease.state {
    case .active, .grace, .suspended, .reclaiming(_, _, _, destroying: false):
      transfers += lease.account.chargeUsage(for: lease.id, amount)
      remindOfDeposit()
    case .quoted, .provisioning, .reclaiming, .closed:
      break
    }
  }

  /// A purely metered lease has no `paidUntil` to remind of; a quarter of its deposit left is its notice.
  private mutating func remindOfDeposit() {
    let quarter = Millisatoshi(lease.terms.deposit.count / 4)
    guard lease.account.rate.isFree, lease.account.balance <= quarter,
      !lease.reminded.contains(.init(.renewal)), case .active = lease.state
    else { return }
    lease.reminded.insert(.init(.renewal))
    notify(.renewal, deadline: now)
  }

  mutating func close(_ cause: Lease.ReclaimCause?) {
    transfers += lease.account.close(for: lease.id)
    lease.state = .closed(at: now, cause)
    lease.flags = Lease.Flags()
    if lease.account.credit > .zero {
      lease.closedCreditUntil = now + Lease.creditKept
    }
  }
}

extension Lease {
  /// Credit is kept for a year after close.
  static let creditKept: Seconds = .day * 365
}
