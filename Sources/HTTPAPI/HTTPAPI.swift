import Engine
import HTTPServing
import HTTPTypes
import Hummingbird
import L402
import Logging

/// The JSON door: every use case of the engine over HTTP, and the operations routes beside them.
///
/// Mounts on a Hummingbird router together with other doors; see ``makeRouter(of:doors:)``.
public struct HTTPAPI: Sendable {
  public let engine: Engine
  public let configuration: Configuration
  let front: FrontMetrics
  /// Open event streams: each is a watch in the engine.
  let feeds = Seats(most: 8)
  let refusals = RefusalLog()

  public struct Configuration: Sendable {
    /// The provider's name on the page and in the discovery document.
    public var title: String
    /// Said in the OpenAPI document.
    public var version: String
    /// Where links begin: `https://rent.example`. Empty: links are paths.
    public var publicURL: String
    public var proxies: TrustedProxies
    /// The host, and the port unless it is the scheme's, of ``publicURL``.
    public var authorities: Set<String> {
      let authority = publicURL.split(separator: "/", omittingEmptySubsequences: false).dropFirst(2).first
      return authority.map { [String($0)] } ?? []
    }
    /// What the operator's routes ask for; without one they are shut.
    public var adminToken: AdminToken?
    /// The trusted proxies end TLS: what comes from them came encrypted.
    public var tlsIsEndedByProxy = false
    /// The embedded node was meant to be served on a public address.
    public var playMoneyIsPublic = false
    /// Whose key private messages to renters come from (NIP-19); `nil`: none are sent.
    public var messagesFrom: String?
    /// A larger JSON body is refused with `413`.
    public var bodyLimit: Int
    /// A body that is not there by then is refused with `408`.
    public var bodyTimeout: Duration
    /// A comment goes out on a quiet event stream this often.
    public var keepAlive: Duration
    /// The line of each request names lease and client address. For a provider who looks for an abuser; off otherwise,
    /// for where a renter sits is nobody's business.
    public var logsClients: Bool
    /// Where the product's metrics are kept. Pass it to `MetricsSystem.bootstrap` too.
    public var metrics: PrometheusMetrics

    public init(
      title: String = "Leasehold", version: String = "0.1.0", publicURL: String = "",
      proxies: TrustedProxies = .none, adminToken: AdminToken? = nil, bodyLimit: Int = 64 << 10,
      bodyTimeout: Duration = .seconds(10), keepAlive: Duration = .seconds(15),
      logsClients: Bool = false, metrics: PrometheusMetrics = PrometheusMetrics()
    ) {
      self.title = title
      self.version = version
      self.publicURL = publicURL
      self.proxies = proxies
      self.adminToken = adminToken
      self.bodyLimit = bodyLimit
      self.bodyTimeout = bodyTimeout
      self.keepAlive = keepAlive
      self.logsClients = logsClients
      self.metrics = metrics
    }
  }

  public init(engine: Engine, configuration: Configuration = Configuration()) {
    self.engine = engine
    self.configuration = configuration
    front = FrontMetrics(configuration.metrics)
  }

  /// A router with our front (request log, metrics, problems), then the other doors, then our routes.
  ///
  /// - Parameter doors: each answers what begins with its prefixes and hands everything else on, such as WebDAV's.
  public func makeRouter<Context: HTTPAPIContext>(
    of context: Context.Type = Context.self, doors: [any HTTPDoor<Context>] = []
  ) -> Router<Context> {
    let router = Router(context: context, options: .autoGenerateHeadEndpoints)
    router.add(middleware: FrontMiddleware<Context>(api: self, prefixes: doors.flatMap(\.prefixes)))
    func add(_ door: some HTTPDoor<Context>) { router.add(middleware: door) }
    for door in doors { add(door) }
    routes(on: router)
    return router
  }

  /// The metrics and nothing else, for whoever asks: for an address that only the one who gathers them reaches.
  public func makeMetricsRouter<Context: HTTPAPIContext>(of context: Context.Type = Context.self) -> Router<Context> {
    let router = Router(context: context)
    router.get("metrics") { (_: Request, _: Context) async -> Response in await metricsText() }
    return router
  }

  /// Adds our routes alone. Their errors are thrown: the front, or ``problemResponse(for:to:requestID:)``, turns them into
  /// problems.
  public func routes<Methods: RouterMethods>(on router: Methods) where Methods.Context: HTTPAPIContext {
    for endpoint in endpoints {
      precondition(endpoint.access != nil, "\(endpoint.method) \(endpoint.path) is not in the table of access")
      router.on(endpoint.routerPath, method: endpoint.method) {
        (request: Request, context: Methods.Context) async throws -> Response in
        try await endpoint.handler(Exchange(request: request, context: context, configuration: configuration))
      }
    }
  }
}

/// One route and what answers it.
struct Endpoint: Sendable {
  var method: HTTPRequest.Method
  /// As in the OpenAPI document: `/v1/leases/{lease}`.
  var path: String
  var handler: @Sendable (Exchange) async throws -> Response

  init(
    _ method: HTTPRequest.Method, _ path: String, _ handler: @escaping @Sendable (Exchange) async throws -> Response
  ) {
    self.method = method
    self.path = path
    self.handler = handler
  }

  var routerPath: RouterPath {
    let segments = path.split(separator: "/").map { segment -> String in
      segment.first == "{" ? ":" + segment.dropFirst().dropLast() : String(segment)
    }
    return RouterPath("/" + segments.joined(separator: "/"))
  }

  /// Whether a request's path is one of this route's.
  func matches(_ path: String) -> Bool {
    let mine = self.path.split(separator: "/")
    let theirs = path.split(separator: "/")
    return mine.count == theirs.count && zip(mine, theirs).allSatisfy { $0.first == "{" || $0 == $1 }
  }
}

extension HTTPAPI {
  /// Every route there is. The OpenAPI document has the same; a test holds the two together.
  var endpoints: [Endpoint] {
    offerEndpoints + waitlistEndpoints + leaseEndpoints + lookingEndpoints + credentialEndpoints + addressEndpoints
      + contactEndpoints + walletEndpoints + attachmentEndpoints + computeEndpoints + paymentEndpoints + topUpEndpoints
      + operationsEndpoints + adminEndpoints
  }
}
