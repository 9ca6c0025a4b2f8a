import COpenSSL

/// An HMAC-SHA256 key (RFC 2104) with its two padding blocks hashed beforehand: what is left to do for a message is
/// the message.
public struct HMACKey: Sendable, CustomStringConvertible, CustomReflectable {
  private let key: leasehold_hmac_key

  /// Prepares a key of any length.
  public init(_ bytes: UnsafeRawBufferPointer) {
    var key = leasehold_hmac_key()
    leasehold_hmac_key_init(&key, bytes.baseAddress, bytes.count)
    self.key = key
  }

  /// Prepares a key of any length.
  public init(_ bytes: [UInt8]) {
    self = bytes.withUnsafeBytes { HMACKey($0) }
  }

  /// Prepares a key of 32 bytes.
  public init(_ bytes: Bytes32) {
    self = bytes.withUnsafeBytes { HMACKey($0) }
  }

  /// HMAC-SHA256 of `message`.
  public func authenticate(_ message: UnsafeRawBufferPointer) -> Bytes32 {
    withUnsafePointer(to: key) { key in
      Bytes32 { leasehold_hmac(key, message.baseAddress, message.count, $0.baseAddress) }
    }
  }

  /// HMAC-SHA256 of `message`.
  public func authenticate(_ message: Bytes32) -> Bytes32 {
    message.withUnsafeBytes { authenticate($0) }
  }

  /// Never the key.
  public var description: String { "HMACKey" }

  /// Empty: reflection does not show the key.
  public var customMirror: Mirror { Mirror(self, children: []) }
}
