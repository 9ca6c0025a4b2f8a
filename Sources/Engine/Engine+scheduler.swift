import Leasing
import Ledger
import Units

extension Engine {
  /// Looks: wakes every lease whose deadline has come, in batches, and sets the alarm for the next.
  ///
  /// Called at each ring, early, late or twice. Returns how many leases were stepped.
  @discardableResult
  public func wakeDueLeases() async throws -> Int {
    var total = 0
    while !Task.isCancelled {
      let woken = try await wakeBatch()
      total += woken
      if woken < settings.batch { break }
    }
    if let next = try await store.transaction({ tx in try tx.nextDeadline() }) {
      alarm.set(noLaterThan: next)
    }
    return total
  }

  private func wakeBatch() async throws -> Int {
    let limit = settings.batch
    do {
      let steps = try await store.transaction { [self] tx in
        let leases = try tx.lockDueLeases(at: clock.now(), limit: limit)
        guard !leases.isEmpty else { return [RecordedStep]() }
        let now = clock.now()
        var steps: [RecordedStep] = []
        steps.reserveCapacity(leases.count)
        var gate = PunishmentGate(self, tx, at: now)
        for lease in leases {
          let step = try wake(lease, at: now)
          if step.isPunitive, let held = try gate.holdsBack(lease) {
            try tx.park(lease.id, until: now + 5, reason: held, at: now)
          } else {
            steps.append(step)
          }
        }
        try tx.write(steps)
        return steps
      }
      publish(steps.map(\.decision.lease))
      return steps.count
    } catch is CancellationError {
      throw CancellationError()
    } catch let error as StoreError where error.kind == .unavailable {
      throw error
    } catch {
      log.warning("a batch of due leases failed; waking them one by one", metadata: ["error": "\(error)"])
      return try await wakeOneByOne()
    }
  }

  /// One poisoned lease never stops the others: it is parked, counted and shown.
  private func wakeOneByOne() async throws -> Int {
    var woken = 0
    for _ in 0..<settings.batch {
      let stepped = try await store.transaction { [self] tx -> (Lease?, Bool) in
        let now = clock.now()
        guard let lease = try tx.lockDueLeases(at: now, limit: 1).first else { return (nil, false) }
        let step: RecordedStep
        do {
          step = try wake(lease, at: now)
        } catch {
          try tx.park(lease.id, until: now + .minute, reason: "\(error)", at: now)
          return (nil, true)
        }
        var gate = PunishmentGate(self, tx, at: now)
        if step.isPunitive, let held = try gate.holdsBack(lease) {
          try tx.park(lease.id, until: now + 5, reason: held, at: now)
          return (nil, true)
        }
        try tx.write([step])
        return (step.decision.lease, true)
      }
      if let lease = stepped.0 { publish([lease]) }
      guard stepped.1 else { break }
      woken += 1
    }
    return woken
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

/// What stands between a timer and a punishment: our own doubts. Asked at most once a batch.
struct PunishmentGate {
  private let engine: Engine
  private let tx: any StoreTransaction
  private let now: Instant
  private var verdict: String??
  private var allowed = 0

  init(_ engine: Engine, _ tx: any StoreTransaction, at now: Instant) {
    self.engine = engine
    self.tx = tx
    self.now = now
  }

  /// Why the lease is spared for now, or `nil`.
  mutating func holdsBack(_ lease: Lease) throws -> String? {
    if try tx.isShielded(lease.id) { return "a settlement of this lease is not booked yet" }
    if case .active = lease.state, try tx.ledgerBalance(of: lease.id) != lease.account.balance {
      return "its balance differs from the ledger"
    }
    if case .grace = lease.state, try tx.ledgerBalance(of: lease.id) != lease.account.balance {
      return "its balance differs from the ledger"
    }
    if let verdict, let verdict { return verdict }
    if let reason = try judge() {
      verdict = reason
      return reason
    }
    allowed += 1
    return nil
  }

  private func judge() throws -> String? {
    if let doubt = engine.health.doubt(at: now, window: engine.settings.breakerWindow) { return doubt }
    if engine.health.breakerReleased(at: now) { return nil }
    let counts = try tx.breakerCounts(since: now - engine.settings.breakerWindow)
    let suspensions = counts.suspensions + allowed
    if suspensions >= engine.settings.breakerLeases,
      Double(suspensions) >= engine.settings.breakerShare * Double(max(1, counts.inService))
    {
      engine.health.breakerTripped(at: now)
      return "too many suspensions at once"
    }
    return nil
  }
}
