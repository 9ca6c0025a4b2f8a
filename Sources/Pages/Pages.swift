import Engine
import HTTPTypes
import Hummingbird
import L402
import NIOCore
import QR

/// What a person with a browser and a wallet meets: the shop window, an order, and the leases of a browser.
///
/// Written by the server, readable without scripts, and alive with a few modules of our own. There are no sessions and no
/// cookies: a credential lies in the browser's storage and is shown in `Authorization`, or in a form where scripts are
/// off; never in a URL.
public struct Pages: Sendable {
  let engine: Engine
  let gate: any PagesGate
  let title: String
  let assets: Assets
  let templates: Templates

  /// - Parameter title: the provider's name.
  /// - Throws: what is wrong with a template or the table of words, which a test finds before anybody else does.
  public init(engine: Engine, gate: any PagesGate, title: String) throws {
    self.engine = engine
    self.gate = gate
    self.title = title
    assets = Assets.embedded
    templates = try Templates(words: try Words(Words.table))
  }

  /// Adds the pages to a router, whose front turns what they throw into problems.
  public func routes<Methods: RouterMethods>(on router: Methods) where Methods.Context: PagesContext {
    typealias Handler = @Sendable (Visit) async throws -> Response
    func on(_ method: HTTPRequest.Method, _ path: RouterPath, _ handler: @escaping Handler) {
      router.on(path, method: method) { (request: Request, context: Methods.Context) async throws -> Response in
        let visit = Visit(request: request, parameters: context.parameters, peer: context.peer)
        do {
          return try await handler(visit)
        } catch {
          return try sorry(error, visit)
        }
      }
    }
    on(.get, "/", shop)
    on(.get, "/rent/:offer", wishForm)
    on(.post, "/rent/:offer", order)
    on(.get, "/order") { visit in page("order", visit, OrderView(words: words(visit)).model) }
    on(.post, "/order", look)
    on(.get, "/leases") { visit in page("leases", visit, ["heading": words(visit)["your_leases"]]) }
    on(.get, "/lease/:lease", lease)
    on(.get, "/lease/:lease/:part", lease)
    on(.post, "/lease", leaseByForm)
    on(.post, "/qr", picture)
    on(.get, "/assets/:version/:name") { visit in try assets.response(visit) }
  }

  func words(_ visit: Visit) -> Words.Language { templates.words.language(visit.request.headers[.acceptLanguage]) }

  /// A page around what is rendered of a template.
  ///
  /// - Parameter isSecret: it shows what is somebody's alone: nothing on the way keeps it.
  func page(
    _ name: String, _ visit: Visit, _ model: [String: Any], status: HTTPResponse.Status = .ok, isSecret: Bool = false
  ) -> Response {
    let words = words(visit)
    let frame: [String: Any] = [
      "page": name, "provider": title, "isPlayMoney": playsWithMoney, "base": gate.base(visit.request),
      "asset": assets.addresses,
    ]
    let html = templates.page(name, frame.merging(model) { _, mine in mine }, words)
    var headers = Self.headers
    headers[.cacheControl] = isSecret ? "no-store" : "no-cache"
    headers[.contentLanguage] = words.code
    return Response(status: status, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(string: html)))
  }

  /// A node that pays its own invoices, for trying things on one machine.
  var playsWithMoney: Bool { engine.node is any SelfPayingNode }

  static let headers: HTTPFields = [
    .contentType: "text/html; charset=utf-8",
    // Nothing from elsewhere, nothing inline, no frame around it.
    .contentSecurityPolicy: """
    default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; \
    base-uri 'none'; form-action 'self'; frame-ancestors 'none'
    """,
    .referrerPolicy: "no-referrer", .openerPolicy: "same-origin", .vary: "Accept-Language, Authorization",
  ]

  /// `POST /qr`: the body as a picture. In the body, because what is to be shown may be a credential.
  @Sendable private func picture(_ visit: Visit) async throws -> Response {
    try visit.refuseOtherSites()
    let text = String(decoding: try await visit.body(upTo: 2_900), as: UTF8.self)
    guard let svg = QRCode(text)?.svg else {
      throw Refusal.invalidField("body", "1 to 2,900 bytes")
    }
    return Response(
      status: .ok, headers: [.contentType: "image/svg+xml", .cacheControl: "no-store"],
      body: ResponseBody(byteBuffer: ByteBuffer(string: svg)))
  }
}

/// What the pages want to know of a request beside the request.
public protocol PagesContext: RequestContext {
  var channel: any Channel { get }
}

extension PagesContext {
  var peer: String? { channel.remoteAddress?.ipAddress }
}

/// What the pages ask of the daemon, which knows where requests come from and what a wish looks like on the wire.
public protocol PagesGate: Sendable {
  /// Who asks, as at every other door.
  func caller(_ request: Request, peer: String?) -> Caller
  /// Where whoever asks has found us, without a slash at the end.
  func base(_ request: Request) -> String
  /// As `POST /v1/leases` does it, so that a wish made here can be redeemed there.
  func rent(_ wish: LeaseRequest, _ caller: Caller) async throws -> Sold
}

extension HTTPField.Name {
  static func named(_ name: String) -> HTTPField.Name {
    guard let name = HTTPField.Name(name) else { preconditionFailure("a header's name is a token") }
    return name
  }
  static let referrerPolicy = named("Referrer-Policy")
  static let openerPolicy = named("Cross-Origin-Opener-Policy")
  static let fetchSite = named("Sec-Fetch-Site")
}
