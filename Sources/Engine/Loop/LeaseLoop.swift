import Leasing
import Ledger
import Synchronization
import Units

/// The write path of every lease (a command handler over a state machine): lock, read the clock, step, write, and after
/// the commit tell the doors, those who wait, and the alarm.
final class LeaseLoop: Sendable {
  /// What one trip through the loop came to.
  struct Handled: Sendable {
    var before: Lease
    var lease: Lease
    /// The event had taken effect before; nothing was done now.
    var alreadyRecorded: Bool
  }

  private let store: any Store
  private let clock: any WallClock
  private let alarm: any Alarm
  private let doors: DoorCache
  private let watch: LeaseWatch
  private let places: Places
  /// The times when no daemon was looking, as far as this one knows; oldest first.
  private let outages = Mutex<[Lease.Outage]>([])

  init(store: any Store, clock: any WallClock, alarm: any Alarm, doors: DoorCache, watch: LeaseWatch, places: Places) {
    self.store = store
    self.clock = clock
    self.alarm = alarm
    self.doors = doors
    self.watch = watch
    self.places = places
  }

  /// One event for one lease.
  ///
  /// Safe to repeat with the same `eventID`: an event takes effect once. `also` runs in the same transaction after
  /// the row is locked and before the step; it may refuse by throwing.
  @discardableResult
  func handle(
    _ event: Event, for id: LeaseID, eventID: EventID, cause: EventRecord.Cause, evidence: [String: String] = [:],
    also: (@Sendable (any StoreTransaction, Lease) throws -> Void)? = nil
  ) async throws -> Handled {
    let (handled, given) = try await store.transaction { [self] tx -> (Handled, [Lease]) in
      guard let before = try tx.lockLease(id) else { throw Refusal.unknownLease }
      if try tx.isRecorded(eventID: eventID) {
        return (Handled(before: before, lease: before, alreadyRecorded: true), [])
      }
      try also?(tx, before)
      let now = clock.now()
      let step = try decided(event, for: before, eventID: eventID, cause: cause, evidence: evidence, at: now)
      let given = try write(step, tx, at: now)
      return (Handled(before: before, lease: step.decision.lease, alreadyRecorded: false), given)
    }
    publish([handled.lease])
    announce(given)
    return handled
  }

  /// One lease, for whoever writes more than its step in the same transaction, or finds that there is none to take:
  /// `decide` sees the lease locked, and reads the clock after that.
  ///
  /// - Returns: the step that was written and told; `nil`: there is no such lease, or `decide` took none. What it wrote
  ///   itself stands then.
  func step(
    _ id: LeaseID, deciding decide: @escaping @Sendable (any StoreTransaction, Lease) throws -> RecordedStep?
  ) async throws -> RecordedStep? {
    let written = try await store.transaction { [self] tx -> (step: RecordedStep, given: [Lease])? in
      guard let lease = try tx.lockLease(id), let step = try decide(tx, lease) else { return nil }
      return (step, try write(step, tx, at: step.at))
    }
    guard let written else { return nil }
    publish([written.step.decision.lease])
    announce(written.given)
    return written.step
  }

  /// What a lease leaves behind is offered to who waits for it, in the same transaction: nobody comes between.
  ///
  /// - Returns: the quotes that were offered.
  private func write(_ step: RecordedStep, _ tx: any StoreTransaction, at now: Instant) throws -> [Lease] {
    let frees = step.decision.lease.isClosed && !step.before.isClosed && step.before.hasCapacity
    // The queue before the pools, as everybody locks them.
    let isAwaited = try frees && places.lockIfAwaited(tx, at: now)
    try tx.write([step])
    return isAwaited ? try places.give(tx, at: now) : []
  }

  /// What an event comes to. Writes nothing: an outage the lease has not taken account of comes first, then the event.
  ///
  /// - Throws: ``Refusal`` for a rejected wish.
  func decided(
    _ event: Event, for before: Lease, eventID: EventID, cause: EventRecord.Cause, evidence: [String: String] = [:],
    at clockNow: Instant
  ) throws -> RecordedStep {
    let now = max(clockNow, before.account.chargedTo ?? clockNow)
    var decision = Decision(lease: before)
    for outage in outagesUnknown(to: before, at: now) {
      let from = max(outage.from, before.createdAt)
      let next = try decision.lease.decide(
        .outage(from: from, to: outage.to, passed: outage.leapt != true), at: now)
      decision.lease = next.lease
      decision.transfers += next.transfers
      decision.effects += next.effects
    }
    let wanted = try decision.lease.decide(event, at: now)
    decision.lease = wanted.lease
    // Several steps, one write: the version rises by one.
    if decision.lease.version > before.version { decision.lease.version = before.version + 1 }
    decision.transfers += wanted.transfers
    decision.effects += wanted.effects
    return RecordedStep(
      before: before, decision: decision,
      events: EventRecord.telling(
        event, from: before, to: decision.lease, effects: decision.effects, id: eventID, cause: cause,
        evidence: evidence, at: now),
      at: now)
  }

  /// What another daemon's clock leapt to, and ours has not reached, is none of ours.
  private func outagesUnknown(to lease: Lease, at now: Instant) -> [Lease.Outage] {
    guard !lease.isClosed else { return [] }
    let known = lease.lastOutage?.to ?? lease.createdAt
    return outages.withLock { outages in
      guard let last = outages.last, last.to > known else { return [] }
      return outages.filter { $0.to > known && $0.to <= now + 1 }
    }
  }

  /// Every step from now on takes account of these outages, oldest first.
  ///
  /// - Returns: the latest of them, when it is news.
  func learn(of known: [Lease.Outage]) -> Lease.Outage? {
    outages.withLock { outages in
      let before = outages.last?.to
      outages = known
      return known.last { outage in before.map { outage.to > $0 } ?? true }
    }
  }

  /// After a commit: doors forget, waiters look, the alarm is set.
  func publish(_ leases: [Lease]) {
    announce(leases)
    // Whatever was written may have left effects that are due at once.
    if !leases.isEmpty { alarm.set(noLaterThan: clock.now()) }
  }

  /// The same where nothing was left to be done at once.
  func announce(_ leases: [Lease]) {
    for lease in leases {
      doors.invalidate(lease.id, below: lease.version)
      watch.announce(lease.id)
      if let wakes = lease.wakesAt { alarm.set(noLaterThan: wakes) }
    }
  }
}

extension Lease {
  fileprivate func decide(_ event: Event, at now: Instant) throws -> Decision {
    do throws(Rejection) {
      return try step(event, at: now)
    } catch {
      throw Refusal.rejection(error, of: self)
    }
  }
}
