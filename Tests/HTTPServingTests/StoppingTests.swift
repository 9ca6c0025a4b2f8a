import HTTPServing
import Hummingbird
import Logging
import NIOCore
import NIOPosix
import Testing

@Suite struct StoppingTests {
  /// A hundred servers stop while connections pour in, and close each of them. With a server that does not hold them,
  /// the process ends here with a trap.
  @Test(.timeLimit(.minutes(5))) func isSafeInTheMomentInWhichAConnectionIsAccepted() async throws {
    var answered = 0
    for _ in 0..<100 {
      answered += try await connectionsWhileStopping()
    }
    #expect(answered > 0)
  }

  /// How many connections were opened to a server that the first of them told to stop.
  private func connectionsWhileStopping() async throws -> Int {
    let (ports, running) = AsyncStream<Int>.makeStream()
    var log = Logger(label: "test")
    log.logLevel = .critical
    // An address of its own: a port of 127.0.0.1 may be another test's by the time that the last of them connects, and
    // that one's server closes nothing.
    let host = "127.\(Int.random(in: 1...254)).\(Int.random(in: 0...255)).\(Int.random(in: 1...254))"
    let application = Application(
      router: Router().get("") { _, _ in "here" }, server: .guarded(),
      configuration: .init(address: .hostname(host, port: 0)),
      onServerRunning: { running.yield($0.localAddress?.port ?? 0) }, logger: log)
    let serving = Task {
      // Who does not begin to serve does not let anybody wait for a port.
      defer { running.finish() }
      try await application.run()
    }
    var ringing = ports.makeAsyncIterator()
    let first = await ringing.next()
    if first == nil { try await serving.value }
    let port = try #require(first)
    let opened = await withTaskGroup(of: Bool.self) { group in
      for _ in 0..<40 {
        group.addTask {
          // Refused is as good: the server had stopped.
          let channel = try? await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .connect(host: host, port: port).get()
          serving.cancel()
          // The server's to do.
          try? await channel?.closeFuture.get()
          return channel != nil
        }
      }
      return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
    }
    try? await serving.value  // It ends because it was told to.
    return opened
  }
}
