import CSecp256k1
import Macaroons

/// Schnorr signatures and shared secrets over secp256k1 (BIP 340), through libsecp256k1.
enum Curve {
  // Safe to share: libsecp256k1 promises that functions taking a `const` context may run at the same time, and the
  // one that writes (`secp256k1_context_randomize`) is called here alone, before anyone else can hold the pointer.
  nonisolated(unsafe) private static let context: OpaquePointer = {
    guard let context = secp256k1_context_create(UInt32(SECP256K1_CONTEXT_NONE)) else {
      preconditionFailure("libsecp256k1 makes a context")
    }
    let blinded = secp256k1_context_randomize(context, Bytes32.random().array)
    precondition(blinded == 1, "libsecp256k1 takes any 32 bytes as a seed")
    return context
  }()

  static func isPoint(x: [UInt8]) -> Bool {
    var key = secp256k1_xonly_pubkey()
    return secp256k1_xonly_pubkey_parse(context, &key, x) == 1
  }

  /// The x coordinate; `nil` when the secret is not 32 bytes below the order of the curve, or zero.
  static func publicKey(of secret: [UInt8]) -> [UInt8]? {
    guard var pair = pair(of: secret) else { return nil }
    var key = secp256k1_xonly_pubkey()
    var bytes = [UInt8](repeating: 0, count: 32)
    guard secp256k1_keypair_xonly_pub(context, &key, nil, &pair) == 1,
      secp256k1_xonly_pubkey_serialize(context, &bytes, &key) == 1
    else { return nil }
    return bytes
  }

  private static func pair(of secret: [UInt8]) -> secp256k1_keypair? {
    guard secret.count == 32 else { return nil }
    var pair = secp256k1_keypair()
    return secp256k1_keypair_create(context, &pair, secret) == 1 ? pair : nil
  }

  /// 64 bytes.
  ///
  /// - Parameter randomness: 32 bytes that make signatures of one message differ; they need not be secret.
  static func sign(_ hash: [UInt8], with key: NostrSecretKey, randomness: [UInt8]) -> [UInt8] {
    precondition(hash.count == 32 && randomness.count == 32, "a hash of 32 bytes is signed")
    guard var pair = pair(of: key.bytes) else { preconditionFailure("a secret key was checked when it was made") }
    var signature = [UInt8](repeating: 0, count: 64)
    let signed = secp256k1_schnorrsig_sign32(context, &signature, hash, &pair, randomness)
    precondition(signed == 1, "a valid key signs")
    return signature
  }

  static func isSignature(_ signature: [UInt8], of hash: [UInt8], by key: NostrPublicKey) -> Bool {
    var point = secp256k1_xonly_pubkey()
    guard signature.count == 64, secp256k1_xonly_pubkey_parse(context, &point, key.bytes) == 1 else { return false }
    return secp256k1_schnorrsig_verify(context, signature, hash, hash.count, &point) == 1
  }

  /// The x coordinate of the shared point, as it is.
  static func sharedX(_ secret: NostrSecretKey, _ other: NostrPublicKey) -> [UInt8] {
    var point = secp256k1_pubkey()
    let parsed = secp256k1_ec_pubkey_parse(context, &point, [0x02] + other.bytes, 33)
    precondition(parsed == 1, "a public key was checked when it was made")
    var x = [UInt8](repeating: 0, count: 32)
    let shared = leasehold_ecdh_x(context, &x, &point, secret.bytes)
    precondition(shared == 1, "a valid key has a shared point with any other")
    return x
  }
}
