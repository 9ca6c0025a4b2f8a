import Ledger
import Units

/// A renter's wallet that is asked for time before it runs out.
extension Step {
  /// Where money is wanted already, it is asked at once: the reminder that would have it asked has been.
  mutating func walletSet(_ isSet: Bool) throws(Rejection) {
    switch lease.state {
    case .quoted: if isSet { throw .notPaidYet }
    case .provisioning, .active, .grace, .suspended: break
    case .reclaiming: if isSet { throw .leaseReclaiming }
    case .closed: if isSet { throw .leaseClosed }
    }
    lease.flags.pulls = isSet ? true : nil
    guard isSet else { return }
    lease.reminded.remove(.init(.pull))
    if lease.wantsPull(at: now) { effects.append(.pull) }
  }

  /// Told once, until the next payment: each reminder has the wallet asked again, and a renter who knows that it is away
  /// need not be told six times.
  mutating func pullFailed(_ reason: String) {
    guard lease.flags.pulls == true, lease.wantsPull(at: now), !lease.reminded.contains(.init(.pull)),
      let deadline = lease.timetable.first?.at
    else { return }
    lease.reminded.insert(.init(.pull))
    var renewed = lease
    let terms = lease.renewalTerms(at: now)
    if terms.isPriced { renewed.terms = terms }
    let notice = Notice(
      kind: .pull, deadline: deadline, amount: renewed.renewalAmount(periods: 1), reason: String(reason.prefix(300)))
    effects.append(.notice(notice))
  }
}

extension Lease {
  /// Whether a wallet is to be asked now: time runs out within the lead, or has run out, and money helps.
  public func wantsPull(at now: Instant) -> Bool {
    switch state {
    case .active:
      guard !flags.isSealed else { return false }
      guard !account.rate.isFree else { return account.balance <= Millisatoshi(terms.deposit.count / 4) }
      return paidUntil.map { now >= $0 - terms.policy.lead } ?? false
    case .grace, .suspended(.unpaid, _, resuming: false): return !flags.isSealed
    case .quoted, .provisioning, .suspended, .reclaiming, .closed: return false
    }
  }
}

extension Notice.Kind {
  /// Whether it says that time runs out, or what comes of it: what a renewal prevents.
  var isOfTime: Bool {
    switch self {
    case .renewal, .renewalHalf, .renewalTenth, .expired, .suspension, .reclaim: true
    case .eviction, .idle, .terms, .pull, .compensation, .limitNear, .limitReached, .place: false
    }
  }
}
