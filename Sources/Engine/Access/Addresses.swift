import L402
import Leasing
import Ledger
import Macaroons
import Synchronization
import Units

/// Addresses of leases (capability URLs), for clients that drop their credential at a `402` and ask again as strangers:
/// the path says which lease is meant. An address opens nothing. Who comes by it without a credential is asked to pay for
/// more time, and is given no more than the address allows.
public final class Addresses: Sendable {
  /// Of one lease, at the most.
  static let most = 16
  /// What an address allows where nothing is said: to use the lease and pay for it, not to end it or to take money out.
  static let standard: Capabilities = [.read, .write, .exec, .pay]

  private let store: any Store
  private let clock: any WallClock
  private let credentials: Credentials
  private let presented: PresentedPayments
  private let reissues: Reissues
  private let known = Mutex<[Bytes32: LeaseAddress?]>([:])
  /// How many are kept in memory, those that lead nowhere among them.
  private static let capacity = 16_384

  init(
    store: any Store, clock: any WallClock, credentials: Credentials, presented: PresentedPayments, reissues: Reissues
  ) {
    self.store = store
    self.clock = clock
    self.credentials = credentials
    self.presented = presented
    self.reissues = reissues
  }

  // MARK: Coming by one

  /// The address of a path; `nil`: none that leads anywhere.
  ///
  /// What was never given is told apart by its code, in memory. What an address stands for never changes and is kept, so
  /// that the books are asked once; whether it is revoked is asked of the revocations.
  public func find(_ secret: String) async throws -> AddressedDoor? {
    guard credentials.keys.keyring.mayBeAddress(secret) else { return nil }
    let hash = MasterKeyring.hash(ofAddress: secret)
    var found = known.withLock { $0[hash] }
    if found == nil {
      let read = try await store.transaction { tx in try tx.address(hash: hash) }
      known.withLock { known in
        if known.count >= Self.capacity { known.removeAll() }
        // What leads nowhere never will: an address is told to somebody only after it is written.
        known[hash] = .some(read)
      }
      found = .some(read)
    }
    guard let address = found ?? nil else { return nil }
    do {
      return try await credentials.checked(address.token) {
        credentials.revocations.contains(address.token) ? nil : AddressedDoor(secret: secret, address: address)
      }
    } catch is CredentialRefusal {
      return nil
    }
  }

  /// What the challenges there are minted from.
  func standIn(for address: LeaseAddress) throws -> VerifiedCredential {
    do throws(CredentialRefusal) {
      return try credentials.keys.keyring.standIn(
        for: address.token, address.paymentHash,
        MintedCaveats(
          capabilities: address.capabilities, lease: address.lease.description, validUntil: MintedCaveats.noCeiling,
          variant: address.soldAs), path: address.path)
    } catch {
      throw Refusal.credential(error)
    }
  }

  // MARK: Having some

  /// Makes an address. With an idempotency key of 22 characters or more the same credential is told the same again.
  ///
  /// - Parameters:
  ///   - capabilities: no more than the caller has; `nil`: ``standard``, as far as the caller has those.
  ///   - path: what a challenge there is narrowed to, as the caveat `leasehold_path` has it; disks only.
  public func make(
    _ id: LeaseID, _ capabilities: Capabilities?, path: String?, _ caller: Caller
  ) async throws -> AddressedDoor {
    let shown = try await credentials.require(.makeAddress, of: id, caller)
    let keyring = credentials.keys.keyring
    let key = caller.idempotencyKey.flatMap { (22...255).contains($0.utf8.count) ? $0 : nil }
    let token = key.flatMap { keyring.rotatedToken(of: shown.token, under: "address:" + $0) } ?? keyring.newToken()
    guard let made = try await make(id, capabilities, path: path, as: token, for: shown) else {
      throw Refusal.conflict(code: .idempotencyConflict, "the address of this key was revoked, or is another")
    }
    return made
  }

