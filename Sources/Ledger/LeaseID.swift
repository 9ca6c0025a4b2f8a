/// A lease's name: a UUIDv7 (RFC 9562), written as 26 lowercase Crockford base-32 characters.
///
/// The first 48 bits are the milliseconds at which it was made, so that ids made later sort later, in the database's
/// index as in a list.
public struct LeaseID: Hashable, Comparable, Sendable, CustomStringConvertible {
  public let high: UInt64
  public let low: UInt64

  public init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }

  /// A new id from the moment and 74 random bits.
  public init(unixMilliseconds: UInt64, random: (UInt64, UInt64)) {
    high = (unixMilliseconds << 16) | 0x7000 | (random.0 & 0x0FFF)
    low = 0x8000_0000_0000_0000 | (random.1 >> 2)
  }

  private static let alphabet = Array("0123456789abcdefghjkmnpqrstvwxyz".utf8)

  /// `nil` unless `text` is exactly 26 lowercase Crockford characters that hold 128 bits.
  public init?(_ text: some StringProtocol) {
    var value: UInt128 = 0
    var count = 0
    for byte in text.utf8 {
      guard let digit = Self.alphabet.firstIndex(of: byte) else { return nil }
      count += 1
      guard count <= 26, count > 1 || digit < 8 else { return nil }
      value = (value << 5) | UInt128(digit)
    }
    guard count == 26 else { return nil }
    high = UInt64(truncatingIfNeeded: value >> 64)
    low = UInt64(truncatingIfNeeded: value)
  }

  public var description: String {
    let value = (UInt128(high) << 64) | UInt128(low)
    return String(unsafeUninitializedCapacity: 26) { buffer in
      for position in 0..<26 {
        buffer[position] = Self.alphabet[Int(truncatingIfNeeded: (value >> UInt128(125 - 5 * position)) & 31)]
      }
      return 26
    }
  }

  public static func < (a: LeaseID, b: LeaseID) -> Bool {
    (a.high, a.low) < (b.high, b.low)
  }
}

extension LeaseID: Codable {
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    guard let id = LeaseID(try container.decode(String.self)) else {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a lease id")
    }
    self = id
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}
