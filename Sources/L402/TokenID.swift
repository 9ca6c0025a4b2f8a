import Macaroons

/// The name of one minted macaroon: two bytes of epoch, big-endian, which say under which master key it was minted,
/// and thirty random ones. Opaque to clients. Revocation is by this name.
public struct TokenID: Hashable, Sendable, CustomStringConvertible {
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

  /// A new one in an epoch, from the cryptographic generator.
  public init(epoch: UInt16) {
    let random = Bytes32.random()
    bytes = Bytes32 { buffer in
      random.withUnsafeBytes { buffer.copyMemory(from: $0) }
      buffer.storeBytes(of: epoch.bigEndian, as: UInt16.self)
    }
  }

  /// Under which master key it was minted.
  public var epoch: UInt16 {
    bytes.withUnsafeBytes { UInt16(bigEndian: $0.loadUnaligned(as: UInt16.self)) }
  }

  /// Eight of the thirty random bytes: every request is looked up by its token's name, and who is revoked is minted by
  /// us, so that nobody chooses names that meet in a set.
  public func hash(into hasher: inout Hasher) {
    hasher.combine(bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: 8, as: UInt64.self) })
  }

  /// 64 lower-case digits.
  public var hex: String { bytes.hex }

  public var description: String { hex }
}
