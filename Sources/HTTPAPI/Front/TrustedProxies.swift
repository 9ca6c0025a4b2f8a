import HTTPTypes
import L402

/// Whose word is taken for where a request comes from. Nobody's, unless configured: anyone can write a header.
public struct TrustedProxies: Sendable {
  /// Which header the proxies write. Only that one is read: a proxy that writes one passes the other on as the client
  /// sent it.
  public enum Header: String, Sendable {
    case xForwardedFor = "X-Forwarded-For"
    /// RFC 7239.
    case forwarded = "Forwarded"
  }

  public var ranges: [AddressRange]
  public var header: Header

  public init(_ ranges: [AddressRange], header: Header = .xForwardedFor) {
    self.ranges = ranges
    self.header = header
  }

  public static let none = TrustedProxies([])

  private func trusts(_ address: IPAddress) -> Bool { ranges.contains { $0.contains(address) } }

  /// Whether a peer's word is taken.
  public func trusts(peer: String?) -> Bool { peer.flatMap { IPAddress($0) }.map(trusts) ?? false }

  /// The host names that a trusted peer says it was asked under: `X-Forwarded-Host`, or `host=` in `Forwarded`.
  public func hosts(peer: String?, headers: HTTPFields) -> [String] {
    guard trusts(peer: peer) else { return [] }
    switch header {
    case .xForwardedFor:
      return headers[values: .xForwardedHost].flatMap { $0.split(separator: ",") }.map { String(Self.trimmed($0)) }
    case .forwarded:
      let pairs = headers[values: .forwarded].flatMap { $0.split(separator: ",") }.flatMap { $0.split(separator: ";") }
      return pairs.map(Self.trimmed).filter { $0.lowercased().hasPrefix("host=") }.map {
        String($0.dropFirst(5).drop { $0 == "\"" }.prefix { $0 != "\"" })
      }
    }
  }

  /// The client's address: the peer's, or, while that is a trusted proxy, what it says it was asked by.
  ///
  /// - Parameters:
  ///   - peer: of the connection.
  ///   - lines: the values of ``header``'s lines, in order.
  /// - Returns: the address and its text; `nil` and what is known when it cannot be read. An unreadable hop ends the
  ///   search at the proxy that wrote it.
  public func client(peer: String?, lines: [String]) -> (address: IPAddress?, text: String) {
    guard let peer else { return (nil, "unknown") }
    var current = (address: IPAddress(peer), text: peer)
    guard !ranges.isEmpty, let address = current.address, trusts(address) else { return current }
    let hops = lines.flatMap { $0.split(separator: ",", omittingEmptySubsequences: false) }
    for hop in hops.reversed() {
      guard let address = IPAddress(text(of: hop)) else { return current }
      current = (address, text(of: hop))
      guard trusts(address) else { return current }
    }
    return current
  }

  /// The same of a request's headers.
  public func client(peer: String?, headers: HTTPFields) -> (address: IPAddress?, text: String) {
    guard !ranges.isEmpty else { return client(peer: peer, lines: []) }
    return client(peer: peer, lines: headers[values: header == .forwarded ? .forwarded : .xForwardedFor])
  }

  private func text(of hop: Substring) -> String {
    var text = Self.trimmed(hop)
    if header == .forwarded {
      let pairs = text.split(separator: ";").map(Self.trimmed)
      guard let pair = pairs.first(where: { $0.lowercased().hasPrefix("for=") }) else { return "" }
      text = pair.dropFirst(4)
    }
    if text.first == "\"", text.last == "\"", text.count >= 2 { text = text.dropFirst().dropLast() }
    if text.first == "[", let end = text.firstIndex(of: "]") {
      return String(text[text.index(after: text.startIndex)..<end])
    }
    // A port behind an IPv4 address; an IPv6 address without brackets has more than one colon.
    if text.count(where: { $0 == ":" }) == 1, let colon = text.firstIndex(of: ":") { text = text[..<colon] }
    return String(text)
  }

  private static func trimmed(_ text: Substring) -> Substring {
    var text = text
    while text.first == " " || text.first == "\t" { text.removeFirst() }
    while text.last == " " || text.last == "\t" { text.removeLast() }
    return text
  }
}
