/// Reads the little of JSON (RFC 8259) that a macaroon needs: objects, lists, strings, and one number.
struct JSONText {
  private let bytes: [UInt8]
  private var position = 0
  /// Whether the object or list just entered has had nothing yet, so that no comma stands before what follows.
  private var isFirst = false

  init(_ bytes: [UInt8]) {
    self.bytes = bytes
  }

  private mutating func skipBlanks() {
    while position < bytes.count, [0x20, 0x09, 0x0a, 0x0d].contains(bytes[position]) { position += 1 }
  }

  private mutating func take(_ character: Unicode.Scalar) -> Bool {
    skipBlanks()
    guard position < bytes.count, bytes[position] == UInt8(ascii: character) else { return false }
    position += 1
    return true
  }

  /// Enters an object or a list.
  mutating func open(_ bracket: Unicode.Scalar) throws(MacaroonFault) {
    guard take(bracket) else { throw .json }
    isFirst = true
  }

  /// The name of an object's next member, its value being next; nil, having left the object, when there is none.
  mutating func nextName() throws(MacaroonFault) -> String? {
    guard try !leaves("}") else { return nil }
    skipBlanks()
    let name = try string()
    guard take(":") else { throw .json }
    return String(decoding: name, as: UTF8.self)
  }

  /// Whether a list goes on; false, having left the list, when not.
  mutating func nextElement() throws(MacaroonFault) -> Bool {
    try !leaves("]")
  }

  private mutating func leaves(_ bracket: Unicode.Scalar) throws(MacaroonFault) -> Bool {
    let isFirst = isFirst
    self.isFirst = false
    if take(bracket) { return true }
    guard isFirst || take(",") else { throw .json }
    return false
  }

  /// The digits of a number that has nothing else.
  mutating func digits() throws(MacaroonFault) -> ArraySlice<UInt8> {
    skipBlanks()
    let digits = bytes[position...].prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    guard !digits.isEmpty else { throw .json }
    position = digits.endIndex
    return digits
  }

  /// A string's UTF-8, escapes resolved.
  mutating func string() throws(MacaroonFault) -> [UInt8] {
    guard take("\"") else { throw .json }
    var text: [UInt8] = []
    while true {
      let byte = try next()
      switch byte {
      case UInt8(ascii: "\""):
        guard String(validating: text, as: UTF8.self) != nil else { throw .json }
        return text
      case UInt8(ascii: "\\"): try escape(into: &text)
      case ..<0x20: throw .json
      default: text.append(byte)
      }
    }
  }

  private mutating func next() throws(MacaroonFault) -> UInt8 {
    guard position < bytes.count else { throw .json }
    defer { position += 1 }
    return bytes[position]
  }

  private mutating func escape(into text: inout [UInt8]) throws(MacaroonFault) {
    let byte = try next()
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
    case UInt8(ascii: "b"): text.append(0x08)
    case UInt8(ascii: "f"): text.append(0x0c)
    case UInt8(ascii: "n"): text.append(0x0a)
    case UInt8(ascii: "r"): text.append(0x0d)
    case UInt8(ascii: "t"): text.append(0x09)
    case UInt8(ascii: "u"):
      var scalar = try unit()
      if (0xd800...0xdbff).contains(scalar) {
        guard try next() == UInt8(ascii: "\\"), try next() == UInt8(ascii: "u") else { throw .json }
        let low = try unit()
        guard (0xdc00...0xdfff).contains(low) else { throw .json }
        scalar = 0x10000 + (scalar - 0xd800) << 10 + (low - 0xdc00)
      }
      // A lone low surrogate is no scalar.
      guard let scalar = Unicode.Scalar(scalar) else { throw .json }
      text += String(scalar).utf8
    default: throw .json
    }
  }

  private mutating func unit() throws(MacaroonFault) -> UInt32 {
    var unit: UInt32 = 0
    for _ in 0..<4 {
      guard let digit = Hex.value(of: try next()) else { throw .json }
      unit = unit << 4 | UInt32(digit)
    }
    return unit
  }

  /// Nothing but blanks may follow.
  mutating func end() throws(MacaroonFault) {
    skipBlanks()
    guard position == bytes.count else { throw .trailing }
  }
}
