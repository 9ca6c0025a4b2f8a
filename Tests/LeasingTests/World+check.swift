import Leasing
import Ledger
import Units

/// What must hold after every step, whatever was said.
extension World {
  func check(from before: Lease, _ event: Event, _ decision: Decision) throws {
    try checkMoney()
    try checkHold()
    try checkNumbers(from: before, decision)
    try checkClosed(from: before)
    try checkPunishment(from: before, event, decision)
    try checkCare()
    try checkWaking()
    try checkLimit(event)
    try checkChange(from: before, event, decision)
  }

  /// Nobody comes by other terms without money held, nor by their grace and retention without having bought a period.
  private func checkChange(from before: Lease, _ event: Event, _ decision: Decision) throws {
    if lease.terms.offer != before.terms.offer {
      switch event {
      case .resizeRefused: break
      default:
        switch before.state {
        case .active, .suspended(.idle, _, _), .suspended(.limit, _, _), .suspended(.unpaid, _, resuming: true): break
        case .quoted, .provisioning, .grace, .suspended, .reclaiming, .closed:
          throw Broken("changed while \(before.state)")
        }
        let paid = decision.transfers.contains { $0.debit == .node }
        guard lease.account.balance > .zero || paid else { throw Broken("changed without money") }
        guard !lease.renewed else { throw Broken("a change brought grace") }
        guard lease.retention(for: .unpaid) <= before.retention(for: .unpaid) else {
          throw Broken("a change brought retention")
        }
      }
    }
    if lease.renewed, !before.renewed {
      switch event {
      case .settled, .creditReceived, .resizeRefused: break
      default: throw Broken("\(event.name) brought grace")
      }
    }
    if case .settled(let settlement) = event {
      let sealed = before.flags.frozen.map { !$0.thawing } ?? false
      if case .suspended(.operator, _, _) = before.state, before.account.balance < lease.account.balance {
        throw Broken("the operator's lease was paid for")
      }
      if sealed, case .renewal = settlement.purpose, before.account.balance < lease.account.balance {
        throw Broken("a sealed lease was paid for")
      }
    }
    if lease.account.credit > .zero, decision.transfers.contains(where: { $0.cause == .badDebt }) {
      throw Broken("debt was forgiven beside credit")
    }
  }

  private func checkMoney() throws {
    guard books.sum == 0 else { throw Broken("money was made") }
    guard books.lease == lease.account.balance.count, books.credit == lease.account.credit.count else {
      throw Broken("the account does not mirror the books")
    }
    guard -books.node == settled else { throw Broken("a payment was not booked once") }
    // Debt, owed or forgiven, is consumption nobody has paid.
    let unpaid = max(0, -books.lease) + max(0, -books.writeoff)
    // What the node was paid, what came from others, and what the provider lost on routing.
    let came = settled + credit.paidOut - books.fees + credit.received - books.compensation
    let back = books.credit + books.payout + credit.paidOut + credit.given
    guard books.credit >= 0, back <= came - (books.time + books.usage) + unpaid
    else { throw Broken("more came back than was left") }
    let setAside = credit.pending.reduce(0) { $0 + ($1.amount + $1.maxFee).count }
    guard books.payout == setAside else { throw Broken("\(books.payout) are set aside for payouts of \(setAside)") }
    guard books.fees <= 0 else { throw Broken("routing earned something") }
    guard books.moved == credit.given - credit.received else { throw Broken("credit was lost on its way") }
    if !changedRate, let price = lease.terms.rate.price(ofMicroseconds: served), books.time > price.count {
      throw Broken("time was charged that was not served: \(books.time) > \(price.count)")
    }
  }

