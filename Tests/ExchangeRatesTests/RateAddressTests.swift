import Engine
import ExchangeRates
import HTTPServing
import HTTPTypes
import Hummingbird
import Logging
import Testing
import Units
import Wire

/// Addresses, over sockets.
@Suite struct RateAddressTests {
  private static let now = Instant(unixSeconds: 1_800_000_000)

  @Test(arguments: [
    "https://api.example.org/ticker?pair=XBTUSD", "http://127.0.0.1:8080/", "http://localhost/usd", "http://[::1]:80/",
  ])
  func theseAreAsked(_ text: String) throws {
    #expect(try RateAddress(text).text == text)
  }

  @Test(arguments: [
    "", "api.example.org", "http://api.example.org/", "http://127.0.0.1.example.org/", "http://10.0.0.1/",
    "ftp://127.0.0.1/", "https://", "https://me:secret@example.org/", "https://example.org/#x", "file:///etc/passwd",
  ])
  func theseAreNot(_ text: String) {
    #expect(throws: RateAddress.Fault.self) { try RateAddress(text) }
  }

  @Test func aNumberByItselfOrInsideJSON() async throws {
    try await Self.serving { server in
      #expect(await server.read("/text") == "97123.45")
      #expect(await server.read("/json", "/result/XXBTZUSD/c/0") == "97123.45")
      #expect(await server.read("/json", "/number") == "97123.45", "a dozen places of which the last say nothing")
      let rate = try await server.reader("/text").read(at: Self.now)
      #expect(rate.readAt == Self.now)
      #expect(rate.source == "127.0.0.1")
      #expect(rate.currency == .usd)
    }
  }

  @Test(arguments: [
    ("/json", nil, "is not a number"), ("/json", "/nothing", "/nothing is missing"),
    ("/json", "/object", "is an object, not a number"), ("/json", "/words", "is not a number"),
    ("/json", "/null", "is null, not a number"), ("/json", "/zero", "is no rate"), ("/json", "/less", "is negative"),
    ("/json", "/huge", "is too large"), ("/text", "/x", "/x is missing"), ("/broken", "/x", "is not JSON at byte"),
    ("/nan", "/x", "is not JSON at byte"), ("/empty", nil, "is not a number"), ("/empty", "/x", "is not JSON"),
    ("/moved", nil, "HTTP status 302"), ("/away", nil, "HTTP status 503"), ("/none", nil, "HTTP status 404"),
    ("/nocontent", nil, "HTTP status 204"), ("/large", nil, "over 1048576 bytes"),
    ("/large", "/x", "over 1048576 bytes"), ("/deep", "/x", "is not JSON"), ("/bytes", nil, "is not a number"),
  ])
  func whatIsNoRateIsSaid(_ path: String, _ pointer: String?, _ words: String) async throws {
    try await Self.serving { server in
      let said = await server.read(path + "?key=hunter2", pointer)
      #expect(said.contains(words), "\(said)")
      #expect(!said.contains("hunter2"))
    }
  }

  @Test(.timeLimit(.minutes(5))) func whoSaysNothingIsNotWaitedFor() async throws {
    try await Self.serving { server in
      let limits = ReadingLimits(connect: 60, answer: 1, bytes: 1 << 20)
      for path in ["/silent", "/endless"] {
        #expect(await server.read(path, limits: limits) == "no whole answer within 1 s")
      }
    }
  }

  @Test func nobodyThereIsSaid() async throws {
    let port = try await Self.serving { $0.port }
    let server = Server(port: port)
    #expect(await server.read("/text?key=hunter2").contains("the connection failed"))
    #expect(await !server.read("/text?key=hunter2").contains("hunter2"))
  }

  // MARK: The other side

  struct Server: Sendable {
    var port: Int

    func reader(_ path: String, _ pointer: String? = nil, limits: ReadingLimits = ReadingLimits()) throws -> RateReader
    {
      RateReader(
        .usd, from: .address(try RateAddress("http://127.0.0.1:\(port)\(path)")),
        at: pointer.flatMap(JSONPointer.init(_:)), limits: limits)
    }

    func read(_ path: String, _ pointer: String? = nil, limits: ReadingLimits = ReadingLimits()) async -> String {
      do {
        return try await reader(path, pointer, limits: limits).read(at: RateAddressTests.now).perBitcoin.description
      } catch let error as ExchangeRateError {
        #expect(error.source == "127.0.0.1")
        return error.words
      } catch {
        return "\(error)"
      }
    }
  }

  private static let json = """
    {"result":{"XXBTZUSD":{"c":["97123.45000","0.1"]}},"number":97123.450000000012,"object":{},"words":"soon",
     "null":null,"zero":0,"less":-97123,"huge":1e400}
    """

  private static func serving<T: Sendable>(_ body: @Sendable (Server) async throws -> T) async throws -> T {
    let router = Router()
    func answer(_ path: RouterPath, _ text: String) { router.get(path) { _, _ in text } }
    answer("/text", "97123.45\n")
    answer("/json", json)
    answer("/broken", #"{"x":"#)
    answer("/nan", #"{"x":NaN}"#)
    answer("/empty", "")
    answer("/deep", String(repeating: "[", count: 500_000))
    router.get("/bytes") { _, _ in ByteBuffer(bytes: [0xff, 0xfe, 0x00]) }
    router.get("/moved") { _, _ in Response(status: .found, headers: [.location: "/text"]) }
    router.get("/away") { _, _ in Response(status: .serviceUnavailable) }
    router.get("/nocontent") { _, _ in Response(status: .noContent) }
    router.get("/large") { _, _ in String(repeating: "1", count: 10 << 20) }
    router.get("/silent") { _, _ -> String in
      try await Task.sleep(for: .seconds(600))
      return "97123.45"
    }
    router.get("/endless") { _, _ in
      Response(
        status: .ok,
        body: .init { writer in
          while true {
            try await writer.write(ByteBuffer(string: " "))
            try await Task.sleep(for: .milliseconds(20))
          }
        })
    }
    let (ports, running) = AsyncStream<Int>.makeStream()
    var log = Logger(label: "test")
    log.logLevel = .critical
    let application = Application(
      router: router, server: .guarded(), configuration: .init(address: .hostname("127.0.0.1", port: 0)),
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
    let outcome: Result<T, any Error>
    do {
      outcome = .success(try await body(Server(port: port)))
    } catch {
      outcome = .failure(error)
    }
    serving.cancel()
    try? await serving.value  // It ends because it was told to.
    return try outcome.get()
  }
}
