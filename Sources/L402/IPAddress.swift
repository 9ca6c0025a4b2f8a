import Macaroons

/// An IPv4 or IPv6 address. An IPv4 address in its IPv6 mapping (`::ffff:192.0.2.1`) is the IPv4 address: a
/// dual-stack socket shows the one for the other.
public struct IPAddress: Hashable, Sendable, CustomStringConvertible {
  let isV4: Bool
  /// The low 32 bits for IPv4.
  let bits: UInt128

  var bitCount: Int { isV4 ? 32 : 128 }

  private init(v4 bits: UInt32) {
    isV4 = true
    self.bits = UInt128(bits)
  }

  private init(v6 bits: UInt128) {
    isV4 = bits >> 32 == 0xffff
    self.bits = isV4 ? bits & 0xffff_ffff : bits
  }

  /// Reads dotted decimals without leading zeros, or RFC 4291 §2.2 text without a zone; nil for anything else.
  public init?(_ text: some StringProtocol) {
    let bytes = Array(text.utf8)
    if bytes.contains(UInt8(ascii: ":")) {
      guard let bits = IPAddress.v6(bytes[...]) else { return nil }
      self.init(v6: bits)
    } else {
      guard let bits = IPAddress.v4(bytes[...]) else { return nil }
      self.init(v4: bits)
    }
  }

  private static func v4(_ text: ArraySlice<UInt8>) -> UInt32? {
    let parts = text.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    guard parts.count == 4 else { return nil }
    var bits: UInt32 = 0
    for part in parts {
      guard let value = decimal(part), value <= 255 else { return nil }
      bits = bits << 8 | UInt32(value)
    }
    return bits
  }

  /// Up to three digits in their shortest spelling.
  static func decimal(_ digits: ArraySlice<UInt8>) -> Int? {
    guard (1...3).contains(digits.count), digits.first != UInt8(ascii: "0") || digits.count == 1 else { return nil }
    var value = 0
    for digit in digits {
      guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return nil }
      value = value * 10 + Int(digit - UInt8(ascii: "0"))
    }
    return value
  }

  private static func v6(_ text: ArraySlice<UInt8>) -> UInt128? {
    guard let gap = doubleColon(text) else {
      guard let groups = groups(text), groups.count == 8 else { return nil }
      return number(groups)
    }
    let before = text[..<gap]
    let after = text[(gap + 2)...]
    guard doubleColon(after) == nil, after.first != UInt8(ascii: ":"), !before.contains(UInt8(ascii: ".")),
      let head = before.isEmpty ? [] : groups(before), let tail = after.isEmpty ? [] : groups(after),
      head.count + tail.count < 8
    else { return nil }
    return number(head + Array(repeating: 0, count: 8 - head.count - tail.count) + tail)
  }

  private static func doubleColon(_ text: ArraySlice<UInt8>) -> Int? {
    text.indices.dropLast().first { text[$0] == UInt8(ascii: ":") && text[$0 + 1] == UInt8(ascii: ":") }
  }

  private static func groups(_ text: ArraySlice<UInt8>) -> [UInt16]? {
    var groups: [UInt16] = []
    let parts = text.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
    for (index, part) in parts.enumerated() {
      if index == parts.count - 1, part.contains(UInt8(ascii: ".")) {
        guard let bits = v4(part) else { return nil }
        groups += [UInt16(bits >> 16), UInt16(truncatingIfNeeded: bits)]
        continue
      }
      guard (1...4).contains(part.count) else { return nil }
      var group: UInt16 = 0
      for digit in part {
        guard let value = Hex.value(of: digit) else { return nil }
        group = group << 4 | UInt16(value)
      }
      groups.append(group)
    }
    return groups
  }

  private static func number(_ groups: [UInt16]) -> UInt128 {
    groups.reduce(0) { $0 << 16 | UInt128($1) }
  }

  /// Dotted decimals, or RFC 5952 text.
  public var description: String {
    guard !isV4 else {
      return (0..<4).map { "\(UInt8(truncatingIfNeeded: bits >> (24 - 8 * UInt128($0))))" }.joined(separator: ".")
    }
    let groups = (0..<8).map { UInt16(truncatingIfNeeded: bits >> (112 - 16 * UInt128($0))) }
    func text(_ part: ArraySlice<UInt16>) -> String {
      part.map { String($0, radix: 16) }.joined(separator: ":")
    }
    // The first of the longest runs of zeros, if it is longer than one.
    var gap = 0..<0
    var start = 0
    for index in 0...groups.count where index == groups.count || groups[index] != 0 {
      if index - start > max(gap.count, 1) { gap = start..<index }
      start = index + 1
    }
    return gap.isEmpty ? text(groups[...]) : text(groups[..<gap.lowerBound]) + "::" + text(groups[gap.upperBound...])
  }
}
