import FoundationEssentials

/// Hexadecimal, written in lower case and read in either.
public enum Hex {
  public static func text(of bytes: some Collection<UInt8>) -> String {
    let digits = Array("0123456789abcdef".utf8)
    var text: [UInt8] = []
    text.reserveCapacity(bytes.count * 2)
    for byte in bytes { text += [digits[Int(byte >> 4)], digits[Int(byte & 15)]] }
    return String(decoding: text, as: UTF8.self)
  }

  /// `nil` when it is not pairs of digits and nothing else.
  public static func bytes(_ text: String) -> [UInt8]? {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.utf8.count / 2)
    var high: UInt8?
    for digit in text.utf8 {
      let value: UInt8
      switch digit {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): value = digit - UInt8(ascii: "0")
      case UInt8(ascii: "a")...UInt8(ascii: "f"): value = digit - UInt8(ascii: "a") + 10
      case UInt8(ascii: "A")...UInt8(ascii: "F"): value = digit - UInt8(ascii: "A") + 10
      default: return nil
      }
      if let upper = high {
        bytes.append(upper << 4 | value)
        high = nil
      } else {
        high = value
      }
    }
    return high == nil ? bytes : nil
  }
}

enum Base64 {
  static func text(of bytes: some Collection<UInt8>) -> String { Data(bytes).base64EncodedString() }

  /// The alphabet of file names and paths, with its padding.
  static func urlText(of bytes: some Collection<UInt8>) -> String {
    String(text(of: bytes).map { $0 == "+" ? "-" : $0 == "/" ? "_" : $0 })
  }

  static func bytes(_ text: String) -> [UInt8]? { Data(base64Encoded: text).map { Array($0) } }
}

/// Pairs as they stand in a query, or in a form.
struct FormFields: Sendable {
  var pairs: [(name: String, value: String)] = []

  init(_ pairs: KeyValuePairs<String, String?> = [:]) {
    for (name, value) in pairs { if let value { self.pairs.append((name, value)) } }
  }

  var isEmpty: Bool { pairs.isEmpty }

  var text: String {
    pairs.map { "\(Self.encoded($0.name))=\(Self.encoded($0.value))" }.joined(separator: "&")
  }

  /// All but unreserved characters encoded (RFC 3986): right in a path, a query and a form alike.
  static func encoded(_ text: String) -> String {
    let digits = Array("0123456789ABCDEF".utf8)
    var encoded: [UInt8] = []
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
        UInt8(ascii: "~"):
        encoded.append(byte)
      default: encoded += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
      }
    }
    return String(decoding: encoded, as: UTF8.self)
  }
}

/// A way of writing bytes as text.
protocol ByteWriting {
  static func text(of bytes: some Collection<UInt8>) -> String
  static func bytes(_ text: String) -> [UInt8]?
  /// What 32 bytes look like.
  static var shape: String { get }
}

extension Hex: ByteWriting {
  static var shape: String { "64 hexadecimal digits" }
}

extension Base64: ByteWriting {
  static var shape: String { "32 bytes in base64" }
}

/// 32 bytes in hexadecimal: a payment hash or a preimage.
typealias Hex32 = Written32<Hex>
/// 32 bytes in base64, as LND's REST writes them.
typealias Base64Hash = Written32<Base64>

struct Written32<Writing: ByteWriting>: Hashable, Sendable, Codable {
  var bytes: [UInt8]

  init(_ bytes: [UInt8]) {
    precondition(bytes.count == 32, "payment hashes and preimages are 32 bytes")
    self.bytes = bytes
  }

  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    guard let bytes = Writing.bytes(try container.decode(String.self)), bytes.count == 32 else {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "expected \(Writing.shape)")
    }
    self.bytes = bytes
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(Writing.text(of: bytes))
  }
}

/// A 64-bit number, which protobuf's JSON writes as a string.
struct Number64: Hashable, Sendable, Codable {
  var value: Int64

  init(_ value: Int64) {
    self.value = value
  }

  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if let text = try? container.decode(String.self) {  // Not a string: then it is a number or an error.
      guard let value = Int64(text) else {
        throw DecodingError.dataCorruptedError(in: container, debugDescription: "expected a number")
      }
      self.value = value
    } else {
      value = try container.decode(Int64.self)
    }
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(String(value))
  }
}

/// What a node says, read strictly: what is missing or of another kind is garbage. Names are written `like_this` on the
/// wire, `likeThis` here.
enum Answer {
  static func read<T: Decodable>(_ bytes: [UInt8], _ attempted: String, as type: T.Type = T.self) throws(RPCError) -> T
  {
    do {
      let decoder = JSONDecoder()
      decoder.keyDecodingStrategy = .convertFromSnakeCase
      return try decoder.decode(T.self, from: Data(bytes))
    } catch let error as DecodingError {
      throw RPCError(.garbage, attempted: attempted, words: words(error))
    } catch {
      throw RPCError(.garbage, attempted: attempted, words: "the answer is not JSON")
    }
  }

  static func write(_ value: some Encodable, _ attempted: String) throws(RPCError) -> [UInt8] {
    do {
      let encoder = JSONEncoder()
      encoder.keyEncodingStrategy = .convertToSnakeCase
      // Core Lightning keeps a label as it is written: `a\/b` and `a/b` are two there, and our labels have slashes.
      encoder.outputFormatting = .withoutEscapingSlashes
      return Array(try encoder.encode(value))
    } catch {
      throw RPCError(.notSent, attempted: attempted, words: "the request cannot be written")
    }
  }

  /// Where it went wrong, and never what stood there: that could be a preimage.
  private static func words(_ error: DecodingError) -> String {
    func place(_ context: DecodingError.Context) -> String {
      let path = context.codingPath.map { $0.intValue.map(String.init) ?? $0.stringValue }.joined(separator: ".")
      return path.isEmpty ? "the answer" : path
    }
    switch error {
    case .keyNotFound(let key, let context):
      return "\(key.stringValue) is missing in \(place(context))"
    case .typeMismatch(_, let context), .valueNotFound(_, let context):
      return "\(place(context)) is not what was expected"
    case .dataCorrupted(let context):
      return context.codingPath.isEmpty ? "the answer is not JSON" : "\(place(context)) makes no sense"
    @unknown default:
      return "the answer makes no sense"
    }
  }
}
