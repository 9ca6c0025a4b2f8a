import Hummingbird
import HummingbirdCore
import Logging

/// A server on a port that the system chooses, for as long as a test needs it.
public enum Serving {
  /// - Parameter body: is given the port.
  public static func with(
    _ router: Router<BasicRequestContext>, _ server: HTTPServerBuilder,
    _ body: @escaping @Sendable (_ port: Int) async throws -> Void
  ) async throws {
    let (ports, running) = AsyncStream<Int>.makeStream()
    var log = Logger(label: "test")
    log.logLevel = .critical
    let application = Application(
      router: router, server: server, configuration: .init(address: .hostname("127.0.0.1", port: 0)),
      onServerRunning: { running.yield($0.localAddress?.port ?? 0) }, logger: log)
    try await withThrowingTaskGroup(of: Bool.self) { group in
      group.addTask {
        // Who does not begin to serve does not let anybody wait for a port.
        defer { running.finish() }
        try await application.run()
        return false
      }
      for await port in ports {
        group.addTask {
          try await body(port)
          return true
        }
        break
      }
      defer { group.cancelAll() }
      while let isOver = try await group.next(), !isOver {}
    }
  }
}
