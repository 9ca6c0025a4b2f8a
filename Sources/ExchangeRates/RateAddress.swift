import FoundationEssentials

/// Where a rate is asked for.
public struct RateAddress: Hashable, Sendable {
  public let text: String
  public let host: String

  public struct Fault: Error, Hashable, Sendable, CustomStringConvertible {
    public var description: String
  }

  /// `https://…`; `http://…` on this machine only. Whoever stands between could name any price.
  public init(_ text: String) throws(Fault) {
    guard let components = URLComponents(string: text), let scheme = components.scheme?.lowercased(),
      let host = components.host, !host.isEmpty, components.user == nil, components.password == nil,
      components.fragment == nil
    else { throw Fault(description: "expected https://host/path, without user or fragment") }
    let isHere = host == "localhost" || host == "::1" || host == "[::1]" || RateAddress.isLoopback(host)
    guard scheme == "https" || (scheme == "http" && isHere) else {
      throw Fault(description: "expected https: whoever stands between could name any price (http is for this machine)")
    }
    self.text = text
    self.host = host
  }

  private static func isLoopback(_ host: String) -> Bool {
    let parts = host.split(separator: ".", omittingEmptySubsequences: false)
    return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
  }
}
