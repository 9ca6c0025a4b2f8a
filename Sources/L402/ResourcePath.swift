import Macaroons
import Text

/// A path inside a lease's volume: percent-decoded once, normalised, compared byte by byte and segment by segment.
///
/// One spelling for one file: empty and `.` segments are dropped, so `/a//b/./c/` is `/a/b/c`. What could mean
/// different things to different readers is refused instead of guessed at: `..` however it is spelled, an encoded
/// slash, NUL, a percent sign that begins no escape, bytes that are not UTF-8. `%252e` decodes to the three
/// characters `%2e` and stays that: nothing decodes twice.
public struct ResourcePath: Hashable, Sendable, CustomStringConvertible {
  /// Why text is no path.
  public enum Fault: Error, Hashable, Sendable {
    /// It does not begin with a slash.
    case relative
    /// `..`, plain or encoded.
    case parent
    /// `%2F` inside a segment.
    case encodedSlash
    /// A NUL, plain or encoded.
    case nul
    /// `%` without two hexadecimal digits.
    case escape
    /// Not UTF-8 once decoded.
    case encoding
  }

  // Each segment with a slash in front; empty for the root.
  private let bytes: [UInt8]

  /// Whether the text ended in a slash (or was the root): a client's way of saying "folder". Not compared.
  public let endsInSlash: Bool

  /// The volume itself.
  public static let root = ResourcePath(bytes: [], endsInSlash: true)

  private init(bytes: [UInt8], endsInSlash: Bool) {
    self.bytes = bytes
    self.endsInSlash = endsInSlash
  }

  /// Reads an absolute path as it stands in a request line or URI, without query and fragment.
  public init(encoded text: some StringProtocol) throws(Fault) {
    try self.init(encodedBytes: Array(text.utf8)[...])
  }

  init(encodedBytes text: ArraySlice<UInt8>) throws(Fault) {
    guard text.first == UInt8(ascii: "/") else { throw .relative }
    var decoded: [UInt8] = []
    decoded.reserveCapacity(text.count)
    for segment in text.split(separator: UInt8(ascii: "/")) {
      let start = decoded.count
      decoded.append(UInt8(ascii: "/"))
      try ResourcePath.decode(segment, into: &decoded)
      let name = decoded[(start + 1)...]
      if name.elementsEqual("..".utf8) { throw .parent }
      if name.elementsEqual(".".utf8) { decoded.removeSubrange(start...) }
    }
    guard String(validating: decoded, as: UTF8.self) != nil else { throw .encoding }
    self.init(bytes: decoded, endsInSlash: text.last == UInt8(ascii: "/"))
  }

  private static func decode(_ segment: ArraySlice<UInt8>, into decoded: inout [UInt8]) throws(Fault) {
    var rest = segment
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "%") else {
        guard byte != 0 else { throw .nul }
        decoded.append(byte)
        continue
      }
      guard let value = PercentCoding.takeByte(from: &rest) else { throw .escape }
      switch value {
      case 0: throw .nul
      case UInt8(ascii: "/"): throw .encodedSlash
      default: decoded.append(value)
      }
    }
  }

  /// Reads the path of an absolute URI or an absolute path, as WebDAV's `Destination` and `If` have them; scheme and
  /// authority are passed over (whether they are ours is the door's question), query and fragment dropped.
  public init(uri text: String) throws(Fault) {
    var rest = Array(text.utf8).prefix { $0 != UInt8(ascii: "?") && $0 != UInt8(ascii: "#") }
    if rest.first != UInt8(ascii: "/") {
      guard let colon = rest.firstIndex(of: UInt8(ascii: ":")), rest[(colon + 1)...].starts(with: "//".utf8) else {
        throw .relative
      }
      rest = rest[(colon + 3)...].drop { $0 != UInt8(ascii: "/") }
    } else if rest.starts(with: "//".utf8) {
      // A reference without a scheme names an authority (RFC 3986 §4.2): what looks like the first folder is none.
      rest = rest.dropFirst(2).drop { $0 != UInt8(ascii: "/") }
    }
    try self.init(encodedBytes: rest)
  }

  /// The names along the way, decoded.
  public var segments: [String] {
    bytes.split(separator: UInt8(ascii: "/")).map { String(decoding: $0, as: UTF8.self) }
  }

  /// Whether `other` is this path or lies beneath it, by whole segments.
  public func contains(_ other: ResourcePath) -> Bool {
    guard other.bytes.starts(with: bytes) else { return false }
    return other.bytes.count == bytes.count || other.bytes[bytes.count] == UInt8(ascii: "/")
  }

  /// This path as seen from `prefix`; nil when it does not lie there. `/dav/x/photos` seen from `/dav/x` is `/photos`.
  public func relative(to prefix: ResourcePath) -> ResourcePath? {
    guard prefix.contains(self) else { return nil }
    return ResourcePath(bytes: Array(bytes.dropFirst(prefix.bytes.count)), endsInSlash: endsInSlash)
  }

  public static func == (a: ResourcePath, b: ResourcePath) -> Bool { a.bytes == b.bytes }

  public func hash(into hasher: inout Hasher) { hasher.combine(bytes) }

  /// Decoded and normalised, with a slash in front and none behind.
  public var description: String { bytes.isEmpty ? "/" : String(decoding: bytes, as: UTF8.self) }
}
