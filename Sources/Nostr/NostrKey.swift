import BOLT11
import CSecp256k1
import Macaroons

/// A public key of Nostr: the x coordinate of a point (BIP 340).
public struct NostrPublicKey: Hashable, Sendable, CustomStringConvertible {
  let bytes: [UInt8]

  /// `nil` unless it is 32 bytes that are the x coordinate of a point.
  public init?(bytes: [UInt8]) {
    guard bytes.count == 32, Curve.isPoint(x: bytes) else { return nil }
    self.bytes = bytes
  }

  init(unchecked bytes: [UInt8]) { self.bytes = bytes }

  /// Reads 64 hex digits, or `npub1…` (NIP-19).
  public init?(_ text: String) {
    if let bytes = Bytes32(hex: text) {
      self.init(bytes: bytes.array)
    } else {
      guard let decoded = try? Bech32.decode(text),  // what cannot be read is no key
        decoded.prefix == Array("npub".utf8), let bytes = FiveBits.bytes(of: decoded.groups[...])
      else { return nil }
      self.init(bytes: bytes)
    }
  }

  /// 64 hex digits.
  public var description: String { Hex.text(of: bytes) }

  /// As people exchange it (NIP-19): `npub1…`.
  public var npub: String {
    var groups: [UInt8] = []
    FiveBits.append(bytes, to: &groups)
    return Bech32.encode(prefix: Array("npub".utf8), groups: groups)
  }
}

/// A secret key of Nostr. Neither its description nor reflection shows it.
public struct NostrSecretKey: Sendable, CustomStringConvertible, CustomReflectable {
  let bytes: [UInt8]
  public let publicKey: NostrPublicKey

  /// `nil` unless it is 32 bytes and a scalar of the curve.
  public init?(bytes: [UInt8]) {
    guard let point = Curve.publicKey(of: bytes) else { return nil }
    self.bytes = bytes
    publicKey = NostrPublicKey(unchecked: point)
  }

  public init?(hex: some StringProtocol) {
    guard let bytes = Bytes32(hex: hex) else { return nil }
    self.init(bytes: bytes.array)
  }

  public static func random() -> NostrSecretKey {
    while true {
      if let key = NostrSecretKey(bytes: Bytes32.random().array) { return key }
    }
  }

  public var description: String { "NostrSecretKey(of: \(publicKey))" }
  public var customMirror: Mirror { Mirror(self, children: ["publicKey": publicKey]) }
}

enum Hex {
  static func text(of bytes: [UInt8]) -> String {
    let digits = Array("0123456789abcdef".utf8)
    return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
  }

  /// `nil` unless it is two digits a byte.
  static func bytes(_ text: String) -> [UInt8]? {
    let digits = text.utf8.map { digit -> UInt8? in
      switch digit {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
      case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
      case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
      default: nil
      }
    }
    guard digits.count.isMultiple(of: 2), !digits.contains(nil) else { return nil }
    let known = digits.compactMap { $0 }
    return stride(from: 0, to: known.count, by: 2).map { known[$0] << 4 | known[$0 + 1] }
  }
}
