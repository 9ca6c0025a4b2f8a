/// An IPv4 address.
public struct IPv4Address: Hashable, Sendable, Comparable, CustomStringConvertible {
  public let bits: UInt32

  public init(bits: UInt32) { self.bits = bits }

  /// Four decimals without leading zeros; nil for anything else.
  public init?(_ text: some StringProtocol) {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 4 else { return nil }
    var bits: UInt32 = 0
    for part in parts {
      guard let value = UInt8(part), "\(value)" == part else { return nil }
      bits = bits << 8 | UInt32(value)
    }
    self.bits = bits
  }

  public static func < (one: IPv4Address, other: IPv4Address) -> Bool { one.bits < other.bits }

  public var description: String {
    (0..<4).map { "\(bits >> UInt32(24 - 8 * $0) & 0xff)" }.joined(separator: ".")
  }
}

/// A block of addresses (RFC 4632): those that begin as ``first`` does.
public struct IPv4Range: Hashable, Sendable, CustomStringConvertible {
  public let first: IPv4Address
  /// Bits that all have in common: 0 to 32.
  public let prefix: Int

  /// `10.213.0.0/16`, or an address alone. Nil where bits behind the prefix are set: it was meant otherwise.
  public init?(_ text: some StringProtocol) {
    let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
    guard let address = parts.first.flatMap({ IPv4Address($0) }) else { return nil }
    var prefix = 32
    if parts.count == 2 {
      guard let length = Int(parts[1]), (0...32).contains(length), "\(length)" == parts[1] else { return nil }
      prefix = length
    }
    guard address.bits & ~Self.mask(prefix) == 0 else { return nil }
    first = address
    self.prefix = prefix
  }

  private static func mask(_ prefix: Int) -> UInt32 { prefix == 0 ? 0 : ~0 << UInt32(32 - prefix) }

  /// How many addresses are in it.
  public var count: Int { 1 << (32 - prefix) }

  public func contains(_ address: IPv4Address) -> Bool { address.bits & Self.mask(prefix) == first.bits }

  /// Whether an address lies in both.
  public func overlaps(_ other: IPv4Range) -> Bool { contains(other.first) || other.contains(first) }

  /// An address alone where the block is one.
  public var description: String { prefix == 32 ? "\(first)" : "\(first)/\(prefix)" }
}
