import Leasing
import Ledger
import Units

/// What is around a lease, as small as it can be: an outbox, a driver with its fence, and the books.
///
/// Two worlds are the same when nothing that happens next can tell them apart: everything is compared but the lease's
/// `version`, which rises with every write.
struct World {
  enum Resource: Hashable { case none, running, frozen }

  var lease: Lease
  var now: Instant
  var outbox: [Effect] = []
  var resource = Resource.none
  var fence: Int64 = 0
  var settled: Int64 = 0
  var books = Books()
  /// Microseconds during which the doors were open.
  var served: Int64 = 0
  var changedRate = false
  var metersTaken = false
  var upgraded = false
  /// What the driver has made it.
  var size = Resources(disk: 0)
  /// Whether the node holds payments of purchases, and what became of the one it was sent.
  var holds = false
  var htlc = HTLC.none
  var credit = CreditTraffic()

  /// Credit that left for an invoice or another lease, and what came from another.
  struct CreditTraffic: Hashable {
    /// Asked for and not decided by the node.
    var pending: [Payout] = []
    /// How many were ever asked for; names the next.
    var asked = 0
    /// Paid by the node, with the part of the routing that is the renter's.
    var paidOut: Int64 = 0
    var given: Int64 = 0
    var received: Int64 = 0
  }

  enum HTLC: Hashable { case none, held, taken, sentBack }
  static let heldHash = "h"

  struct Books: Hashable {
    var node: Int64 = 0
    var lease: Int64 = 0
    var time: Int64 = 0
    var usage: Int64 = 0
    var credit: Int64 = 0
    var writeoff: Int64 = 0
    /// On its way out.
    var payout: Int64 = 0
    var fees: Int64 = 0
    /// Given to other leases, less what came from them.
    var moved: Int64 = 0
    /// Given for outages; negative.
    var compensation: Int64 = 0

    var sum: Int64 {
      node + lease + time + usage + credit + writeoff + payout + fees + moved + compensation
    }

    mutating func book(_ transfer: Transfer) {
      add(transfer.credit, transfer.amount.count)
      add(transfer.debit, -transfer.amount.count)
    }

    private mutating func add(_ account: Account, _ amount: Int64) {
      switch account {
      case .node: node += amount
      case .lease: lease += amount
      case .revenueTime: time += amount
      case .revenueUsage: usage += amount
      case .credit: credit += amount
      case .writeoff: writeoff += amount
      case .payout: payout += amount
      case .fees: fees += amount
      case .move: moved += amount
      case .compensation: compensation += amount
      }
    }
  }

  init(_ terms: Terms, holds: Bool = false) {
    self.holds = holds
    lease = .quoted(terms)
    now = .start
  }

  /// Doors open, time running.
  var serves: Bool {
    switch lease.state {
    case .active, .grace: lease.flags.frozen == nil && lease.flags.impaired == nil
    case .quoted, .provisioning, .suspended, .reclaiming, .closed: false
    }
  }

  mutating func pass(_ seconds: Seconds) { pass(to: now + seconds) }

  mutating func pass(to moment: Instant) {
    guard moment > now else { return }
    if serves { served += moment.microseconds(since: now) }
    now = moment
  }

  /// Steps the lease as the engine would, and checks what must hold after any step.
  mutating func step(_ event: Event) throws {
    let before = lease
    let at = max(now, lease.account.chargedTo ?? now)
    let decision: Decision
    do {
      decision = try lease.step(event, at: at)
    } catch {
      switch event {
      case .released, .changed, .operatorSuspended, .operatorResumed, .frozen, .thawed, .evicting, .protected,
        .payoutAsked, .creditGiven, .creditReceived, .walletSet, .limited:
        guard lease == before else { throw Broken("\(event.name) was rejected and changed the lease") }
        return
      default: throw Broken("\(event.name) was rejected: \(error)")
      }
    }
    lease = decision.lease
    for transfer in decision.transfers { books.book(transfer) }
    for effect in decision.effects {
      if case .notice = effect { continue }
      if case .pull = effect {
        guard lease.flags.pulls == true, lease.wantsPull(at: at) else { throw Broken("a wallet is asked for nothing") }
        continue
      }
      if case .resource(.destroy, _) = effect {
        guard metersTaken || lease.activatedAt == nil else { throw Broken("destroyed before the meters were read") }
      }
      if case .resource(.closeMeters, _) = effect { metersTaken = false }
      outbox.append(effect)
    }
    try check(from: before, event, decision)
  }

  /// The oldest effect that still counts; rows of an older generation are dropped before they begin.
  mutating func nextEffect() -> Effect? {
    while let first = outbox.first {
      outbox.removeFirst()
      if let generation = first.generation, generation < lease.generation { continue }
      return first
    }
    return nil
  }

