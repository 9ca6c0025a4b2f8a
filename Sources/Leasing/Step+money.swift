import Ledger
import Units

/// Money coming in and usage going out.
extension Step {
  /// A payment adds to the balance, nothing else; that the balance is no longer gone is what moves the state.
  mutating func settled(_ settlement: Settlement) {
    transfers += lease.account.payLate(for: lease.id, settlement.excess)
    switch lease.state {
    case .quoted(let held, _, _):
      guard case .purchase = settlement.purpose else {
        transfers += lease.account.payLate(for: lease.id, settlement.amount)
        return
      }
      guard held || settlement.capacityFound else {
        transfers += lease.account.payLate(for: lease.id, settlement.amount)
        close(nil)
        return
      }
      transfers += lease.account.pay(for: lease.id, settlement.amount)
      lease.state = .provisioning(deadline: now + lease.terms.policy.provisioning)
      effects.append(.provision(generation: nextGeneration()))

    case .provisioning(let deadline, let hold?) where hold.paymentHash == settlement.paymentHash:
      transfers += lease.account.pay(for: lease.id, settlement.amount)
      if hold.isSettling {
        begin()
      } else {
        // Taken by somebody else before the resource was made: from here on it is a payment as any other.
        lease.state = .provisioning(deadline: deadline)
      }

    case .provisioning:
      buy(settlement)

    case .active, .grace, .suspended, .reclaiming(.retention, _, _, destroying: false):
      buy(settlement)
      serveAgain()

    case .reclaiming:
      transfers += lease.account.payLate(for: lease.id, settlement.amount)

    case .closed:
      transfers += lease.account.payLate(for: lease.id, settlement.amount)
      lease.closedCreditUntil = lease.closedCreditUntil ?? now + Lease.creditKept
    }
  }

  /// A payment that can be sent back: nothing is booked, and the resource is made first.
  ///
  /// It is sent back at once when something stands in the way, or when there is no time left to make anything before
  /// the node would let it go.
  mutating func accepted(_ acceptance: Acceptance) {
    guard case .quoted(let held, let until, let canceling) = lease.state else { return }
    let patience = now + lease.terms.policy.provisioning
    let deadline = acceptance.decideBy.map { min(patience, $0 - Lease.holdMargin) } ?? patience
    guard acceptance.obstacle == nil, deadline > now else {
      guard !canceling else { return }
      lease.state = .quoted(held: held, until: until, canceling: true)
      effects.append(.cancelQuote)
      return
    }
    lease.state = .provisioning(
      deadline: deadline, hold: Lease.Hold(paymentHash: acceptance.paymentHash, isSettling: false))
    effects.append(.provision(generation: nextGeneration()))
  }

  /// The renter has the money back, or never lost it: what was made for it goes.
  mutating func holdCanceled(_ paymentHash: String) {
    guard case .provisioning(_, let hold?) = lease.state, hold.paymentHash == paymentHash else { return }
    reclaim(.payment)
  }

  /// Money has arrived: a balance that is no longer gone is what moves the state.
  mutating func serveAgain() {
    guard lease.isPaidUp else { return }
    switch lease.state {
    case .active:
      lease.reminded = []
    case .grace:
      lease.state = .active
      lease.reminded = []
    case .suspended(let cause, let retainedUntil, let resuming):
      if cause == .unpaid, !resuming, lease.flags.frozen == nil {
        resume(cause, retainedUntil: retainedUntil)
      }
    case .reclaiming(.retention, _, _, destroying: false):
      let retainedUntil = now + lease.terms.policy.retention
      if lease.flags.frozen == nil {
        resume(.unpaid, retainedUntil: retainedUntil)
      } else {
        lease.state = .suspended(.unpaid, retainedUntil: retainedUntil, resuming: false)
      }
    case .quoted, .provisioning, .reclaiming, .closed:
      break
    }
  }

  private mutating func buy(_ settlement: Settlement) {
    switch settlement.purpose {
    case .purchase:
      // What it buys was bought: the same purchase was paid twice.
      transfers += lease.account.payLate(for: lease.id, settlement.amount)
    case .renewal(let periods):
      renew(periods, with: settlement)
    case .change(let terms):
      if case .provisioning = lease.state {
        // What is being made is what was asked for; nobody was offered a change of it.
        transfers += lease.account.payLate(for: lease.id, settlement.amount)
      } else {
        transfers += lease.account.pay(for: lease.id, settlement.amount)
        adopt(terms)
      }
    }
  }

