import Engine
import HTTPTypes
import Hummingbird
import L402
import Macaroons
import NIOCore
import Units
import Wire

extension HTTPAPI {
  var computeEndpoints: [Endpoint] {
    [
      Endpoint(.post, "/v1/leases/{lease}/exec", exec),
      Endpoint(.get, "/v1/leases/{lease}/logs", logs),
      Endpoint(.post, "/v1/leases/{lease}/start") { exchange in
        _ = try await engine.doors.start(exchange.lease(), exchange.caller()).opened()
        return Response(status: .noContent)
      },
      Endpoint(.post, "/v1/leases/{lease}/stop") { exchange in
        _ = try await engine.doors.stop(exchange.lease(), exchange.caller()).opened()
        return Response(status: .noContent)
      },
    ]
  }

  /// Runs a command and streams what it says, a line of JSON for each piece. The client's going ends the command.
  ///
  /// The command comes as the body, with what it reads in it; or as the header `Leasehold-Exec`, and then the body is what
  /// it reads, of any length, taken as fast as the command takes it.
  @Sendable private func exec(_ exchange: Exchange) async throws -> Response {
    let begun: Begun
    if let line = exchange.request.headers[.exec] {
      begun = try await execWithInput(exchange, try Self.execRequest(line))
    } else {
      begun = try await execWhole(exchange)
    }
    let (admission, output, stream) = begun
    let headers: HTTPFields = [
      .contentType: "application/x-ndjson", .cacheControl: "no-store",
    ]
    let logger = exchange.logger
    var pump: (@Sendable () async -> Void)?
    if let stream { pump = { await stream.pump { admission.count(Traffic(ingress: $0)) } } }
    return exchange.streaming(headers: headers, output, tick: .seconds(1), alongside: pump) { piece in
      switch piece {
      case .element(.standardOutput(let bytes)):
        admission.count(Traffic(egress: Int64(bytes.count)))
        return .bytes(Self.line(ExecLine(stream: "stdout", dataBase64: Base64.encode(bytes))))
      case .element(.standardError(let bytes)):
        admission.count(Traffic(egress: Int64(bytes.count)))
        return .bytes(Self.line(ExecLine(stream: "stderr", dataBase64: Base64.encode(bytes))))
      case .element(.exited(let code)): return .end(Self.line(ExecLine(exitCode: code)))
      case .element(.failed(let reason)): return .end(Self.line(ExecLine(error: reason)))
      case .tick:
        if await admission.isStillServing() { return .nothing }
        return .end(Self.line(ExecLine(error: "the lease no longer serves")))
      case .ended: return .end(Self.line(ExecLine(error: "the command ended without saying how")))
      case .failed(let error):
        logger.warning("a command's output broke off", metadata: ["error": "\(loggable(error))"])
        return .end(Self.line(ExecLine(error: "the command's output broke off")))
      }
    }
  }

  private typealias Begun = (any Admission, AsyncThrowingStream<ExecOutput, any Error>, RequestInput?)

  private func execWhole(_ exchange: Exchange) async throws -> Begun {
    let wish = try await exchange.requiredDocument(ExecRequest.self)
    var input: [UInt8] = []
    if let text = wish.stdinBase64, !text.isEmpty {
      guard let bytes = Base64.decode(text) else { throw Problem.invalid("stdin_base64", "is not base64") }
      input = bytes
    }
    let (admission, output) = try await engine.doors.exec(
      exchange.lease(), try Self.command(wish), input: input.isEmpty ? .none : .bytes(input), exchange.caller()
    ).opened()
    admission.count(Traffic(requests: 1, ingress: Int64(input.count)))
    return (admission, output, nil)
  }

  private func execWithInput(_ exchange: Exchange, _ wish: ExecRequest) async throws -> Begun {
    let lease = try exchange.lease()
    let headers = exchange.request.headers
    let announced = headers[.contentLength].flatMap { Int64($0) } ?? 0
    let length = headers.contains(.transferEncoding) ? nil : announced
    let stream = RequestInput(exchange.request.body, length: length)
    let (admission, output) = try await engine.doors.exec(
      lease, try Self.command(wish), input: stream.input, exchange.caller()
    ).opened()
    admission.count(Traffic(requests: 1))
    try await exchange.invite()
    return (admission, output, stream)
  }

  private static func command(_ wish: ExecRequest) throws -> ExecCommand {
    if let timeout = wish.timeoutSeconds, !(1...86_400).contains(timeout) {
      throw Problem.invalid("timeout_seconds", "1 to 86400")
    }
    return ExecCommand(
      arguments: wish.command, environment: wish.env ?? [:], timeout: wish.timeoutSeconds.map { Seconds($0) })
  }

  /// The header's value: JSON as it is, where that is ASCII, or in base64.
  private static func execRequest(_ line: String) throws -> ExecRequest {
    var bytes = Array(line.utf8)
    if bytes.first != UInt8(ascii: "{") {
      guard let decoded = Base64.decode(line) else {
        throw Problem.badHeader("Leasehold-Exec is JSON, or that in base64")
      }
      bytes = decoded
    }
    let wish = try JSON.decode(ExecRequest.self, from: bytes, unknownFields: .refused)
    guard wish.stdinBase64 == nil else { throw Problem.invalid("stdin_base64", "the body is the input") }
    return wish
  }

  private static func line(_ line: ExecLine) -> ByteBuffer {
    var buffer = ByteBuffer(bytes: JSON.encode(line))
    buffer.writeInteger(UInt8(ascii: "\n"))
    return buffer
  }

  @Sendable private func logs(_ exchange: Exchange) async throws -> Response {
    var part = LogPart.tail(nil)
    if let text = try exchange.query("tail") {
      guard let lines = Int(text), (0...1_000_000).contains(lines) else {
        throw Problem.invalid("tail", "0 to 1000000")
      }
      part = .tail(lines)
    }
    if let text = try exchange.query("from") {
      guard part == .tail(nil) else { throw Problem.invalid("from", "either a position or a number of lines") }
      guard let position = Int64(text), position >= 0 else {
        throw Problem.invalid("from", "a position in the log: not negative")
      }
      part = .from(position)
    }
    let follow: Bool
    switch try exchange.query("follow") {
    case nil, "false", "0": follow = false
    case "true", "1", "": follow = true
    case .some: throw Problem.invalid("follow", "true or false")
    }
    let (admission, log) = try await engine.doors.logs(of: exchange.lease(), part, follow: follow, exchange.caller())
      .opened()
    admission.count(Traffic(requests: 1))
    let headers: HTTPFields = [
      .contentType: "text/plain; charset=utf-8", .cacheControl: "no-store",
      .contentSecurityPolicy: "sandbox; default-src 'none'", .logPosition: String(log.position),
    ]
    let logger = exchange.logger
    return exchange.streaming(headers: headers, log.output, tick: .seconds(1)) { piece in
      switch piece {
      case .element(let bytes):
        admission.count(Traffic(egress: Int64(bytes.count)))
        return .bytes(ByteBuffer(bytes: bytes))
      case .tick: return await admission.isStillServing() ? .nothing : .end(nil)
      case .ended: return .end(nil)
      case .failed(let error):
        logger.warning("a container's log broke off", metadata: ["error": "\(loggable(error))"])
        return .end(nil)
      }
    }
  }
}
