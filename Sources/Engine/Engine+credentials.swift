import L402
import Leasing
import Ledger
import Macaroons
import Units

/// Who is asking, and how far the credential reaches.
extension Engine {
  /// Reads and checks the credential of a request; `nil` when there is none.
  ///
  /// No database is asked: keys are derived, revocations are in memory. Only while the listener has not proved itself
  /// alive are the token and its epoch looked up.
  public func credential(of caller: Caller) async throws -> VerifiedCredential? {
    do {
      guard let shown = try PresentedCredential.parse(authorization: caller.authorization) else { return nil }
      return try await checked(shown.identifier.token) {
        try shown.verified(by: keyring, at: clock.now().unixSeconds) { revocations.contains($0) }
      }
    } catch let refusal as CredentialRefusal {
      throw Refusal.credential(refusal)
    }
  }

  /// Verifies by what is in memory; and while that may be behind, by what the store says of a token that is genuine.
  private func checked<Verified>(_ token: TokenID, _ verify: () throws -> Verified) async throws -> Verified {
    let isTrusted = doors.isTrusted
    // An epoch that was begun while nothing was heard.
    if !isTrusted, !keys.serves(token.epoch) { try await learnKeys() }
    guard keys.serves(token.epoch) else { throw CredentialRefusal.retired }
    guard !isTrusted else { return try verify() }
    let verified = try verify()
    try await lookUp(token)
    return verified
  }

  private func lookUp(_ id: TokenID) async throws {
    let (record, epochs) = try await store.transaction { tx in (try tx.token(id), try tx.keyEpochs()) }
    learn(epochs, at: clock.now())
    guard keys.serves(id.epoch) else { throw CredentialRefusal.retired }
    if record?.revokedAt != nil {
      revocations.insert([id])
      throw CredentialRefusal.revoked
    }
  }

  /// The same for a stream that is open: whether its credential still opens anything.
  func isGenuine(_ shown: VerifiedCredential) async -> Bool {
    guard isGenuineAsRemembered(shown) else { return false }
    if doors.isTrusted { return true }
    do {
      try await lookUp(shown.token)
      return true
    } catch {
      return false
    }
  }

  /// As far as memory goes: not past its holder's bound or its ceiling, not revoked, its epoch not retired.
  func isGenuineAsRemembered(_ shown: VerifiedCredential) -> Bool {
    clock.now().unixSeconds < shown.validUntil && !revocations.contains(shown.token) && keys.serves(shown.token.epoch)
  }

  /// A genuine credential of this lease that allows the action. Expired by its minted bound is genuine.
  func require(_ action: LeaseAction, of lease: LeaseID, _ caller: Caller) async throws -> VerifiedCredential {
    try await require(action.needs, of: lease, caller, path: nil)
  }

  /// The same for what is about a file.
  func require(
    _ capability: Capabilities, of lease: LeaseID, _ caller: Caller, path: ResourcePath?
  ) async throws -> VerifiedCredential {
    let credential = try await permitted(capability, of: lease, caller, path: path)
    if credential.variant != nil, let variant = try await soldVariant(of: lease) {
      try Engine.refuse(credential, unlessFor: variant)
    }
    return credential
  }

  /// What the lease was sold as, and `nil` inside for none; `nil` when there is no such lease.
  private func soldVariant(of lease: LeaseID) async throws -> String?? {
    if let known = soldAs[lease] { return known }
    guard let read = try await store.transaction({ tx in try tx.lease(lease) }) else { return nil }
    let variant = read.lease.terms.soldAs
    soldAs.remember(variant, of: lease)
    return .some(variant)
  }

  /// A variant in a credential is a condition: it opens only a lease that was sold as this one.
  static func refuse(_ credential: VerifiedCredential, unlessFor variant: String?) throws(Refusal) {
    guard credential.isFor(variant: variant) else { throw Refusal.permission(.variant) }
  }

  /// The same, without asking what the lease was sold as: for who reads the lease anyway.
  func permitted(
    _ capability: Capabilities, of lease: LeaseID, _ caller: Caller, path: ResourcePath?
  ) async throws -> VerifiedCredential {
    guard let credential = try await credential(of: caller) else {
      throw Refusal.unauthorized(reason: "credential-required", detail: "this lease opens with its own credential")
    }
    guard credential.isFor(lease: lease.description) else {
      throw Refusal.forbidden(reason: "wrong-lease", detail: "the credential belongs to another lease")
    }
    do throws(PermissionRefusal) {
      try credential.require(capability, method: caller.method, path: path, source: caller.address)
    } catch {
      throw Refusal.permission(error)
    }
    return credential
  }

  /// What the credential is and reaches, for its holder.
  public func introspect(_ caller: Caller) async throws -> VerifiedCredential {
    guard let credential = try await credential(of: caller) else {
      throw Refusal.unauthorized(reason: "credential-required", detail: "show the credential to look into")
    }
    return credential
  }

  /// Swaps a genuine credential for one with a later ceiling, free of charge: same payment, so that the holder's
  /// preimage goes on serving.
  public func swap(_ id: LeaseID, _ caller: Caller) async throws -> SwappedCredential {
    let shown = try await require(.swap, of: id, caller)
    return try await remint(shown, adding: [], id: id)
  }

