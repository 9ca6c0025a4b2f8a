import Leasing
import Ledger
import Units

extension Engine {
  /// Looks: wakes every lease whose deadline has come, in batches, and sets the alarm for the next.
  ///
  /// Called at each ring, early, late or twice. Returns how many leases were stepped.
  @discardableResult
  public func wakeDueLeases() async throws -> Int {
    try await beatIfLate()
    var total = 0
    while !Task.isCancelled {
      let looked = try await wakeBatch()
      total += looked
      if looked < settings.batch { break }
    }
    if let next = try await store.transaction({ tx in try tx.nextDeadline() }) {
      // What is due and was passed over is in somebody else's hands.
      alarm.set(noLaterThan: max(next, clock.now().advanced(byMicroseconds: 100_000)))
    }
    return total
  }

  /// - Returns: how many leases were looked at.
  private func wakeBatch() async throws -> Int {
    let limit = settings.batch
    do {
      let (looked, steps) = try await store.transaction { [self] tx -> (Int, [RecordedStep]) in
        let leases = try tx.lockDueLeases(at: clock.now(), limit: limit)
        guard !leases.isEmpty else { return (0, []) }
        let now = clock.now()
        let steps = try leases.map { try wake($0, at: now) }
        let held = try holdBack(steps, tx, at: now)
        try tx.write(steps.filter { held[$0.before.id] == nil })
        return (leases.count, steps.filter { held[$0.before.id] == nil && $0.changesLease })
      }
      publish(steps.map(\.decision.lease))
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
    let limit = settings.batch
    let due = try await store.transaction { [self] tx in try tx.dueLeases(at: clock.now(), limit: limit) }
    for id in due {
      do {
        let stepped = try await store.transaction { [self] tx -> Lease? in
          guard let lease = try tx.lockLease(id) else { return nil }
          let now = clock.now()
          guard let wakes = lease.wakesAt, wakes <= now else { return nil }
          let step = try wake(lease, at: now)
          guard try holdBack([step], tx, at: now).isEmpty else { return nil }
          try tx.write([step])
          return step.changesLease ? step.decision.lease : nil
        }
        if let stepped { publish([stepped]) }
      } catch is CancellationError {
        throw CancellationError()
      } catch let error as StoreError where error.kind == .unavailable || error.kind == .outcomeUnknown {
        throw error
      } catch {
        log.error("a lease could not be woken", metadata: ["lease": "\(id)", "error": "\(error)"])
        try await store.transaction { [self] tx in
          let now = clock.now()
          try tx.park(id, until: now + .minute, reason: "\(error)", at: now)
        }
      }
    }
    return due.count
  }

  /// Parks what may not be stepped now, and says which that is: what our own doubts forbid, and a lease that asked to
  /// be looked at and has nothing to say, which would ask again at once.
  private func holdBack(
    _ steps: [RecordedStep], _ tx: any StoreTransaction, at now: Instant
  ) throws -> [LeaseID: String] {
    let held = try reasonsToSpare(steps.filter(\.isPunitive).map(\.before), tx, at: now)
    for (id, reason) in held { try tx.park(id, until: now + 5, reason: reason, at: now) }
    var all = held
    for step in steps where !step.changesLease {
      let id = step.before.id
      all[id] = "it woke for nothing"
      try tx.park(id, until: now + .minute, reason: "it woke for nothing", at: now)
    }
    return all
  }

  private func wake(_ lease: Lease, at now: Instant) throws -> RecordedStep {
    try record(
      .woke, for: lease, eventID: "woke:\(lease.id):\(lease.version)",
      cause: .init(type: "timer", id: String(lease.wakesAt?.microseconds ?? 0)), at: now)
  }
}

extension RecordedStep {
  /// Whether this step takes something from the renter for want of money.
  var isPunitive: Bool {
    switch (before.state, decision.lease.state) {
    case (.active, .suspended(.unpaid, _, _)), (.grace, .suspended(.unpaid, _, _)): true
    case (.suspended, .reclaiming(.retention, _, _, _)): true
    default: false
    }
  }
}

extension RecordedStep {
  var changesLease: Bool { decision.lease.version != before.version }
}

/// What stands between a timer and a punishment: our own doubts.
extension Engine {
  /// Why leases are spared for now, of those that a step against them would befall. A fixed number of questions to the
  /// database, however many leases.
  private func reasonsToSpare(
    _ leases: [Lease], _ tx: any StoreTransaction, at now: Instant
  ) throws -> [LeaseID: String] {
    guard !leases.isEmpty else { return [:] }
    noteRates(at: now)
    var spared: [LeaseID: String] = [:]
    if let doubt = health.doubt(at: now) {
      for lease in leases { spared[lease.id] = doubt }
      return spared
    }
    let ids = leases.map(\.id)
    let shielded = try tx.shielded(ids)
    // Debt is read from the ledger again.
    let balances = try tx.ledgerBalances(of: ids)
    for lease in leases {
      if shielded.contains(lease.id) {
        spared[lease.id] = "a settlement of this lease is not booked yet"
      } else if balances[lease.id] != lease.account.balance {
        spared[lease.id] = "its balance differs from the ledger"
      } else if let doubt = rateDoubt(about: lease, at: now) {
        spared[lease.id] = doubt
      }
    }
    let rest = leases.filter { spared[$0.id] == nil }
    let free = try breakerLeavesFree(rest.count, tx, at: now)
    for lease in rest.dropFirst(free) { spared[lease.id] = "too many suspensions at once" }
    return spared
  }

  /// How many of so many suspensions the circuit breaker lets through.
  private func breakerLeavesFree(_ wanted: Int, _ tx: any StoreTransaction, at now: Instant) throws -> Int {
    guard wanted > 0 else { return 0 }
    let counts = try tx.breakerCounts(since: now - settings.breakerWindow)
    // Those suspended inside the window were in service when it began.
    let share = settings.breakerShare * Double(counts.inService + counts.suspensions)
    let limit = max(settings.breakerLeases, Int(share))
    let free = min(wanted, max(0, limit - counts.suspensions))
    if free == wanted {
      health.breakerIsQuiet()
      return wanted
    }
    return health.breakerHolds(at: now) ? free : wanted
  }
}
