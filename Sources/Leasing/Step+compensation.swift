import Ledger
import Units

/// An outage made good.
extension Step {
  /// Adds to the balance, as a payment does, so that paid time ends later by what was lost; it counts as no period
  /// bought. Grace moves out by the time lost, retention by the time it passed during the outage. A lease whose time ran
  /// out meanwhile comes back if what it is given is more than it owes.
  ///
  /// What can be used no more, of a lease that has ended or reaches as far ahead as time is sold, is credit.
  mutating func compensated(_ compensation: Compensation) {
    let amount = compensation.amount(for: lease)
    let before = lease
    switch lease.state {
    case .quoted, .provisioning:
      return
    case .active, .grace, .suspended, .reclaiming(.retention, _, _, destroying: false):
      if compensation.amount == nil {
        lease.postponeDeadlines(byMicroseconds: lease.isSuspended ? compensation.stood : compensation.lost)
      }
      let asCredit = !lease.hasRoom(for: amount, at: now)
      transfers += lease.account.compensate(for: lease.id, amount, asCredit: asCredit)
      if amount > .zero, !asCredit { serveAgain() }
    case .reclaiming:
      transfers += lease.account.compensate(for: lease.id, amount, asCredit: true)
    case .closed:
      transfers += lease.account.compensate(for: lease.id, amount, asCredit: true)
      if amount > .zero { lease.closedCreditUntil = lease.closedCreditUntil ?? now + Lease.creditKept }
    }
    if lease != before { notify(.compensation, deadline: now, payable: false) }
  }
}
