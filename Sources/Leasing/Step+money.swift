import Ledger
import Units

/// Money coming in and usage going out.
extension Step {
  /// A payment adds to the balance, nothing else; that the balance is no longer gone is what moves the state.
  mutating func settled(_ settlement: Settlement) {
    transfers += lease.account.payLate(for: lease.id, settlement.excess)
    switch lease.state {
    case .quoted(let hasCapacity, _, _):
      guard case .purchase = settlement.purpose else {
        transfers += lease.account.payLate(for: lease.id, settlement.amount)
        return
      }
      guard hasCapacity || settlement.capacityFound else {
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

    case .provisioning, .active, .grace, .suspended, .reclaiming(.retention, _, _, destroying: false):
      guard lease.renewalObstacle(lasting: lease.timeBought(by: settlement), at: now) == nil else {
        // Nobody was to be asked for it; what comes anyhow is the renter's.
        transfers += lease.account.payLate(for: lease.id, settlement.amount)
        return
      }
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
    guard case .quoted(let hasCapacity, let until, let canceling) = lease.state else { return }
    let patience = now + lease.terms.policy.provisioning
    let deadline = acceptance.decideBy.map { min(patience, $0 - Lease.holdMargin) } ?? patience
    guard acceptance.obstacle == nil, deadline > now else {
      guard !canceling else { return }
      lease.state = .quoted(hasCapacity: hasCapacity, until: until, canceling: true)
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
      let retainedUntil = now + lease.retention(for: .unpaid)
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
    case .topUp:
      topUp(with: settlement)
    case .change(let terms):
      guard lease.takesPaidChange, terms.kind == lease.terms.kind else {
        // Too late for what it was quoted for: time has run out, or what is being made is what was asked for first.
        transfers += lease.account.payLate(for: lease.id, settlement.amount)
        return
      }
      adopt(terms) { step in
        step.transfers += step.lease.account.pay(for: step.lease.id, settlement.amount)
        step.lease.pendingChange?.paid += settlement.amount
      }
    }
  }

  /// Counts money, beyond what it covers of debts, towards a period at the present terms. What was quoted cheaply before
  /// a change, or paid in small parts, earns no more grace and retention than a period's worth of money does.
  mutating func countBought(_ amount: Millisatoshi) {
    guard !lease.renewed else { return }
    lease.boughtAgain += max(.zero, amount)
    let terms = lease.terms
    guard lease.boughtAgain >= (terms.price > .zero ? terms.price : terms.deposit) else { return }
    lease.renewed = true
    lease.boughtAgain = .zero
    lease.retentionBound = nil
  }

  private mutating func renew(_ periods: Int64, with settlement: Settlement) {
    let debt = lease.account.debt
    lengthen(with: settlement) { ($0.period * periods).microseconds }
    // A debt that grew since the quote takes nothing from the periods that were quoted.
    let periodsCost = lease.terms.price > .zero ? lease.terms.price.multipliedReportingOverflow(by: periods) : nil
    countBought(periodsCost.map { min($0, settlement.amount) } ?? settlement.amount - debt)
  }

  /// As much time as the money buys beyond the debt, to the microsecond.
  private mutating func topUp(with settlement: Settlement) {
    let beyondDebt = settlement.amount - lease.account.debt
    lengthen(with: settlement) { $0.rate.microsecondsUntilSpent(max(.zero, beyondDebt), carrying: 0) ?? 0 }
    countBought(beyondDebt)
  }

  /// Time bought at the rate the lease runs at lengthens it; at another price it blends: money held over time held,
  /// so that what was prepaid keeps its price. Where nothing is prepaid there is nothing to blend with: time costs the
  /// new price from here on, and what has passed since the quote is paid for like any other time.
  ///
  /// - Parameter time: how many microseconds are bought, at the terms that they are bought at.
  private mutating func lengthen(with settlement: Settlement, by time: (Terms) -> Int64) {
    let timeLeft = max(0, lease.account.microsecondsLeft ?? 0)
    let isPrepaid = lease.isPaidUp
    transfers += lease.account.pay(for: lease.id, settlement.amount)
    guard settlement.isForTheseTerms else { return }
    if let terms = settlement.terms, terms.kind == lease.terms.kind {
      let sizeChanges =
        terms.resources != lease.terms.resources || terms.network != lease.terms.network
      replaceTerms(by: terms)
      if sizeChanges { reshape() }
    }
    guard lease.account.rate != lease.terms.rate else { return }
    guard isPrepaid, lease.isPaidUp, !lease.terms.rate.isFree, !lease.account.rate.isFree else {
      lease.account.setRate(lease.terms.rate)
      return
    }
    let (timeHeld, overflow) = timeLeft.addingReportingOverflow(time(lease.terms))
    guard !overflow, timeHeld > 0 else { return }
    lease.account.spread(over: timeHeld)
  }

  /// New terms, new rate, and a resource of another size. Time ends at another moment, which is announced anew.
  ///
  /// Grace and retention begin anew as in a first period, and data is kept no longer than it would have been.
  private mutating func adopt(_ terms: Terms, paying: (inout Step) -> Void = { _ in }) {
    if lease.pendingChange == nil { lease.pendingChange = Lease.PendingChange(lease) }
    lease.retentionBound = lease.retention(for: .unpaid)
    lease.renewed = false
    lease.boughtAgain = .zero
    replaceTerms(by: terms)
    paying(&self)
    lease.account.setRate(terms.rate)
    if case .active = lease.state { lease.reminded = [] }
    reshape()
  }

  /// What the lease was sold as is no part of what is agreed anew.
  private mutating func replaceTerms(by terms: Terms) {
    let soldAs = lease.terms.soldAs
    // What was announced is agreed now, or was said of an offer that is left.
    if let announced = lease.announced, announced.terms.offer != terms.offer || announced.terms.asksTheSame(as: terms) {
      lease.announced = nil
    }
    // Who changes to and fro begins no allowance anew.
    if terms.period != lease.terms.period { lease.nextAllowance = lease.allowance(after: now) }
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
    if let obstacle = lease.changeObstacle(at: now) { throw obstacle }
    guard lease.changeAmount(to: terms, at: now) == .zero else { throw .underpaid }
    adopt(terms)
  }

  /// The driver has made it the size of the terms: the change stands.
  mutating func resized(_ generation: Int64) {
    guard generation == lease.generation else { return }
    lease.pendingChange = nil
  }

  /// More is stored than the new size takes: the terms are what they were, and what was paid for the change is credit.
  /// What ran meanwhile was charged at the new rate.
  mutating func resizeRefused(_ generation: Int64) {
    guard generation == lease.generation else { return }
    guard let before = lease.pendingChange else { return resizeAgain() }
    switch lease.state {
    case .active, .grace, .suspended(_, _, resuming: true): break
    case .quoted, .provisioning, .suspended, .reclaiming, .closed: return
    }
    lease.pendingChange = nil
    replaceTerms(by: before.terms)
    lease.account.setRate(before.rate)
    lease.renewed = before.renewed
    lease.boughtAgain = before.boughtAgain
    lease.retentionBound = before.retentionBound
    lease.announced = before.announced
    transfers += lease.account.giveBack(for: lease.id, before.paid)
    if case .active = lease.state { lease.reminded = [] }
    reshape()
  }

  /// There is no change to undo, and the size of the terms stays wanted.
  private mutating func resizeAgain() {
    switch lease.state {
    case .active, .grace:
      if !lease.standsStill { effects.append(.resize(generation: lease.generation)) }
    case .quoted, .provisioning, .suspended, .reclaiming, .closed:
      break  // Resuming gives the resource the size of the terms.
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
        let until = (wasPaidUp ? now : ranOut ?? now) + lease.graceLength
        enterGrace(until: lease.owesTooMuch ? min(until, now) : until)
      } else if case .grace(let until) = lease.state, lease.account.isRunning, until > now, lease.owesTooMuch {
        // Time is given on credit for as long as grace lasts, usage only so far.
        lease.state = .grace(until: now)
      } else {
        remindOfDeposit()
      }
      countSpent(amount)
    case .quoted, .provisioning, .reclaiming, .closed:
      break
    }
  }

  /// A purely metered lease has no `paidUntil` to remind of; a quarter of its deposit left is its notice.
  private mutating func remindOfDeposit() {
    let quarter = Millisatoshi(lease.terms.deposit.count / 4)
    guard lease.account.rate.isFree, lease.account.balance <= quarter,
      !lease.reminded.contains(.init(.renewal)), case .active = lease.state, !lease.flags.isSealed
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
  /// Whether usage on credit has reached the bound that the terms set.
  var owesTooMuch: Bool { account.debt >= terms.mostDebt }

  /// A held payment is decided this long before the node would let it go: time to say so twice.
  public static let holdMargin: Seconds = .minute

  /// Credit is kept for a year after close.
  static let creditKept: Seconds = .day * 365
}
