import Engine
import Foundation
import Gateway
import Glibc
import HTTPServing
import HTTPTypes
import Hummingbird
import L402
import Ledger
import Logging
import NIOCore
import Synchronization

/// Knows one lease and one password, and where its ports are.
final class Gate: GatewayGate {
  let behind: Behind
  /// Whether memory knows who may.
  let remembers: Bool
  let serves = Atomic<Bool>(true)
  let statuses = Mutex<[Int]>([])
  let traffic = Mutex(Traffic())

  init(_ behind: Behind, remembers: Bool) {
    self.behind = behind
    self.remembers = remembers
  }

  private struct Unknown: Error {}

  private final class Pass: Admission {
    let gate: Gate
    init(_ gate: Gate) { self.gate = gate }
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
    remembers && caller.authorization.contains("L402 good:") ? Pass(self) : nil
  }

  func admit(_ target: PortTarget, _ caller: Caller) async throws -> any Admission {
    guard caller.authorization.contains("L402 good:") else { throw Unknown() }
    return Pass(self)
  }

  func connect(_ target: PortTarget) async throws -> PortConnection { try behind.connect() }

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
    let (ports, running) = AsyncStream<Int>.makeStream()
    var log = Logger(label: "test")
    log.logLevel = .critical
    let router = Router()
    router.get("here") { _, _ in "of the framework" }
    let application = Application(
      router: router, server: .guarded(door: { gateway.makeHandler(for: $0) }),
      configuration: .init(address: .hostname("127.0.0.1", port: 0)),
      onServerRunning: { running.yield($0.localAddress?.port ?? 0) }, logger: log)
    try await withThrowingTaskGroup(of: Bool.self) { group in
      group.addTask {
        defer { running.finish() }
        try await application.run()
        return false
      }
      for await port in ports {
        group.addTask {
          try await body(Served(port: port, behind: behind, gate: gate))
          return true
        }
        break
      }
      defer { group.cancelAll() }
      while let isOver = try await group.next(), !isOver {}
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

/// A connection that sends the bytes it is given.
struct Bare: Sendable {
  let socket: CInt

  init(port: Int) throws {
    socket = Glibc.socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
    var limit = timeval(tv_sec: 60, tv_usec: 0)
    setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(port).bigEndian
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    let socket = socket
    let code = withUnsafePointer(to: address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        Glibc.connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard code == 0 else { throw POSIXError(.ECONNREFUSED) }
  }

  func close() { _ = Glibc.close(socket) }
  func finishSending() { _ = shutdown(socket, CInt(SHUT_WR)) }

  func send(_ text: String) {
    let bytes = Array(text.utf8)
    var sent = 0
    while sent < bytes.count {
      let count = bytes.withUnsafeBytes {
        Glibc.send(socket, $0.baseAddress.map { $0 + sent }, bytes.count - sent, CInt(MSG_NOSIGNAL))
      }
      guard count > 0 else { return }
      sent += count
    }
  }

  /// Some bytes, or none at the end.
  func read() async -> String {
    await withCheckedContinuation { continuation in
      Thread.detachNewThread { [socket] in
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let count = max(0, recv(socket, &buffer, buffer.count, 0))
        continuation.resume(returning: String(decoding: buffer[..<count], as: UTF8.self))
      }
    }
  }

  func read(until wanted: String) async -> String {
    var text = ""
    while !text.contains(wanted) {
      let more = await read()
      if more.isEmpty { break }
      text += more
    }
    return text
  }

  func readToEnd() async -> String {
    var text = ""
    while true {
      let more = await read()
      if more.isEmpty { return text }
      text += more
    }
  }
}
