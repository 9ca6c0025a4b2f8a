import Synchronization
import Units

/// What this daemon doubts about its surroundings. While it doubts, it takes no step against a renter.
final class Health: Sendable {
  struct State {
    /// The node's present trouble, or the last one.
    var node: Trouble?
    /// The same of rates, by the currency that has none.
    var rates: [Currency: Trouble] = [:]
    /// Since when settlements cannot be followed.
    var followerFailingSince: Instant?
    /// Since when the node has been waited at for settlements without a word.
    var followerWaitingSince: Instant?
    /// When the node was found to know less of its settlements than was taken in.
    var cursorAheadAt: Instant?
    /// Look-ups of single invoices that a sweep went past.
    var failedLookups = 0
    var storeFailedAt: Instant?
    var clockSkew: Int64 = 0
    var breakerTrippedAt: Instant?
    var breakerReleasedUntil: Instant?

    var nodeIsUp: Bool { node == nil || node?.backAt != nil }

    var trouble: NodeTrouble {
      NodeTrouble(
        troubleSince: node?.since, backAt: node?.backAt, releasedAt: node?.releasedAt,
        followerFailingSince: followerFailingSince, cursorAheadAt: cursorAheadAt)
    }
  }

  /// A time in which the node did not answer, or there was no rate. Answers that are followed by silence within ``window``
  /// do not end it: a node that comes and goes gains no new time for anybody.
  struct Trouble {
    var since: Instant
    /// When it answered again; `nil`: it has not.
    var backAt: Instant?
    /// When the operator said: go on.
    var releasedAt: Instant?
    /// It has done meanwhile what it is there for, so that whoever wanted to pay could. It is over, whatever comes next.
    var isOver = false
  }

  /// Doubts last so long after their cause.
  let window: Seconds
  /// A node that does not answer keeps leases from being suspended for so long, and no longer.
  let nodeOutage: Seconds
  /// A currency without a rate keeps the leases that are paid for in it from being suspended for so long.
  let rateOutage: Seconds
  private let state = Mutex(State())

  init(window: Seconds, nodeOutage: Seconds, rateOutage: Seconds = .day) {
    self.window = window
    self.nodeOutage = nodeOutage
    self.rateOutage = rateOutage
  }

  func nodeFailed(at now: Instant) {
    state.withLock { $0.node = Trouble.goingOn($0.node, since: now, at: now, window) }
  }

  /// - Parameter since: when it began, if that was before anybody looked.
  func rateIsMissing(_ currency: Currency, since: Instant, at now: Instant) {
    state.withLock { $0.rates[currency] = Trouble.goingOn($0.rates[currency], since: since, at: now, window) }
  }

  func rateIsKnown(_ currency: Currency, at now: Instant) {
    state.withLock {
      if let trouble = $0.rates[currency], trouble.backAt == nil { $0.rates[currency]?.backAt = now }
    }
  }

  /// What a daemon before this one knew, or one beside it. Trouble of which nobody has said anything for longer than the
  /// window is over: what comes now is another.
  func remember(_ trouble: NodeTrouble, seenAt: Instant, at now: Instant) {
    // That does not pass by itself.
    if let found = trouble.cursorAheadAt { state.withLock { $0.cursorAheadAt = $0.cursorAheadAt ?? found } }
    guard let since = trouble.troubleSince, now < seenAt + window else { return }
    state.withLock {
      guard $0.node == nil else { return }
      $0.node = Trouble(since: since, backAt: trouble.backAt, releasedAt: trouble.releasedAt)
    }
  }

  /// Until when nobody is suspended who pays in this currency; `nil`: it has had a rate all along.
  func sparesForRate(of currency: Currency) -> Instant? {
    state.withLock { $0.rates[currency].map { $0.spares(for: rateOutage, window) } }
  }

  func nodeAnswered(at now: Instant) {
    state.withLock {
      if let trouble = $0.node, trouble.backAt == nil { $0.node?.backAt = now }
      // Who waits for settlements hears nothing while there are none. A wait that a node in trouble would have broken
      // off by now is a good one.
      if let began = $0.followerWaitingSince, now >= began + 5 { $0.followerFailingSince = nil }
    }
  }

  /// A payment was booked whose invoice was made at `made`. If that was during the trouble, the node has made an invoice
  /// and taken a payment since: the trouble is over, and what comes next is another.
  func nodeServed(invoiceMade made: Instant, at now: Instant) {
    state.withLock {
      guard let trouble = $0.node, made >= trouble.since else { return }
      $0.node?.backAt = trouble.backAt ?? now
      $0.node?.isOver = true
    }
  }

