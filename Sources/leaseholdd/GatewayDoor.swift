import Engine
import Gateway
import HTTPAPI
import HTTPServing
import HTTPTypes
import Hummingbird
import L402
import NIOCore

/// Lets requests through to the ports of containers, and answers those that it does not.
struct EngineGatewayGate: GatewayGate {
  let api: HTTPAPI
  private var engine: Engine { api.engine }

  init(_ api: HTTPAPI) { self.api = api }

  func caller(_ request: HTTPRequest, peer: String?) -> Caller {
    let proxies = api.configuration.proxies
    let client = proxies.client(peer: peer, headers: request.headerFields)
    var caller = Caller(
      authorization: request.headerFields[values: .authorization], method: request.method.rawValue,
      address: client.address, addressText: client.text,
      // Each request causes its own event: under one shared id an idle lease would be woken once and never again.
      requestID: "port-\(UInt64.random(in: .min ... .max))")
    caller.mayShowPassword = api.configuration.takesPasswords(from: peer)
    return caller
  }

  func admittedAsRemembered(_ target: PortTarget, _ caller: Caller) -> (any Admission)? {
    engine.doors.portAsRemembered(target.port, of: target.lease, caller)
  }

  func admit(_ target: PortTarget, _ caller: Caller) async throws -> any Admission {
    do {
      return try await engine.doors.openPort(target.port, of: target.lease, caller).opened().0
    } catch let refusal as Refusal where caller.mayShowPassword {
      guard case .unauthorized = refusal else { throw refusal }
      throw PasswordWanted(refusal: refusal)
    }
  }

  func connect(_ target: PortTarget, as visitor: PortVisitor) async throws -> PortConnection {
    try await engine.doors.containers.connect(to: target.port, of: target.lease, as: visitor)
  }

  func answer(to error: any Error, _ head: HTTPRequest) async -> PromptAnswers.Reply {
    let request = Request(head: head, body: RequestBody(buffer: ByteBuffer()))
    var response: Response
    switch error {
    case let wanted as PasswordWanted:
      response = api.problemResponse(for: wanted.refusal, to: request)
      response.headers.append(wanted.challenge)
    case let fault as PortFault: response = api.problemResponse(for: fault.refusal, to: request)
    default: response = api.problemResponse(for: error, to: request)
    }
    response.headers[.xContentTypeOptions] = "nosniff"
    let sink = Collected()
    do {
      try await response.body.write(sink)
    } catch {
      // A problem is bytes in memory: nothing can fail.
    }
    return PromptAnswers.Reply(response.status, response.headers, body: sink.bytes)
  }

  func isOurs(authorization line: String, among lines: [String]) -> Bool {
    switch line.prefix(while: { $0 != " " }).lowercased() {
    case "l402", "lsat": true
    // A macaroon and its preimage, as some clients send them.
    case "bearer": line.contains(":")
    // A name and a password are ours where nothing else is; beside a credential they are the container's.
    case "basic": lines.count == 1
    default: false
    }
  }

  func told(_ request: HTTPRequest, _ caller: Caller, status: Int, after elapsed: Duration) {
    api.tell("/c", request.method, status: status, caller, path: request.path ?? "", after: elapsed)
  }
}

extension PortFault {
  fileprivate var refusal: Refusal {
    switch self {
    case .broken:
      .unanswered(code: .portBroken, "what listens on this port ended the connection, or does not speak HTTP/1")
    case .silent: .unanswered(code: .portSilent, "what listens on this port did not answer in time")
    }
  }
}

/// The bytes of a body that is in memory.
private final class Collected: ResponseBodyWriter {
  var bytes: [UInt8] = []

  func write(_ buffer: ByteBuffer) { bytes.append(contentsOf: buffer.readableBytesView) }
  func finish(_ trailing: HTTPFields?) {}
}