  /// Nobody is served without having paid, and no payment is held that nobody decides about.
  private func checkHold() throws {
    guard holds else { return }
    switch lease.state {
    case .active, .grace, .suspended:
      guard htlc == .taken else { throw Broken("serves, and the payment is \(htlc)") }
    case .provisioning(_, hold: nil):
      guard htlc == .taken else { throw Broken("counts as paid, and the payment is \(htlc)") }
    case .provisioning:
      guard htlc != .none else { throw Broken("made for a payment that never came") }
      guard settled > 0 || books == Books() else { throw Broken("booked before it was settled") }
    case .quoted, .reclaiming(_, _, invoicesCanceled: false, _):
      guard htlc != .held || outbox.contains(.cancelQuote) || outbox.contains(.cancelInvoices) else {
        throw Broken("a payment is held, and nobody decides about it")
      }
    case .reclaiming, .closed:
      guard htlc != .held else { throw Broken("a payment is held for what is gone") }
    }
  }

  private func checkNumbers(from before: Lease, _ decision: Decision) throws {
    guard lease.version == before.version + (lease == before && decision.effects.isEmpty ? 0 : 1) else {
      throw Broken("version \(before.version) → \(lease.version)")
    }
    guard lease.generation >= before.generation else { throw Broken("generation fell") }
    for effect in decision.effects {
      if let generation = effect.generation, generation != lease.generation {
        throw Broken("\(effect.name) carries \(generation), the lease \(lease.generation)")
      }
    }
    if case .grace(let now) = lease.state, case .grace(let old) = before.state, now < old,
      lease.account.debt < lease.terms.mostDebt
    {
      throw Broken("a deadline came nearer")
    }
    guard lease.account.isRunning == serves else { throw Broken("time runs: \(!serves), doors open: \(serves)") }
  }

  private func checkClosed(from before: Lease) throws {
    guard before.isClosed else {
      if lease.isClosed, resource != .none { throw Broken("closed with the resource still there") }
      return
    }
    guard before.state == lease.state, before.flags == lease.flags, before.terms == lease.terms,
      before.account.balance == lease.account.balance, before.generation == lease.generation
    else { throw Broken("a closed lease changed") }
  }

  private func checkPunishment(from before: Lease, _ event: Event, _ decision: Decision) throws {
    let names = Set(decision.effects.map(\.name))
    let ends = names.intersection(["suspend", "close_meters", "destroy"])
    guard ends.count <= 1 else { throw Broken("two steps against the renter at once: \(ends)") }
    if before.flags.frozen.map({ !$0.thawing }) ?? false, case .reclaiming = lease.state {
      guard case .reclaiming(_, _, _, let was) = before.state else {
        if case .provisioning = before.state { return }
        throw Broken("a frozen lease was reclaimed")
      }
      if case .reclaiming(_, _, _, destroying: true) = lease.state, !was, lease.flags.frozen != nil {
        throw Broken("a frozen lease was destroyed")
      }
    }
    switch event {
    case .settled:
      if before.flags.frozen != nil, lease.flags.frozen == nil, !lease.isClosed {
        throw Broken("money cleared a freeze")
      }
    case .woke:
      switch (before.state, lease.state) {
      case (.active, .reclaiming(let cause, _, _, _)), (.grace, .reclaiming(let cause, _, _, _)):
        guard cause == .eviction || cause == .impairment else { throw Broken("reclaimed without suspension") }
      case (.grace(let until), .suspended):
        guard until <= now else { throw Broken("suspended before the deadline") }
      case (.suspended(_, let until, _), .reclaiming(let cause, _, _, _)) where cause == .retention:
        guard until <= now, !before.flags.protected else { throw Broken("reclaimed before the deadline") }
      default: break
      }
    default: break
    }
  }

  /// Nothing is served beyond what the renter lets it spend, and what the limit took comes back.
  private func checkLimit(_ event: Event) throws {
    guard let limit = lease.limit(at: now), limit.spent >= max(limit.perDay, lease.leastLimit) else {
      if case .suspended(.limit, _, resuming: false) = lease.state, let wakes = lease.wakesAt, wakes > now,
        !(lease.flags.frozen.map { !$0.thawing } ?? false)
      {
        throw Broken("a limit that is not reached keeps it suspended")
      }
      return
    }
    switch event {
    case .usageRated, .limited, .resumed, .recovered: if serves { throw Broken("served beyond the limit") }
    default: break  // At another rate another limit is the least.
    }
  }

