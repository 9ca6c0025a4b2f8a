/// Where a server is: scheme, host, port, and perhaps a path before its own.
public struct ServerAddress: Hashable, Sendable, CustomStringConvertible {
  /// As it is written in requests and in state: no slash at the end.
  public let description: String

  /// What `scripts/run` serves.
  public static let standard = ServerAddress(unchecked: "http://127.0.0.1:8402")

  private init(unchecked text: String) { description = text }

  /// Reads `http://host[:port][/path]` or the same with `https`; `nil` for anything else, and for addresses that carry a
  /// user, a query or a fragment.
  public init?(_ text: String) {
    var text = text[...]
    while text.last == "/" { text.removeLast() }
    let schemes = ["http://", "https://"]
    guard let scheme = schemes.first(where: { text.lowercased().hasPrefix($0) }) else { return nil }
    let rest = text.dropFirst(scheme.count)
    let host = rest.prefix { $0 != "/" }
    guard !host.isEmpty, !host.hasPrefix(":"),
      rest.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f && !Self.forbidden.contains($0) })
    else { return nil }
    description = scheme + host.lowercased() + rest.dropFirst(host.count)
  }

  /// Whether it is this machine, which is the only one that a host of that name can be.
  public var isLoopback: Bool {
    let authority = description.drop { $0 != "/" }.dropFirst(2).prefix { $0 != "/" }
    if authority.hasPrefix("[::1]") { return true }
    let host = authority.prefix { $0 != ":" }
    let parts = host.split(separator: ".", omittingEmptySubsequences: false)
    return host == "localhost" || parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
  }

  private static let forbidden = Set("@?#\"<>\\^`{|}".utf8)

  /// The address of one of its routes.
  ///
  /// - Parameter path: percent-encoded, beginning with a slash, perhaps with a query.
  func url(_ path: String) -> String { description + path }
}
