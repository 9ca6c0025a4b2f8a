import L402
import Leasing
import Ledger
import Units

/// Preimages for those who hold the macaroon of a payment, once it has arrived.
struct Claims: Sendable {
  let store: any Store
  let credentials: Credentials
  let settlements: Settlements

  /// The claim: whoever holds the macaroon learns the preimage once the node says that it was paid.
  func claim(_ hash: PaymentHash, _ caller: Caller) async throws -> ClaimedPayment {
    do {
      guard
        let shown = try PresentedCredential.parse(authorization: caller.authorization, emptyPreimage: .isClaim)
      else {
        throw Refusal.unauthorized(
          reason: .credentialRequired, detail: "show the macaroon of the challenge: L402 <macaroon>:")
      }
      _ = try await credentials.checked(shown.identifier.token) {
        try shown.verifiedClaim(of: hash, by: credentials.keys.keyring) { credentials.revocations.contains($0) }
      }
    } catch let refusal as CredentialRefusal {
      throw Refusal.credential(refusal)
    }
    guard let known = try await payment(hash) else { throw Refusal.unknownPayment }
    if known.state == .settled { return known }
    // What is held or settled by now is what the node says.
    try await settlements.learn(of: hash)
    var claimed = try await payment(hash) ?? known
    guard claimed.state == .canceled else { return claimed }
    claimed.failure = try await store.transaction { tx in
      guard let lease = try tx.invoice(hash)?.lease else { return nil }
      return try tx.provisionFailure(of: lease)
    }
    return claimed
  }

  private func payment(_ hash: PaymentHash) async throws -> ClaimedPayment? {
    try await store.transaction { tx in
      guard let invoice = try tx.invoice(hash) else { return nil }
      // It may have been booked since the line before: where there is a preimage, it is settled.
      if let preimage = try tx.preimage(of: hash) {
        return ClaimedPayment(paymentHash: hash, state: .settled, preimage: preimage)
      }
      // One that is offered no longer can still be paid.
      return ClaimedPayment(paymentHash: hash, state: invoice.state == .replaced ? .open : invoice.state)
    }
  }
}

public struct ClaimedPayment: Sendable {
  public var paymentHash: PaymentHash
  /// `open`, `accepted`, `settled`, `canceled` or `expired`.
  public var state: InvoiceRecord.State
  /// Only for the macaroon's holder, and only when settled.
  public var preimage: Preimage?
  /// It was called off since what it was to buy could not be made.
  public var failure: ProvisionFailure?
}
