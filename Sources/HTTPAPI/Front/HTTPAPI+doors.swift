import Engine
import HTTPTypes
import Hummingbird
import Logging

extension HTTPAPI.Configuration {
  /// Whether a password is taken from this peer: it is worth what whoever listens makes of it, and so it is taken where
  /// nobody can, from the machine itself and from a proxy that ends TLS.
  public func takesPasswords(from peer: String?) -> Bool {
    if proxies.trusts(peer: peer) { return tlsIsEndedByProxy }
    guard let peer else { return false }
    return peer == "::1" || peer.hasPrefix("127.") || peer.hasPrefix("::ffff:127.")
  }

  /// In which scheme clients of this peer ask.
  public func scheme(of peer: String?) -> String {
    tlsIsEndedByProxy && proxies.trusts(peer: peer) ? "https" : "http"
  }

  /// Where whoever asks has found us, for what he is told to type: as configured, else as his request names us. Empty for
  /// a name that is none.
  public func base(for request: Request) -> String {
    if !publicURL.isEmpty { return publicURL }
    guard let authority = request.head.authority, (1...255).contains(authority.utf8.count),
      authority.utf8.allSatisfy({ byte in
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        default: "-.:[]".utf8.contains(byte)
        }
      })
    else { return "" }
    return "http://" + authority
  }
}

/// What doors beside the routes have in common with them.
extension HTTPAPI {
  /// The same counters and the same line as of every other request, for one that a door answered by itself.
  ///
  /// - Parameters:
  ///   - route: as logs and metrics call it; names no lease.
  ///   - path: of the request; a lease in it is named where the configuration wants it.
  public func tell(
    _ route: String, _ method: HTTPRequest.Method, status: Int, _ caller: Caller, path: String, after elapsed: Duration
  ) {
    front.answered(method, route, status: status, after: elapsed)
    guard engine.log.logLevel <= .info else { return }
    var facts = Self.facts(method, route, HTTPResponse.Status(code: status), after: elapsed)
    facts["hb.request.id"] = .stringConvertible(RequestID())
    if configuration.logsClients {
      facts["client"] = .string(caller.addressText)
      if let lease = Self.lease(in: path) { facts["lease"] = "\(lease)" }
    }
    let isRefusal = (400..<500).contains(status) && status != 402
    let line = isRefusal ? refusals.admit(facts["client"].map { "\($0)" }, route, status, at: .now) : .new
    switch line {
    case .new: engine.log.info("request answered", metadata: facts)
    case .again: engine.log.debug("request answered", metadata: facts)
    case .more(let count):
      facts["refused_meanwhile"] = "\(count)"
      engine.log.info("request answered", metadata: facts)
    }
  }
}
