import Ledger
import Units

/// What drivers and the node answered. An outcome of an older generation is stale: something newer is on its way.
extension Step {
  mutating func quoteCanceled() {
    guard case .quoted = lease.state else { return }
    close(nil)
  }

  mutating func provisioned(_ generation: Int64) {
    guard case .provisioning(let deadline, let hold) = lease.state, generation == lease.generation else { return }
    guard let hold else { return begin() }
    guard !hold.isSettling else { return }
    lease.state = .provisioning(
      deadline: deadline, hold: Lease.Hold(paymentHash: hold.paymentHash, isSettling: true))
    effects.append(.settle(paymentHash: hold.paymentHash))
  }

  /// Made and paid for: service begins.
  mutating func begin() {
    lease.state = .active
    lease.activatedAt = now
    tellOfAnnouncement()
    if lease.flags.frozen == nil {
      lease.account.start(at: now)
    } else {
      effects.append(.suspend(generation: nextGeneration()))
    }
  }

  mutating func provisionFailed(_ generation: Int64) {
    guard case .provisioning = lease.state, generation == lease.generation else { return }
    reclaim(.provisioning)
  }

  /// The door opens here, and time starts again. What runs is not impaired.
  mutating func resumed(_ generation: Int64) {
    guard generation == lease.generation, !lease.flags.isSealed else { return }
    switch lease.state {
    case .suspended(_, _, resuming: true):
      lease.state = .active
      lease.pendingChange = nil
      lease.flags.suspensionReason = nil
      lease.reminded = []
      lease.flags.impaired = nil
      lease.account.start(at: now)
      // What was used before was rated meanwhile.
      holdToLimit()
    case .active, .grace:
      lease.pendingChange = nil
      guard let since = [lease.flags.frozen?.since, lease.flags.impaired?.since].compactMap({ $0 }).min() else {
        return
      }
      lease.flags.frozen = nil
      lease.flags.impaired = nil
      goOn(afterStandstillSince: since)
    case .quoted, .provisioning, .suspended, .reclaiming, .closed:
      break
    }
  }

  mutating func resumeFailed(_ generation: Int64, _ reason: String) {
    guard generation == lease.generation else { return }
    switch lease.state {
    case .suspended(_, _, resuming: true), .active, .grace:
      impair(reason)
    case .quoted, .provisioning, .suspended, .reclaiming, .closed:
      break
    }
  }

  // MARK: What must be known before anything is destroyed

  mutating func metersClosed(_ generation: Int64, _ unrated: Millisatoshi) {
    switch lease.state {
    case .reclaiming(let cause, false, let canceled, destroying: false) where generation == lease.generation:
      transfers += lease.account.chargeUsage(for: lease.id, unrated)
      lease.state = .reclaiming(cause, metersClosed: true, invoicesCanceled: canceled, destroying: false)
      destroyWhenReady()
    case .suspended, .active, .grace, .reclaiming(_, _, _, destroying: false):
      // Money saved it in the meantime; what was measured was used all the same.
      usageRated(unrated)
    case .quoted, .provisioning, .reclaiming, .closed:
      break
    }
  }

  mutating func invoicesCanceled() {
    guard case .reclaiming(let cause, let metersClosed, false, destroying: false) = lease.state else { return }
    lease.state = .reclaiming(cause, metersClosed: metersClosed, invoicesCanceled: true, destroying: false)
    destroyWhenReady()
  }

  mutating func destroyed(_ generation: Int64) {
    guard case .reclaiming(let cause, _, _, destroying: true) = lease.state, generation == lease.generation
    else { return }
    close(cause)
  }

  // MARK: Impairment

  /// Time stops; the balance goes back when nobody mends it.
  mutating func impair(_ reason: String) {
    lease.account.stop()
    lease.flags.impaired = Lease.Impairment(
      since: lease.flags.impaired?.since ?? now,
      until: lease.flags.impaired?.until ?? now + lease.terms.policy.retention,
      nextAttempt: now + .minute,
      reason: reason)
  }

  mutating func impaired(_ reason: String) {
    switch lease.state {
    case .active, .grace, .suspended:
      guard lease.flags.impaired == nil else { return }
      impair(reason)
    case .quoted, .provisioning, .reclaiming, .closed:
      break
    }
  }

  mutating func recovered() {
    guard let impairment = lease.flags.impaired else { return }
    lease.flags.impaired = nil
    switch lease.state {
    case .active, .grace:
      if let freeze = lease.flags.frozen {
        // The standstill goes on, and is counted once, as a whole.
        lease.flags.frozen?.since = min(freeze.since, impairment.since)
        if freeze.thawing { effects.append(.resume(generation: nextGeneration())) }
      } else {
        goOn(afterStandstillSince: impairment.since)
      }
    case .suspended(let cause, let retainedUntil, resuming: true):
      // The thaw that failed was not asked for again yet.
      resume(cause, retainedUntil: retainedUntil)
    case .quoted, .provisioning, .suspended, .reclaiming, .closed:
      break
    }
  }

  /// Time starts again; what would have fallen on the renter meanwhile moves out by as long as it stood.
  mutating func goOn(afterStandstillSince since: Instant) {
    lease.postponeDeadlines(byMicroseconds: now.microseconds(since: since))
    lease.account.start(at: now)
    holdToLimit()
  }
}
