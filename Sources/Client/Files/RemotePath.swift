import Text

/// A file or folder of a disk lease: segments, without any that a path could climb with. Taken apart by bytes, as file
/// systems do it: to a `Character` a slash with a combining mark behind it is no slash.
public struct RemotePath: Hashable, Sendable, CustomStringConvertible {
  public let segments: [String]
  /// Ends in a slash: a folder is meant.
  public let namesFolder: Bool

  public static let root = RemotePath(segments: [], namesFolder: true)

  private init(segments: [String], namesFolder: Bool) {
    self.segments = segments
    self.namesFolder = namesFolder
  }

  /// Reads `/a/b`, `a/b`, `a/b/`; `nil` when a segment is `..` or holds a NUL.
  public init?(_ text: String) {
    let parts = text.utf8.split(separator: UInt8(ascii: "/")).filter { !$0.elementsEqual(".".utf8) }
    guard parts.allSatisfy({ !$0.elementsEqual("..".utf8) && !$0.contains(0) }) else { return nil }
    segments = parts.map { String(decoding: $0, as: UTF8.self) }
    namesFolder = parts.isEmpty || text.utf8.last == UInt8(ascii: "/")
  }

  /// Whether a name is one segment, and stays where it is put: what a server calls its files is not to be believed.
  static func isSegment(_ name: String) -> Bool {
    !name.isEmpty && !name.utf8.elementsEqual(".".utf8) && !name.utf8.elementsEqual("..".utf8)
      && !name.utf8.contains(UInt8(ascii: "/")) && !name.utf8.contains(0)
  }

  public var name: String? { segments.last }

  /// Beneath it.
  public func appending(_ path: RemotePath) -> RemotePath {
    RemotePath(segments: segments + path.segments, namesFolder: path.namesFolder)
  }

  /// `nil` when the name is not one segment.
  public func appending(name: String, isFolder: Bool = false) -> RemotePath? {
    guard Self.isSegment(name) else { return nil }
    return RemotePath(segments: segments + [name], namesFolder: isFolder)
  }

  public static func == (a: RemotePath, b: RemotePath) -> Bool {
    a.namesFolder == b.namesFolder && a.description.utf8.elementsEqual(b.description.utf8)
  }

  public func hash(into hasher: inout Hasher) {
    hasher.combine(Array(description.utf8))
  }

  public var description: String {
    "/" + segments.joined(separator: "/") + (namesFolder && !segments.isEmpty ? "/" : "")
  }

  /// Where it lies on the server.
  func url(of lease: String, isFolder: Bool) -> String {
    let path = segments.map { "/" + PercentCoding.encode($0) }.joined()
    return "/dav/\(PercentCoding.encode(lease))\(path)\(isFolder ? "/" : "")"
  }
}

/// `LEASE:path`, as `scp` has it.
public struct RemoteName: Hashable, Sendable {
  /// As a person wrote it: an id, a beginning of one, or `@last`.
  public var lease: String
  public var path: RemotePath

  /// `nil` where there is no colon (a slash before it is a local path's), or the path climbs.
  public init?(_ text: String) {
    let bytes = text.utf8
    guard let colon = bytes.firstIndex(of: UInt8(ascii: ":")), !bytes[..<colon].contains(UInt8(ascii: "/")),
      colon != bytes.startIndex, let path = RemotePath(String(decoding: bytes[colon...].dropFirst(), as: UTF8.self))
    else { return nil }
    lease = String(decoding: bytes[..<colon], as: UTF8.self)
    self.path = path
  }
}
