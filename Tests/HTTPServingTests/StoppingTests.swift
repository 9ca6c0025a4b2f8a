import HTTPServing
import Hummingbird
import Logging
import NIOCore
import NIOPosix
import Testing

@Suite struct StoppingTests {
  /// A hundred servers stop while connections pour in. With a server that does not hold them, the process ends here
  /// with a trap.
  @Test func isSafeInTheMomentInWhichAConnectionIsAccepted() async throws {
    var answered = 0
    for _ in 0..<100 {
      answered += try await connectionsWhileStopping()
    }
    #expect(answered > 0)
  }

  /// How many connections were opened to a server that was told to stop as soon as it heard of the first.
  private func connectionsWhileStopping() async throws -> Int {
    let (ports, running) = AsyncStream<Int>.makeStream()
    var log = Logger(label: "test")
    log.logLevel = .critical
    let application = Application(
      router: Router().get("") { _, _ in "here" }, server: .held(),
      configuration: .init(address: .hostname("127.0.0.1", port: 0)),
      onServerRunning: { running.yield($0.localAddress?.port ?? 0) }, logger: log)
    let serving = Task { try await application.run() }
    var ringing = ports.makeAsyncIterator()
    let port = try #require(await ringing.next())
    let opened = await withTaskGroup(of: Bool.self) { group in
      for _ in 0..<40 {
        group.addTask {
          // Refused is as good: the server had stopped.
          let channel = try? await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .connect(host: "127.0.0.1", port: port).get()
          try? await channel?.close()
          return channel != nil
        }
      }
      var opened = 0
      for await isOpen in group where isOpen {
        opened += 1
        serving.cancel()
      }
      return opened
    }
    serving.cancel()
    try? await serving.value
    return opened
  }
}
