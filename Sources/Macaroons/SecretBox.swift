import CSodium

/// Bytes that only the holder of a key can read or change (libsodium's secretbox: XSalsa20 and Poly1305). A random nonce
/// of 24 bytes, then the box: 40 bytes more than what is in it.
public enum SecretBox {
  static let nonceCount = 24
  /// How much longer the sealed are than what they hold.
  public static let overhead = nonceCount + 16

  private static let isReady = leasehold_sodium_start() == 1

  public static func seal(_ plain: [UInt8], under key: Bytes32) -> [UInt8] {
    precondition(isReady, "libsodium does not start")
    let nonce = Array(Bytes32.random().array.prefix(nonceCount))
    var box = [UInt8](repeating: 0, count: plain.count + overhead - nonceCount)
    key.withUnsafeBytes { leasehold_box_seal(&box, plain, plain.count, nonce, $0.baseAddress) }
    return nonce + box
  }

  /// Nil when they were not sealed under this key.
  public static func open(_ sealed: [UInt8], under key: Bytes32) -> [UInt8]? {
    precondition(isReady, "libsodium does not start")
    guard sealed.count >= overhead else { return nil }
    let (nonce, box) = (Array(sealed.prefix(nonceCount)), Array(sealed.dropFirst(nonceCount)))
    var plain = [UInt8](repeating: 0, count: sealed.count - overhead)
    let isSound = key.withUnsafeBytes { leasehold_box_open(&plain, box, box.count, nonce, $0.baseAddress) == 1 }
    return isSound ? plain : nil
  }
}
