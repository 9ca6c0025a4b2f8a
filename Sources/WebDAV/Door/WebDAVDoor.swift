import HTTPTypes
import Hummingbird
import L402
import Ledger
import Logging
import NIOCore

/// The files of disk leases over WebDAV (RFC 4918, classes 1 and 2), at `/dav/{lease}/…`.
///
/// Safe to use from any number of tasks. It holds no descriptor between requests, so that a volume can be frozen or
/// unmounted as soon as its open streams have been cut, which takes at most a second once the admission says so.
public struct WebDAVDoor: Sendable {
  let gate: any DataDoorGate
  let configuration: Configuration
  let locks = LockTable()

  public struct Configuration: Sendable {
    /// How long a client may neither send nor take a byte before its stream is ended.
    public var idle: TimeAmount
    /// Host names, with port unless it is the default one, under which this server is known besides the `Host` of the
    /// request: `Destination` may name them.
    public var authorities: Set<String>
    /// Turns an error of the gate into an answer; `nil` leaves it to the door, which knows ``DoorProblem`` alone.
    public var render: @Sendable (any Error, Request) -> Response?

    public init(
      idle: TimeAmount = .seconds(60), authorities: Set<String> = [],
      render: @escaping @Sendable (any Error, Request) -> Response? = { _, _ in nil }
    ) {
      self.idle = idle
      self.authorities = authorities
      self.render = render
    }
  }

  public init(gate: any DataDoorGate, configuration: Configuration = Configuration()) {
    self.gate = gate
    self.configuration = configuration
  }

  /// Answers a request whose path begins with `/dav`. Never throws: every failure is an answer.
  ///
  /// - Parameter channel: the connection the request came over; streams that must end are ended by closing it.
  public func respond(to request: Request, channel: any Channel, logger: Logger) async -> Response {
    var response: Response
    do {
      response = try await answer(request, channel: channel)
    } catch {
      response = render(error, request, logger: logger)
    }
    response.headers[.contentTypeOptions] = "nosniff"
    return settle(response, for: request, channel: channel)
  }

  private func answer(_ request: Request, channel: any Channel) async throws -> Response {
    guard let method = DavMethod(rawValue: request.method.rawValue) else {
      throw DoorProblem(405, "unknown-method", "no such method here", headers: ["Allow": DavMethod.allow])
    }
    let target = try Target(requestPath: request.head.path ?? "")
    let authorities = configuration.authorities.union(request.head.authority.map { [Target.normalise($0)] } ?? [])
    let destination = try self.destination(of: request, method: method, target: target, authorities: authorities)
    let ifHeader = try request.headers[.ifState].map { text throws(DoorProblem) in try IfHeader(text) }
    // What is named on another server or lease is no path of ours: the condition on it cannot hold, that is all.
    let named = (ifHeader?.lists ?? []).compactMap(\.resource).compactMap {
      try? Target(uri: $0, authorities: authorities)
    }
    let admission = try await gate.admit(
      DoorRequest(
        method: method.rawValue, lease: target.lease, path: target.path,
        otherPaths: (destination.map { [$0.path] } ?? []) + named.filter { $0.lease == target.lease }.map(\.path),
        capability: method.action.needs, authorization: request.headers[values: .authorization],
        acceptAuthenticate: request.headers[values: .acceptAuthenticate],
        peerAddress: channel.remoteAddress?.ipAddress, forwardedFor: request.headers[values: .forwardedFor],
        forwarded: request.headers[values: .forwarded]))
    admission.count(DoorTraffic(requests: 1))
    let call = Call(
      request: request, channel: channel, target: target, destination: destination, ifHeader: ifHeader,
      admission: admission)
    do {
      return try await perform(method, call)
    } catch let fault as FileFault {
      throw DoorProblem(fault, writing: method.action != .readFile)
    }
  }

  private func perform(_ method: DavMethod, _ call: Call) async throws -> Response {
    switch method {
    case .options:
      return Response(
        status: .ok,
        headers: [.dav: "1, 2", .allow: DavMethod.allow, .msAuthorVia: "DAV", .acceptRanges: "bytes"])
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
    of request: Request, method: DavMethod, target: Target, authorities: Set<String>
  ) throws(DoorProblem) -> Target? {
    guard method == .copy || method == .move else { return nil }
    guard let text = request.headers[.destination] else {
      throw DoorProblem(400, "bad-header", "\(method.rawValue) needs a Destination")
    }
    let destination = try Target(uri: text, authorities: authorities)
    guard destination.lease == target.lease else {
      throw DoorProblem(403, "wrong-lease", "a copy or move stays within one lease")
    }
    return destination
  }

  private func render(_ error: any Error, _ request: Request, logger: Logger) -> Response {
    if let response = configuration.render(error, request) { return response }
    if let problem = error as? DoorProblem { return Response(problem) }
    // The client has gone, or we are stopping: there is nobody to tell and nothing to mend.
    let isGone = error is CancellationError || error is ChannelError || error is IOError
    logger.log(level: isGone ? .debug : .error, "a request to a disk failed", metadata: ["error": "\(type(of: error))"])
    return Response(DoorProblem(500, "internal", "this should not have happened"))
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
      + "\"status\":\(problem.status),\"detail\":\"\(problem.detail)\"}"
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
