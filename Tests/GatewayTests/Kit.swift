import Engine
import Foundation
import Gateway
import HTTPServing
import HTTPTypes
import Hummingbird
import L402
import Ledger
import NIOCore
import ServingKit
import Synchronization

/// Knows one lease and one password, and where its ports are.
final class Gate: GatewayGate {
  let behind: Behind
  /// Whether memory knows who may.
  let remembers: Bool
  let serves = Atomic<Bool>(true)
  let statuses = Mutex<[Int]>([])
  let traffic = Mutex(Traffic())
  /// For whom connections were made.
  let visitors = Mutex<[PortVisitor]>([])

  init(_ behind: Behind, remembers: Bool) {
    self.behind = behind
    self.remembers = remembers
  }

  private struct Unknown: Error {}

  private final class Pass: Admission {
    let gate: Gate
    let visitor: PortVisitor
    init(_ gate: Gate, _ visitor: PortVisitor) {
      self.gate = gate
      self.visitor = visitor
    }
    func reaches(_ path: ResourcePath) -> Bool { true }
    func isStillServing() async -> Bool { mayGoOn() }
    func mayGoOn() -> Bool { gate.serves.load(ordering: .relaxed) }
    func count(_ traffic: Traffic) { gate.traffic.withLock { $0 += traffic } }
  }

  func caller(_ request: HTTPRequest, peer: String?) -> Caller {
    Caller(
      authorization: request.headerFields[values: .authorization], method: request.method.rawValue, address: nil,
      addressText: peer ?? "", requestID: "r")
  }

  func admittedAsRemembered(_ target: PortTarget, _ caller: Caller) -> (any Admission)? {
    remembers ? pass(caller) : nil
  }

  func admit(_ target: PortTarget, _ caller: Caller) async throws -> any Admission {
    guard let pass = pass(caller) else { throw Unknown() }
    return pass
  }

  /// Whoever says that he is anybody is let in as a stranger.
  private func pass(_ caller: Caller) -> Pass? {
    if caller.authorization.contains("L402 good:") { return Pass(self, .holder) }
    return caller.authorization.contains("L402 anybody:") ? Pass(self, .stranger) : nil
  }

  func connect(_ target: PortTarget, as visitor: PortVisitor) async throws -> PortConnection {
    visitors.withLock { $0.append(visitor) }
    return try behind.connect()
  }

  func answer(to error: any Error, _ request: HTTPRequest) async -> PromptAnswers.Reply {
    switch error {
    case PortFault.broken: PromptAnswers.Reply(.badGateway, [:], body: Array("broken".utf8))
    case PortFault.silent: PromptAnswers.Reply(.gatewayTimeout, [:], body: Array("silent".utf8))
    case is Refusal: PromptAnswers.Reply(.badGateway, [:], body: Array("refused".utf8))
    default: PromptAnswers.Reply(.unauthorized, [:], body: Array("who are you".utf8))
    }
  }

  func isOurs(authorization line: String, among lines: [String]) -> Bool { line.hasPrefix("L402") }

  func told(_ request: HTTPRequest, _ caller: Caller, status: Int, after: Duration) {
    statuses.withLock { $0.append(status) }
  }
}

/// A server with the gateway in front of one route, and bare connections to it.
struct Served: Sendable {
  static let lease = "01arz3ndektsv4rrffq69g5fav"
  let port: Int
  let behind: Behind
  let gate: Gate

  static func with(
    rules: GatewayRules = GatewayRules(), remembers: Bool = true,
    _ body: @escaping @Sendable (Served) async throws -> Void
  ) async throws {
    let behind = try Behind()
    defer { behind.stop() }
    let gate = Gate(behind, remembers: remembers)
    let gateway = Gateway(gate, rules: rules)
    let router = Router()
    router.get("here") { _, _ in "of the framework" }
    try await Serving.with(router, .guarded(door: { gateway.makeHandler(for: $0) })) { port in
      try await body(Served(port: port, behind: behind, gate: gate))
    }
  }

  func connect() throws -> Bare { try Bare(port: port) }

  /// The head of a request to the container, without its end.
  func head(_ method: String, _ path: String, credential: String = "L402 good:", _ fields: String = "") -> String {
    "\(method) /c/\(Self.lease)/8080\(path) HTTP/1.1\r\nHost: rent.example\r\nAuthorization: \(credential)\r\n\(fields)"
  }

  /// Everything that comes back, until the server closes.
  func ask(_ text: String) async throws -> String {
    let bare = try connect()
    defer { bare.close() }
    bare.send(text)
    return await bare.readToEnd()
  }

  /// One request on a connection of its own.
  func ask(_ method: String, _ path: String, _ fields: String = "", body: String = "") async throws -> String {
    try await ask(head(method, path, fields + "Connection: close\r\n") + "\r\n" + body)
  }
}
