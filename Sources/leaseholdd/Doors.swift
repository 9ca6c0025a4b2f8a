import Engine
import HTTPAPI
import HTTPTypes
import Hummingbird
import L402
import Ledger
import NIOCore
import Pages
import WebDAV

/// What both doors want to know of a connection.
struct DoorContext: HTTPAPIContext, DataDoorContext, PagesContext {
  var coreContext: CoreRequestContextStorage
  let channel: any Channel

  init(source: ApplicationRequestContextSource) {
    coreContext = .init(source: source)
    channel = source.channel
  }
}

/// Lets WebDAV requests in through the engine.
struct EngineGate: DataDoorGate {
  let api: HTTPAPI
  private var engine: Engine { api.engine }

  init(_ api: HTTPAPI) { self.api = api }

  func caller(_ request: Request, peer: String?) -> Caller {
    let client = api.configuration.proxies.client(peer: peer, headers: request.headers)
    var caller = Caller(
      authorization: request.headers[values: .authorization], method: request.method.rawValue,
      address: client.address, addressText: client.text,
      // Each request causes its own event: under one shared id an idle lease would be woken once and never again.
      requestID: "dav-\(UInt64.random(in: .min ... .max))")
    // A password is worth what whoever listens makes of it: it is taken where nobody can.
    caller.mayShowPassword = api.configuration.takesPasswords(from: peer)
    return caller
  }

  func admit(
    _ capability: Capabilities, to lease: LeaseID, path: ResourcePath, others: [ResourcePath], _ caller: Caller
  ) async throws -> (any Admission, Volume) {
    do {
      return try await engine.doors.openVolume(lease, capability, path: path, others: others, caller).opened()
    } catch let refusal as Refusal where caller.mayShowPassword {
      guard case .unauthorized = refusal else { throw refusal }
      throw PasswordWanted(refusal: refusal)
    }
  }

  func usage(of lease: LeaseID) async -> VolumeUsage? {
    // A quota that cannot be read is a property that is not known.
    try? await engine.doors.disks.usage(of: lease)
  }
}

/// What the pages ask of the other doors.
struct EnginePagesGate: PagesGate {
  let api: HTTPAPI

  func caller(_ request: Request, peer: String?) -> Caller {
    let client = api.configuration.proxies.client(peer: peer, headers: request.headers)
    return Caller(
      authorization: request.headers[values: .authorization], method: request.method.rawValue,
      address: client.address, addressText: client.text, requestID: "page-\(UInt64.random(in: .min ... .max))")
  }

  func base(_ request: Request) -> String { api.configuration.base(for: request) }

  func rent(_ wish: LeaseRequest, _ caller: Caller) async throws -> Sold {
    try await api.engine.rent(wish, body: HTTPAPI.canonical(wish), caller)
  }
}

/// A `401` to a client that may be one of those which can only give a password.
struct PasswordWanted: Error {
  var refusal: Refusal

  /// Behind ours: who knows both takes the first.
  var challenge: HTTPField { HTTPField(name: .wwwAuthenticate, value: "Basic realm=\"leasehold\", charset=\"UTF-8\"") }
}

extension HTTPAPI {
  /// A router with every door of the daemon: files over WebDAV through the engine, then our routes, then pages.
  ///
  /// - Throws: what is wrong with a page's template.
  func routerWithEveryDoor() throws -> Router<DoorContext> {
    let dav = WebDAVDoor(
      gate: EngineGate(self),
      // The door's own refusals it renders itself; the engine's are rendered as everywhere.
      configuration: .init(
        authorities: configuration.authorities,
        forwardedHosts: { [proxies = configuration.proxies] in proxies.hosts(peer: $0, headers: $1) },
        render: { error, request in
          if let wanted = error as? PasswordWanted {
            var response = problemResponse(for: wanted.refusal, to: request)
            response.headers.append(wanted.challenge)
            return response
          }
          return error is DoorProblem ? nil : problemResponse(for: error, to: request)
        }))
    let addresses = AddressMiddleware<DoorContext>(self) { request, door, context in
      await dav.respond(to: request, at: door, channel: context.channel, logger: context.logger)
    }
    let router = makeRouter(of: DoorContext.self, doors: [addresses, WebDAVMiddleware<DoorContext>(dav)])
    try Pages(engine: engine, gate: EnginePagesGate(api: self), title: configuration.title).routes(on: router)
    return router
  }
}