  /// Whether nothing may be destroyed for want of payment: the node is away, or has not been back for long. However long
  /// it is away; only the operator's word ends it.
  func keepsFromDestroying(at now: Instant) -> Bool {
    state.withLock {
      guard let trouble = $0.node, trouble.releasedAt == nil else { return false }
      return trouble.backAt.map { now < $0 + window } ?? true
    }
  }

  func followerWaits(since now: Instant) {
    state.withLock { $0.followerWaitingSince = now }
  }

  func followerHeard() {
    state.withLock { $0.followerWaitingSince = nil }
  }

  func followerBooked() {
    state.withLock { $0.followerFailingSince = nil }
  }

  func followerFailed(at now: Instant) {
    state.withLock {
      $0.followerWaitingSince = nil
      $0.followerFailingSince = $0.followerFailingSince ?? now
    }
  }

  func cursorWasAhead(at now: Instant) {
    state.withLock { $0.cursorAheadAt = now }
  }

  /// The books and the node were compared, and agree.
  func cursorIsFine() {
    state.withLock { $0.cursorAheadAt = nil }
  }

  func lookupFailed() {
    state.withLock { $0.failedLookups += 1 }
  }

  func storeFailed(at now: Instant) {
    state.withLock { $0.storeFailedAt = now }
  }

  /// What the database's clock said between two looks at ours: microseconds by which ours is ahead, as far as that is
  /// certain.
  func measured(databaseClock theirs: Instant, between asked: Instant, and answered: Instant) {
    let ahead = asked.microseconds(since: theirs)
    let behind = theirs.microseconds(since: answered)
    state.withLock { $0.clockSkew = ahead > 0 ? ahead : behind > 0 ? -behind : 0 }
  }

  /// Nothing had to be held back: what was tripped is over.
  func breakerIsQuiet() {
    state.withLock { $0.breakerTrippedAt = nil }
  }

  /// The operator says: go on. That holds for the node's present trouble, too, and for that of rates.
  func releaseBreaker(at now: Instant, until: Instant) {
    state.withLock {
      if $0.node?.releasedAt == nil { $0.node?.releasedAt = now }
      for currency in $0.rates.keys where $0.rates[currency]?.releasedAt == nil { $0.rates[currency]?.releasedAt = now }
      $0.breakerTrippedAt = nil
      $0.breakerReleasedUntil = until
    }
  }

  /// Whether the breaker holds back what is too much. Ten minutes after it tripped it lets go of itself, for as long.
  func breakerSpares(at now: Instant) -> Bool {
    state.withLock {
      if let until = $0.breakerReleasedUntil, now < until { return false }
      guard let tripped = $0.breakerTrippedAt else {
        $0.breakerTrippedAt = now
        return true
      }
      guard now > tripped + 600 else { return true }
      $0.breakerTrippedAt = nil
      $0.breakerReleasedUntil = now + 600
      return false
    }
  }

  func doubt(at now: Instant) -> String? {
    state.withLock {
      if abs($0.clockSkew) > 1_000_000 { return "our clock differs from the database's by more than a second" }
      if let until = sparesForNode($0), now < until { return "the Lightning node was unreachable" }
      if let failed = $0.storeFailedAt, now < failed + window { return "the database was unreachable" }
      return nil
    }
  }

  /// Until when nobody is suspended because of the node.
  func sparesForNode(_ state: State) -> Instant? {
    state.node.map { $0.spares(for: nodeOutage, window) }
  }

  var snapshot: State { state.withLock { $0 } }
}

extension Health.Trouble {
  /// The trouble there is, after one more sign of it.
  static func goingOn(_ known: Self?, since: Instant, at now: Instant, _ window: Seconds) -> Self {
    guard var known, !known.isOver, known.backAt.map({ now < $0 + window }) ?? true else { return Self(since: since) }
    known.backAt = nil
    return known
  }

  /// Until when nobody is suspended for it: while it lasts, but not for longer than the stated time from when it began;
  /// and for the window after it is over, so that who waited for that can pay. The operator's release ends it.
  func spares(for outage: Seconds, _ window: Seconds) -> Instant {
    let end = since + outage
    let until = backAt.map { $0 < end ? $0 + window : end } ?? end
    return min(until, releasedAt ?? until)
  }
}
