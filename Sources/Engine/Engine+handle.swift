import Leasing
import Ledger
import Units

/// What one trip through the loop came to.
struct Handled: Sendable {
  var before: Lease
  var lease: Lease
  /// The event had taken effect before; nothing was done now.
  var alreadyRecorded: Bool
}

extension Engine {
  /// The loop: lock, read the clock, step, write, and after the commit tell the alarm and the doors.
  ///
  /// Safe to repeat with the same `eventID`: an event takes effect once. `also` runs in the same transaction after
  /// the row is locked and before the step; it may refuse by throwing.
  @discardableResult
  func handle(
    _ event: Event, for id: LeaseID, eventID: String, cause: EventRecord.Cause, evidence: [String: String] = [:],
    also: (@Sendable (any StoreTransaction, Lease) throws -> Void)? = nil
  ) async throws -> Handled {
    let handled = try await store.transaction { [self] tx in
      guard let before = try tx.lockLease(id) else { throw Refusal.unknownLease }
      if try tx.isRecorded(eventID: eventID) {
        return Handled(before: before, lease: before, alreadyRecorded: true)
      }
      try also?(tx, before)
      let now = clock.now()
      let step = try record(event, for: before, eventID: eventID, cause: cause, evidence: evidence, at: now)
      try tx.write([step])
      return Handled(before: before, lease: step.decision.lease, alreadyRecorded: false)
    }
    publish([handled.lease])
    return handled
  }

  /// Decides without writing: an outage the lease has not taken account of comes first, then the event.
  ///
  /// - Throws: ``Refusal`` for a rejected wish.
  func record(
    _ event: Event, for before: Lease, eventID: String, cause: EventRecord.Cause, evidence: [String: String] = [:],
    at clockNow: Instant
  ) throws -> RecordedStep {
    let now = max(clockNow, before.account.chargedTo ?? clockNow)
    var decision = Decision(lease: before)
    for outage in outagesUnknown(to: before) {
      let from = max(outage.from, before.createdAt)
      let next = try decision.lease.decide(.outage(from: from, to: outage.to), at: now)
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

  private func outagesUnknown(to lease: Lease) -> [Lease.Outage] {
    guard !lease.isClosed else { return [] }
    let known = lease.lastOutage?.to ?? lease.createdAt
    return outages.withLock { outages in
      guard let last = outages.last, last.to > known else { return [] }
      return outages.filter { $0.to > known }
    }
  }

  /// After a commit: doors forget, waiters look, the alarm is set.
  func publish(_ leases: [Lease]) {
    for lease in leases {
      doors.invalidate(lease.id, below: lease.version)
      watch.announce(lease.id)
      if let wakes = lease.wakesAt { alarm.set(noLaterThan: wakes) }
    }
    // Whatever was written may have left effects that are due at once.
    if !leases.isEmpty { alarm.set(noLaterThan: clock.now()) }
  }
}

extension Lease {
  func decide(_ event: Event, at now: Instant) throws -> Decision {
    do throws(Rejection) {
      return try step(event, at: now)
    } catch {
      throw Refusal.rejection(error)
    }
  }
}
