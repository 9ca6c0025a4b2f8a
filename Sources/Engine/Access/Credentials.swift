import L402
import Leasing
import Ledger
import Macaroons
import Units

/// Who is asking, and how far the credential reaches (authentication and authorization).
final class Credentials: Sendable {
  let store: any Store
  let clock: any WallClock
  let keys: KeyEpochs
  let revocations: Revocations
  /// Whether what is in memory of revocations and epochs can be believed.
  let doors: DoorCache
  private let logins = Logins()
  private let soldAs = SoldAs()

  init(store: any Store, clock: any WallClock, keys: KeyEpochs, revocations: Revocations, doors: DoorCache) {
    self.store = store
    self.clock = clock
    self.keys = keys
    self.revocations = revocations
    self.doors = doors
  }

  /// Reads and checks the credential of a request; `nil` when there is none.
  ///
  /// No database is asked: keys are derived, revocations are in memory. Only while the listener has not proved itself
  /// alive are the token and its epoch looked up.
  func credential(of caller: Caller) async throws -> VerifiedCredential? {
    guard let checked = caller.checked else { return try await read(caller) }
    if let found = checked.found { return found }
    let credential = try await read(caller)
    checked.keep(credential)
    return credential
  }

  private func read(_ caller: Caller) async throws -> VerifiedCredential? {
    do {
      guard let shown = try PresentedCredential.parse(authorization: caller.authorization) else {
        guard caller.mayShowPassword, let login = PasswordLogin.parse(authorization: caller.authorization) else {
          return nil
        }
        return try await credential(of: login)
      }
      return try await checked(shown.identifier.token) {
        try shown.verified(by: keys.keyring, at: clock.now().unixSeconds) { revocations.contains($0) }
      }
    } catch let refusal as CredentialRefusal {
      throw Refusal.credential(refusal)
    }
  }

  /// The same for who cannot wait; `nil` where memory cannot be believed, and for what ``credential(of:)`` refuses.
  func credentialAsRemembered(of caller: Caller) -> VerifiedCredential? {
    guard doors.isTrusted else { return nil }
    do throws(CredentialRefusal) {
      guard let shown = try PresentedCredential.parse(authorization: caller.authorization),
        keys.serves(shown.identifier.token.epoch)
      else { return nil }
      return try shown.verified(by: keys.keyring, at: clock.now().unixSeconds) { revocations.contains($0) }
    } catch {
      return nil
    }
  }

  /// The credential behind a user name and password. What the name stands for never changes and is kept in memory, so
  /// that the books are asked once; a name nobody was given is not looked for.
  private func credential(of login: PasswordLogin) async throws -> VerifiedCredential {
    guard keys.keyring.mayBeLogin(login.user) else { throw CredentialRefusal.wrongPassword }
    var grant = logins.grant(of: login.user)
    if grant == nil {
      grant = try await store.transaction { tx in try tx.passwordGrant(of: login.user) }
      if let grant { logins.remember(grant) }
    }
    guard let grant else { throw CredentialRefusal.wrongPassword }
    return try await checked(grant.token) {
      try keys.keyring.verified(login, as: grant, at: clock.now().unixSeconds) { revocations.contains($0) }
    }
  }

  /// Verifies by what is in memory; and while that may be behind, by what the store says of a token that is genuine.
  func checked<Verified>(_ token: TokenID, _ verify: () throws -> Verified) async throws -> Verified {
    let isTrusted = doors.isTrusted
    // An epoch that was begun while nothing was heard.
    if !isTrusted, !keys.serves(token.epoch) { try await keys.learn() }
    guard keys.serves(token.epoch) else { throw CredentialRefusal.retired }
    guard !isTrusted else { return try verify() }
    let verified = try verify()
    try await lookUp(token)
    return verified
  }

  private func lookUp(_ id: TokenID) async throws {
    let (record, epochs) = try await store.transaction { tx in (try tx.token(id), try tx.keyEpochs()) }
    keys.learn(epochs, at: clock.now())
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
    let shown = try await permitted(action.needs, of: lease, caller, path: nil)
    try await refuseVariant(shown, of: lease)
    return shown
  }

  /// The same for one that is in hand already.
  func require(
    _ action: LeaseAction, of lease: LeaseID, by shown: VerifiedCredential, _ caller: Caller
  ) async throws {
    try weigh(shown, action.needs, of: lease, caller, path: nil)
    try await refuseVariant(shown, of: lease)
  }

  /// The same where nobody need show one: `nil` for who does not.
  func requireIfShown(
    _ action: LeaseAction, of lease: LeaseID, _ caller: Caller
  ) async throws -> VerifiedCredential? {
    guard let shown = try await credential(of: caller) else { return nil }
    try await require(action, of: lease, by: shown, caller)
    return shown
  }

  private func refuseVariant(_ shown: VerifiedCredential, of lease: LeaseID) async throws {
    if shown.variant != nil, let variant = try await soldVariant(of: lease) {
      try Credentials.refuse(shown, unlessFor: variant)
    }
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
    _ capability: Capabilities, of lease: LeaseID, _ caller: Caller, path: ResourcePath?, port: UInt16? = nil
  ) async throws -> VerifiedCredential {
    guard let credential = try await credential(of: caller) else {
      throw Refusal.unauthorized(reason: .credentialRequired, detail: "this lease opens with its own credential")
    }
    try weigh(credential, capability, of: lease, caller, path: path, port: port)
    return credential
  }

  /// The same from memory, for who cannot wait; `nil` where it does not say, and for what is refused.
  func permittedAsRemembered(
    _ capability: Capabilities, of lease: LeaseID, _ caller: Caller, port: UInt16
  ) -> VerifiedCredential? {
    guard let credential = credentialAsRemembered(of: caller) else { return nil }
    do {
      try weigh(credential, capability, of: lease, caller, path: nil, port: port)
      return credential
    } catch {
      return nil
    }
  }

  private func weigh(
    _ credential: VerifiedCredential, _ capability: Capabilities, of lease: LeaseID, _ caller: Caller,
    path: ResourcePath?, port: UInt16? = nil
  ) throws {
    guard credential.isFor(lease: lease.description) else {
      throw Refusal.forbidden(reason: .wrongLease, detail: "the credential belongs to another lease")
    }
    do throws(PermissionRefusal) {
      try credential.require(capability, method: caller.method, path: path, port: port, source: caller.address)
    } catch {
      throw Refusal.permission(error)
    }
  }

  /// What the credential is and reaches, for its holder.
  func introspect(_ caller: Caller) async throws -> VerifiedCredential {
    guard let credential = try await credential(of: caller) else {
      throw Refusal.unauthorized(reason: .credentialRequired, detail: "show the credential to look into")
    }
    return credential
  }

  /// Whether who asks may see what a lease costs and holds: not who was lent a folder of it.
  func seeMoney(_ caller: Caller) async -> Bool {
    do {
      return try await credential(of: caller).map { $0.path == nil } ?? true
    } catch {
      return false
    }
  }

  /// A credential that allows looking at the books of a lease.
  func requireMoney(of id: LeaseID, _ caller: Caller) async throws {
    let shown = try await require(.ledger, of: id, caller)
    guard shown.path == nil else { throw Refusal.permission(.path) }
  }
}
