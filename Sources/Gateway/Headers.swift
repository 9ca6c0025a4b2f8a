import Engine
import HTTPTypes
import NIOHTTP1

/// What of a request's head goes on to the container (RFC 9110 §7.6): no field of this hop alone, no credential or cookie
/// of ours, and nothing by which a client could speak as a proxy.
struct ForwardedHead {
  var head: HTTPRequestHead
  /// The client asks for another protocol on this connection.
  var asksForUpgrade: Bool

  init(
    _ request: HTTPRequest, _ target: PortTarget, client: String?, scheme: String,
    isOurs: (_ line: String, _ lines: [String]) -> Bool
  ) {
    let fields = request.headerFields
    let shown = fields[values: .authorization]
    let hop = Hop(fields)
    asksForUpgrade = hop.asksForUpgrade
    var headers = HTTPHeaders()
    headers.reserveCapacity(fields.count + 6)
    if let authority = request.authority { headers.add(name: "host", value: authority) }
    for field in fields {
      let name = field.name.canonicalName
      if hop.drops(name) || Self.spoken(name) { continue }
      switch name {
      case "host": continue
      case "authorization":
        if isOurs(field.value, shown) { continue }
        headers.add(name: name, value: field.value)
      case "cookie":
        if let others = Self.cookiesOfOthers(field.value) { headers.add(name: name, value: others) }
      default: headers.add(name: name, value: field.value)
      }
    }
    if asksForUpgrade, let upgrade = fields[.upgrade] {
      headers.add(name: "connection", value: "upgrade")
      headers.add(name: "upgrade", value: upgrade)
    }
    if fields[values: .te].contains(where: { $0.lowercased().contains("trailers") }) {
      headers.add(name: "te", value: "trailers")
    }
    if let client {
      let node = client.contains(":") ? "\"[\(client)]\"" : client
      headers.add(name: "forwarded", value: "for=\(node);proto=\(scheme)")
      headers.add(name: "x-forwarded-for", value: client)
    }
    headers.add(name: "x-forwarded-proto", value: scheme)
    if let authority = request.authority { headers.add(name: "x-forwarded-host", value: authority) }
    headers.add(name: "x-forwarded-prefix", value: target.prefix)
    head = HTTPRequestHead(
      version: .http1_1, method: HTTPMethod(rawValue: request.method.rawValue), uri: target.path, headers: headers)
    // The framing is the client's; what it was sent with is a matter of its hop.
    if fields[values: .transferEncoding].isEmpty == false {
      head.headers.replaceOrAdd(name: "transfer-encoding", value: "chunked")
      head.headers.remove(name: "content-length")
    }
  }

  /// What proxies say, and a client might make up.
  private static func spoken(_ name: String) -> Bool {
    name == "forwarded" || name.hasPrefix("x-forwarded-") || name == "x-real-ip" || name == "via"
  }

  /// Without cookies whose names begin with ours.
  private static func cookiesOfOthers(_ value: String) -> String? {
    let kept = value.split(separator: ";").filter { pair in
      let name = pair.drop { $0 == " " }.prefix { $0 != "=" }
      return !name.lowercased().hasPrefix("leasehold") && !name.lowercased().hasPrefix("__host-leasehold")
    }
    return kept.isEmpty ? nil : kept.joined(separator: ";").drop { $0 == " " }.description
  }
}

/// What of the container's answer goes on to the client.
///
/// What it shows lies under our origin: nothing in it may set what belongs to the origin, and a page of it runs in a
/// sandbox, as a page of nowhere (https://html.spec.whatwg.org/#sandboxing).
struct ReturnedHead {
  /// A public page is anybody's, under the shop's own address: it asks for nothing by a form.
  private static func policy(for visitor: PortVisitor) -> String {
    switch visitor {
    case .holder: "sandbox allow-downloads allow-forms allow-modals allow-popups allow-scripts"
    case .stranger: "sandbox allow-downloads allow-modals allow-popups allow-scripts; form-action 'none'"
    }
  }

