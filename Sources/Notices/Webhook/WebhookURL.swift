import L402

/// Where a webhook goes: a URL of printable ASCII, without user, password or fragment (RFC 3986).
public struct WebhookURL: Hashable, Sendable {
  /// As it was given, with scheme and host in small letters.
  public let text: String
  public let isTLS: Bool
  /// A name, or an address without brackets.
  public let host: String

  private static let longest = 1_024

  /// `nil` for what is no such URL.
  public init?(_ text: String) {
    guard text.utf8.count <= Self.longest, text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }),
      !text.utf8.contains(where: { "\"<>\\^`{|}#".utf8.contains($0) }), let colon = text.firstRange(of: "://")
    else { return nil }
    let scheme = text[..<colon.lowerBound].lowercased()
    guard scheme == "https" || scheme == "http" else { return nil }
    let rest = text[colon.upperBound...]
    let authority = rest.prefix { $0 != "/" && $0 != "?" }
    guard !authority.contains("@"), let (host, port) = Self.split(authority.lowercased()) else { return nil }
    let path = rest[authority.endIndex...]
    isTLS = scheme == "https"
    self.host = host
    self.text =
      "\(scheme)://\(host.contains(":") ? "[\(host)]" : host)\(port.map { ":\($0)" } ?? "")"
      + (path.first == "/" ? "" : "/") + path
  }

  private static func split(_ authority: String) -> (host: String, port: Int?)? {
    var host = Substring(authority)
    var port: Int?
    if let end = authority.lastIndex(of: ":"), !authority.hasSuffix("]") {
      guard let number = Int(authority[authority.index(after: end)...]), (1...65_535).contains(number) else {
        return nil
      }
      port = number
      host = authority[..<end]
    }
    if host.hasPrefix("[") {
      guard host.hasSuffix("]"), host.contains(":"), IPAddress(host.dropFirst().dropLast()) != nil else { return nil }
      return (String(host.dropFirst().dropLast()), port)
    }
    return isName(host) ? (String(host), port) : nil
  }

  /// Labels of letters, digits and hyphens; what ends in digits is an address, in its one spelling.
  private static func isName(_ host: Substring) -> Bool {
    let labels = host.split(separator: ".", omittingEmptySubsequences: false)
    guard (1...253).contains(host.utf8.count),
      labels.allSatisfy({ label in
        (1...63).contains(label.utf8.count) && label.first != "-" && label.last != "-"
          && label.utf8.allSatisfy {
            (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2D || $0 == 0x5F
          }
      })
    else { return false }
    guard let last = labels.last, last.utf8.allSatisfy({ (0x30...0x39).contains($0) }) || last.hasPrefix("0x") else {
      return true
    }
    return IPAddress(host) != nil
  }

  /// Who has many names under one of his own has one machine: the last two labels, or the address.
  var site: String {
    if IPAddress(host) != nil { return host }
    return host.split(separator: ".").suffix(2).joined(separator: ".")
  }
}
