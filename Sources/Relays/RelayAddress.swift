import L402

/// Where a relay is: `wss://relay.example/path`, or `ws://` without encryption of the way there.
public struct RelayAddress: Hashable, Sendable, CustomStringConvertible {
  /// A name, or an address without brackets.
  public let host: String
  public let port: Int
  public let isSecure: Bool
  /// Path and query, beginning with a slash.
  let target: String

  /// Nil for what is no address of a relay: another scheme, user names, spaces, a fragment.
  public init?(_ text: String) {
    guard text.utf8.count <= 512, text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != 0x23 && $0 != 0x5C }) else {
      return nil
    }
    let rest: Substring
    if text.lowercased().hasPrefix("wss://") {
      (isSecure, rest) = (true, text.dropFirst(6))
    } else if text.lowercased().hasPrefix("ws://") {
      (isSecure, rest) = (false, text.dropFirst(5))
    } else {
      return nil
    }
    let authority = rest.prefix { $0 != "/" && $0 != "?" }
    let behind = rest.dropFirst(authority.count)
    target = behind.hasPrefix("/") ? String(behind) : "/" + behind
    guard let (host, port) = Self.parts(of: authority) else { return nil }
    self.host = host
    self.port = port ?? (isSecure ? 443 : 80)
  }

  private static func parts(of authority: Substring) -> (host: String, port: Int?)? {
    var (host, rest) = (authority, Substring())
    if authority.first == "[" {
      guard let end = authority.firstIndex(of: "]") else { return nil }
      (host, rest) = (authority[authority.index(after: authority.startIndex)..<end], authority[end...].dropFirst())
      guard IPAddress(host) != nil else { return nil }
    } else if let colon = authority.firstIndex(of: ":") {
      (host, rest) = (authority[..<colon], authority[colon...])
    }
    guard (1...253).contains(host.utf8.count), host.utf8.allSatisfy(Self.isOfHost) else { return nil }
    guard !rest.isEmpty else { return (String(host).lowercased(), nil) }
    guard rest.first == ":", let port = Int(rest.dropFirst()), (1...65_535).contains(port) else { return nil }
    return (String(host).lowercased(), port)
  }

  private static func isOfHost(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: ":"), UInt8(ascii: "_"):
      true
    default: false
    }
  }

  /// As the `Host` field has it.
  var authority: String {
    let name = host.contains(":") ? "[\(host)]" : host
    return port == (isSecure ? 443 : 80) ? name : "\(name):\(port)"
  }

  /// Who has many names under one of his own has one machine: the last two labels, or the address.
  var site: String {
    IPAddress(host) == nil ? host.split(separator: ".").suffix(2).joined(separator: ".") : host
  }

  /// Without its path, which may hold something secret.
  public var description: String { (isSecure ? "wss://" : "ws://") + authority }
}
