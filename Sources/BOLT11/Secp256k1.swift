import CSecp256k1

/// The curve's signatures, through libsecp256k1.
///
/// One context serves the whole process. It is made and blinded with random bytes once, when first used, and only read
/// from then on.
enum Secp256k1 {
  // Safe to share: libsecp256k1 promises that functions taking a `const` context may run at the same time, and the
  // one that writes (`secp256k1_context_randomize`) is called here alone, before anyone else can hold the pointer.
  nonisolated(unsafe) private static let context: OpaquePointer = {
    guard let context = secp256k1_context_create(UInt32(SECP256K1_CONTEXT_NONE)) else {
      preconditionFailure("libsecp256k1 makes a context")
    }
    let seed = Entropy.bytes(32)
    let blinded = secp256k1_context_randomize(context, seed)
    precondition(blinded == 1, "libsecp256k1 takes any 32 bytes as a seed")
    return context
  }()

  /// 64 bytes (r ‖ s) and the recovery id, 0 to 3.
  struct Signature {
    var compact: [UInt8]
    var recoveryID: UInt8
  }

  static func isValid(secretKey: [UInt8]) -> Bool {
    secretKey.count == 32 && secp256k1_ec_seckey_verify(context, secretKey) == 1
  }

  /// - Precondition: `isValid(secretKey:)`.
  static func publicKey(of secretKey: [UInt8]) -> [UInt8] {
    var key = secp256k1_pubkey()
    let made = secp256k1_ec_pubkey_create(context, &key, secretKey)
    precondition(made == 1, "a valid secret key has a public key")
    return serialize(&key)
  }

  /// Deterministic (RFC 6979) and in the lower half.
  ///
  /// - Precondition: `isValid(secretKey:)`, and `hash` is 32 bytes.
  static func sign(_ hash: [UInt8], with secretKey: [UInt8]) -> Signature {
    precondition(hash.count == 32, "a hash of 32 bytes is signed")
    var signature = secp256k1_ecdsa_recoverable_signature()
    let signed = secp256k1_ecdsa_sign_recoverable(context, &signature, hash, secretKey, nil, nil)
    precondition(signed == 1, "a valid key signs")
    var recoveryID: Int32 = 0
    var compact = [UInt8](repeating: 0, count: 64)
    _ = secp256k1_ecdsa_recoverable_signature_serialize_compact(context, &compact, &recoveryID, &signature)
    return Signature(compact: compact, recoveryID: UInt8(recoveryID))
  }

  /// The public key that made the signature, in whichever half it lies; `nil` when there is none.
  static func recover(_ signature: Signature, of hash: [UInt8]) -> [UInt8]? {
    precondition(hash.count == 32 && signature.compact.count == 64, "a signature is 64 bytes over 32")
    guard signature.recoveryID < 4 else { return nil }
    var parsed = secp256k1_ecdsa_recoverable_signature()
    guard
      secp256k1_ecdsa_recoverable_signature_parse_compact(
        context, &parsed, signature.compact, Int32(signature.recoveryID)) == 1
    else { return nil }
    var key = secp256k1_pubkey()
    guard secp256k1_ecdsa_recover(context, &key, &parsed, hash) == 1 else { return nil }
    return serialize(&key)
  }

  enum Verdict {
    case genuine, forged
    /// Of the two signatures equally good in mathematics, the one nobody should make.
    case high
  }

  static func verify(_ signature: Signature, of hash: [UInt8], by publicKey: [UInt8]) -> Verdict {
    precondition(hash.count == 32 && signature.compact.count == 64, "a signature is 64 bytes over 32")
    var parsed = secp256k1_ecdsa_signature()
    guard secp256k1_ecdsa_signature_parse_compact(context, &parsed, signature.compact) == 1 else { return .forged }
    if secp256k1_ecdsa_signature_normalize(context, nil, &parsed) == 1 { return .high }
    var key = secp256k1_pubkey()
    guard secp256k1_ec_pubkey_parse(context, &key, publicKey, publicKey.count) == 1 else { return .forged }
    return secp256k1_ecdsa_verify(context, &parsed, hash, &key) == 1 ? .genuine : .forged
  }

  private static func serialize(_ key: inout secp256k1_pubkey) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: 33)
    var count = bytes.count
    let written = secp256k1_ec_pubkey_serialize(context, &bytes, &count, &key, UInt32(SECP256K1_EC_COMPRESSED))
    precondition(written == 1 && count == 33, "a compressed key is 33 bytes")
    return bytes
  }
}
