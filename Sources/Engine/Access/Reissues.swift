import L402
import Leasing
import Ledger
import Macaroons
import Units

/// Credentials minted anew from one that is shown (token exchange): swapped, narrowed, rotated; and those that their
/// holders end.
struct Reissues: Sendable {
  let store: any Store
  let clock: any WallClock
  let credentials: Credentials
  let presented: PresentedPayments
  let tokens: TokenBook

  /// Swaps a genuine credential for one with a later ceiling, free of charge: same payment, so that the holder's
  /// preimage goes on serving.
  ///
  /// It keeps its name, so that nothing is left behind however often it is asked for, and whoever lost the answer loses
  /// nothing. Only one of an epoch that is not minted in any more gets another name, and for each the same.
  func swap(_ id: LeaseID, _ caller: Caller) async throws -> SwappedCredential {
    let shown = try await credentials.require(.swap, of: id, caller)
    let keyring = credentials.keys.keyring
    guard shown.token.epoch < keyring.currentEpoch else {
      return try await remint(shown, as: shown.token, id: id, by: keyring).credential
    }
    let (fresh, row) = try await remint(shown, as: keyring.newToken(), for: .swap, id: id, by: keyring)
    let kept = try await tokens.insertSwapped(row, from: shown.token)
    return kept == fresh.token ? fresh : try await remint(shown, as: kept, id: id, by: keyring).credential
  }

  /// Mints a narrowed credential with a token id of its own, so that it can be revoked alone.
  ///
  /// - Parameter withPassword: gives a user name and password for it as well; it may then be lent as it is.
  func narrow(
    _ id: LeaseID, caveats: [String], withPassword: Bool = false, _ caller: Caller
  ) async throws -> SwappedCredential {
    guard withPassword || !caveats.isEmpty, caveats.count <= 32,
      caveats.allSatisfy({ (1...512).contains($0.utf8.count) })
    else {
      throw Refusal.invalidField("caveats", "1 to 32 caveats of at most 512 bytes")
    }
    let shown = try await credentials.require(.lend, of: id, caller)
    do throws(NarrowingFault) {
      _ = try shown.macaroon.narrowed(by: caveats)
    } catch {
      throw Refusal.invalidField("caveats", error.reason)
    }
    let keyring = credentials.keys.keyring
    var (lent, row) = try await remint(
      shown, as: keyring.newToken(), for: shown.isNarrowed ? .subloan : .loan, adding: caveats, id: id, by: keyring)
    guard withPassword else {
      try await tokens.insertLoan(row)
      return lent
    }
    let login = try keyring.login(for: row.id)
    // A preimage among them restricts nothing and need not be text.
    let kept = lent.macaroon.caveats.map { Array($0.identifier) }.filter { !$0.starts(with: "preimage=".utf8) }
    let grant = PasswordGrant(
      user: login.user, token: row.id, paymentHash: row.paymentHash,
      caveats: kept.map { String(decoding: $0, as: UTF8.self) })
    try await tokens.insertLoan(row, with: grant)
    lent.login = login
    return lent
  }

  /// Mints under a name, and says what is to be recorded of it.
  private func remint(
    _ shown: VerifiedCredential, as token: TokenID, for purpose: TokenRecord.Purpose = .swap,
    adding caveats: [String] = [], id: LeaseID, by keyring: MasterKeyring
  ) async throws -> (credential: SwappedCredential, row: TokenRecord) {
    let record = try await presented.upToDate(shown, of: id)
    guard let lease = record?.lease, !lease.isClosed else { throw Refusal.leaseClosed }
    let now = clock.now()
    let ceiling = lease.servingCeiling(invoiceEnds: now, periods: 0, at: now)
    let minted: Macaroon
    do throws(CredentialRefusal) {
      minted = try shown.reminted(
        as: token, validUntil: ceiling.unixSecondsRoundedUp, inTier: lease.terms.tier, adding: caveats, by: keyring)
    } catch {
      switch error {
      case .undischarged: throw Refusal.notMintedAnew
      case .widened, .malformedCaveat, .unknownCaveat:
        throw Refusal.invalidField("caveats", error.reason)
      case .badHeader, .malformed, .wrongPreimage, .wrongPassword, .revoked, .retired, .forged, .discharge:
        throw Refusal.credential(error)
      }
    }
    let row = TokenRecord(
      id: token, lease: id, parent: shown.token, paymentHash: shown.paymentHash,
      capabilities: shown.mintedCapabilities.list, createdAt: now, mintedFor: purpose)
    return (SwappedCredential(macaroon: minted, token: token), row)
  }

