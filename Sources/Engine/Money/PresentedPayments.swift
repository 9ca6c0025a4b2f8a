import L402
import Leasing
import Ledger

/// Payments whose credentials are shown: paid is paid, whether or not we were told.
struct PresentedPayments: Sendable {
  let store: any Store
  let settlements: Settlements
  let unbooked: Unbooked

  /// The lease of a genuine credential, with the credential's payment booked if the node says it settled.
  func upToDate(_ shown: VerifiedCredential, of id: LeaseID) async throws -> LeaseRecord? {
    let snapshot = try await store.snapshot(.renewal(of: id, periods: 1, shown: shown))
    guard let invoice = snapshot?.presented, invoice.lease == id else { return snapshot?.record }
    switch invoice.state {
    case .settled, .reserved:
      return snapshot?.record
    case .open, .replaced, .accepted, .canceled, .expired:
      switch try await settlements.learn(of: shown.paymentHash) {
      case .settled: return try await store.transaction { tx in try tx.lease(id) }
      case .unknown:
        if let preimage = shown.preimage { try await unbooked.keepProved(preimage, of: invoice) }
      case .open, .accepted, .gone: break
      }
      return snapshot?.record
    }
  }

  /// Whether the credential's payment had settled without being booked, and is booked now: the lease is to be read
  /// again.
  ///
  /// Invoice and lease were read in one statement, and a payment commits both at once: whoever saw it settled saw what
  /// it did for the lease too. Read apart, one booked in between would be answered with a second invoice.
  func bookAnew(_ shown: VerifiedCredential, _ snapshot: LeaseSnapshot) async throws -> Bool {
    guard let invoice = snapshot.presented, invoice.lease == snapshot.record.lease.id, invoice.state != .settled
    else { return false }
    guard try await settlements.bookIfSettled(shown.paymentHash) else {
      // Whoever knows the preimage has paid: never a second invoice.
      throw Refusal.unavailable(retryAfter: 1, "the payment has not arrived")
    }
    return true
  }
}
