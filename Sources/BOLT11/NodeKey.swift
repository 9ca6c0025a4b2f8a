/// A node's secret key, with which it signs its invoices.
///
/// It never shows: not in a description, not in a reflection, not in an error. Whoever must store it asks
/// for it by name, with ``withSecretBytes(_:)``.
public struct NodeKey: Sendable {
  private let secret: [UInt8]

  /// The public key that goes with it.
  public let nodeID: NodeID

  /// - Parameter bytes: 32 bytes, not zero, below the order of the curve.
  /// - Throws: ``BOLT11Error/badKey``.
  public init(bytes: [UInt8]) throws(BOLT11Error) {
    guard Secp256k1.isValid(secretKey: bytes) else { throw .badKey }
    self.init(valid: bytes)
  }

  private init(valid bytes: [UInt8]) {
    secret = bytes
    nodeID = NodeID(unchecked: Secp256k1.publicKey(of: bytes))
  }

  /// A new key from the system's generator.
  public static func random() -> NodeKey {
    while true {
      let candidate = Entropy.bytes(32)
      // All but one in 2^127 candidates are keys.
      if Secp256k1.isValid(secretKey: candidate) { return NodeKey(valid: candidate) }
    }
  }

  /// Lends the 32 secret bytes, to be stored where nobody else can read them.
  public func withSecretBytes<Result, Failure: Error>(
    _ body: (borrowing [UInt8]) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try body(secret)
  }

  func sign(_ hash: [UInt8]) -> Secp256k1.Signature {
    Secp256k1.sign(hash, with: secret)
  }
}

extension NodeKey: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  /// Names the public key only.
  public var description: String { "NodeKey(of: \(nodeID))" }
  public var debugDescription: String { description }
  public var customMirror: Mirror { Mirror(self, children: ["nodeID": nodeID]) }
}