  func issued(of id: LeaseID, _ caller: Caller) async throws -> [TokenRecord] {
    _ = try await credentials.require(.listCredentials, of: id, caller)
    // What contacts are given to pay with is no credential of anybody's.
    return try await store.transaction { tx in try tx.tokens(of: id) }.filter { $0.mintedFor != .contact }
  }

  /// Revokes a credential and all minted from it.
  func revoke(_ token: TokenID, of id: LeaseID, _ caller: Caller) async throws {
    let shown = try await credentials.require(.revoke, of: id, caller)
    let now = clock.now()
    let revoked = try await store.transaction { tx -> [TokenID] in
      _ = try tx.lockLease(id)
      guard let record = try tx.token(token), record.lease == id else {
        throw Refusal.invalidField("token", "no such credential of this lease")
      }
      // A narrowed holder ends what came from it and itself, not what it came from.
      if shown.isNarrowed, try !Reissues.descends(record, from: shown.token, tx) {
        throw Refusal.forbidden(reason: .notYours, detail: "that credential does not come from yours")
      }
      return try tx.revoke(token, at: now)
    }
    credentials.revocations.insert(revoked)
  }

  private static func descends(_ token: TokenRecord, from ancestor: TokenID, _ tx: any TokenRows) throws -> Bool {
    var current: TokenRecord? = token
    while let record = current {
      if record.id == ancestor { return true }
      current = try record.parent.flatMap { try tx.token($0) }
    }
    return false
  }

  /// A new token for the caller, and every other of the lease is revoked with it: the one that is shown, too. Works
  /// however many there are.
  ///
  /// With an idempotency key of 22 characters or more the same credential shown again under the same key is told the same,
  /// revoked as it is by then: an answer that was lost locks nobody out.
  func rotate(_ id: LeaseID, _ caller: Caller) async throws -> SwappedCredential {
    let key = caller.idempotencyKey.flatMap { (22...255).contains($0.utf8.count) ? $0 : nil }
    do {
      return try await rotate(id, caller, under: key)
    } catch {
      guard let key, case Refusal.unauthorized(.credentialRevoked, _) = error,
        let told = try await rotated(id, caller, under: key)
      else { throw error }
      return told
    }
  }

  private func rotate(_ id: LeaseID, _ caller: Caller, under key: String?) async throws -> SwappedCredential {
    let shown = try await credentials.require(.rotate, of: id, caller)
    guard !shown.isNarrowed else {
      throw Refusal.forbidden(reason: .notYours, detail: "a narrowed credential cannot end the others")
    }
    let keyring = credentials.keys.keyring
    let token = key.flatMap { keyring.rotatedToken(of: shown.token, under: $0) } ?? keyring.newToken()
    let (rotated, row) = try await remint(shown, as: token, for: .rotation, id: id, by: keyring)
    credentials.revocations.insert(try await tokens.insertAlone(row))
    return rotated
  }

  /// What a rotation under this key came to; nil when there was none, or what it left was revoked since.
  private func rotated(_ id: LeaseID, _ caller: Caller, under key: String) async throws -> SwappedCredential? {
    let keyring = credentials.keys.keyring
    let shown: VerifiedCredential
    do throws(CredentialRefusal) {
      guard let presented = try PresentedCredential.parse(authorization: caller.authorization) else { return nil }
      // Revoked, and for the rest as good as any.
      shown = try presented.verified(by: keyring, at: clock.now().unixSeconds) { _ in false }
    } catch {
      throw Refusal.credential(error)
    }
    guard shown.isFor(lease: id.description), !shown.isNarrowed else { return nil }
    let names = keyring.epochs.compactMap { keyring.rotatedToken(of: shown.token, under: key, epoch: $0) }
    let found = try await store.transaction { tx in
      try names.first { name in
        guard let record = try tx.token(name) else { return false }
        return record.lease == id && record.parent == shown.token && record.mintedFor == .rotation
          && record.revokedAt == nil
      }
    }
    guard let found else { return nil }
    return try await remint(shown, as: found, for: .rotation, id: id, by: keyring).credential
  }
}

public struct SwappedCredential: Sendable {
  public var macaroon: Macaroon
  public var token: TokenID
  /// Where one was asked for.
  public var login: PasswordLogin?
}