  /// The address that a purchase asked for: the same however often it is asked, until it is revoked.
  public func ofPurchase(_ id: LeaseID, _ caller: Caller) async throws -> AddressedDoor? {
    let shown = try await credentials.require(.look, of: id, caller)
    guard !shown.isNarrowed,
      let token = credentials.keys.keyring.rotatedToken(
        of: shown.token, under: "address:", epoch: shown.token.epoch)
    else { return nil }
    do {
      return try await make(id, nil, path: nil, as: token, for: shown)
    } catch Refusal.conflict, Refusal.leaseClosed {
      // The lease is bought all the same, and is told without one.
      return nil
    }
  }

  /// - Returns: `nil` where an address of this name was revoked, or is not as it is wanted now.
  private func make(
    _ id: LeaseID, _ wanted: Capabilities?, path: String?, as token: TokenID, for shown: VerifiedCredential
  ) async throws -> AddressedDoor? {
    guard !shown.isNarrowed else {
      throw Refusal.forbidden(reason: .notYours, detail: "a narrowed credential gives no addresses: lend it instead")
    }
    let capabilities = wanted ?? Self.standard.intersection(shown.capabilities)
    guard !capabilities.isEmpty, capabilities.isSubset(of: shown.capabilities) else {
      throw Refusal.invalidField("capabilities", "some of \(shown.capabilities.list)")
    }
    guard let lease = try await presented.upToDate(shown, of: id)?.lease, !lease.isClosed else {
      throw Refusal.leaseClosed
    }
    guard path == nil || lease.terms.kind == .disk, path?.utf8.count ?? 0 <= 512 else {
      throw Refusal.invalidField("path", "a file or folder of a disk, of at most 512 bytes")
    }
    let address = LeaseAddress(
      token: token, lease: id, kind: lease.terms.kind, paymentHash: shown.paymentHash, capabilities: capabilities,
      path: path, soldAs: lease.terms.soldAs, createdAt: clock.now())
    // What no challenge could be minted from is no address.
    do { _ = try standIn(for: address) } catch { throw Refusal.invalidField("path", "begins with a slash, without ..") }
    let secret = try credentials.keys.keyring.address(of: token)
    let kept = try await write(address, hash: MasterKeyring.hash(ofAddress: secret), from: shown.token)
    return kept.map { AddressedDoor(secret: secret, address: $0) }
  }

  private func write(_ address: LeaseAddress, hash: Bytes32, from parent: TokenID) async throws -> LeaseAddress? {
    try await store.transaction { tx in
      guard let lease = try tx.lockLease(address.lease), !lease.isClosed else { throw Refusal.leaseClosed }
      if try tx.token(parent)?.revokedAt != nil { throw Refusal.credential(.revoked) }
      if try tx.token(address.token) != nil {
        guard let known = try tx.address(hash: hash), known.capabilities == address.capabilities,
          known.path == address.path
        else { return nil }
        return known
      }
      let count = try tx.addresses(of: address.lease).count
      guard count < Self.most else {
        throw Refusal.conflict(code: .tooManyCredentials, "this lease has \(count) addresses: revoke some")
      }
      try tx.insertToken(
        TokenRecord(
          id: address.token, lease: address.lease, parent: parent, paymentHash: address.paymentHash,
          capabilities: address.capabilities.list, createdAt: address.createdAt, mintedFor: .address))
      try tx.insertAddress(address.token, hash: hash, path: address.path, of: address.lease)
      return address
    }
  }

  public func list(of id: LeaseID, _ caller: Caller) async throws -> [LeaseAddress] {
    _ = try await credentials.require(.listAddresses, of: id, caller)
    return try await store.transaction { tx in try tx.addresses(of: id) }
  }

  /// Revokes an address, and every credential that was bought there.
  public func revoke(_ token: TokenID, of id: LeaseID, _ caller: Caller) async throws {
    guard try await list(of: id, caller).contains(where: { $0.token == token }) else {
      throw Refusal.invalidField("token", "no such address of this lease")
    }
    try await reissues.revoke(token, of: id, caller)
  }
}
