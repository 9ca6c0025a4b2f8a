/// Between bytes and groups of five bits, most significant bit first.
package enum FiveBits {
  /// The groups that hold `bytes`, the last one filled up with zeros.
  package static func append(_ bytes: some Collection<UInt8>, to groups: inout [UInt8]) {
    var pending: UInt32 = 0
    var bits: UInt32 = 0
    for byte in bytes {
      pending = pending << 8 | UInt32(byte)
      bits += 8
      while bits >= 5 {
        bits -= 5
        groups.append(UInt8(truncatingIfNeeded: pending >> bits) & 31)
      }
    }
    if bits > 0 { groups.append(UInt8(truncatingIfNeeded: pending << (5 - bits)) & 31) }
  }

  /// How many groups hold that many bytes.
  static func groupCount(ofBytes count: Int) -> Int { (count * 8 + 4) / 5 }

  /// The whole bytes in `groups`; `nil` unless what is left over is fewer than five bits, all zero.
  package static func bytes(of groups: ArraySlice<UInt8>) -> [UInt8]? {
    var bytes = [UInt8]()
    bytes.reserveCapacity(groups.count * 5 / 8)
    let (rest, bits) = appendWholeBytes(of: groups, to: &bytes)
    return bits < 5 && rest == 0 ? bytes : nil
  }

  /// The bytes in `groups`, the last one filled up with zeros: what an invoice's signature covers.
  static func appendFillingUp(_ groups: ArraySlice<UInt8>, to bytes: inout [UInt8]) {
    let (rest, bits) = appendWholeBytes(of: groups, to: &bytes)
    if bits > 0 { bytes.append(UInt8(truncatingIfNeeded: rest << (8 - bits))) }
  }

  private static func appendWholeBytes(
    of groups: ArraySlice<UInt8>, to bytes: inout [UInt8]
  ) -> (rest: UInt32, bits: UInt32) {
    var pending: UInt32 = 0
    var bits: UInt32 = 0
    for group in groups {
      pending = pending << 5 | UInt32(group)
      bits += 5
      if bits >= 8 {
        bits -= 8
        bytes.append(UInt8(truncatingIfNeeded: pending >> bits))
      }
    }
    return (pending & ((1 << bits) - 1), bits)
  }

  /// A big-endian number; `nil` when it does not fit 63 bits.
  static func number(of groups: ArraySlice<UInt8>) -> Int64? {
    var number: Int64 = 0
    for group in groups {
      guard number < 1 << 58 else { return nil }
      number = number << 5 | Int64(group)
    }
    return number
  }

  /// The number in the fewest groups (none for zero), or in exactly `count` of them.
  static func groups(of number: Int64, count: Int? = nil) -> [UInt8] {
    let least = (Int64.bitWidth - number.leadingZeroBitCount + 4) / 5
    let count = count ?? least
    return (0..<count).map { UInt8(truncatingIfNeeded: number >> (5 * Int64(count - 1 - $0))) & 31 }
  }
}
