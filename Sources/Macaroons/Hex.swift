/// Hexadecimal text: two digits a byte, written in lower case, read in either.
public enum Hex {
  /// Two lower-case digits for each byte.
  public static func encode(_ bytes: some Collection<UInt8>) -> String {
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
    guard text.utf8.count.isMultiple(of: 2) else { return nil }
    let count = text.utf8.count / 2
    var complete = false
    let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
      complete = decode(
        text.utf8, into: UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[..<count]))
      initialized = complete ? count : 0
    }
    return complete ? bytes : nil
  }

  /// Fills `buffer` from exactly twice as many digits. False, with the buffer in an unspecified state, when there are
  /// more or fewer digits, or something that is none.
  static func decode(_ digits: some Sequence<UInt8>, into buffer: UnsafeMutableRawBufferPointer) -> Bool {
    var next = 0
    var high: UInt8?
    for digit in digits {
      guard next < buffer.count, let value = value(of: digit) else { return false }
      if let upper = high {
        buffer[next] = upper << 4 | value
        next += 1
        high = nil
      } else {
        high = value
      }
    }
    return next == buffer.count && high == nil
  }

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
