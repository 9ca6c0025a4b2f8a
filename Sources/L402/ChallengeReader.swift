/// Reads the challenges of one `WWW-Authenticate` line (RFC 9110 §11.6.1): schemes, each with parameters.
struct ChallengeReader {
  private var rest: ArraySlice<UInt8>

  init(_ line: String) {
    rest = Array(line.utf8)[...]
  }

  /// The parameters of each challenge whose scheme, in lower case, is among `schemes`; names in lower case.
  mutating func challenges(of schemes: [String]) -> [[String: String]] {
    var found: [(scheme: String, parameters: [String: String])] = []
    while true {
      skip { $0 == UInt8(ascii: ",") || ChallengeReader.isBlank($0) }
      let name = take(while: ChallengeReader.isTokenByte).lowercased()
      guard !name.isEmpty else { break }
      let separator = rest
      skip(while: ChallengeReader.isBlank)
      if rest.first == UInt8(ascii: "="), !found.isEmpty {
        rest.removeFirst()
        skip(while: ChallengeReader.isBlank)
        guard let value = value() else { break }
        found[found.count - 1].parameters[name] = value
      } else {
        guard separator.isEmpty || separator.startIndex < rest.startIndex || rest.first == UInt8(ascii: ",") else {
          break
        }
        found.append((name, [:]))
      }
    }
    return found.filter { schemes.contains($0.scheme) }.map(\.parameters)
  }

  private mutating func value() -> String? {
    guard rest.first == UInt8(ascii: "\"") else {
      return take { ChallengeReader.isTokenByte($0) || $0 == UInt8(ascii: "=") }
    }
    rest.removeFirst()
    var text: [UInt8] = []
    while let byte = rest.popFirst() {
      switch byte {
      case UInt8(ascii: "\""): return String(decoding: text, as: UTF8.self)
      case UInt8(ascii: "\\"):
        guard let escaped = rest.popFirst() else { return nil }
        text.append(escaped)
      default: text.append(byte)
      }
    }
    return nil
  }

  private mutating func skip(while predicate: (UInt8) -> Bool) {
    rest = rest.drop(while: predicate)
  }

  private mutating func take(while predicate: (UInt8) -> Bool) -> String {
    let taken = rest.prefix(while: predicate)
    rest = rest[taken.endIndex...]
    return String(decoding: taken, as: UTF8.self)
  }

  private static func isBlank(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }

  /// Tokens, and the `+` and `/` of unquoted base64 that some servers send.
  private static func isTokenByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: ","), UInt8(ascii: "="), UInt8(ascii: "\""): false
    case 0x21...0x7e: true
    default: false
    }
  }
}
