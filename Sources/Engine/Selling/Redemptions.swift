import L402
import Leasing
import Ledger
import Units

/// What was paid for, handed out once (redemption): to who first shows the payment, and to who repeats himself.
struct Redemptions: Sendable {
  let store: any Store
  let clock: any WallClock
  let presented: PresentedPayments
  let waiting: Waiting
  /// How long after a payment was first shown the same request is taken for a repetition.
  let repetition: Seconds
  /// How long who has paid waits for what he bought.
  let patience: Seconds

  /// The lease, if the credential's payment is a settled one of the wanted kind that nobody has presented yet, or not
  /// before a moment ago.
  func redeemed(
    by shown: VerifiedCredential, for id: LeaseID, _ caller: Caller,
    where isWanted: @Sendable (Settlement.Purpose) -> Bool
  ) async throws -> LeaseRecord? {
    let hash = shown.paymentHash
    guard let record = try await presented.upToDate(shown, of: id) else { return nil }
    let invoice = try await store.transaction { tx in try tx.invoice(hash) }
    guard let invoice, invoice.lease == id, isWanted(invoice.purpose) else { return nil }
    guard invoice.state == .settled else {
      // Paid is paid, also while it is not booked: never a second invoice.
      throw Refusal.unavailable(retryAfter: 1, "the payment has not arrived")
    }
    let key = caller.idempotencyKey
    let now = clock.now()
    // Who asks again when what he bought is used up does not repeat himself: he wants more.
    let since = record.lease.hasRunOut(at: now) ? now + 1 : now - repetition
    guard try await store.transaction({ tx in try tx.redeem(hash, key: key, at: now, repeatedSince: since) }) else {
      return nil
    }
    return try await waiting.whenReady(record, within: patience)
  }
}
