import CSodium

/// The verification id of a third-party caveat: the key of its discharge in a secretbox (XSalsa20 and Poly1305) under
/// the chain as it stands before the caveat. Nonce of 24 bytes, then box: 72 bytes.
enum SealedKey {
  static let nonceCount = 24
  static let count = nonceCount + 16 + Bytes32.count

  private static let isReady = leasehold_sodium_start() == 1

  /// - Precondition: the nonce is 24 bytes, and never used with this key before.
  static func seal(_ secret: Bytes32, under key: Bytes32, nonce: [UInt8]) -> [UInt8] {
    precondition(isReady, "libsodium does not start")
    precondition(nonce.count == nonceCount, "a nonce is 24 bytes")
    var sealed = nonce + [UInt8](repeating: 0, count: count - nonceCount)
    sealed.withUnsafeMutableBytes { sealed in
      secret.withUnsafeBytes { secret in
        key.withUnsafeBytes { key in
          leasehold_secretbox_seal(
            sealed.baseAddress.map { $0 + nonceCount }, secret.baseAddress, nonce, key.baseAddress)
        }
      }
    }
    return sealed
  }

  /// Nil when it is not 72 bytes, or was not sealed under this key.
  static func open(_ sealed: UnsafeRawBufferPointer, under key: Bytes32) -> Bytes32? {
    precondition(isReady, "libsodium does not start")
    guard sealed.count == count else { return nil }
    let box = UnsafeRawBufferPointer(rebasing: sealed[nonceCount...])
    var isSound = false
    let secret = Bytes32 { secret in
      isSound = key.withUnsafeBytes { key in
        leasehold_secretbox_open(secret.baseAddress, box.baseAddress, sealed.baseAddress, key.baseAddress) == 1
      }
    }
    return isSound ? secret : nil
  }
}