  mutating func succeed() throws {
    guard let effect = nextEffect() else { return }
    if let generation = effect.generation {
      guard generation >= fence else { throw Broken("the driver was asked with an older generation") }
      fence = generation
    }
    switch effect {
    case .resource(.provision, let generation):
      resource = .running
      size = lease.terms.resources
      try step(.provisioned(generation: generation))
    case .resource(.suspend, let generation):
      guard resource != .none else { throw Broken("suspended what is not there") }
      resource = .frozen
      try step(.suspended(generation: generation))
    case .resource(.resume, let generation):
      guard resource != .none else { throw Broken("resumed what is not there") }
      resource = .running
      size = lease.terms.resources
      try step(.resumed(generation: generation))
    case .resource(.resize, let generation):
      size = lease.terms.resources
      try step(.resized(generation: generation))
    case .resource(.closeMeters, let generation):
      resource = .frozen
      metersTaken = true
      try step(.metersClosed(generation: generation, unrated: 7))
    case .invoice(.cancelInvoices):
      guard case .reclaiming = lease.state else { return }
      if htlc == .held { htlc = .sentBack }
      try step(.invoicesCanceled)
    case .invoice(.cancelQuote):
      guard case .quoted = lease.state else { return }
      if htlc == .held { htlc = .sentBack }
      try step(.quoteCanceled)
    case .invoice(.settle(let hash)):
      guard case .provisioning(_, let hold?) = lease.state, hold.isSettling, hold.paymentHash == hash else { return }
      guard resource != .none else { throw Broken("settled before anything was made") }
      if htlc == .held {
        try take()
      } else {
        try step(.holdCanceled(paymentHash: hash, reason: "gone"))
      }
    case .resource(.destroy, let generation):
      resource = .none
      try step(.destroyed(generation: generation, receipt: ""))
    case .payout(let hash): try payOut(hash)
    case .notice, .pull: break
    }
  }

  mutating func fail() throws {
    guard let effect = nextEffect() else { return }
    switch effect {
    case .resource(.provision, let generation):
      resource = .frozen  // half made
      try step(.provisionFailed(generation: generation, reason: "no"))
    case .resource(.resume, let generation): try step(.resumeFailed(generation: generation, reason: "no"))
    // No outcome: it stays in the outbox, and is done again.
    case .resource(.suspend, _), .resource(.resize, _), .resource(.closeMeters, _), .resource(.destroy, _), .invoice:
      outbox.insert(effect, at: 0)
    case .payout(let hash): try failPayout(hash)
    case .notice, .pull: break
    }
  }

  /// More is stored than the size that is asked for takes.
  mutating func refuseSize() throws {
    guard let effect = outbox.first, lease.pendingChange != nil else { return }
    switch effect {
    case .resource(.resize, let generation), .resource(.resume, let generation):
      guard generation == lease.generation else { return }
      outbox.removeFirst()
      fence = generation
      try step(.resizeRefused(generation: generation, reason: "full"))
      guard lease.pendingChange == nil else { throw Broken("the change that was refused stands") }
    case .resource, .invoice, .payout, .pull, .notice:
      return
    }
  }

  /// What a driver or node says twice, or too late.
  mutating func hearStale() throws {
    let old = lease.generation - 1
    let before = lease
    for event: Event in [
      .provisioned(generation: old), .provisionFailed(generation: old, reason: ""), .suspended(generation: old),
      .resumed(generation: old), .resumeFailed(generation: old, reason: ""), .resized(generation: old),
      .resizeRefused(generation: old, reason: ""), .destroyed(generation: old, receipt: ""),
      .holdCanceled(paymentHash: "another", reason: ""),
    ] {
      try step(event)
    }
    guard before == lease else { throw Broken("a stale outcome changed the lease") }
  }

  mutating func pay(_ purpose: Settlement.Purpose? = nil) throws {
    let settlement: Settlement
    if let purpose {
      let amount = lease.changeAmount(to: .large, at: now) ?? .zero
      settlement = Settlement(paymentHash: "c", amount: max(amount, 1_000), purpose: purpose)
    } else if case .quoted = lease.state, holds {
      return try arrive(obstacle: nil)
    } else if case .quoted = lease.state {
      settlement = .purchase(lease.terms)
    } else {
      guard lease.maySell(periods: 1, at: now), let amount = lease.renewalAmount(periods: 1, at: now) else { return }
      settlement = .renewal(amount)
    }
    settled += settlement.amount.count
    try step(.settled(settlement))
  }
}

/// A purchase's payment that can be sent back.
extension World {
  mutating func arrive(obstacle: String?) throws {
    guard holds, htlc == .none, case .quoted(_, _, let canceling) = lease.state else { return }
    // Once its invoice is canceled nothing arrives any more.
    guard !canceling || outbox.contains(.cancelQuote) else { return }
    htlc = .held
    try step(
      .accepted(
        Acceptance(
          paymentHash: World.heldHash, received: lease.terms.invoiceAmount(periods: 1) ?? .zero, decideBy: now + 400,
          obstacle: obstacle)))
  }

