/// A Lightning node's public key: 33 bytes, compressed.
public struct NodeID: Hashable, Sendable, CustomStringConvertible {
  public let bytes: [UInt8]

  /// `nil` unless there are 33 bytes and the first is 2 or 3. Whether they name a point of the curve is found out
  /// when a signature is checked against them.
  public init?(bytes: [UInt8]) {
    guard bytes.count == 33, bytes[0] == 2 || bytes[0] == 3 else { return nil }
    self.bytes = bytes
  }

  init(unchecked bytes: [UInt8]) {
    self.bytes = bytes
  }

  /// Lower-case hex.
  public var description: String { Hex.text(of: bytes) }
}
