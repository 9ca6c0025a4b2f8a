import Engine
import HTTPServing
import HTTPTypes
import Hummingbird
import Leasing

/// `/d/{address}/…`: the door of a lease for who comes by one of its addresses (a capability URL). Files of a disk as at
/// `/dav/{lease}/`; `exec`, `logs`, `start` and `stop` of a container, and the lease itself before them.
///
/// Before the router, for what stands behind an address is the path of another door.
public struct AddressMiddleware<Context: HTTPAPIContext>: HTTPDoor {
  /// Answers for the files of a disk.
  public typealias Files = @Sendable (Request, AddressedDoor, Context) async -> Response

  private let api: HTTPAPI
  private let files: Files

  public var prefixes: [DoorPrefix] { [AddressPath.prefix] }

  public init(_ api: HTTPAPI, files: @escaping Files) {
    self.api = api
    self.files = files
  }

  public func handle(
    _ request: Request, context: Context, next: (Request, Context) async throws -> Response
  ) async throws -> Response {
    let path = request.head.path ?? ""
    guard AddressPath.prefix.covers(path) else { return try await next(request, context) }
    guard let named = AddressPath(path), let door = try await api.engine.addresses.find(named.secret) else {
      throw Problem(.notFound, .notFound, "there is nothing here")
    }
    if let page = try await api.payPage(named, request, door, context) { return page }
    switch door.address.kind {
    case .disk: return await files(request, door, context)
    case .compute: return try await container(named.rest, request, door, context)
    }
  }

  /// The routes of the lease's own, which find it by the address.
  private func container(
    _ verb: String, _ request: Request, _ door: AddressedDoor, _ context: Context
  ) async throws -> Response {
    let route: String
    switch verb {
    case "": route = "/v1/leases/{lease}"
    case "exec", "logs", "start", "stop": route = "/v1/leases/{lease}/" + verb
    default: throw Problem(.notFound, .notFound, "a container has exec, logs, start and stop")
    }
    guard let endpoint = api.endpoints.first(where: { $0.path == route && $0.method == request.method }),
      !verb.isEmpty || request.method == .get
    else {
      throw api.unknownRoute(verb.isEmpty ? "/v1/credential" : route.replacing("{lease}", with: "-"))
    }
    let exchange = Exchange(request: request, context: context, configuration: api.configuration, door: door)
    do {
      return try await endpoint.handler(exchange)
    } catch let refusal as Refusal {
      guard let demand = try await api.engine.doors.demand(insteadOf: refusal, exchange.caller()) else { throw refusal }
      throw PaymentWanted(demand: demand)
    }
  }
}

/// A path of an address.
struct AddressPath: Hashable {
  var secret: String
  /// Behind the address, without slashes at the ends.
  var rest: String

  static let prefix = DoorPrefix(AddressedDoor.prefix)

  /// `nil` for what cannot be one.
  init?(_ path: String) {
    let segments = path.prefix { $0 != "?" }.dropFirst(Self.prefix.path.count + 1)
      .split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
    guard let secret = segments.first, secret.utf8.count == 26 else { return nil }
    self.secret = String(secret)
    var rest = segments.count > 1 ? segments[1] : ""
    if rest.last == "/" { rest.removeLast() }
    self.rest = String(rest)
  }
}
