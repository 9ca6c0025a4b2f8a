import CSodium
import Macaroons

/// Encryption between two keys (NIP-44, version 2): ChaCha20 and HMAC-SHA256 under keys of one message, from a secret
/// that both sides derive.
public struct Conversation: Sendable, CustomStringConvertible, CustomReflectable {
  /// What one message may hold, in bytes of UTF-8; the first limit of NIP-44, and more than any message of ours.
  public static let longest = 65_535

  let key: [UInt8]

  public init(_ mine: NostrSecretKey, with other: NostrPublicKey) {
    key = HMACKey(Array("nip44-v2".utf8)).authenticate(Curve.sharedX(mine, other)).array
  }

  init(key: [UInt8]) { self.key = key }

  public var description: String { "Conversation" }
  public var customMirror: Mirror { Mirror(self, children: []) }

  /// - Throws: `.tooLong` for an empty text and for one over ``longest``.
  public func encrypt(_ text: String) throws(NostrFault) -> String {
    try encrypt(text, nonce: Bytes32.random().array)
  }

  func encrypt(_ text: String, nonce: [UInt8]) throws(NostrFault) -> String {
    let plain = Array(text.utf8)
    guard (1...Self.longest).contains(plain.count) else { throw .tooLong }
    let keys = MessageKeys(key, nonce: nonce)
    var sealed = [UInt8(plain.count >> 8), UInt8(plain.count & 255)] + plain
    sealed += [UInt8](repeating: 0, count: Self.paddedLength(plain.count) - plain.count)
    keys.cipher(&sealed)
    return Base64.encode([2] + nonce + sealed + keys.authenticate(nonce + sealed))
  }

  /// - Throws: `.unknownVersion`, or `.notForUs` for everything that was not sealed under this key.
  public func decrypt(_ payload: String) throws(NostrFault) -> String {
    guard payload.utf8.first != UInt8(ascii: "#") else { throw .unknownVersion }
    // 132 to 87,472 characters: what one byte, and what the longest text come to.
    guard (132...87_472).contains(payload.utf8.count), let bytes = Base64.decode(payload), let version = bytes.first
    else { throw .notForUs }
    guard version == 2 else { throw .unknownVersion }
    guard bytes.count >= 99 else { throw .notForUs }
    let nonce = Array(bytes[1..<33])
    var sealed = Array(bytes[33..<(bytes.count - 32)])
    let keys = MessageKeys(key, nonce: nonce)
    guard let said = Bytes32(bytes.suffix(32)), let computed = Bytes32(keys.authenticate(nonce + sealed)),
      said.equalsInConstantTime(computed)
    else { throw .notForUs }
    keys.cipher(&sealed)
    let count = Int(sealed[0]) << 8 | Int(sealed[1])
    guard count > 0, sealed.count == 2 + Self.paddedLength(count), sealed[(2 + count)...].allSatisfy({ $0 == 0 }),
      let text = String(validating: sealed[2..<(2 + count)], as: UTF8.self)
    else { throw .notForUs }
    return text
  }

  /// What a text of `count` bytes is filled up to, so that its length tells little.
  static func paddedLength(_ count: Int) -> Int {
    guard count > 32 else { return 32 }
    let power = 1 << (Int.bitWidth - (count - 1).leadingZeroBitCount)
    let chunk = power <= 256 ? 32 : power / 8
    return chunk * ((count - 1) / chunk + 1)
  }
}

/// The three keys of one message: HKDF-expand (RFC 5869) of the conversation's, by the nonce, to 76 bytes.
struct MessageKeys {
  let key: [UInt8]
  let nonce: [UInt8]
  let authentication: [UInt8]

  init(_ conversation: [UInt8], nonce seed: [UInt8]) {
    let hmac = HMACKey(conversation)
    var output: [UInt8] = []
    var block: [UInt8] = []
    for counter in UInt8(1)...3 {
      block = hmac.authenticate(block + seed + [counter]).array
      output += block
    }
    key = Array(output[0..<32])
    nonce = Array(output[32..<44])
    authentication = Array(output[44..<76])
  }

  func cipher(_ bytes: inout [UInt8]) {
    leasehold_chacha20(&bytes, bytes.count, nonce, key)
  }

  func authenticate(_ message: [UInt8]) -> [UInt8] { HMACKey(authentication).authenticate(message).array }
}

extension HMACKey {
  fileprivate func authenticate(_ message: [UInt8]) -> Bytes32 { message.withUnsafeBytes { authenticate($0) } }
}

/// Why something of Nostr cannot be read or written.
public enum NostrFault: Error, Hashable, Sendable {
  /// Empty, or longer than can be sent.
  case tooLong
  /// It says that it is of a version that is not spoken here.
  case unknownVersion
  /// It was not sealed under this key, or was changed on its way.
  case notForUs
  /// It is no event, or its id or signature is not of it.
  case badEvent(String)
  case badConnection(String)
}