  /// Time bought at the rate the lease runs at lengthens it; at another price it blends: money held over time held,
  /// so that what was prepaid keeps its price. Where nothing is prepaid there is nothing to blend with: time costs the
  /// new price from here on, and what has passed since the quote is paid for like any other time.
  private mutating func renew(_ periods: Int64, with settlement: Settlement) {
    let timeLeft = max(0, lease.account.microsecondsLeft ?? 0)
    let isPrepaid = lease.isPaidUp
    transfers += lease.account.pay(for: lease.id, settlement.amount)
    lease.renewed = true
    guard settlement.isForTheseTerms else { return }
    if let terms = settlement.terms, terms.kind == lease.terms.kind {
      let sizeChanges = terms.resources != lease.terms.resources
      replaceTerms(by: terms)
      if sizeChanges { reshape() }
    }
    guard lease.account.rate != lease.terms.rate else { return }
    guard isPrepaid, lease.isPaidUp, !lease.terms.rate.isFree, !lease.account.rate.isFree else {
      lease.account.setRate(lease.terms.rate)
      return
    }
    let (timeHeld, overflow) = timeLeft.addingReportingOverflow((lease.terms.period * periods).microseconds)
    guard !overflow, timeHeld > 0 else { return }
    lease.account.setRate(Rate(lease.account.balance, perMicroseconds: timeHeld))
  }

  /// New terms, new rate, and a resource of another size. Time ends at another moment, which is announced anew.
  mutating func adopt(_ terms: Terms) {
    replaceTerms(by: terms)
    lease.account.setRate(terms.rate)
    if case .active = lease.state { lease.reminded = [] }
    reshape()
  }

  /// What the lease was sold as is no part of what is agreed anew.
  private mutating func replaceTerms(by terms: Terms) {
    let soldAs = lease.terms.soldAs
    lease.terms = terms
    lease.terms.soldAs = soldAs
  }

  /// Gives the resource the size of the terms. Resuming does so by itself, unless it has begun with the old ones.
  private mutating func reshape() {
    switch lease.state {
    case .active, .grace:
      guard !lease.flags.isSealed else { return }
      let generation = nextGeneration()
      effects.append(lease.standsStill ? .resume(generation: generation) : .resize(generation: generation))
    case .suspended(let cause, let retainedUntil, resuming: true):
      resume(cause, retainedUntil: retainedUntil)
    case .quoted, .provisioning, .suspended, .reclaiming, .closed:
      break
    }
  }

  mutating func changed(to terms: Terms) throws(Rejection) {
    guard terms.kind == lease.terms.kind else { throw .otherKind }
    switch lease.state {
    case .quoted, .provisioning: throw .notPaidYet
    case .active, .grace, .suspended:
      guard !lease.flags.isSealed else { throw .leaseFrozen }
      guard lease.changeAmount(to: terms, at: now) == .zero else { throw .underpaid }
      adopt(terms)
    case .reclaiming: throw .leaseReclaiming
    case .closed: throw .leaseClosed
    }
  }

  /// Usage found after the point of no return is nobody's debt.
  mutating func usageRated(_ amount: Millisatoshi) {
    switch lease.state {
    case .active, .grace, .suspended, .reclaiming(_, _, _, destroying: false):
      let wasPaidUp = lease.isPaidUp
      transfers += lease.account.chargeUsage(for: lease.id, amount)
      if case .active = lease.state, lease.account.isRunning, !lease.isPaidUp, lease.graceLength > .zero {
        // A debt of usage is not time that has passed: grace counts from when the balance was gone.
        enterGrace(until: (wasPaidUp ? now : ranOut ?? now) + lease.graceLength)
      } else {
        remindOfDeposit()
      }
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
  /// A held payment is decided this long before the node would let it go: time to say so twice.
  public static let holdMargin: Seconds = .minute

  /// Credit is kept for a year after close.
  static let creditKept: Seconds = .day * 365
}
