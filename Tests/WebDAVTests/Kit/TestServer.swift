import Engine
import HTTPServing
import HTTPTypes
import Hummingbird
import Ledger
import Logging
import NIOCore
import Synchronization
import TestKit

@testable import WebDAV

struct TestContext: DataDoorContext {
  var coreContext: CoreRequestContextStorage
  let channel: any Channel

  init(source: ApplicationRequestContextSource) {
    coreContext = CoreRequestContextStorage(source: source)
    channel = source.channel
  }
}

/// Hands the door what comes by an address.
private struct TestAddresses: RouterMiddleware {
  let door: WebDAVDoor
  let address: AddressedDoor

  func handle(
    _ request: Request, context: TestContext, next: (Request, TestContext) async throws -> Response
  ) async throws -> Response {
    guard request.head.path?.hasPrefix("/d/\(address.secret)") == true else { return try await next(request, context) }
    return await door.respond(to: request, at: address, channel: context.channel, logger: context.logger)
  }
}

/// A door behind a real HTTP server on a port of its own.
struct TestServer: Sendable {
  /// For what needs no server.
  static let lease = LeaseID(unixMilliseconds: 1_700_000_000_000, random: (7, 42))

  /// Of its own: the threads for files are the process's, and one lease gets few of them.
  let lease = LeaseID(unixMilliseconds: 1_700_000_000_000, random: (.random(in: 0...UInt64.max), 42))
  let port: Int
  let gate: TestGate
  let disk: Disk

  var base: String { "/dav/\(lease)" }
  var url: String { "http://127.0.0.1:\(port)\(base)" }

  static func with<Result: Sendable>(
    _ disk: Disk, idle: TimeAmount = .minutes(5), authorities: Set<String> = [],
    address: AddressedDoor? = nil,
    forwardedHosts: @escaping @Sendable (String?, HTTPFields) -> [String] = { _, _ in [] },
    _ body: @escaping @Sendable (TestServer) async throws -> Result
  ) async throws -> Result {
    let gate = TestGate(disk.volume)
    let router = Router(context: TestContext.self)
    let configuration = WebDAVDoor.Configuration(
      idle: idle, authorities: authorities, forwardedHosts: forwardedHosts)
    let door = WebDAVDoor(gate: gate, configuration: configuration)
    if let address { router.add(middleware: TestAddresses(door: door, address: address)) }
    router.add(middleware: WebDAVMiddleware(door))
    router.get("elsewhere") { _, _ in "elsewhere" }
    let (ports, running) = AsyncStream<Int>.makeStream()
    var logger = Logger(label: "test")
    logger.logLevel = .error
    let application = Application(
      router: router, server: .guarded(), configuration: .init(address: .hostname("127.0.0.1", port: 0)),
      onServerRunning: { channel in running.yield(channel.localAddress?.port ?? 0) }, logger: logger)
    return try await withThrowingTaskGroup(of: Result?.self) { group in
      group.addTask {
        // Who does not begin to serve does not let anybody wait for a port.
        defer { running.finish() }
        try await application.run()
        return nil
      }
      for await port in ports {
        let server = TestServer(port: port, gate: gate, disk: disk)
        group.addTask { try await body(server) }
        break
      }
      defer { group.cancelAll() }
      while let result = try await group.next() {
        if let result { return result }
      }
      throw CancellationError()
    }
  }
}
