import NIOHTTP1
import Units
import Wire

/// How a server is, as one request sees it.
public struct ServerHealth: Sendable {
  public var status: Int
  public var document: HealthDocument?
  /// The server's clock less ours, from its `Date` line: good to about a second.
  public var clockSkewSeconds: Int64?
}

extension LeaseholdClient {
  /// `/readyz`, whatever it says.
  public func readiness() async throws(ClientError) -> ServerHealth {
    let before = now()
    let response = try await transmit(Call(.GET, "/readyz", patience: .seconds(15)))
    let after = now()
    let bytes = try await Self.bytes(of: response)
    let date = response.headers.first(name: "Date").flatMap { HTTPDate.read($0) }
    // A Date line is cut off to the second: what lies within the request's own span and that second is no skew.
    let skew = date.map { date -> Int64 in
      if date.unixSeconds + 1 < before.unixSeconds { return date.unixSeconds + 1 - before.unixSeconds }
      if date > after { return date.unixSeconds - after.unixSeconds }
      return 0
    }
    // A proxy's page instead of a document is no document.
    let document = try? JSON.decode(HealthDocument.self, from: bytes)
    return ServerHealth(status: Int(response.status.code), document: document, clockSkewSeconds: skew)
  }

  public func discovery() async throws(ClientError) -> Answer<DiscoveryDocument> {
    try await ask(DiscoveryDocument.self, Call(.GET, "/.well-known/l402.json", patience: .seconds(15)))
  }
}

/// The preferred form of HTTP's dates (RFC 9110 §5.6.7): `Sun, 06 Nov 1994 08:49:37 GMT`.
enum HTTPDate {
  private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

  static func read(_ text: String) -> Instant? {
    let parts = text.split(separator: " ")
    guard parts.count == 6, parts[5] == "GMT", let month = months.firstIndex(of: String(parts[2])),
      parts[1].count == 2, parts[3].count == 4
    else { return nil }
    let number = month + 1 < 10 ? "0\(month + 1)" : "\(month + 1)"
    return Timestamp("\(parts[3])-\(number)-\(parts[1])T\(parts[4])Z")?.instant
  }
}
