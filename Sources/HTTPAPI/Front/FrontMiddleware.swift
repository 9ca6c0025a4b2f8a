import HTTPTypes
import Hummingbird
import Logging
import NIOCore

/// What every request passes: headers that must not be doubled, one log line, metrics, and errors into problems. One
/// middleware rather than five, because each costs.
struct FrontMiddleware<Context: HTTPAPIContext>: RouterMiddleware {
  let api: HTTPAPI

  func handle(
    _ request: Request, context: Context, next: (Request, Context) async throws -> Response
  ) async throws -> Response {
    let start = ContinuousClock.now
    var response: Response
    do {
      try Self.check(request.headers)
      response = try await next(request, context)
    } catch {
      response = answer(error, to: request, context: context)
    }
    response.headers[.contentTypeOptions] = "nosniff"
    let elapsed = ContinuousClock.now - start
    let route = Self.route(of: request, context: context)
    api.front.answered(request.method, route, status: response.status.code, after: elapsed)
    context.logger.info(
      "request answered",
      metadata: [
        "method": "\(request.method.rawValue)", "route": "\(route)", "status": "\(response.status.code)",
        "ms": "\(elapsed.milliseconds)",
      ])
    return response
  }

  private func answer(_ error: any Error, to request: Request, context: Context) -> Response {
    var error = error
    let path = request.uri.path
    if let foreign = error as? HTTPError, foreign.status == .notFound {
      error = api.unknownRoute(path)
    }
    var response = api.problemResponse(for: error, to: request, requestID: context.requestID)
    if response.status.code >= 500, !(error is Problem) {
      context.logger.error("a request failed", metadata: ["error": "\(loggable(error))"])
    }
    // What is left of an endless body is not worth waiting for. The client gets two seconds to read the answer.
    if mayBeEndless(request, error) {
      response.headers[.connection] = "close"
      let body = response.body
      let channel = context.channel
      response.body = ResponseBody(contentLength: body.contentLength) { writer in
        try await body.write(writer)
        channel.eventLoop.scheduleTask(in: .seconds(2)) { channel.close(promise: nil) }
      }
    }
    return response
  }

  /// A body of known, moderate length is taken to its end, so that the connection can be used again: most refusals are
  /// `402`s whose body was read anyway.
  private func mayBeEndless(_ request: Request, _ error: any Error) -> Bool {
    if let problem = error as? Problem, problem.code == "body-timeout" { return true }
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

  /// The template of the path, so that logs and metrics name no lease.
  private static func route(of request: Request, context: Context) -> String {
    if let path = context.endpointPath, path != "NotFound" { return path }
    let path = request.head.path ?? ""
    for door in ["/dav", "/c"] where path == door || path.hasPrefix(door + "/") { return door }
    return "unknown"
  }
}

extension Duration {
  /// With one decimal.
  fileprivate var milliseconds: String {
    let tenths = components.seconds * 10_000 + components.attoseconds / 100_000_000_000_000
    return "\(tenths / 10).\(tenths % 10)"
  }
}
