import Hummingbird

/// A door that shares a server with others (a protocol front end): it answers what begins with one of its prefixes, and
/// hands everything else on.
public protocol HTTPDoor<Context>: RouterMiddleware {
  /// Where its paths begin. The front asks for them, and knows no door's path of itself.
  var prefixes: [DoorPrefix] { get }
}

/// Where the paths of a door begin.
public struct DoorPrefix: Hashable, Sendable {
  /// `/dav`: whole segments, and no slash at the end.
  public let path: String

  public init(_ path: String) {
    precondition(path.utf8.first == UInt8(ascii: "/") && path.utf8.last != UInt8(ascii: "/"), "a prefix is /like/this")
    self.path = path
  }

  /// Whether a path, with or without a query, is the prefix or lies behind it. `/davx` does not lie behind `/dav`.
  public func covers(_ path: some StringProtocol) -> Bool {
    guard path.utf8.starts(with: self.path.utf8) else { return false }
    let next = path.utf8.dropFirst(self.path.utf8.count).first
    return next == nil || next == UInt8(ascii: "/") || next == UInt8(ascii: "?")
  }
}
