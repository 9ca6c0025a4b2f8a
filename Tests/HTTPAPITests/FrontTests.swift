import HTTPServing
import HTTPTypes
import Hummingbird
import L402
import Logging
import NIOCore
import Synchronization
import Testing
import Wire

@testable import HTTPAPI

/// What is so of every route, before any is looked for.
@Suite struct FrontTests {
  @Test func metricsAreTheProviders() async throws {
    try await Bench.with { bench in
      try await bench.live { door async throws in
        let stranger = try await door.ask(.get, "/metrics")
        #expect(stranger.status == 401)
        #expect(!stranger.text.contains("leasehold_leases"))
        #expect(try await door.ask(.head, "/metrics").status == 401)
        #expect(try await door.metrics().text.hasPrefix("# HELP leasehold_due_leases"))
      }
      // Where there is an address of their own, that is who they are for.
      try await bench.live(bench.api.makeMetricsRouter(of: BasicHTTPAPIContext.self)) { door async throws in
        #expect(try await door.ask(.get, "/metrics").text.hasPrefix("# HELP leasehold_due_leases"))
      }
    }
  }

  @Test func emptySegmentsNameNothing() async throws {
    try await Bench.with { bench in
      try await bench.live { door async throws in
        let token = "Bearer \(Bench.adminToken)"
        for path in [
          "//metrics", "/metrics/", "/admin/v1/overview/", "//admin/v1/overview", "/admin//v1/overview", "/v1/offers/",
          "/v1//offers", "//", "//v1/offers", "/metrics//", "/healthz/?a=//",
        ] {
          let answer = try await door.ask(.get, path, authorization: token)
          #expect(answer.status == 404, "\(path)")
          #expect(try answer.problem.code == "not-found")
        }
        #expect(try await door.ask(.get, "/v1/offers?cursor=//").status != 404)
        #expect(try await door.ask(.get, "/healthz").status == 200)
      }
      let front = FrontMiddleware<BasicHTTPAPIContext>(
        api: HTTPAPI(engine: bench.engine), prefixes: [DoorPrefix("/dav")])
      func isNothing(_ path: String) -> Bool {
        do { try front.check(path: path) } catch { return true }
        return false
      }
      #expect(!isNothing("/dav/x/folder/?a//"))
      #expect(isNothing("/dav/x//folder"))
      #expect(isNothing("/davx/"))
      #expect(isNothing("/d/x/"))
    }
  }

  @Test func theClientIsToldToGoOn() async throws {
    try await Bench.with { bench in
      try await bench.live { door async throws in
        let body = #"{"offer":"disk"}"#
        func head(_ path: String, _ type: String) -> String {
          "POST \(path) HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: \(type)\r\n"
            + "Expect: 100-continue\r\nContent-Length: \(body.utf8.count)\r\n\r\n"
        }
        let socket = try Socket(port: door.port)
        defer { socket.close() }
        try socket.send(head("/v1/leases", "application/json"))
        #expect(try await socket.read(until: "\r\n\r\n").hasPrefix("HTTP/1.1 100 "))
        try socket.send(body)
        #expect(try Door.Answer(try await socket.readBytesToEnd()).status == 402)
        // What is refused anyway is not asked for.
        let refused = try Socket(port: door.port)
        defer { refused.close() }
        try refused.send(head("/v1/leases", "text/plain"))
        #expect(try Door.Answer(try await refused.readBytesToEnd()).status == 415)
      }
    }
  }

  /// Also where the body is a stream of its own.
  @Test func aCommandsInputIsAskedFor() async throws {
    try await Bench.with { bench in
      try await bench.live { door async throws in
        let (lease, authorization) = try await door.rent(#"{"offer":"box","image":"busybox"}"#)
        let socket = try Socket(port: door.port)
        defer { socket.close() }
        try socket.send(
          "POST /v1/leases/\(lease.id)/exec HTTP/1.1\r\nHost: a\r\nAuthorization: \(authorization)\r\n"
            + "Leasehold-Exec: {\"command\":[\"cat\"]}\r\nExpect: 100-continue\r\nContent-Length: 4\r\n"
            + "Connection: close\r\n\r\n")
        #expect(try await socket.read(until: "\r\n\r\n").hasPrefix("HTTP/1.1 100 "))
        try socket.send("abcd")
        #expect(try Door.Answer(try await socket.readBytesToEnd()).status == 200)
      }
    }
  }

  /// A client that goes and a node that is away are no faults of ours: the log tells of none.
  @Test func whatIsPlannedIsNoFault() async throws {
    let said = Said()
    try await Bench.with(log: Logger(label: "test") { _ in said.handler }) { bench in
      try await bench.live { door async throws in
        let socket = try Socket(port: door.port)
        try socket.send(
          "POST /v1/leases HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{")
        socket.finishSending()
        #expect(try Door.Answer(try await socket.readBytesToEnd()).status == 400)
        socket.close()
        bench.switched.goAway()
        #expect(try await door.ask(.post, "/v1/leases", #"{"offer":"disk"}"#).status == 503)
        #expect(said.errors.isEmpty, "\(said.errors)")
      }
    }
  }

  @Test func brokenRequestsAreTheClients() {
    for error: any Error in [BrokenRequest(), ChannelError.ioOnClosedChannel, IOError(errnoCode: 104, reason: "x")] {
      #expect(HTTPAPI.problem(for: error).status == .badRequest)
      #expect(HTTPAPI.problem(for: error).code.rawValue == "broken-off")
    }
  }

  @Test func streamsOfALeaseAreBounded() async throws {
    try await Bench.with { bench in
      try await bench.live { door async throws in
        let (lease, authorization) = try await door.rent()
        var open: [Socket] = []
        defer { for socket in open { socket.close() } }
        for _ in 0..<8 {
          let socket = try Socket(port: door.port)
          open.append(socket)
          try socket.send(
            "GET /v1/leases/\(lease.id)/events HTTP/1.1\r\nHost: a\r\nAuthorization: \(authorization)\r\n\r\n")
          _ = try await socket.read(until: ": open")
        }
        let more = try await door.ask(.get, "/v1/leases/\(lease.id)/events", authorization: authorization)
        #expect(more.status == 429)
        #expect(more.headers[.retryAfter] != nil)
        #expect(try more.problem.code == "too-many-streams")
      }
    }
  }
}

/// Keeps what was logged as an error.
private final class Said: Sendable {
  private let kept = Mutex<[String]>([])
  var errors: [String] { kept.withLock { $0 } }

  var handler: any LogHandler { Handler(said: self) }

  private struct Handler: LogHandler {
    let said: Said
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.error
    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
      get { metadata[key] }
      set { metadata[key] = newValue }
    }
    func log(event: LogEvent) {
      if event.level >= .error { said.kept.withLock { $0.append("\(event.message) \(event.metadata ?? [:])") } }
    }
  }
}
