import Macaroons

/// A user name and a password in the place of a macaroon and a preimage, for clients that can give nothing else: 26 small
/// Crockford characters each.
///
/// Both are derived from the master key of the token's epoch and kept nowhere. The name carries a code of its own, so
/// that a name which nobody was given is told apart without a look into the books; what the credential allows stands
/// there under the name.
public struct PasswordLogin: Hashable, Sendable, CustomStringConvertible, CustomReflectable {
  public let user: String
  public let password: String

  public init(user: String, password: String) {
    self.user = user.lowercased()
    self.password = password.lowercased()
  }

  /// Reads the lines of `Authorization` that have the scheme `Basic` (RFC 7617); nil when none has, or none can be read.
  public static func parse(authorization lines: [String]) -> PasswordLogin? {
    for line in lines {
      let words = line.split(separator: " ", omittingEmptySubsequences: true)
      guard words.count == 2, words[0].lowercased() == "basic", words[1].utf8.count <= 1_024,
        let bytes = Base64.decode(String(words[1])), let colon = bytes.firstIndex(of: UInt8(ascii: ":"))
      else { continue }
      return PasswordLogin(
        user: String(decoding: bytes[..<colon], as: UTF8.self),
        password: String(decoding: bytes[(colon + 1)...], as: UTF8.self))
    }
    return nil
  }

  /// The name only, never the secret.
  public var description: String { "PasswordLogin(\(user.prefix(26)))" }

  /// Empty: reflection does not show the secret.
  public var customMirror: Mirror { Mirror(self, children: []) }
}

/// What stands in the books under a user name.
public struct PasswordGrant: Hashable, Sendable {
  public var user: String
  public var token: TokenID
  public var paymentHash: PaymentHash
  /// As in the macaroon, the minted four first.
  public var caveats: [String]

  public init(user: String, token: TokenID, paymentHash: PaymentHash, caveats: [String]) {
    self.user = user
    self.token = token
    self.paymentHash = paymentHash
    self.caveats = caveats
  }
}

extension MasterKeyring {
  /// The user name and password of a token.
  ///
  /// - Throws: ``CredentialRefusal/retired`` when the token's epoch has no key.
  public func login(for token: TokenID) throws(CredentialRefusal) -> PasswordLogin {
    PasswordLogin(user: try loginName(for: token), password: try password(for: token))
  }

  /// Whether a user name was ever given by who has the key: epoch (2 bytes) and 8 bytes of the token, then 6 bytes of
  /// HKDF(info: `leasehold-login-v1` ‖ those ten).
  public func mayBeLogin(_ user: String) -> Bool {
    guard let bytes = Crockford.decode(user), bytes.count == 16 else { return false }
    let epoch = UInt16(bytes[0]) << 8 | UInt16(bytes[1])
    guard let key = served(epoch) else { return false }
    return Crockford.areSame(Array(bytes[10...]), Self.loginCode(bytes[..<10], key))
  }

  /// The credential of a user name and password, checked as one of a macaroon is: password, revocation, caveats.
  ///
  /// It does not go stale: whoever has it cannot swap, and the lease's own time is asked at the door. A bound of the
  /// holder's own holds.
  ///
  /// - Parameters:
  ///   - grant: what the books have under the name.
  ///   - now: seconds since 1970.
  public func verified(
    _ login: PasswordLogin, as grant: PasswordGrant, at now: Int64, isRevoked: (TokenID) -> Bool
  ) throws(CredentialRefusal) -> VerifiedCredential {
    let expected = try self.login(for: grant.token)
    let isRight = Crockford.areSame(Array(expected.password.utf8), Array(login.password.utf8))
    guard isRight, expected.user == login.user, grant.user == login.user else { throw .wrongPassword }
    guard !isRevoked(grant.token) else { throw .revoked }
    guard grant.caveats.count >= Condition.mintedCount else { throw .malformed }
    var caveats = grant.caveats.map { Array($0.utf8) }
    caveats[3] = Array(Condition.validUntil.caveat("\(MintedCaveats.noCeiling)").utf8)
    let identifier = Identifier(paymentHash: grant.paymentHash, token: grant.token)
    let macaroon = Macaroon(
      location: MasterKeyring.location, identifier: identifier.bytes, caveats: caveats, key: try key(for: grant.token))
    let terms = try Terms(reading: macaroon)
    return VerifiedCredential(
      PresentedCredential(macaroon: macaroon, discharges: [], preimage: nil, identifier: identifier), terms: terms,
      at: now)
  }

  private func loginName(for token: TokenID) throws(CredentialRefusal) -> String {
    guard let key = served(token.epoch) else { throw .retired }
    let bytes = Array(token.bytes.array[..<10])
    return Crockford.encode(bytes + Self.loginCode(bytes[...], key))
  }

  private static func loginCode(_ name: ArraySlice<UInt8>, _ key: HMACKey) -> [UInt8] {
    Array(Array(name).withUnsafeBytes { expand(key, "leasehold-login-v1", $0) }.array[..<6])
  }

  private func password(for token: TokenID) throws(CredentialRefusal) -> String {
    guard let key = served(token.epoch) else { throw .retired }
    let secret = token.bytes.withUnsafeBytes { Self.expand(key, "leasehold-password-v1", $0) }
    return Crockford.encode(Array(secret.array[..<16]))
  }
}
