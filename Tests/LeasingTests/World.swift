import Leasing
import Ledger
import Units

/// What is around a lease, as small as it can be: an outbox, a driver with its fence, and the books.
///
/// Two worlds are the same when nothing that happens next can tell them apart; `version` is not part of that.
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
  /// Whether the node holds payments of purchases, and what became of the one it was sent.
  var holds = false
  var htlc = HTLC.none

  enum HTLC: Hashable { case none, held, taken, sentBack }
  static let heldHash = "h"

  struct Books: Hashable {
    var node: Int64 = 0
    var lease: Int64 = 0
    var time: Int64 = 0
    var usage: Int64 = 0
    var credit: Int64 = 0
    var writeoff: Int64 = 0

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
      case .payout, .move, .fees: preconditionFailure("a lease pays nothing out")
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
      case .released, .changed, .operatorSuspended, .operatorResumed, .frozen, .thawed, .evicting, .protected: return
      default: throw Broken("\(event.name) was rejected: \(error)")
      }
    }
    lease = decision.lease
    for transfer in decision.transfers { books.book(transfer) }
    for effect in decision.effects {
      if case .notice = effect { continue }
      if case .destroy = effect {
        guard metersTaken || lease.activatedAt == nil else { throw Broken("destroyed before the meters were read") }
      }
      if case .closeMeters = effect { metersTaken = false }
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
    case .provision(let generation):
      resource = .running
      try step(.provisioned(generation: generation))
    case .suspend(let generation):
      guard resource != .none else { throw Broken("suspended what is not there") }
      resource = .frozen
      try step(.suspended(generation: generation))
    case .resume(let generation):
      guard resource != .none else { throw Broken("resumed what is not there") }
      resource = .running
      try step(.resumed(generation: generation))
    case .resize(let generation):
      try step(.resized(generation: generation))
    case .closeMeters(let generation):
      resource = .frozen
      metersTaken = true
      try step(.metersClosed(generation: generation, unrated: 7))
    case .cancelInvoices:
      guard case .reclaiming = lease.state else { return }
      if htlc == .held { htlc = .sentBack }
      try step(.invoicesCanceled)
    case .cancelQuote:
      guard case .quoted = lease.state else { return }
      if htlc == .held { htlc = .sentBack }
      try step(.quoteCanceled)
    case .settle(let hash):
      guard case .provisioning(_, let hold?) = lease.state, hold.isSettling, hold.paymentHash == hash else { return }
      guard resource != .none else { throw Broken("settled before anything was made") }
      if htlc == .held {
        try take()
      } else {
        try step(.holdCanceled(paymentHash: hash, reason: "gone"))
      }
    case .destroy(let generation):
      resource = .none
      try step(.destroyed(generation: generation, receipt: ""))
    case .notice, .payout:
      break
    }
  }

  mutating func fail() throws {
    guard let effect = nextEffect() else { return }
    switch effect {
    case .provision(let generation):
      resource = .frozen  // half made
      try step(.provisionFailed(generation: generation, reason: "no"))
    case .suspend(let generation): try step(.suspendFailed(generation: generation, reason: "no"))
    case .resume(let generation): try step(.resumeFailed(generation: generation, reason: "no"))
    case .resize(let generation): try step(.resizeFailed(generation: generation, reason: "no"))
    case .destroy(let generation): try step(.destroyFailed(generation: generation, reason: "no"))
    case .closeMeters, .cancelInvoices, .cancelQuote, .settle: outbox.insert(effect, at: 0)
    case .notice, .payout: break
    }
  }

  /// What a driver or node says twice, or too late.
  mutating func hearStale() throws {
    let old = lease.generation - 1
    let before = lease
    for event: Event in [
      .provisioned(generation: old), .provisionFailed(generation: old, reason: ""), .suspended(generation: old),
      .suspendFailed(generation: old, reason: ""), .resumed(generation: old),
      .resumeFailed(generation: old, reason: ""), .resized(generation: old), .destroyed(generation: old, receipt: ""),
      .destroyFailed(generation: old, reason: ""), .holdCanceled(paymentHash: "another", reason: ""),
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

extension World: Hashable {
  static func == (a: World, b: World) -> Bool {
    a.now == b.now && a.lease.state == b.lease.state && a.lease.flags == b.lease.flags
      && a.lease.account == b.lease.account && a.lease.generation == b.lease.generation
      && a.lease.reminded == b.lease.reminded && a.lease.renewed == b.lease.renewed
      && a.lease.lastOutage == b.lease.lastOutage && a.lease.closedCreditUntil == b.lease.closedCreditUntil
      && a.lease.activatedAt == b.lease.activatedAt && a.upgraded == b.upgraded && a.outbox == b.outbox
      && a.resource == b.resource && a.htlc == b.htlc && a.holds == b.holds && a.books == b.books
      && a.served == b.served
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
