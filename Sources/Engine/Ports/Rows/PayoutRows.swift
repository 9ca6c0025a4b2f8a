import L402
import Ledger
import Units

/// Money on its way back to renters.
public protocol PayoutRows: AnyObject {
  /// - Throws: `.conflict` when this invoice is being paid, or was.
  func insertPayout(_ payout: PayoutRecord) throws
  func payout(_ paymentHash: PaymentHash) throws -> PayoutRecord?
  /// Newest first.
  func payouts(of lease: LeaseID, limit: Int) throws -> [PayoutRecord]
  /// Of all leases, newest first.
  func payouts(pendingOnly: Bool, limit: Int) throws -> [PayoutRecord]
  /// Takes the right to give the one order to pay; `false` when somebody has it already, or the payout is over.
  func orderPayout(_ paymentHash: PaymentHash, _ order: PayoutRecord.Order) throws -> Bool
  /// Gives that right back: nothing of this very order was sent.
  func takeBackOrder(_ paymentHash: PaymentHash, _ order: PayoutRecord.Order) throws
  /// `false` when it was not pending.
  func finishPayout(_ paymentHash: PaymentHash, _ state: PayoutState, at now: Instant) throws -> Bool
  /// What is going out, of all and of this lease, since a moment. Whoever asks is alone in asking until the transaction
  /// ends, so that a bound holds.
  func payoutLevel(since moment: Instant, of lease: LeaseID) throws -> PayoutLevel
  /// What settlements booked since a moment brought; `nil`: those of all leases.
  func received(since moment: Instant, of lease: LeaseID?) throws -> Millisatoshi

  /// Those that are neither paid nor failed: all of them counted, the oldest of them named.
  func pendingPayouts(limit: Int) throws -> PendingPayouts
}