  /// Nobody is forgotten: something will happen to every lease that is not closed.
  private func checkCare() throws {
    guard !lease.isClosed else {
      if lease.account.credit > .zero, lease.wakesAt == nil { throw Broken("credit nobody will look after") }
      return
    }
    if let next = lease.wakesAt, next < .distantFuture { return }
    if outbox.contains(where: { ($0.generation ?? lease.generation) == lease.generation }) { return }
    if let freeze = lease.flags.frozen, !freeze.thawing { return }
    if case .active = lease.state, lease.terms.rate.isFree, lease.account.balance > .zero { return }
    throw Broken("nobody will look after it")
  }

  /// Waking changes nothing twice, and never goes round in a circle.
  private func checkWaking() throws {
    var woken = lease
    let at = max(now, lease.account.chargedTo ?? now)
    for _ in 0..<5 {
      let next = try woken.step(.woke, at: at)
      if next.lease == woken {
        if let due = woken.wakesAt, due <= at { throw Broken("due since \(due.microseconds), and waking does nothing") }
        return
      }
      woken = next.lease
    }
    throw Broken("waking goes round in a circle")
  }

  /// When the outbox is empty the resource is as the lease says.
  func checkResource() throws {
    guard !outbox.contains(where: { $0.generation == lease.generation }) else { return }
    switch lease.state {
    case .active, .grace:
      if serves, resource != .running { throw Broken("serves a resource that is \(resource)") }
      if serves, size != lease.terms.resources { throw Broken("serves a resource of another size") }
      if serves, lease.pendingChange != nil { throw Broken("the change is not confirmed") }
      if let freeze = lease.flags.frozen, !freeze.thawing, resource != .frozen { throw Broken("the seal is open") }
    case .suspended(_, _, resuming: false):
      if resource != .frozen { throw Broken("suspended, and \(resource)") }
    case .quoted, .provisioning, .suspended, .reclaiming, .closed:
      break
    }
  }

  /// However an interval is cut by looking, the same time is charged.
  func checkSplitting() throws {
    guard var next = lease.wakesAt, next < .distantFuture, lease.account.isRunning else { return }
    next = max(next, now) + 7
    var late = lease
    var often = lease
    var total = (late: Int64(0), often: Int64(0))
    func wake(_ lease: inout Lease, at moment: Instant, _ sum: inout Int64) throws {
      for _ in 0..<4 {
        let decision = try lease.step(.woke, at: max(moment, lease.account.chargedTo ?? moment))
        lease = decision.lease
        sum += decision.transfers.reduce(0) { $0 + ($1.credit == .revenueTime ? $1.amount.count : 0) }
      }
    }
    let span = next.microseconds(since: now)
    for part in [Int64(0), 1, 3, 7] {
      try wake(&often, at: now.advanced(byMicroseconds: span / 8 * part + part), &total.often)
    }
    if let due = often.wakesAt, due < next { try wake(&often, at: due, &total.often) }
    try wake(&often, at: next, &total.often)
    try wake(&late, at: next, &total.late)
    // What did not change anything is charged when something does.
    total.late += (late.account.balance - late.charged(to: next).account.balance).count
    total.often += (often.account.balance - often.charged(to: next).account.balance).count
    guard total.late == total.often else { throw Broken("looking late charged \(total.late), often \(total.often)") }
  }

  /// Nobody pays any more and everything succeeds: it comes to its end.
  func checkEnd() throws {
    var world = self
    if world.lease.flags.frozen.map({ !$0.thawing }) ?? false { try world.step(.thawed) }
    try world.step(.protected(false))
    for _ in 0..<80 where !world.lease.isClosed {
      if world.outbox.isEmpty {
        guard let next = world.lease.wakesAt, next < .distantFuture else {
          if case .active = world.lease.state, world.lease.terms.rate.isFree { return }
          throw Broken("it waits for nothing")
        }
        world.pass(to: next)
        try world.step(.woke)
      } else {
        try world.succeed()
      }
      try world.checkResource()
    }
    guard world.lease.isClosed else { throw Broken("it never ends: \(world.lease.state)") }
  }
}
