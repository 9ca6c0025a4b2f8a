import Macaroons

/// What an invoice asks the preimage of: SHA-256 of 32 bytes (BOLT 11). Not a secret.
public struct PaymentHash: Hashable, Sendable, CustomStringConvertible {
  public let bytes: Bytes32

  public init(_ bytes: Bytes32) {
    self.bytes = bytes
  }

  /// Exactly 32 bytes; nil for any other number.
  public init?(_ bytes: some Collection<UInt8>) {
    guard let bytes = Bytes32(bytes) else { return nil }
    self.bytes = bytes
  }

  /// Exactly 64 hexadecimal digits in either case; nil for anything else.
  public init?(hex: some StringProtocol) {
    guard let bytes = Bytes32(hex: hex) else { return nil }
    self.bytes = bytes
  }

  /// 64 lower-case digits.
  public var hex: String { bytes.hex }

  public var description: String { hex }
}
