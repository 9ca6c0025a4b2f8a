/// What a macaroon's chain starts from: `HMAC-SHA256("macaroons-key-generator", root key)`, as in libmacaroons.
public struct MacaroonKey: Sendable, CustomStringConvertible, CustomReflectable {
  // libmacaroons pads the name with zeros to the length of a digest, which HMAC does to any short key.
  private static let generator = HMACKey(Array("macaroons-key-generator".utf8))

  let derived: HMACKey

  /// Derives from a root key of any length.
  public init(rootKey: [UInt8]) {
    self.init(derived: MacaroonKey.derive(rootKey))
  }

  /// A key that was derived already, as the verification id of a third-party caveat carries it.
  init(derived: Bytes32) {
    self.derived = HMACKey(derived)
  }

  static func derive(_ rootKey: [UInt8]) -> Bytes32 {
    rootKey.withUnsafeBytes { generator.authenticate($0) }
  }

  /// Derives from a root key of 32 bytes.
  public init(rootKey: Bytes32) {
    derived = HMACKey(MacaroonKey.generator.authenticate(rootKey))
  }

  /// Never the key.
  public var description: String { "MacaroonKey" }

  /// Empty: reflection does not show the key.
  public var customMirror: Mirror { Mirror(self, children: []) }
}
