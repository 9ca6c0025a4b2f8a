import HTTPServing
import HTTPTypes
import Hummingbird
import Ledger
import Logging
import NIOCore

/// What every request passes: headers that must not be doubled, one log line, metrics, and errors into problems. One
/// middleware rather than five, because each costs.
struct FrontMiddleware<Context: HTTPAPIContext>: RouterMiddleware {
  let api: HTTPAPI
  /// Of the doors beside our routes.
  let prefixes: [DoorPrefix]

  func handle(
    _ request: Request, context: Context, next: (Request, Context) async throws -> Response
  ) async throws -> Response {
    let start = ContinuousClock.now
    var response: Response
    var failure: (any Error)?
    do {
      try Self.check(request.headers)
      try check(path: request.head.path ?? "")
      response = try await next(request, context)
    } catch {
      failure = error
      response = answer(error, to: request, context: context)
    }
    // A door may have turned what it refuses into an answer of its own, and may have seen to this as well.
    let isSettled = failure == nil && (response.status.code < 400 || response.headers[.connection] != nil)
    if !isSettled, mayBeEndless(request, failure) { Self.hangUp(behind: &response, context.channel) }
    response.headers[.contentTypeOptions] = "nosniff"
    // The address is a secret, and whatever page is opened from there is told nothing of it.
    if AddressPath.prefix.covers(request.head.path ?? "") { response.headers[.referrerPolicy] = "no-referrer" }
    let elapsed = ContinuousClock.now - start
    let route = route(of: request, context: context)
    api.front.answered(request.method, route, status: response.status.code, after: elapsed)
    guard context.logger.logLevel <= .info else { return response }
    var facts = HTTPAPI.facts(request.method, route, response.status, after: elapsed)
    if api.configuration.logsClients { name(request, context: context, in: &facts) }
    let isRefusal = (400..<500).contains(response.status.code) && response.status.code != 402
    switch isRefusal
      ? api.refusals.admit(facts["client"].map { "\($0)" }, route, response.status.code, at: start) : .new
    {
    case .new: context.logger.info("request answered", metadata: facts)
    case .again: context.logger.debug("request answered", metadata: facts)
    case .more(let count):
      facts["refused_meanwhile"] = "\(count)"
      context.logger.info("request answered", metadata: facts)
    }
    return response
  }

  /// Who asked, and about which lease.
  private func name(_ request: Request, context: Context, in facts: inout Logger.Metadata) {
    let exchange = Exchange(request: request, context: context, configuration: api.configuration)
    facts["client"] = "\(exchange.clientAddress.text)"
    if let lease = HTTPAPI.lease(in: request.uri.path) { facts["lease"] = "\(lease)" }
  }

  private func answer(_ error: any Error, to request: Request, context: Context) -> Response {
    var error = error
    let path = request.uri.path
    if let foreign = error as? HTTPError, foreign.status == .notFound {
      error = api.unknownRoute(path)
    }
    let response = api.problemResponse(for: error, to: request, requestID: context.requestID)
    // What is refused as planned, while a node or a database is away for one, is told by whoever found it away.
    if response.status.code == 500, !(error is Problem) {
      context.logger.error("a request failed", metadata: ["error": "\(loggable(error))"])
    }
    return response
  }

  /// What is left of an endless body is not worth waiting for. The client gets two seconds to read the answer.
  private static func hangUp(behind response: inout Response, _ channel: any Channel) {
    response.headers[.connection] = "close"
    let body = response.body
    response.body = ResponseBody(contentLength: body.contentLength) { writer in
      try await body.write(writer)
      channel.eventLoop.scheduleTask(in: .seconds(2)) { channel.close(promise: nil) }
    }
  }

  /// A body of known, moderate length is taken to its end, so that the connection can be used again: most refusals are
  /// `402`s whose body was read anyway.
  private func mayBeEndless(_ request: Request, _ error: (any Error)?) -> Bool {
    if let problem = error as? Problem, problem.code == .bodyTimeout { return true }
    if request.headers.contains(.transferEncoding) { return true }
    guard let length = request.headers[.contentLength] else { return false }
    return Int(length).map { $0 > api.configuration.bodyLimit } ?? true
  }

  /// Two lines of these would let two readers of one request disagree (RFC 9112 §11.2). `Authorization` may stand
  /// several times: what stands there is compared where it is read.
  private static func check(_ headers: HTTPFields) throws(Problem) {
    // The first Host is the request's authority; any that is still among the fields is a second one.
    guard !headers.contains(.host) else { throw .badHeader("Host appears twice") }
    guard headers[values: .contentLength].count <= 1 else { throw .badHeader("Content-Length appears twice") }
    guard headers[values: .idempotencyKey].count <= 1 else { throw .badHeader("Idempotency-Key appears twice") }
    guard headers[values: .contentType].count <= 1 else { throw .badHeader("Content-Type appears twice") }
  }

  /// An empty segment names nothing: a path with one is none of ours, before anybody compares how it begins. A proxy in
  /// front that guards a prefix sees `//metrics` as another path, and a router that drops the empty segment does not. Only
  /// what lies behind another door, as a disk's folder, ends in a slash.
  func check(path: String) throws(Problem) {
    let segments = path.utf8.prefix { $0 != UInt8(ascii: "?") }
    var before: UInt8 = 0
    for byte in segments {
      if byte == UInt8(ascii: "/"), before == byte { throw Self.nothing }
      before = byte
    }
    guard before == UInt8(ascii: "/"), segments.count > 1 else { return }
    guard prefixes.contains(where: { $0.covers(path) }) else { throw Self.nothing }
  }

  private static var nothing: Problem { Problem(.notFound, .notFound, "there is nothing here") }

  /// The template of the path, so that logs and metrics name no lease.
  private func route(of request: Request, context: Context) -> String {
    if let path = context.endpointPath, path != "NotFound" { return path }
    let path = request.head.path ?? ""
    return prefixes.first { $0.covers(path) }?.path ?? "unknown"
  }
}

extension HTTPAPI {
  /// What the line of each request says.
  static func facts(
    _ method: HTTPRequest.Method, _ route: String, _ status: HTTPResponse.Status, after elapsed: Duration
  ) -> Logger.Metadata {
    [
      "method": .string(method.rawValue), "route": .string(route), "status": .string(String(status.code)),
      "ms": .string(elapsed.milliseconds),
    ]
  }
}

extension Duration {
  /// With one decimal.
  fileprivate var milliseconds: String {
    let tenths = components.seconds * 10_000 + components.attoseconds / 100_000_000_000_000
    return "\(tenths / 10).\(tenths % 10)"
  }
}
