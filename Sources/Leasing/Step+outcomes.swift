import Ledger
import Units

/// What drivers and the node answered. An outcome of an older generation is stale: something newer is on its way.
extension Step {
  mutating func quoteCanceled() {
    guard case .quoted = lease.state else { return }
    close(nil)
  }

  mutating func provisioned(_ generation: Int64) {
    guard case .provisioning = lease.state, generation == lease.generation else { return }
    lease.state = .active
    lease.activatedAt = now
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

  /// The door opens here, and time starts again.
  mutating func resumed(_ generation: Int64) {
    guard generation == lease.generation else { return }
    switch lease.state {
    case .suspended(_, _, resuming: true):
      lease.state = .active
      lease.reminded = []
      lease.flags.impaired = nil
      lease.account.start(at: now)
    case .active, .grace:
      if let freeze = lease.flags.frozen, freeze.thawing {
        lease.flags.frozen = nil
        lease.postponeDeadlines(byMicroseconds: now.microseconds(since: freeze.since))
        if lease.flags.impaired == nil { lease.account.start(at: now) }
      }
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

  mutating func metersClosed(_ generation: Int64, _ unrated: Millisatoshi) {
    switch lease.state {
    case .reclaiming(let cause, false, let canceled, destroying: false) where generation == lease.generation:
      transfers += lease.account.chargeUsage(for: lease.id, unrated)
      lease.state = .reclaiming(cause, metersClosed: true, invoicesCanceled: canceled, destroying: false)
      destroyWhenReady()
    case .suspended, .active, .grace, .reclaiming(_, _, _, destroying: false):
      // Money saved it in the meantime; what was measured was used all the same.
      transfers += lease.account.chargeUsage(for: lease.id, unrated)
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
      lease.postponeDeadlines(byMicroseconds: now.microseconds(since: impairment.since))
      if lease.flags.frozen == nil { lease.account.start(at: now) }
    case .quoted, .provisioning, .suspended, .reclaiming, .closed:
      break
    }
  }
}
