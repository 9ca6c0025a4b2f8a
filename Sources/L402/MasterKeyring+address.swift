import Macaroons

/// Addresses: 26 small Crockford characters in the path of a request that say which lease is meant, and how much a
/// challenge there may give (capability URLs).
///
/// They are derived from a token of their own and kept nowhere. As a user name does, each carries a code by which one
/// that was never given is told apart without a look into the books: a stranger who tries some costs a few microseconds.
extension MasterKeyring {
  /// The address of a token: epoch (2 bytes), 8 bytes of HKDF(info: `leasehold-address-v1` ‖ token), then 6 bytes of
  /// HKDF(info: `leasehold-address-code-v1` ‖ those ten).
  ///
  /// - Throws: ``CredentialRefusal/retired`` when the token's epoch has no key.
  public func address(of token: TokenID) throws(CredentialRefusal) -> String {
    guard let key = served(token.epoch) else { throw .retired }
    let secret = token.bytes.withUnsafeBytes { Self.expand(key, "leasehold-address-v1", $0) }.array[..<8]
    let bytes = [UInt8(token.epoch >> 8), UInt8(token.epoch & 255)] + secret
    return Crockford.encode(bytes + Self.addressCode(bytes[...], key))
  }

  /// Whether who has the key may have given this address.
  public func mayBeAddress(_ text: String) -> Bool {
    guard let bytes = Crockford.decode(text), bytes.count == 16 else { return false }
    let epoch = UInt16(bytes[0]) << 8 | UInt16(bytes[1])
    guard let key = served(epoch) else { return false }
    return Crockford.areSame(Array(bytes[10...]), Self.addressCode(bytes[..<10], key))
  }

  /// By what an address is found in the books, which cannot be turned back into it.
  public static func hash(ofAddress text: String) -> Bytes32 {
    Array(text.utf8).withUnsafeBytes { Bytes32.sha256($0) }
  }

  /// What the challenges at an address are minted from: no macaroon of anybody's, and without a preimage, so that it opens
  /// nothing by itself.
  ///
  /// - Parameter path: the file or folder that the address is narrowed to, as a caveat has it.
  /// - Throws: ``CredentialRefusal/retired``; the refusals of caveats when the path cannot be read.
  public func standIn(
    for token: TokenID, _ paymentHash: PaymentHash, _ caveats: MintedCaveats, path: String?
  ) throws(CredentialRefusal) -> VerifiedCredential {
    let later = path.map { [Condition.path.caveat($0)] } ?? []
    let macaroon = try mint(paymentHash: paymentHash, token: token, caveats: caveats, then: later)
    let presented = PresentedCredential(
      macaroon: macaroon, discharges: [], preimage: nil,
      identifier: Identifier(paymentHash: paymentHash, token: token))
    return VerifiedCredential(presented, terms: try Terms(reading: macaroon), at: 0)
  }

  private static func addressCode(_ name: ArraySlice<UInt8>, _ key: HMACKey) -> [UInt8] {
    Array(Array(name).withUnsafeBytes { expand(key, "leasehold-address-code-v1", $0) }.array[..<6])
  }
}
