import HTTPServing
import Hummingbird
import Ledger
import Logging
import NIOCore
import Synchronization

@testable import WebDAV

struct TestContext: DataDoorContext {
  var coreContext: CoreRequestContextStorage
  let channel: any Channel

  init(source: ApplicationRequestContextSource) {
    coreContext = CoreRequestContextStorage(source: source)
    channel = source.channel
  }
}

/// A door behind a real HTTP server on a port of its own.
struct TestServer: Sendable {
  static let lease = LeaseID(unixMilliseconds: 1_700_000_000_000, random: (7, 42))

  let port: Int
  let gate: TestGate
  let disk: Disk

  var base: String { "/dav/\(Self.lease)" }
  var url: String { "http://127.0.0.1:\(port)\(base)" }

  static func with<Result: Sendable>(
    _ disk: Disk, idle: TimeAmount = .minutes(5), _ body: @escaping @Sendable (TestServer) async throws -> Result
  ) async throws -> Result {
    let gate = TestGate(disk.volume)
    let router = Router(context: TestContext.self)
    router.add(middleware: WebDAVMiddleware(WebDAVDoor(gate: gate, configuration: .init(idle: idle))))
    router.get("elsewhere") { _, _ in "elsewhere" }
    let (ports, running) = AsyncStream<Int>.makeStream()
    var logger = Logger(label: "test")
    logger.logLevel = .error
    let application = Application(
      router: router, server: .held(), configuration: .init(address: .hostname("127.0.0.1", port: 0)),
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
