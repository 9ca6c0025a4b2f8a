import Ledger

/// What a request at the gateway is about: a port of a container, and what is asked of it.
public struct PortTarget: Hashable, Sendable {
  public var lease: LeaseID
  public var port: UInt16
  /// For the container: begins with a slash, its escapes and its query as they were sent.
  public var path: String
  /// What stands before it here: `/c/<lease>/<port>`.
  public var prefix: String

  static let root = "/c/"

  /// Whether a path is the gateway's, or looks like one.
  public static func answers(_ path: String) -> Bool { path.utf8.starts(with: root.utf8) }

  /// `nil` for a path that names no port of a lease: `/c/{lease}/{port}`, and what follows a slash.
  ///
  /// The canonical spelling of both names and no other, so that what a proxy in front compares is what is meant here.
  public init?(requestPath: String) {
    guard Self.answers(requestPath) else { return nil }
    let named = requestPath.dropFirst(Self.root.count).split(
      separator: "/", maxSplits: 2, omittingEmptySubsequences: false)
    guard named.count >= 2, let lease = LeaseID(named[0]) else { return nil }
    let digits = named[1].prefix { $0 != "?" }
    guard let port = UInt16(digits), port > 0, "\(port)" == digits, "\(lease)" == named[0] else { return nil }
    self.lease = lease
    self.port = port
    prefix = "/c/\(lease)/\(port)"
    let rest = requestPath.dropFirst(prefix.count)
    // `/c/…/8080?a=b` asks for the root.
    path = rest.first == "/" ? String(rest) : "/" + rest
  }
}
