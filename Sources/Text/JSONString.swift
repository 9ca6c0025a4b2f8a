/// Strings as JSON has them (RFC 8259 §7): the one escaper. (Nostr has its own, for NIP-01 leaves control characters as they
/// are, and what is hashed has to be written so.)
public enum JSONString {
  /// What is escaped beyond what must be.
  public struct Rules: Sendable {
    /// Line ends and tabs as `\n`, `\r`, `\t`, for who reads along; else as `\u000a`.
    public var namesLines: Bool
    /// DEL, which terminals act on.
    public var escapesDelete: Bool
    /// `<`, `>`, `&` and two separators of lines, as Go's encoder does, whose output others hash and compare.
    public var escapesMarkup: Bool

    public init(namesLines: Bool = false, escapesDelete: Bool = true, escapesMarkup: Bool = false) {
      self.namesLines = namesLines
      self.escapesDelete = escapesDelete
      self.escapesMarkup = escapesMarkup
    }
  }

  /// With its quotes.
  public static func quoted(_ text: String, _ rules: Rules = Rules()) -> String {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.utf8.count + 2)
    append(text, to: &bytes, rules)
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Appends the string with its quotes.
  public static func append(_ text: String, to bytes: inout [UInt8], _ rules: Rules = Rules()) {
    var text = text
    bytes.append(UInt8(ascii: "\""))
    text.withUTF8 { utf8 in
      // Up to here it is written.
      var done = 0
      var next = 0
      while next < utf8.count {
        let byte = utf8[next]
        guard let length = escapedLength(utf8, next, rules) else {
          next += 1
          continue
        }
        bytes.append(contentsOf: UnsafeBufferPointer(rebasing: utf8[done..<next]))
        // The two separators differ in their last bits, U+2028 and U+2029.
        escape(length == 3 ? 0x2028 | UInt16(utf8[next + 2] & 1) : UInt16(byte), to: &bytes, rules)
        next += length
        done = next
      }
      bytes.append(contentsOf: UnsafeBufferPointer(rebasing: utf8[done...]))
    }
    bytes.append(UInt8(ascii: "\""))
  }

  /// How many bytes the character has that begins here, when it is to be escaped.
  private static func escapedLength(_ utf8: UnsafeBufferPointer<UInt8>, _ index: Int, _ rules: Rules) -> Int? {
    switch utf8[index] {
    case 0..<0x20, UInt8(ascii: "\""), UInt8(ascii: "\\"): 1
    case 0x7F: rules.escapesDelete ? 1 : nil
    case UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "&"): rules.escapesMarkup ? 1 : nil
    case 0xE2:
      rules.escapesMarkup && index + 2 < utf8.count && utf8[index + 1] == 0x80 && utf8[index + 2] & 0xFE == 0xA8
        ? 3 : nil
    default: nil
    }
  }

  private static func escape(_ unit: UInt16, to bytes: inout [UInt8], _ rules: Rules) {
    bytes.append(UInt8(ascii: "\\"))
    switch unit {
    case 0x22, 0x5C: bytes.append(UInt8(unit))
    case 0x0A where rules.namesLines: bytes.append(UInt8(ascii: "n"))
    case 0x0D where rules.namesLines: bytes.append(UInt8(ascii: "r"))
    case 0x09 where rules.namesLines: bytes.append(UInt8(ascii: "t"))
    default:
      let hex: StaticString = "0123456789abcdef"
      bytes.append(UInt8(ascii: "u"))
      for shift in [12, 8, 4, 0] as [UInt16] { bytes.append(hex.utf8Start[Int(unit >> shift & 15)]) }
    }
  }
}
