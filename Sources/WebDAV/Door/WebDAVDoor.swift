import Engine
import Files
import HTTPServing
import HTTPTypes
import Hummingbird
import L402
import Ledger
import Logging
import NIOCore
import NIOHTTPTypes

/// The files of disk leases over WebDAV (RFC 4918, classes 1 and 2), at `/dav/{lease}/…`.
///
/// Safe to use from any number of tasks. It holds no descriptor between requests, so that a volume can be frozen or
/// unmounted as soon as its open streams have been cut, which takes at most a second once the admission says so.
public struct WebDAVDoor: Sendable {
  let gate: any DataDoorGate
  let configuration: Configuration
  let locks = LockTable()
  let sweeps = Sweeps()
  let checksums = ChecksumMemory()

  public struct Configuration: Sendable {
    /// How long a client may neither send nor take a byte before its stream is ended.
    public var idle: TimeAmount
    /// Host names, with port unless it is the default one, under which this server is known besides the `Host` of the
    /// request: `Destination` may name them.
    public var authorities: Set<String>
    /// The host names under which a proxy in front was asked, of a peer whose word is taken; empty of any other.
    public var forwardedHosts: @Sendable (_ peer: String?, _ headers: HTTPFields) -> [String]
    /// Turns an error of the gate into an answer; `nil` leaves it to the door, which knows ``DoorProblem`` alone.
    public var render: @Sendable (any Error, Request) -> Response?

    public init(
      idle: TimeAmount = .seconds(60), authorities: Set<String> = [],
      forwardedHosts: @escaping @Sendable (_ peer: String?, _ headers: HTTPFields) -> [String] = { _, _ in [] },
      render: @escaping @Sendable (any Error, Request) -> Response? = { _, _ in nil }
    ) {
      self.idle = idle
      self.authorities = authorities
      self.forwardedHosts = forwardedHosts
      self.render = render
    }
  }

  public init(gate: any DataDoorGate, configuration: Configuration = Configuration()) {
    self.gate = gate
    self.configuration = configuration
  }

  /// Answers a request whose path begins with `/dav`. Never throws: every failure is an answer.
  ///
  /// - Parameters:
  ///   - door: the address that the request came by; its path begins with that instead.
  ///   - channel: the connection the request came over; streams that must end are ended by closing it.
  public func respond(
    to request: Request, at door: AddressedDoor? = nil, channel: any Channel, logger: Logger
  ) async -> Response {
    var response: Response
    do {
      response = try await answer(request, at: door, channel: channel)
    } catch {
      response = render(error, request, logger: logger)
    }
    response.headers[.contentTypeOptions] = "nosniff"
    return settle(response, for: request, channel: channel)
  }

  /// What clients ask before they have a path: whether WebDAV is spoken here. Above the leases there is nothing to see, and
  /// nothing to show a credential for.
  static func greeting(for request: Request) -> Response? {
    guard request.method == .options,
      ["/", "*", Target.prefix.path, Target.prefix.path + "/"].contains(request.head.path ?? "")
    else { return nil }
    return Response(status: .ok, headers: offer)
  }

  private static let offer: HTTPFields = [
    .dav: "1, 2", .allow: DavMethod.allow, .msAuthorVia: "DAV", .acceptRanges: "bytes", .contentTypeOptions: "nosniff",
  ]

  private func answer(
    _ request: Request, at door: AddressedDoor?, channel: any Channel
  ) async throws -> Response {
    guard let method = DavMethod(rawValue: request.method.rawValue) else {
      throw DoorProblem(405, .unknownMethod, "no such method here", headers: ["Allow": DavMethod.allow])
    }
    let target = try Target(requestPath: request.head.path ?? "", at: door)
    try Self.checkExpectation(request)
    let peer = channel.remoteAddress?.ipAddress
    let authorities = names(request, peer: peer)
    let destination = try self.destination(of: request, method: method, target: target, at: door, authorities)
    let ifHeader = try request.headers[.ifState].map { text throws(DoorProblem) in try IfHeader(text) }
    // What is named on another server or lease is no path of ours: the condition on it cannot hold, that is all.
    let named = (ifHeader?.lists ?? []).compactMap(\.resource).compactMap {
      try? Target(uri: $0, authorities: authorities, at: door)  // What is no address of ours names nothing here.
    }
    var caller = gate.caller(request, peer: peer)
    caller.door = door
    let (admission, volume) = try await gate.admit(
      method.action.needs, to: target.lease, path: target.path,
      others: (destination.map { [$0.path] } ?? []) + named.filter { $0.lease == target.lease }.map(\.path), caller)
    admission.count(Traffic(requests: 1))
    let call = Call(
      request: request, channel: channel, door: door, target: target, destination: destination, ifHeader: ifHeader,
      authorities: authorities, admission: admission, volume: volume)
    do {
      return try await perform(method, call)
    } catch let fault as FileFault {
      if fault.kind == .noSpace { sweep(call) }
      throw DoorProblem(fault, writing: method.action != .readFile)
    } catch let fault as StreamFault {
      throw DoorProblem(fault)
    } catch let header as BadHeader {
      throw DoorProblem(header)
    }
  }

