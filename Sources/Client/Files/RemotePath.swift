/// A file or folder of a disk lease: segments, without any that a path could climb with.
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
    let parts = text.split(separator: "/").filter { $0 != "." }
    guard parts.allSatisfy({ $0 != ".." && !$0.utf8.contains(0) }) else { return nil }
    segments = parts.map(String.init(_:))
    namesFolder = parts.isEmpty || text.hasSuffix("/")
  }

  public var name: String? { segments.last }

  /// Beneath it.
  public func appending(_ path: RemotePath) -> RemotePath {
    RemotePath(segments: segments + path.segments, namesFolder: path.namesFolder)
  }

  /// `nil` when the name is not one segment.
  public func appending(name: String, isFolder: Bool = false) -> RemotePath? {
    guard !name.contains("/"), let path = RemotePath(name), path.segments.count == 1 else { return nil }
    return RemotePath(segments: segments + path.segments, namesFolder: isFolder)
  }

  public var description: String {
    "/" + segments.joined(separator: "/") + (namesFolder && !segments.isEmpty ? "/" : "")
  }

  /// Where it lies on the server.
  func url(of lease: String, isFolder: Bool) -> String {
    let path = segments.map { "/" + percentEncoded($0) }.joined()
    return "/dav/\(percentEncoded(lease))\(path)\(isFolder ? "/" : "")"
  }
}

/// `LEASE:path`, as `scp` has it.
public struct RemoteName: Hashable, Sendable {
  /// As a person wrote it: an id, a beginning of one, or `@last`.
  public var lease: String
  public var path: RemotePath

  /// `nil` where there is no colon (a slash before it is a local path's), or the path climbs.
  public init?(_ text: String) {
    guard let colon = text.firstIndex(of: ":"), !text[..<colon].contains("/"), colon != text.startIndex,
      let path = RemotePath(String(text[colon...].dropFirst()))
    else { return nil }
    lease = String(text[..<colon])
    self.path = path
  }
}
