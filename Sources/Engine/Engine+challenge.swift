import L402
import Leasing
import Ledger
import Macaroons
import Units

/// Challenges: a macaroon for an invoice. Whoever asks again is given the same one, so that asking costs nothing that
/// lasts.
extension Engine {
  /// A challenge for an invoice. Whoever showed a genuine credential gets one that reaches no further than it; a
  /// stranger may pay and nothing else, unless the invoice is the purchase itself.
  ///
  /// - Parameter known: the token recorded before for this payment and this credential, if it was just read.
  func challenge(
    _ invoice: InvoiceRecord, lease: Lease, periods: Int64, shown: VerifiedCredential?, known: TokenID? = nil
  ) async throws -> PaymentDemand {
    guard let hash = invoice.paymentHash, let bolt11 = invoice.bolt11 else {
      throw Refusal.unavailable(retryAfter: 1, "the invoice is being made")
    }
    let keyring = keyring
    let now = clock.now()
    let ceiling = lease.servingCeiling(invoiceEnds: invoice.expiresAt, periods: periods, at: now)
    let capabilities = shown?.mintedCapabilities ?? (invoice.purpose.isPurchase ? .all : .pay)
    func macaroon(_ token: TokenID) throws -> Macaroon {
      try mint(
        token, hash, invoice.purpose.tier(of: lease), capabilities, lease, until: ceiling, from: shown, by: keyring)
    }
    if let known, known.epoch == keyring.currentEpoch {
      return demand(try macaroon(known), bolt11, hash, invoice, lease)
    }
    let token = keyring.newToken()
    // What cannot be minted is not recorded.
    let first = try macaroon(token)
    let recorded = try await record(
      TokenRecord(
        id: token, lease: lease.id, parent: shown?.token, paymentHash: hash, capabilities: capabilities.list,
        createdAt: now))
    return demand(recorded == token ? first : try macaroon(recorded), bolt11, hash, invoice, lease)
  }

  private func demand(
    _ macaroon: Macaroon, _ bolt11: String, _ hash: PaymentHash, _ invoice: InvoiceRecord, _ lease: Lease
  ) -> PaymentDemand {
    PaymentDemand(
      challenge: Challenge(macaroon: macaroon, invoice: bolt11), paymentHash: hash, amount: invoice.amount,
      expiresAt: invoice.expiresAt, lease: lease.id, state: lease.state.name, paidUntil: lease.paidUntil,
      reclaimsAt: lease.reclaimsAt, held: lease.isHeld, purpose: invoice.purpose.name,
      frozen: invoice.frozen)
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

  /// Records the token of a challenge, unless one for the same payment and parent stands there already. A parent
  /// revoked a moment ago leaves no child behind: whoever revokes locks the lease too.
  ///
  /// - Returns: the token that stands there.
  private func record(_ token: TokenRecord) async throws -> TokenID {
    try await store.transaction { tx in
      _ = try tx.lockLease(token.lease)
      try Engine.refuseRevoked(token.parent, tx)
      if let known = try tx.token(for: token.paymentHash, from: token.parent), known.epoch == token.id.epoch {
        return known
      }
      try tx.insertToken(token)
      return token.id
    }
  }

  /// Records a token that is its holder's alone.
  func insert(_ token: TokenRecord) async throws {
    let most = settings.tokensPerLease
    try await store.transaction { tx in
      _ = try tx.lockLease(token.lease)
      try Engine.refuseRevoked(token.parent, tx)
      guard try tx.tokenCount(of: token.lease) < most else {
        throw Refusal.conflict(code: "too-many-credentials", "this lease has \(most) credentials: revoke some first")
      }
      try tx.insertToken(token)
    }
  }

  private static func refuseRevoked(_ parent: TokenID?, _ tx: any StoreTransaction) throws {
    if let parent, try tx.token(parent)?.revokedAt != nil { throw Refusal.credential(.revoked) }
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

extension StandingQuestion {
  /// What the challenge for a renewal needs.
  static func renewal(of id: LeaseID, periods: Int64, shown: VerifiedCredential?) -> StandingQuestion {
    StandingQuestion(
      .lease(id), paymentHash: shown?.paymentHash, slot: "renewal:\(periods)", parent: shown?.token)
  }
}

extension Lease {
  var reclaimsAt: Instant? {
    if case .suspended(_, let until, resuming: false) = state { until } else { nil }
  }

  /// Whether capacity is set aside for it.
  var isHeld: Bool {
    if case .quoted(let held, _, _) = state { held } else { !isClosed }
  }
}

extension Settlement.Purpose {
  var name: String {
    switch self {
    case .purchase: "purchase"
    case .renewal: "renewal"
    case .change: "change"
    }
  }

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
    .forbidden(reason: "third-party-caveats", detail: "a credential with third-party caveats is not minted anew")
  }
}
