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
        try await engine.start(exchange.lease(), exchange.caller())
        return Response(status: .noContent)
      },
      Endpoint(.post, "/v1/leases/{lease}/stop") { exchange in
        try await engine.stop(exchange.lease(), exchange.caller())
        return Response(status: .noContent)
      },
    ]
  }

  /// Runs a command and streams what it says, a line of JSON for each piece. The client's going ends the command.
  @Sendable private func exec(_ exchange: Exchange) async throws -> Response {
    let wish = try await exchange.requiredDocument(ExecRequest.self)
    var input: [UInt8] = []
    if let text = wish.stdinBase64, !text.isEmpty {
      guard let bytes = Base64.decode(text) else { throw Problem.invalid("stdin_base64", "is not base64") }
      input = bytes
    }
    if let timeout = wish.timeoutSeconds, !(1...86_400).contains(timeout) {
      throw Problem.invalid("timeout_seconds", "1 to 86400")
    }
    let (admission, output) = try await engine.exec(
      exchange.lease(),
      ExecCommand(
        arguments: wish.command, environment: wish.env ?? [:], standardInput: input,
        timeout: wish.timeoutSeconds.map { Seconds($0) }),
      exchange.caller())
    admission.count(ingress: Int64(input.count), requests: 1)
    let headers: HTTPFields = [
      .contentType: "application/x-ndjson", .cacheControl: "no-store",
    ]
    let logger = exchange.logger
    return exchange.streaming(headers: headers, output, tick: .seconds(1)) { piece in
      switch piece {
      case .element(.standardOutput(let bytes)):
        admission.count(egress: Int64(bytes.count))
        return .bytes(Self.line(ExecLine(stream: "stdout", dataBase64: Base64.encode(bytes))))
      case .element(.standardError(let bytes)):
        admission.count(egress: Int64(bytes.count))
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

  private static func line(_ line: ExecLine) -> ByteBuffer {
    var buffer = ByteBuffer(bytes: JSON.encode(line))
    buffer.writeInteger(UInt8(ascii: "\n"))
    return buffer
  }

  @Sendable private func logs(_ exchange: Exchange) async throws -> Response {
    var tail: Int?
    if let text = try exchange.query("tail") {
      guard let lines = Int(text), (0...1_000_000).contains(lines) else {
        throw Problem.invalid("tail", "0 to 1000000")
      }
      tail = lines
    }
    let follow: Bool
    switch try exchange.query("follow") {
    case nil, "false", "0": follow = false
    case "true", "1", "": follow = true
    case .some: throw Problem.invalid("follow", "true or false")
    }
    let (admission, output) = try await engine.logs(
      of: exchange.lease(), tail: tail, follow: follow, exchange.caller())
    admission.count(requests: 1)
    let headers: HTTPFields = [
      .contentType: "text/plain; charset=utf-8", .cacheControl: "no-store",
      .contentSecurityPolicy: "sandbox; default-src 'none'",
    ]
    let logger = exchange.logger
    return exchange.streaming(headers: headers, output, tick: .seconds(1)) { piece in
      switch piece {
      case .element(let bytes):
        admission.count(egress: Int64(bytes.count))
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