  /// Mints a narrowed credential with a token id of its own, so that it can be revoked alone.
  public func narrow(_ id: LeaseID, caveats: [String], _ caller: Caller) async throws -> SwappedCredential {
    guard !caveats.isEmpty, caveats.count <= 32, caveats.allSatisfy({ (1...512).contains($0.utf8.count) }) else {
      throw Refusal.invalidField("caveats", "1 to 32 caveats of at most 512 bytes")
    }
    let shown = try await require(.lend, of: id, caller)
    return try await remint(shown, adding: caveats, id: id)
  }

  private func remint(
    _ shown: VerifiedCredential, adding caveats: [String], id: LeaseID
  ) async throws -> SwappedCredential {
    let record = try await book(shown, of: id)
    guard let lease = record?.lease, !lease.isClosed else { throw Refusal.leaseClosed }
    let now = clock.now()
    let ceiling = lease.servingCeiling(invoiceEnds: now, periods: 0, at: now)
    let keyring = keyring
    let token = keyring.newToken()
    let minted: Macaroon
    do throws(CredentialRefusal) {
      minted = try shown.reminted(
        as: token, validUntil: ceiling.unixSecondsRoundedUp, inTier: lease.terms.tier, adding: caveats, by: keyring)
    } catch {
      switch error {
      case .undischarged: throw Refusal.notMintedAnew
      case .widened, .malformedCaveat, .unknownCaveat:
        throw Refusal.invalidField("caveats", error.reason)
      case .badHeader, .malformed, .wrongPreimage, .revoked, .retired, .forged, .discharge:
        throw Refusal.credential(error)
      }
    }
    let row = TokenRecord(
      id: token, lease: id, parent: shown.token, paymentHash: shown.paymentHash,
      capabilities: shown.mintedCapabilities.list, createdAt: now)
    try await insert(row)
    return SwappedCredential(macaroon: minted, token: token)
  }

  public func credentials(of id: LeaseID, _ caller: Caller) async throws -> [TokenRecord] {
    _ = try await require(.listCredentials, of: id, caller)
    return try await store.transaction { tx in try tx.tokens(of: id) }
  }

  /// Revokes a credential and all minted from it.
  public func revoke(_ token: TokenID, of id: LeaseID, _ caller: Caller) async throws {
    let shown = try await require(.revoke, of: id, caller)
    let now = clock.now()
    let revoked = try await store.transaction { tx -> [TokenID] in
      _ = try tx.lockLease(id)
      guard let record = try tx.token(token), record.lease == id else {
        throw Refusal.invalidField("token", "no such credential of this lease")
      }
      // A narrowed holder ends what came from it and itself, not what it came from.
      if !shown.holderCaveats.isEmpty, try !Engine.descends(record, from: shown.token, tx) {
        throw Refusal.forbidden(reason: "not-yours", detail: "that credential does not come from yours")
      }
      return try tx.revoke(token, at: now)
    }
    revocations.insert(revoked)
  }

  private static func descends(_ token: TokenRecord, from ancestor: TokenID, _ tx: any StoreTransaction) throws -> Bool
  {
    var current: TokenRecord? = token
    while let record = current {
      if record.id == ancestor { return true }
      current = try record.parent.flatMap { try tx.token($0) }
    }
    return false
  }

  /// A new token for the caller, then every other of the lease is revoked.
  public func rotate(_ id: LeaseID, _ caller: Caller) async throws -> SwappedCredential {
    let shown = try await require(.rotate, of: id, caller)
    guard shown.holderCaveats.isEmpty else {
      throw Refusal.forbidden(reason: "not-yours", detail: "a narrowed credential cannot end the others")
    }
    let swapped = try await remint(shown, adding: [], id: id)
    let now = clock.now()
    let revoked = try await store.transaction { tx -> [TokenID] in
      _ = try tx.lockLease(id)
      return try tx.revokeAll(of: id, except: swapped.token, at: now)
    }
    revocations.insert(revoked)
    return swapped
  }

  /// The claim: whoever holds the macaroon learns the preimage once the node says that it was paid.
  public func claim(_ hash: PaymentHash, _ caller: Caller) async throws -> ClaimedPayment {
    do {
      guard
        let shown = try PresentedCredential.parse(authorization: caller.authorization, emptyPreimage: .isClaim)
      else {
        throw Refusal.unauthorized(
          reason: "credential-required", detail: "show the macaroon of the challenge: L402 <macaroon>:")
      }
      _ = try await checked(shown.identifier.token) {
        try shown.verifiedClaim(of: hash, by: keyring) { revocations.contains($0) }
      }
    } catch let refusal as CredentialRefusal {
      throw Refusal.credential(refusal)
    }
    guard let known = try await payment(hash) else { throw Refusal.unknownPayment }
    if known.state == .settled { return known }
    // What is held or settled by now is what the node says.
    try await learn(of: hash)
    return try await payment(hash) ?? known
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

public struct SwappedCredential: Sendable {
  public var macaroon: Macaroon
  public var token: TokenID
}

public struct ClaimedPayment: Sendable {
  public var paymentHash: PaymentHash
  /// `open`, `accepted`, `settled`, `canceled` or `expired`.
  public var state: InvoiceRecord.State
  /// Only for the macaroon's holder, and only when settled.
  public var preimage: Preimage?
}
