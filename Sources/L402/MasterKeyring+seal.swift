import Macaroons

/// Secrets of renters that must be kept to be used, such as where their wallet is asked: sealed, so that who reads the
/// database or a backup of it reads none of them.
extension MasterKeyring {
  /// Epoch (2 bytes), then a `SecretBox` under HKDF(info: `leasehold-seal-v1` ‖ what it is), in the current epoch.
  ///
  /// - Parameter what: what it is and whose, such as `wallet/<lease>`: it opens as nothing else.
  public func seal(_ plain: [UInt8], as what: String) -> [UInt8] {
    guard let key = sealingKey(of: currentEpoch, what) else { preconditionFailure("the current epoch has a key") }
    return [UInt8(currentEpoch >> 8), UInt8(currentEpoch & 255)] + SecretBox.seal(plain, under: key)
  }

  /// What was sealed in any epoch, retired or not: retiring ends what credentials of an epoch open, and what their holders
  /// left here stays theirs.
  ///
  /// - Returns: nil when it was not sealed as this, or with keys that are not among those given.
  public func open(_ sealed: [UInt8], as what: String) -> [UInt8]? {
    guard sealed.count >= 2, let key = sealingKey(of: UInt16(sealed[0]) << 8 | UInt16(sealed[1]), what) else {
      return nil
    }
    return SecretBox.open(Array(sealed.dropFirst(2)), under: key)
  }

  private func sealingKey(of epoch: UInt16, _ what: String) -> Bytes32? {
    guard let key = extractedKey(of: epoch) else { return nil }
    return Array(what.utf8).withUnsafeBytes { MasterKeyring.expand(key, "leasehold-seal-v1", $0) }
  }
}
