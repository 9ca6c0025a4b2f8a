/// One member of a folder.
public struct RemoteEntry: Hashable, Sendable, Codable {
  public var name: String
  public var isFolder: Bool
  /// Of a file.
  public var byteCount: Int64?
  /// As the server wrote it (RFC 9110 §5.6.7).
  public var modified: String?
  public var etag: String?

  private enum CodingKeys: String, CodingKey {
    case name, modified, etag
    case isFolder = "folder"
    case byteCount = "bytes"
  }
}

/// Reads `207 Multi-Status` (RFC 4918 §14.16) as far as a listing needs it: elements by their local names, text, and the
/// five entities of XML. Whatever else stands there is passed over; nothing is ever fetched or expanded.
struct MultistatusReader {
  struct Response: Hashable {
    /// Percent-encoded, as it came.
    var href = ""
    var isFolder = false
    var byteCount: Int64?
    var modified: String?
    var etag: String?
    /// Bytes that still fit.
    var room: Int64?
  }

  private var responses: [Response] = []
  private var open: [String] = []
  private var text = ""

  /// `nil` for what is not a multistatus.
  static func read(_ bytes: [UInt8]) -> [Response]? {
    var reader = MultistatusReader()
    var rest = bytes[...]
    var seen = false
    while let start = rest.firstIndex(of: UInt8(ascii: "<")) {
      reader.text += unescaped(rest[..<start])
      rest = rest[(start + 1)...]
      if rest.starts(with: "!--".utf8) {
        guard let end = find("-->", in: rest) else { return nil }
        rest = rest[end...]
        continue
      }
      if rest.starts(with: "![CDATA[".utf8) {
        guard let end = find("]]>", in: rest) else { return nil }
        reader.text += String(decoding: rest[rest.startIndex + 8..<end - 3], as: UTF8.self)
        rest = rest[end...]
        continue
      }
      guard let end = tagEnd(rest) else { return nil }
      let tag = rest[..<end]
      rest = rest[(end + 1)...]
      guard let first = tag.first, first != UInt8(ascii: "?"), first != UInt8(ascii: "!") else { continue }
      let closes = first == UInt8(ascii: "/")
      let name = localName(closes ? tag.dropFirst() : tag)
      if closes { reader.close(name) } else { reader.begin(name) }
      if tag.last == UInt8(ascii: "/"), !closes { reader.close(name) }
      if name == "multistatus" { seen = true }
    }
    return seen ? reader.responses : nil
  }

  private mutating func begin(_ name: String) {
    open.append(name)
    text = ""
    if name == "response" { responses.append(Response()) }
    if name == "collection", open.dropLast().last == "resourcetype", let last = responses.indices.last {
      responses[last].isFolder = true
    }
  }

  private mutating func close(_ name: String) {
    while let last = open.popLast(), last != name {}
    let words = String(text.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
    text = ""
    guard let last = responses.indices.last else { return }
    switch name {
    case "href" where responses[last].href.isEmpty: responses[last].href = words
    case "getcontentlength": responses[last].byteCount = Int64(words)
    case "getlastmodified": responses[last].modified = words.isEmpty ? nil : words
    case "quota-available-bytes": responses[last].room = Int64(words)
    case "getetag": responses[last].etag = words.isEmpty ? nil : words
    default: break  // other properties are not asked for
    }
  }

  /// A `>` within quotes is not the end.
  private static func tagEnd(_ bytes: ArraySlice<UInt8>) -> Int? {
    var quote: UInt8?
    return bytes.indices.first { index in
      let byte = bytes[index]
      if let open = quote {
        if byte == open { quote = nil }
        return false
      }
      if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") { quote = byte }
      return byte == UInt8(ascii: ">")
    }
  }

  private static func localName(_ tag: ArraySlice<UInt8>) -> String {
    let name = tag.prefix { $0 > 0x20 && $0 != UInt8(ascii: "/") }
    let local = name.lastIndex(of: UInt8(ascii: ":")).map { name[($0 + 1)...] } ?? name
    return String(decoding: local, as: UTF8.self).lowercased()
  }

  /// The offset behind what is looked for.
  private static func find(_ text: String, in bytes: ArraySlice<UInt8>) -> Int? {
    let wanted = Array(text.utf8)
    guard bytes.count >= wanted.count else { return nil }
    return (bytes.startIndex...(bytes.endIndex - wanted.count)).first { bytes[$0...].starts(with: wanted) }
      .map { $0 + wanted.count }
  }

  private static let entities = ["amp": "&", "lt": "<", "gt": ">", "quot": "\"", "apos": "'"]

  private static func unescaped(_ bytes: ArraySlice<UInt8>) -> String {
    var result: [UInt8] = []
    var rest = bytes
    while let start = rest.firstIndex(of: UInt8(ascii: "&")) {
      result += rest[..<start]
      rest = rest[start...]
      guard let end = rest.firstIndex(of: UInt8(ascii: ";")) else { break }
      let name = String(decoding: rest[(start + 1)..<end], as: UTF8.self)
      let number =
        name.hasPrefix("#x")
        ? UInt32(name.dropFirst(2), radix: 16) : name.hasPrefix("#") ? UInt32(name.dropFirst()) : nil
      let meant = entities[name] ?? number.flatMap(Unicode.Scalar.init).map { String(Character($0)) } ?? "&\(name);"
      result += meant.utf8
      rest = rest[(end + 1)...]
    }
    return String(decoding: result + rest, as: UTF8.self)
  }
}
