/// Base64 (RFC 4648): written in the standard alphabet with padding, read in either alphabet with or without.
public enum Base64 {
  /// Standard alphabet, padded.
  public static func encode(_ bytes: [UInt8]) -> String {
    encode(bytes, alphabet: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", padded: true)
  }

  /// URL alphabet, without padding.
  public static func encodeForURL(_ bytes: [UInt8]) -> String {
    encode(bytes, alphabet: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", padded: false)
  }

  private static func encode(_ bytes: [UInt8], alphabet: StaticString, padded: Bool) -> String {
    let count = padded ? (bytes.count + 2) / 3 * 4 : (bytes.count * 4 + 2) / 3
    return String(unsafeUninitializedCapacity: count) { text in
      var next = 0
      var index = 0
      while index < bytes.count {
        let left = min(3, bytes.count - index)
        var group = UInt32(bytes[index]) << 16
        if left > 1 { group |= UInt32(bytes[index + 1]) << 8 }
        if left > 2 { group |= UInt32(bytes[index + 2]) }
        for digit in 0..<4 where padded || digit <= left {
          text[next] =
            digit <= left
            ? alphabet.utf8Start[Int(group >> (18 - 6 * UInt32(digit))) & 0x3f] : UInt8(ascii: "=")
          next += 1
        }
        index += left
      }
      return count
    }
  }

  /// The bytes of strictly written text, or nil: one alphabet, padding complete or absent, unused bits zero.
  public static func decode(_ text: String) -> [UInt8]? {
    var text = text
    return text.withUTF8 { decode($0) }
  }

  // For each place in a group of four digits, a digit's value where it belongs in the group's 24 bits. Bit 30 marks the
  // URL alphabet's own two, bit 31 the standard one's. Both together are no digit, so that or-ing all of a text shows a
  // mixture and a stranger alike.
  private static let values: [UInt32] = {
    var digits = [UInt32](repeating: marks, count: 256)
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
    for (value, digit) in alphabet.utf8.enumerated() { digits[Int(digit)] = UInt32(value) }
    digits[Int(UInt8(ascii: "+"))] = 1 << 31 | 62
    digits[Int(UInt8(ascii: "/"))] = 1 << 31 | 63
    digits[Int(UInt8(ascii: "-"))] = 1 << 30 | 62
    digits[Int(UInt8(ascii: "_"))] = 1 << 30 | 63
    return [18, 12, 6, 0].flatMap { place in digits.map { $0 & marks | ($0 & 0x3f) << UInt32(place) } }
  }()

  private static let marks: UInt32 = 0b11 << 30

  /// The bytes of strictly written text, or nil, as above.
  public static func decode(_ text: UnsafeBufferPointer<UInt8>) -> [UInt8]? {
    var digitCount = text.count
    while digitCount > 0, text[digitCount - 1] == UInt8(ascii: "=") { digitCount -= 1 }
    let padding = text.count - digitCount
    guard padding == 0 || (text.count.isMultiple(of: 4) && padding <= 2) else { return nil }
    guard digitCount % 4 != 1 else { return nil }
    let byteCount = digitCount / 4 * 3 + max(0, digitCount % 4 - 1)
    var sound = false
    let bytes = [UInt8](unsafeUninitializedCapacity: byteCount) { bytes, initialized in
      sound = values.withUnsafeBufferPointer { values in
        decode(UnsafeBufferPointer(rebasing: text[..<digitCount]), values, into: UnsafeMutableRawBufferPointer(bytes))
      }
      initialized = byteCount
    }
    return sound ? bytes : nil
  }

  /// Fills all of `bytes`. False when something is no digit, or digits come from both alphabets, or bits are left over
  /// that are not zero.
  private static func decode(
    _ text: UnsafeBufferPointer<UInt8>, _ values: UnsafeBufferPointer<UInt32>,
    into bytes: UnsafeMutableRawBufferPointer
  ) -> Bool {
    let whole = text.count & ~3
    var seen: UInt32 = 0
    var index = 0
    var next = 0
    while index < whole {
      let group =
        values[Int(text[index])] | values[256 + Int(text[index + 1])] | values[512 + Int(text[index + 2])]
        | values[768 + Int(text[index + 3])]
      seen |= group
      bytes[next] = UInt8(truncatingIfNeeded: group >> 16)
      bytes[next + 1] = UInt8(truncatingIfNeeded: group >> 8)
      bytes[next + 2] = UInt8(truncatingIfNeeded: group)
      index += 4
      next += 3
    }
    guard index < text.count else { return seen & marks != marks }
    var group = values[Int(text[index])] | values[256 + Int(text[index + 1])]
    bytes[next] = UInt8(truncatingIfNeeded: group >> 16)
    var unused: UInt32 = 0xffff
    if index + 2 < text.count {
      group |= values[512 + Int(text[index + 2])]
      bytes[next + 1] = UInt8(truncatingIfNeeded: group >> 8)
      unused = 0xff
    }
    return (seen | group) & marks != marks && group & unused == 0
  }
}
