import Macaroons

/// The proof of a payment: 32 bytes whose SHA-256 is the payment hash. A secret until it is spent, and half of a
/// credential ever after, so nothing prints it: ask for ``hex`` where it must be written.
public struct Preimage: Hashable, Sendable, CustomStringConvertible, CustomReflectable {
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

  /// A new one, from the cryptographic generator.
  public static func random() -> Preimage { Preimage(.random()) }

  /// What an invoice for it carries.
  public var paymentHash: PaymentHash { PaymentHash(bytes.sha256) }

  /// 64 lower-case digits.
  public var hex: String { bytes.hex }

  /// Never the preimage.
  public var description: String { "Preimage" }

  /// Empty: reflection does not show the preimage.
  public var customMirror: Mirror { Mirror(self, children: []) }
}
