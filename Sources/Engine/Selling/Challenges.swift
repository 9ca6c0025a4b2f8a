import L402
import Leasing
import Ledger
import Macaroons
import Units

/// Challenges: a macaroon for an invoice. Whoever asks again is given the same one, so that asking costs nothing that
/// lasts.
struct Challenges: Sendable {
  let clock: any WallClock
  let keys: KeyEpochs
  let tokens: TokenBook

  /// A challenge for an invoice. Whoever showed a genuine credential gets one that reaches no further than it; a
  /// stranger may pay and nothing else, unless the invoice is the purchase itself.
  ///
  /// - Parameter known: the token recorded before for this payment and this credential, if it was just read.
  func demand(
    for invoice: InvoiceRecord, lease: Lease, periods: Int64, shown: VerifiedCredential?, known: TokenID? = nil
  ) async throws -> PaymentDemand {
    guard let hash = invoice.paymentHash, let bolt11 = invoice.bolt11 else {
      throw Refusal.unavailable(retryAfter: 1, "the invoice is being made")
    }
    let keyring = keys.keyring
    if let known, known.epoch == keyring.currentEpoch {
      let macaroon = try macaroon(known, hash, invoice, lease, periods, shown, by: keyring, at: clock.now())
      return demand(macaroon, bolt11, hash, invoice, lease)
    }
    // What cannot be minted is not recorded.
    let (first, token) = try new(for: invoice, lease: lease, periods: periods, shown: shown)
    let recorded = try await tokens.insertChallenged(token)
    guard recorded != token.id else { return first }
    let macaroon = try macaroon(recorded, hash, invoice, lease, periods, shown, by: keyring, at: clock.now())
    return demand(macaroon, bolt11, hash, invoice, lease)
  }

  /// A challenge with a token of its own, to be recorded before it is shown.
  func new(
    for invoice: InvoiceRecord, lease: Lease, periods: Int64, shown: VerifiedCredential?
  ) throws -> (demand: PaymentDemand, token: TokenRecord) {
    guard let hash = invoice.paymentHash, let bolt11 = invoice.bolt11 else {
      throw Refusal.unavailable(retryAfter: 1, "the invoice is being made")
    }
    let keyring = keys.keyring
    let now = clock.now()
    let token = TokenRecord(
      id: keyring.newToken(), lease: lease.id, parent: shown?.token, paymentHash: hash,
      capabilities: capabilities(invoice, shown).list, createdAt: now)
    let macaroon = try macaroon(token.id, hash, invoice, lease, periods, shown, by: keyring, at: now)
    return (demand(macaroon, bolt11, hash, invoice, lease), token)
  }

  private func capabilities(_ invoice: InvoiceRecord, _ shown: VerifiedCredential?) -> Capabilities {
    shown?.mintedCapabilities ?? (invoice.purpose.isPurchase ? .all : .pay)
  }

  private func macaroon(
    _ token: TokenID, _ hash: PaymentHash, _ invoice: InvoiceRecord, _ lease: Lease, _ periods: Int64,
    _ shown: VerifiedCredential?, by keyring: MasterKeyring, at now: Instant
  ) throws -> Macaroon {
    try mint(
      token, hash, invoice.purpose.tier(of: lease), capabilities(invoice, shown), lease,
      until: lease.servingCeiling(invoiceEnds: invoice.expiresAt, periods: periods, at: now), from: shown, by: keyring)
  }

  private func demand(
    _ macaroon: Macaroon, _ bolt11: String, _ hash: PaymentHash, _ invoice: InvoiceRecord, _ lease: Lease
  ) -> PaymentDemand {
    PaymentDemand(
      challenge: Challenge(macaroon: macaroon, invoice: bolt11), paymentHash: hash, amount: invoice.amount,
      expiresAt: invoice.expiresAt, lease: lease.id, state: lease.state.name, paidUntil: lease.paidUntil,
      reclaimsAt: lease.reclaimsAt, hasCapacity: lease.hasCapacity, purpose: invoice.purpose.name,
      locked: invoice.locked)
  }

  private func mint(
    _ token: TokenID, _ hash: PaymentHash, _ tier: Int, _ capabilities: Capabilities, _ lease: Lease,
    until ceiling: Instant, from shown: VerifiedCredential?, by keyring: MasterKeyring
  ) throws -> Macaroon {
    do throws(CredentialRefusal) {
      if let shown {
        return try shown.reminted(
          as: token, for: hash, validUntil: ceiling.unixSecondsRoundedUp, inTier: tier, by: keyring)
      }
      return try keyring.mint(
        paymentHash: hash, token: token,
        caveats: MintedCaveats(
          tier: tier, capabilities: capabilities, lease: lease.id.description,
          validUntil: ceiling.unixSecondsRoundedUp, variant: lease.terms.soldAs))
    } catch {
      guard error != .undischarged else { throw Refusal.notMintedAnew }
      throw Refusal.credential(error)
    }
  }
}

extension VerifiedCredential {
  /// Minted anew in the lease's tier, whatever tier it was minted in; where the holder narrowed it to a tier that the
  /// lease has sunk below, it stays in its own.
  func reminted(
    as token: TokenID, for paymentHash: PaymentHash? = nil, validUntil: Int64, inTier tier: Int,
    adding more: [String] = [], by keyring: MasterKeyring
  ) throws(CredentialRefusal) -> Macaroon {
    do throws(CredentialRefusal) {
      return try reminted(as: token, for: paymentHash, validUntil: validUntil, tier: tier, adding: more, by: keyring)
    } catch {
      guard error == .widened(.services) else { throw error }
      return try reminted(as: token, for: paymentHash, validUntil: validUntil, adding: more, by: keyring)
    }
  }
}

extension SnapshotQuestion {
  /// What the challenge for a renewal needs.
  static func renewal(of id: LeaseID, periods: Int64, shown: VerifiedCredential?) -> SnapshotQuestion {
    SnapshotQuestion(
      .lease(id), paymentHash: shown?.paymentHash, slot: .renewal(periods: periods), parent: shown?.token)
  }
}

extension Settlement.Purpose {
  fileprivate var isPurchase: Bool {
    if case .purchase = self { true } else { false }
  }

  /// The tier of the credential that comes of it.
  fileprivate func tier(of lease: Lease) -> Int {
    if case .change(let terms) = self { terms.tier } else { lease.terms.tier }
  }
}

extension Refusal {
  static var notMintedAnew: Refusal {
    .forbidden(reason: .thirdPartyCaveats, detail: "a credential with third-party caveats is not minted anew")
  }
}