  /// A disk is full: what earlier uploads and copies have left on it goes first.
  private func sweep(_ call: Call) {
    guard sweeps.isDue(call.lease, at: .now) else { return }
    let serving = call.serving
    Workers.later(for: call.lease) { stop in
      // What it cannot do now is done another time.
      try? call.tree().sweepAll(stop: StopSign(pause: stop.pause) { !serving() })
    }
  }

  /// How this server is called: as it is configured, as the request says, and as a proxy in front was asked.
  private func names(_ request: Request, peer: String?) -> Set<String> {
    let asked = (request.head.authority.map { [$0] } ?? []) + configuration.forwardedHosts(peer, request.headers)
    return configuration.authorities.union(asked).reduce(into: []) { $0.insert(Target.normalise($1)) }
  }

  /// Nothing but `100-continue` can be expected (RFC 9110 §10.1.1).
  private static func checkExpectation(_ request: Request) throws(DoorProblem) {
    guard let expectation = request.headers[.expect], !request.expectsContinue else { return }
    throw DoorProblem(417, .badHeader, "this cannot be expected: \(expectation.filter(\.isLetter).prefix(40))")
  }

  /// Tells a client that waits for it to send its body. Everything that can refuse the request has done so before.
  func invite(_ call: Call) async throws {
    guard call.request.expectsContinue else { return }
    try await call.channel.writeAndFlush(HTTPResponsePart.head(HTTPResponse(status: .continue)))
  }

  private func perform(_ method: DavMethod, _ call: Call) async throws -> Response {
    switch method {
    case .options:
      return Response(status: .ok, headers: Self.offer)
    case .get, .head: return try await get(call, head: method == .head)
    case .propfind: return try await propfind(call)
    case .put: return try await put(call)
    case .delete: return try await delete(call)
    case .mkcol: return try await makeCollection(call)
    case .copy: return try await transfer(call, moving: false)
    case .move: return try await transfer(call, moving: true)
    case .proppatch: return try await proppatch(call)
    case .lock: return try await lock(call)
    case .unlock: return try await unlock(call)
    }
  }

  private func destination(
    of request: Request, method: DavMethod, target: Target, at door: AddressedDoor?, _ authorities: Set<String>
  ) throws(DoorProblem) -> Target? {
    guard method == .copy || method == .move else { return nil }
    guard let text = request.headers[.destination] else {
      throw DoorProblem(400, .badHeader, "\(method.rawValue) needs a Destination")
    }
    let destination = try Target(uri: text, authorities: authorities, at: door)
    guard destination.lease == target.lease else {
      throw DoorProblem(403, .wrongLease, "a copy or move stays within one lease")
    }
    return destination
  }

  private func render(_ error: any Error, _ request: Request, logger: Logger) -> Response {
    if let response = configuration.render(error, request) { return response }
    if let problem = error as? DoorProblem { return Response(problem) }
    // The client has gone, or sent what cannot be read: there is nobody to tell and nothing to mend.
    if BrokenRequest.isCause(of: error) {
      return Response(DoorProblem(400, .brokenOff, "the request broke off, or cannot be read"))
    }
    if error is CancellationError {
      return Response(DoorProblem(503, .stopping, "try again", headers: ["Retry-After": "1"]))
    }
    logger.error("a request to a disk failed", metadata: ["error": "\(type(of: error))"])
    return Response(DoorProblem(500, .internal, "this should not have happened"))
  }

  /// A body that nobody has read: the client may be in the middle of sending it, and it may never end. The client gets
  /// the answer at once and two seconds to read it; what it still sends meanwhile is dropped, and then the connection
  /// ends instead of taking the rest.
  private func settle(_ response: Response, for request: Request, channel: any Channel) -> Response {
    let isRead = response.status.code < 400 && DavMethod(rawValue: request.method.rawValue)?.readsBody == true
    guard request.hasBody, !isRead else { return response }
    var response = response
    response.headers[.connection] = "close"
    let body = response.body
    response.body = ResponseBody(contentLength: body.contentLength) { writer in
      try await body.write(writer)
      channel.eventLoop.scheduleTask(in: .seconds(2)) { channel.close(promise: nil) }
    }
    return response
  }
}

extension Response {
  init(_ problem: DoorProblem) {
    var headers: HTTPFields = [.contentType: "application/problem+json", .cacheControl: "no-store"]
    for (name, value) in problem.headers {
      if let name = HTTPField.Name(name) { headers[name] = value }
    }
    // Codes and details are our own sentences: no quote, backslash or control character is ever in them.
    let text =
      "{\"type\":\"urn:leasehold:problem:\(problem.code)\",\"title\":\"\(problem.code)\","
      + "\"status\":\(problem.status),\"code\":\"\(problem.code)\",\"detail\":\"\(problem.detail)\"}"
    self.init(
      status: HTTPResponse.Status(code: problem.status), headers: headers,
      body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
  }

  /// A WebDAV answer of status 207, 200 or an error with a precondition element (RFC 4918 §16).
  init(_ status: HTTPResponse.Status, xml: String, headers: HTTPFields = [:]) {
    var headers = headers
    headers[.contentType] = "application/xml; charset=utf-8"
    self.init(
      status: status, headers: headers,
      body: ResponseBody(byteBuffer: ByteBuffer(string: "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n" + xml)))
  }
}