  mutating func take() throws {
    htlc = .taken
    var settlement = Settlement.purchase(lease.terms)
    settlement.paymentHash = World.heldHash
    settled += settlement.amount.count
    try step(.settled(settlement))
  }

  /// The node lets go of what it holds, and says so or not.
  mutating func letGo(saying: Bool) throws {
    guard htlc == .held else { return }
    htlc = .sentBack
    if saying { try step(.holdCanceled(paymentHash: World.heldHash, reason: "expired")) }
  }
}

/// Credit that goes out, to an invoice or to another lease, and comes in.
extension World {
  private static let neighbour = LeaseID(unixMilliseconds: 1_700_000_000_000, random: (3, 4))

  /// - Parameter share: of the credit, in hundredths; what routing may cost is set aside beside it.
  mutating func askForPayout(_ share: Int64) throws {
    let most = lease.account.credit
    let amount = Millisatoshi(most.count / 100 * share)
    guard amount > .zero else { return }
    credit.asked += 1
    let payout = Payout(
      paymentHash: "out\(credit.asked)", amount: amount, maxFee: Payout.feeBudget(for: amount, of: most))
    let before = lease.account.credit
    credit.pending.append(payout)
    try step(.payoutAsked(payout))
    if lease.account.credit == before { credit.pending.removeLast() }
  }

  /// The first costs the renter half of the budget, every other more than all of it.
  private mutating func payOut(_ hash: String) throws {
    guard let payout = take(hash) else { throw Broken("a payout was ordered that nobody asked for") }
    let fee = credit.asked % 2 == 1 ? Millisatoshi(payout.maxFee.count / 2) : payout.maxFee + 3
    credit.paidOut += payout.amount.count + min(fee, payout.maxFee).count
    settled -= payout.amount.count + fee.count
    try step(.payoutPaid(payout, fee: fee))
  }

  private mutating func failPayout(_ hash: String) throws {
    guard let payout = take(hash) else { throw Broken("a payout was ordered that nobody asked for") }
    let before = lease.account.credit
    try step(.payoutFailed(payout, reason: "no route"))
    guard lease.account.credit == before + payout.amount + payout.maxFee else {
      throw Broken("not all of a failed payout came back")
    }
  }

  private mutating func take(_ hash: String) -> Payout? {
    credit.pending.firstIndex { $0.paymentHash == hash }.map { credit.pending.remove(at: $0) }
  }

  mutating func giveCredit(toItself: Bool) throws {
    let amount = Millisatoshi(lease.account.credit.count / 2)
    guard amount > .zero else { return }
    let move = CreditMove(id: "m", from: lease.id, to: toItself ? lease.id : World.neighbour, amount: amount)
    guard !toItself else { return try step(.creditReceived(move)) }
    let before = lease.account.credit
    credit.given += amount.count
    try step(.creditGiven(move))
    if lease.account.credit == before { credit.given -= amount.count }
  }

  mutating func receiveCredit() throws {
    let move = CreditMove(id: "m", from: World.neighbour, to: lease.id, amount: 600_000)
    let before = books.moved
    credit.received += move.amount.count
    try step(.creditReceived(move))
    if books.moved == before { credit.received -= move.amount.count }
  }
}

/// An outage made good: 500 s of it.
extension World {
  mutating func compensate() throws {
    let before = lease
    try step(
      .compensated(
        Compensation(
          label: "o", from: now - 500, to: now, lost: 500_000_000, stood: 500_000_000, reason: "the host was away")))
    guard lease.renewed == before.renewed, lease.boughtAgain == before.boughtAgain else {
      throw Broken("what was given counts as bought")
    }
    let given =
      lease.account.balance + lease.account.credit - before.charged(to: now).account.balance
      - before.account.credit
    switch before.state {
    case .quoted, .provisioning: guard given == .zero else { throw Broken("given before it served") }
    case .active, .grace, .suspended, .reclaiming, .closed:
      guard given == before.account.rate.price(ofMicroseconds: 500_000_000) else { throw Broken("given: \(given)") }
    }
  }
}

extension World: Hashable {
  static func == (a: World, b: World) -> Bool {
    a.now == b.now && a.outbox == b.outbox && a.resource == b.resource && a.fence == b.fence
      && a.settled == b.settled && a.books == b.books && a.served == b.served && a.changedRate == b.changedRate
      && a.metersTaken == b.metersTaken && a.upgraded == b.upgraded && a.size == b.size && a.holds == b.holds
      && a.htlc == b.htlc && a.credit == b.credit && a.unversioned == b.unversioned
  }

  private var unversioned: Lease {
    var lease = lease
    lease.version = 0
    return lease
  }

  func hash(into hasher: inout Hasher) {
    hasher.combine(now.microseconds)
    hasher.combine(lease.generation)
    hasher.combine(lease.account.balance.count)
    hasher.combine(lease.account.credit.count)
    hasher.combine(lease.state)
    hasher.combine(outbox.count)
  }
}

/// An invariant did not hold.
struct Broken: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}