  static func head(
    _ head: HTTPResponseHead, _ target: PortTarget, for visitor: PortVisitor, host: String?
  ) -> HTTPResponse? {
    guard let status = HTTPResponse.Status.standing(Int(head.status.code), head.status.reasonPhrase) else { return nil }
    var fields = HTTPFields()
    var tokens: Set<String> = []
    for value in head.headers[canonicalForm: "connection"] { tokens.insert(value.lowercased()) }
    for (name, value) in head.headers {
      let lower = name.lowercased()
      if Hop.names.contains(lower) || tokens.contains(lower) || belongsToOrigin(lower, value) { continue }
      guard let field = HTTPField.Name(lower), HTTPField.isValidValue(value) else { continue }
      switch lower {
      case "location", "content-location": fields.append(HTTPField(name: field, value: placed(value, target, host)))
      default: fields.append(HTTPField(name: field, value: value))
      }
    }
    fields.append(HTTPField(name: .contentSecurityPolicy, value: policy(for: visitor)))
    if fields[.xContentTypeOptions] == nil { fields[.xContentTypeOptions] = "nosniff" }
    if let referrer = HTTPField.Name("Referrer-Policy"), fields[referrer] == nil { fields[referrer] = "no-referrer" }
    return HTTPResponse(status: status, headerFields: fields)
  }

  /// Cookies, workers, storage, transport rules: what a host says for all of its pages. And what only we may ask: to be
  /// paid, or shown a credential.
  private static func belongsToOrigin(_ name: String, _ value: String) -> Bool {
    switch name {
    case "set-cookie", "set-cookie2", "service-worker-allowed", "clear-site-data", "strict-transport-security",
      "alt-svc", "public-key-pins", "expect-ct", "nel", "report-to", "reporting-endpoints", "refresh", "server", "date",
      "origin-agent-cluster":
      true
    case "www-authenticate":
      value.lowercased().contains("l402") || value.lowercased().contains("lsat")
    default: false
    }
  }

  /// A redirection within the container stays below its prefix.
  private static func placed(_ value: String, _ target: PortTarget, _ host: String?) -> String {
    if value.hasPrefix("/"), !value.hasPrefix("//") {
      return value.hasPrefix(target.prefix + "/") ? value : target.prefix + value
    }
    for scheme in ["http://", "https://"] where value.lowercased().hasPrefix(scheme) {
      let rest = value.dropFirst(scheme.count)
      let authority = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }.lowercased()
      let own = ["127.0.0.1:\(target.port)", "localhost:\(target.port)", "[::1]:\(target.port)"]
      guard own.contains(authority) || authority == host?.lowercased() else { return value }
      let path = rest.dropFirst(authority.count)
      return placed(path.hasPrefix("/") ? String(path) : "/" + path, target, nil)
    }
    return value
  }
}

/// The fields that are of one hop.
private struct Hop {
  static let names: Set<String> = [
    "connection", "keep-alive", "proxy-connection", "proxy-authenticate", "proxy-authorization", "te", "trailer",
    "transfer-encoding", "upgrade",
  ]
  private var tokens: Set<String> = []
  var asksForUpgrade: Bool { tokens.contains("upgrade") && hasUpgrade }
  private var hasUpgrade: Bool

  init(_ fields: HTTPFields) {
    hasUpgrade = fields.contains(.upgrade)
    for value in fields[values: .connection] {
      for token in value.split(separator: ",") {
        tokens.insert(token.trimming(" ").lowercased())
      }
    }
  }

  func drops(_ name: String) -> Bool {
    // What a client names in `Connection` is dropped, but not what a request cannot do without.
    Self.names.contains(name) || (tokens.contains(name) && name != "host" && name != "content-length")
  }
}

extension Substring {
  fileprivate func trimming(_ space: Character) -> Substring {
    var trimmed = drop { $0 == space }
    while trimmed.last == space { trimmed.removeLast() }
    return trimmed
  }
}

extension HTTPResponse.Status {
  /// `nil` for a code that is none.
  static func standing(_ code: Int, _ reason: String) -> HTTPResponse.Status? {
    guard (100...999).contains(code) else { return nil }
    let isPlain = reason.utf8.allSatisfy { (0x20...0x7E).contains($0) }
    return HTTPResponse.Status(code: code, reasonPhrase: isPlain ? reason : "")
  }
}

extension HTTPField.Name {
  static let te = HTTPField.Name("TE") ?? .trailer
}
