import Ledger
import Units

/// Credit going out. It is set aside before the node is asked, and comes back only on the node's word that it failed.
extension Step {
  /// In any state: what is owed to the renter does not hang on the lease. A seal keeps it where it is.
  mutating func payoutAsked(_ payout: Payout) throws(Rejection) {
    guard !lease.flags.isSealed else { throw .leaseFrozen }
    guard
      let transfer = lease.account.payOut(
        for: lease.id, payout.amount + payout.maxFee, paymentHash: payout.paymentHash)
    else { throw .overCredit }
    transfers.append(transfer)
    effects.append(.payout(paymentHash: payout.paymentHash))
  }

  /// What routing cost is the renter's up to the budget, and the provider's beyond it. The rest of the budget comes back.
  mutating func payoutPaid(_ payout: Payout, fee: Millisatoshi) {
    let account = Account.payout(paymentHash: payout.paymentHash)
    transfers.append(Transfer(from: account, to: .node, payout.amount, cause: .payout))
    let theirs = min(fee, payout.maxFee)
    if theirs > .zero { transfers.append(Transfer(from: account, to: .fees, theirs, cause: .fee)) }
    if fee > .zero { transfers.append(Transfer(from: .fees, to: .node, fee, cause: .fee)) }
    takeBack(payout.maxFee - theirs, payout)
  }

  mutating func payoutFailed(_ payout: Payout) {
    takeBack(payout.amount + payout.maxFee, payout)
  }

  private mutating func takeBack(_ amount: Millisatoshi, _ payout: Payout) {
    guard amount > .zero else { return }
    transfers.append(lease.account.takeBack(for: lease.id, amount, paymentHash: payout.paymentHash))
    if lease.isClosed { lease.closedCreditUntil = lease.closedCreditUntil ?? now + Lease.creditKept }
  }
}
