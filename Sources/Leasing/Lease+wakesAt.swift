import Ledger
import Units

extension Lease {
  /// When this lease must be looked at next. Stored in an indexed column; the alarm is set to the earliest.
  ///
  /// `nil` only when an outbox row will bring the next event (`quoted` while canceling, `reclaiming`) or nothing can
  /// happen any more (`closed` without credit). The distant future: an outbox row, a person or a payment will.
  public var wakesAt: Instant? {
    switch state {
    case .quoted(_, _, canceling: true): return nil
    case .quoted(_, let until, canceling: false): return until
    case .reclaiming: return nil
    case .closed: return closedCreditUntil
    case .provisioning, .active, .grace, .suspended: break
    }
    // A sealed lease waits for the operator.
    guard !flags.isSealed else { return .distantFuture }

    var earliest = flags.evictingUntil ?? .distantFuture
    func consider(_ moment: Instant?) {
      if let moment, moment < earliest { earliest = moment }
    }
    if let impairment = flags.impaired {
      consider(impairment.until)
      if wantsResume { consider(impairment.nextAttempt) }
    }
    switch state {
    case .provisioning(let deadline, let hold):
      // The node's answer is what a payment being taken waits for.
      if hold?.isSettling != true { consider(deadline) }
    case .active:
      if account.isRunning {
        consider(account.rate.isFree ? (account.balance > .zero ? nil : account.chargedTo) : paidUntil)
        consider(nextReminder)
      }
    case .grace(let until):
      if account.isRunning {
        consider(until)
        consider(nextReminder)
      }
    case .suspended(.limit, _, resuming: false):
      consider(limitLiftsAt)
    case .suspended(_, let retainedUntil, let resuming):
      if !resuming {
        consider(retainedUntil)
        consider(nextReminder)
      }
    case .quoted, .reclaiming, .closed:
      break
    }
    return earliest
  }

  /// Whether the driver shall run the resource: when it is impaired, it is asked again.
  private var wantsResume: Bool {
    switch state {
    case .active, .grace, .suspended(_, _, resuming: true): true
    case .quoted, .provisioning, .suspended, .reclaiming, .closed: false
    }
  }
}
