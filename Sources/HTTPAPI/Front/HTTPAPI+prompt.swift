import Engine
import HTTPServing
import HTTPTypes
import Hummingbird
import L402
import Ledger
import Logging
import Wire

/// What is answered on the event loop, without a task and without a change of threads: health, which is asked for when
/// nothing else gets a turn, and what renters' programs ask most.
///
/// Only successes, and only from memory. Whatever memory does not say, or would refuse, goes through the routes, which
/// answer the same in full; a test holds the two together.
extension HTTPAPI {
  private struct Asker: Sendable {
    /// The peer's own.
    var direct: (address: IPAddress?, text: String)
    /// `nil`: its word is not taken for where requests come from.
    var proxy: String?
  }

  /// Answers for the connections from this address; see `PromptAnswers`.
  @Sendable public func promptAnswers(to peer: String?) -> PromptAnswers.Answer {
    let proxies = configuration.proxies
    let asker = Asker(direct: proxies.client(peer: peer, lines: []), proxy: proxies.trusts(peer: peer) ? peer : nil)
    return { request in
      guard let path = request.path else { return nil }
      return path.hasPrefix("/v1/") ? renters(request, path, asker) : vitalSigns(path)
    }
  }

  /// `/healthz`, and `/readyz` where it is known: however busy everything else is with requests.
  private func vitalSigns(_ path: String) -> PromptAnswers.Reply? {
    switch path.prefix(while: { $0 != "?" }) {
    case "/healthz": return Self.reply(.ok, JSON.encode(HealthDocument(status: "ok")))
    case "/readyz":
      guard let known = engine.readiness.asKnown else { return nil }
      let (document, isReady) = readinessDocument(of: known)
      return Self.reply(isReady ? .ok : .serviceUnavailable, JSON.encode(document))
    default: return nil
    }
  }

  /// A credential's and a lease's own page. A path with a query is not one of these.
  private func renters(_ request: HTTPRequest, _ path: String, _ asker: Asker) -> PromptAnswers.Reply? {
    let start = ContinuousClock.now
    if path == "/v1/credential" {
      let caller = caller(request, asker)
      guard let shown = engine.remembered.introspected(caller) else { return nil }
      let json = JSON.encode(IntrospectionDocument(shown, base: configuration.publicURL))
      tell(path, .get, status: 200, caller, path: path, after: .now - start)
      return Self.reply(.ok, json)
    }
    guard let id = Self.lease(path) else { return nil }
    let caller = caller(request, asker)
    guard let (record, shown) = engine.remembered.lease(id, caller) else { return nil }
    var document = LeaseDocument(record, at: engine.clock.now(), base: configuration.publicURL)
    if shown.path != nil { document.hideMoney() }
    let json = JSON.encode(document)
    tell("/v1/leases/{lease}", .get, status: 200, caller, path: path, after: .now - start)
    return Self.reply(.ok, json)
  }

  /// The lease in `/v1/leases/{lease}`, and in nothing else.
  private static func lease(_ path: String) -> LeaseID? {
    let prefix: StaticString = "/v1/leases/"
    let isLong = path.utf8.count == prefix.utf8CodeUnitCount + 26
    return isLong && path.hasPrefix("\(prefix)") ? LeaseID(path.dropFirst(prefix.utf8CodeUnitCount)) : nil
  }

  private func caller(_ request: HTTPRequest, _ asker: Asker) -> Caller {
    var authorization: [String] = []
    for field in request.headerFields where field.name == .authorization { authorization.append(field.value) }
    var client = asker.direct
    if let proxy = asker.proxy {
      let name: HTTPField.Name = configuration.proxies.header == .forwarded ? .forwarded : .xForwardedFor
      client = configuration.proxies.client(peer: proxy, lines: request.headerFields[values: name])
    }
    // Nothing is caused, so nothing is recorded under a request's id.
    return Caller(
      authorization: authorization, method: request.method.rawValue, address: client.address,
      addressText: client.text, requestID: "")
  }

  private static func reply(_ status: HTTPResponse.Status, _ json: [UInt8]) -> PromptAnswers.Reply {
    var fields = HTTPFields()
    fields.append(HTTPField(name: .contentType, value: "application/json"))
    fields.append(HTTPField(name: .cacheControl, value: "no-store"))
    fields.append(HTTPField(name: .contentLength, value: String(json.count)))
    fields.append(HTTPField(name: .contentTypeOptions, value: "nosniff"))
    return PromptAnswers.Reply(status, fields, body: json)
  }
}
