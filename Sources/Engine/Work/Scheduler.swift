import Leasing
import Ledger
import Logging
import Units

/// Wakes leases whose deadlines have come (a polling job scheduler over `wakes_at`).
public struct Scheduler: Sendable {
  let store: any Store
  let loop: LeaseLoop
  let clock: any WallClock
  let alarm: any Alarm
  let heartbeat: Heartbeat
  let breaker: Breaker
  let batch: Int
  /// Whose effects are done here: the next of them is among the deadlines.
  let hosts: [String]
  let log: Logger

  /// Looks: wakes every lease whose deadline has come, in batches, and sets the alarm for the next.
  ///
  /// Called at each ring, early, late or twice. Returns how many leases were stepped.
  @discardableResult
  public func wakeDueLeases() async throws -> Int {
    try await heartbeat.beatIfLate()
    var total = 0
    while !Task.isCancelled {
      let looked = try await wakeBatch()
      total += looked
      if looked < batch { break }
    }
    if let next = try await store.reserved({ tx in try tx.nextDeadline(on: hosts) }) {
      // What is due and was passed over is in somebody else's hands.
      alarm.set(noLaterThan: max(next, clock.now().advanced(byMicroseconds: 100_000)))
    }
    return total
  }

  /// - Returns: how many leases were looked at.
  private func wakeBatch() async throws -> Int {
    let limit = batch
    do {
      let (looked, steps) = try await store.reserved { tx -> (Int, [RecordedStep]) in
        let leases = try tx.lockDueLeases(at: clock.now(), limit: limit)
        guard !leases.isEmpty else { return (0, []) }
        let now = clock.now()
        let steps = try leases.map { try wake($0, at: now) }
        let spared = try parkSpared(steps, tx, at: now)
        try tx.write(steps.filter { spared[$0.before.id] == nil })
        return (leases.count, steps.filter { spared[$0.before.id] == nil && $0.changesLease })
      }
      loop.publish(steps.map(\.decision.lease))
      return looked
    } catch is CancellationError {
      throw CancellationError()
    } catch let error as StoreError where error.kind == .unavailable || error.kind == .outcomeUnknown {
      throw error
    } catch {
      log.warning("a batch of due leases failed; waking them one by one", metadata: ["error": "\(error)"])
      return try await wakeOneByOne()
    }
  }

  /// One poisoned lease never stops the others: it is parked, counted and shown. Its own transaction may be past
  /// saving, so it is parked in another.
  private func wakeOneByOne() async throws -> Int {
    let limit = batch
    let due = try await store.reserved { tx in try tx.dueLeases(at: clock.now(), limit: limit) }
    for id in due {
      do {
        let stepped = try await store.reserved { tx -> Lease? in
          guard let lease = try tx.lockLease(id) else { return nil }
          let now = clock.now()
          guard let wakes = lease.wakesAt, wakes <= now else { return nil }
          let step = try wake(lease, at: now)
          guard try parkSpared([step], tx, at: now).isEmpty else { return nil }
          try tx.write([step])
          return step.changesLease ? step.decision.lease : nil
        }
        if let stepped { loop.publish([stepped]) }
      } catch is CancellationError {
        throw CancellationError()
      } catch let error as StoreError where error.kind == .unavailable || error.kind == .outcomeUnknown {
        throw error
      } catch {
        log.error("a lease could not be woken", metadata: ["lease": "\(id)", "error": "\(error)"])
        try await store.reserved { tx in
          let now = clock.now()
          try tx.park(id, until: now + .minute, reason: "\(error)", at: now)
        }
      }
    }
    return due.count
  }

  /// Parks what may not be stepped now, and says which that is: what our own doubts forbid, and a lease that asked to
  /// be looked at and has nothing to say, which would ask again at once.
  private func parkSpared(
    _ steps: [RecordedStep], _ tx: any StoreTransaction, at now: Instant
  ) throws -> [LeaseID: String] {
    let spared = try breaker.reasonsToSpare(steps.filter(\.isPunitive).map(\.before), tx, at: now)
    for (id, reason) in spared { try tx.park(id, until: now + 5, reason: reason, at: now) }
    var all = spared
    for step in steps where !step.changesLease {
      let id = step.before.id
      all[id] = "it woke for nothing"
      try tx.park(id, until: now + .minute, reason: "it woke for nothing", at: now)
    }
    return all
  }

  private func wake(_ lease: Lease, at now: Instant) throws -> RecordedStep {
    try loop.decided(
      .woke, for: lease, eventID: EventID(.woke, "\(lease.id):\(lease.version)"),
      cause: .init(type: .timer, id: lease.wakesAt?.rfc3339 ?? "none"), at: now)
  }
}

extension RecordedStep {
  /// Whether this step takes something from the renter for want of money.
  var isPunitive: Bool { decision.lease.isPunished(since: before) }
  var changesLease: Bool { decision.lease.version != before.version }
}
