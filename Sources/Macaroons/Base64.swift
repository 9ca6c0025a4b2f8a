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

  // A digit's value in the low six bits; bit 6 marks the URL alphabet's own two, bit 7 the standard one's. Both bits
  // together are no digit, so that or-ing all of a text shows a mixture and a stranger alike.
  private static let values: [UInt8] = {
    var values = [UInt8](repeating: 0xc0, count: 256)
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
    for (value, digit) in alphabet.utf8.enumerated() { values[Int(digit)] = UInt8(value) }
    values[Int(UInt8(ascii: "+"))] = 0x80 | 62
    values[Int(UInt8(ascii: "/"))] = 0x80 | 63
    values[Int(UInt8(ascii: "-"))] = 0x40 | 62
    values[Int(UInt8(ascii: "_"))] = 0x40 | 63
    return values
  }()

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
      values.withUnsafeBufferPointer { values in
        var seen: UInt8 = 0
        var group: UInt32 = 0
        func take(_ index: Int) {
          let value = values[Int(text[index])]
          seen |= value
          group = group << 6 | UInt32(value & 0x3f)
        }
        var index = 0
        var next = 0
        while index + 4 <= digitCount {
          take(index)
          take(index + 1)
          take(index + 2)
          take(index + 3)
          bytes[next] = UInt8(truncatingIfNeeded: group >> 16)
          bytes[next + 1] = UInt8(truncatingIfNeeded: group >> 8)
          bytes[next + 2] = UInt8(truncatingIfNeeded: group)
          index += 4
          next += 3
        }
        while index < digitCount {
          take(index)
          index += 1
        }
        sound = seen & 0xc0 != 0xc0
        switch digitCount & 3 {
        case 2:
          bytes[next] = UInt8(truncatingIfNeeded: group >> 4)
          sound = sound && group & 0x0f == 0
        case 3:
          bytes[next] = UInt8(truncatingIfNeeded: group >> 10)
          bytes[next + 1] = UInt8(truncatingIfNeeded: group >> 2)
          sound = sound && group & 0x03 == 0
        default:
          break
        }
      }
      initialized = byteCount
    }
    return sound ? bytes : nil
  }
}
