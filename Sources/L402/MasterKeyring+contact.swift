import Macaroons

/// What a contact's token is good for besides its address: the key its webhooks are signed with, and the code by which its
/// owner confirms it. Both are derived (HKDF), and neither is kept.
extension MasterKeyring {
  /// The name of a contact: the same for the same lease and place, so that a purchase that is repeated makes one.
  ///
  /// - Parameter place: what tells it from the lease's others.
  public func contactToken(lease: [UInt8], place: [UInt8]) -> TokenID {
    let epoch = currentEpoch
    guard let key = served(epoch) else { preconditionFailure("the current epoch is served") }
    let derived = (lease + place).withUnsafeBytes { Self.expand(key, "leasehold-contact-v1", $0) }
    guard let token = TokenID([UInt8(epoch >> 8), UInt8(epoch & 255)] + derived.array.dropFirst(2)) else {
      preconditionFailure("a token is 32 bytes")
    }
    return token
  }

  /// What a contact's messages are signed with: 32 bytes, shared with its owner.
  public func signingKey(ofContact token: TokenID) throws(CredentialRefusal) -> Bytes32 {
    try contactKey("leasehold-contact-signing-v1", token)
  }

  /// 26 small Crockford characters that say whose contact is confirmed or ended, and cannot be guessed: 16 bytes of a
  /// derivation from the token.
  public func code(ofContact token: TokenID) throws(CredentialRefusal) -> String {
    Crockford.encode(Array(try contactKey("leasehold-contact-code-v1", token).array[..<16]))
  }

  /// A keyed hash, by which two that are the same are seen to be, and nothing else.
  public func hash(ofPlace text: String) -> Bytes32 {
    // The oldest key there is: it stays the same when epochs come and go.
    guard let epoch = givenEpochs.min(), let key = extractedKey(of: epoch) else {
      preconditionFailure("a keyring has a key")
    }
    return Array(text.utf8).withUnsafeBytes { Self.expand(key, "leasehold-place-v1", $0) }
  }

  /// What the provider is known by where messages are signed by their sender: 32 bytes, from the oldest key there is, so
  /// that it stays the same when epochs come and go.
  public var messagingSecret: Bytes32 {
    guard let epoch = givenEpochs.min(), let key = extractedKey(of: epoch) else {
      preconditionFailure("a keyring has a key")
    }
    return Self.expand(key, "leasehold-messaging-v1", UnsafeRawBufferPointer(start: nil, count: 0))
  }

  private func contactKey(_ info: StaticString, _ token: TokenID) throws(CredentialRefusal) -> Bytes32 {
    guard let key = extractedKey(of: token.epoch) else { throw .retired }
    return token.bytes.withUnsafeBytes { Self.expand(key, info, $0) }
  }
}
