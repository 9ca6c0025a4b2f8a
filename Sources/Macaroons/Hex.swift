/// Hexadecimal text: two digits a byte, written in lower case, read in either.
public enum Hex {
  /// Two lower-case digits for each byte.
  public static func encode(_ bytes: some Collection<UInt8>) -> String {
    Array(bytes).withUnsafeBytes { encode($0) }
  }

  static func encode(_ bytes: UnsafeRawBufferPointer) -> String {
    let digits: StaticString = "0123456789abcdef"
    let count = bytes.count * 2
    return String(unsafeUninitializedCapacity: count) { buffer in
      var next = 0
      for byte in bytes {
        buffer[next] = digits.utf8Start[Int(byte >> 4)]
        buffer[next + 1] = digits.utf8Start[Int(byte & 0x0f)]
        next += 2
      }
      return count
    }
  }

  /// The bytes of an even number of digits and nothing else; nil otherwise.
  public static func decode(_ text: some StringProtocol) -> [UInt8]? {
    var text = String(text)
    return text.withUTF8 { digits in
      var complete = false
      let count = digits.count / 2
      let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
        complete = decode(digits, into: UnsafeMutableRawBufferPointer(start: buffer.baseAddress, count: count))
        initialized = complete ? count : 0
      }
      return complete ? bytes : nil
    }
  }

  /// Fills `buffer` from exactly twice as many digits. False, with the buffer in an unspecified state, when there are
  /// more or fewer digits, or something that is none.
  static func decode(_ digits: UnsafeBufferPointer<UInt8>, into buffer: UnsafeMutableRawBufferPointer) -> Bool {
    guard digits.count == buffer.count * 2 else { return false }
    return values.withUnsafeBufferPointer { values in
      var seen: UInt8 = 0
      var index = 0
      while index < buffer.count {
        let high = values[Int(digits[index * 2])]
        let low = values[Int(digits[index * 2 + 1])]
        seen |= high | low
        buffer[index] = high << 4 | low & 0x0f
        index += 1
      }
      return seen & 0xf0 == 0
    }
  }

  // What is no digit has its high bits set, so that or-ing all of a text shows it.
  private static let values: [UInt8] = (0...255).map { value(of: $0) ?? 0xff }

  /// The value of an ASCII digit.
  public static func value(of digit: UInt8) -> UInt8? {
    switch digit {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
    default: nil
    }
  }
}
