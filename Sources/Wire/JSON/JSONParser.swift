/// Reads one JSON text, strictly by RFC 8259: UTF-8 without a byte order mark, nothing behind it, no name twice in an
/// object, at most 64 levels deep.
struct JSONParser {
  private static let deepest = 64

  private let bytes: [UInt8]
  private var offset = 0
  private var depth = 0

  private init(_ bytes: [UInt8]) {
    self.bytes = bytes
  }

  static func parse(_ bytes: [UInt8]) throws(JSONFault) -> JSONNode {
    var parser = JSONParser(bytes)
    parser.skipSpace()
    let node = try parser.value()
    parser.skipSpace()
    guard parser.offset == bytes.count else { throw parser.malformed }
    return node
  }

  private var malformed: JSONFault { .malformed(offset: offset) }
  private var next: UInt8? { offset < bytes.count ? bytes[offset] : nil }

  private mutating func skipSpace() {
    while let byte = next, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { offset += 1 }
  }

  private mutating func take(_ byte: UInt8) throws(JSONFault) {
    guard next == byte else { throw malformed }
    offset += 1
  }

  private mutating func value() throws(JSONFault) -> JSONNode {
    switch next {
    case UInt8(ascii: "{"): return try nested { parser throws(JSONFault) in try parser.object() }
    case UInt8(ascii: "["): return try nested { parser throws(JSONFault) in try parser.array() }
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"): return try word("true", .bool(true))
    case UInt8(ascii: "f"): return try word("false", .bool(false))
    case UInt8(ascii: "n"): return try word("null", .null)
    default: return .number(try number())
    }
  }

  private mutating func nested(
    _ body: (inout JSONParser) throws(JSONFault) -> JSONNode
  ) throws(JSONFault) -> JSONNode {
    depth += 1
    guard depth <= Self.deepest else { throw malformed }
    offset += 1
    skipSpace()
    let node = try body(&self)
    depth -= 1
    return node
  }

  private mutating func object() throws(JSONFault) -> JSONNode {
    var members: [JSONNode.Member] = []
    var names: Set<String> = []
    if next == UInt8(ascii: "}") {
      offset += 1
      return .object([])
    }
    while true {
      let name = try string()
      guard names.insert(name).inserted else { throw .field(name, "appears twice") }
      skipSpace()
      try take(UInt8(ascii: ":"))
      skipSpace()
      members.append(.init(name: name, value: try value()))
      skipSpace()
      if next == UInt8(ascii: "}") {
        offset += 1
        return .object(members)
      }
      try take(UInt8(ascii: ","))
      skipSpace()
    }
  }

  private mutating func array() throws(JSONFault) -> JSONNode {
    var elements: [JSONNode] = []
    if next == UInt8(ascii: "]") {
      offset += 1
      return .array([])
    }
    while true {
      elements.append(try value())
      skipSpace()
      if next == UInt8(ascii: "]") {
        offset += 1
        return .array(elements)
      }
      try take(UInt8(ascii: ","))
      skipSpace()
    }
  }

  private mutating func word(_ text: StaticString, _ node: JSONNode) throws(JSONFault) -> JSONNode {
    for index in 0..<text.utf8CodeUnitCount { try take(text.utf8Start[index]) }
    return node
  }

  private mutating func digits() throws(JSONFault) {
    let start = offset
    while let byte = next, byte >= 0x30, byte <= 0x39 { offset += 1 }
    guard offset > start else { throw malformed }
  }

  private mutating func number() throws(JSONFault) -> String {
    let start = offset
    if next == UInt8(ascii: "-") { offset += 1 }
    let first = offset
    try digits()
    guard bytes[first] != UInt8(ascii: "0") || offset == first + 1 else { throw malformed }
    if next == UInt8(ascii: ".") {
      offset += 1
      try digits()
    }
    if next == UInt8(ascii: "e") || next == UInt8(ascii: "E") {
      offset += 1
      if next == UInt8(ascii: "+") || next == UInt8(ascii: "-") { offset += 1 }
      try digits()
    }
    return String(decoding: bytes[start..<offset], as: UTF8.self)
  }

  private mutating func string() throws(JSONFault) -> String {
    try take(UInt8(ascii: "\""))
    let start = offset
    // Most strings have no escape: they are one slice.
    while let byte = next, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\"), byte >= 0x20 { offset += 1 }
    if next == UInt8(ascii: "\"") {
      let text = String(validating: bytes[start..<offset], as: UTF8.self)
      guard let text else { throw malformed }
      offset += 1
      return text
    }
    var unescaped = Array(bytes[start..<offset])
    while let byte = next {
      switch byte {
      case UInt8(ascii: "\""):
        guard let text = String(validating: unescaped, as: UTF8.self) else { throw malformed }
        offset += 1
        return text
      case UInt8(ascii: "\\"):
        offset += 1
        unescaped.append(contentsOf: try escape())
      case 0..<0x20:
        throw malformed
      default:
        unescaped.append(byte)
        offset += 1
      }
    }
    throw malformed
  }

  private mutating func escape() throws(JSONFault) -> [UInt8] {
    guard let byte = next else { throw malformed }
    offset += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [byte]
    case UInt8(ascii: "b"): return [0x08]
    case UInt8(ascii: "f"): return [0x0C]
    case UInt8(ascii: "n"): return [0x0A]
    case UInt8(ascii: "r"): return [0x0D]
    case UInt8(ascii: "t"): return [0x09]
    case UInt8(ascii: "u"):
      var unit = UInt32(try hexUnit())
      if unit >= 0xD800, unit < 0xDC00 {
        try take(UInt8(ascii: "\\"))
        try take(UInt8(ascii: "u"))
        let low = UInt32(try hexUnit())
        guard low >= 0xDC00, low < 0xE000 else { throw malformed }
        unit = 0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00)
      }
      guard let scalar = Unicode.Scalar(unit) else { throw malformed }
      return Array(String(Character(scalar)).utf8)
    default:
      throw malformed
    }
  }

  private mutating func hexUnit() throws(JSONFault) -> UInt16 {
    var unit: UInt16 = 0
    for _ in 0..<4 {
      guard let byte = next, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else { throw malformed }
      unit = unit << 4 | UInt16(digit)
      offset += 1
    }
    return unit
  }
}
