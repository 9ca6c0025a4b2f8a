import Ledger
import Units

/// Credit spent: on another lease of the same provider, or on this one's own time.
extension Step {
  /// In any state: what is owed to the renter does not hang on the lease. A seal keeps it where it is.
  mutating func creditGiven(_ move: CreditMove) throws(Rejection) {
    guard !lease.flags.isSealed else { throw .leaseFrozen }
    guard
      let transfer = lease.account.giveCredit(
        for: lease.id, move.amount, move: move.id, toItself: move.from == move.to)
    else { throw .overCredit }
    transfers.append(transfer)
  }

  /// Adds to the balance, as a payment does and wherever one would. It is refused, not kept, where it could buy nothing:
  /// the giver still has it then.
  mutating func creditReceived(_ move: CreditMove) throws(Rejection) {
    switch lease.state {
    case .quoted, .provisioning: throw .notPaidYet
    case .active, .grace, .suspended, .reclaiming(.retention, _, _, destroying: false): break
    case .reclaiming: throw .leaseReclaiming
    case .closed: throw .leaseClosed
    }
    if let obstacle = lease.renewalObstacle(lasting: 0, at: now) { throw obstacle }
    guard lease.hasRoom(for: move.amount, at: now) else { throw .tooFarAhead }
    if move.from == lease.id { try creditGiven(move) }
    countBought(move.amount - lease.account.debt)
    transfers.append(lease.account.receiveCredit(for: lease.id, move.amount, move: move.id))
    serveAgain()
  }
}
