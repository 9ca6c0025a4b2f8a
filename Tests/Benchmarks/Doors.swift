import Engine
import Foundation
import Glibc
import HTTPAPI
import HTTPServing
import Hummingbird
import L402
import Leasing
import Ledger
import Lightning
import Logging
import Logs
import Macaroons
import NIOCore
import Postgres
import Scheduling
import Schema
import Store
import Units

/// Requests a second of the JSON door against a plain handler of the same framework in the same process.
enum Doors {
  private static let connections = 32

  static func measure(_ world: World) async throws -> [Figure] {
    let pool = world.pool(connections: 8)
    _ = try await Migrator(Schema.migrations).migrate(pool)
    let clock = SystemClock()
    let node = try EmbeddedNode(directory: world.directory + "/lightning", clock: clock)
    let engine = try await engine(world, pool, node, clock)
    try await engine.prepare()
    let work = Task { await engine.run() }
    // Nothing is believed from memory unless somebody beats.
    let beats = Task {
      while !Task.isCancelled {
        try await engine.work.heartbeat.beat()
        try await Deadlines.shared.sleep(.seconds(1))
      }
    }
    let api = HTTPAPI(engine: engine)
    let router = api.makeRouter(of: BasicHTTPAPIContext.self)
    let figures = try await withServer(router, log: engine.log, prompt: { api.promptAnswers(to: $0) }) { ours in
      try await withServer(plainRouter(), log: world.log) { plain in
        let bought = try await bought(engine, node)
        return try await measure(world, ours: ours, plain: plain, bought) + quotes(world, ours: ours, plain: plain)
      }
    }
    beats.cancel()
    work.cancel()
    await work.value
    node.close()
    await pool.close()
    return figures
  }

  private static func measure(
    _ world: World, ours: String, plain: String, _ bought: (lease: LeaseID, credential: String)
  ) async throws -> [Figure] {
    let script = world.directory + "/rent.lua"
    let rent = [
      "wrk.method = 'POST'", #"wrk.body = '{"offer":"disk"}'"#, "wrk.headers['Content-Type'] = 'application/json'",
      "wrk.headers['Idempotency-Key'] = 'one-quote-for-all-requests'",
    ]
    try rent.joined(separator: "\n").write(toFile: script, atomically: true, encoding: .utf8)
    let proof = ["-H", "Authorization: \(bought.credential)"]
    let asking = ["-d", #"{"offer":"disk"}"#, "-H", "Content-Type: application/json"]
    let quoted = asking + ["-H", "Idempotency-Key: one-quote-for-all-requests"]
    let doors: [(name: String, url: String, status: String, wrk: [String], curl: [String])] = [
      ("HTTP, our front, unverified", ours + "/healthz", "200", [], []),
      ("HTTP, verified GET /v1/credential", ours + "/v1/credential", "200", proof, proof),
      ("HTTP, the same through the routes", ours + "/v1/credential?", "200", proof, proof),
      ("HTTP, verified GET of a lease", ours + "/v1/leases/\(bought.lease)", "200", proof, proof),
      ("HTTP, the same through the routes", ours + "/v1/leases/\(bought.lease)?", "200", proof, proof),
      ("HTTP, 402, invoice reused (SQL)", ours + "/v1/leases", "402", ["-s", script], quoted),
    ]
    let peers = [
      "HTTP, verified GET /v1/credential":
        "; elsewhere: Aperture's packages proxying to nginx 6.4k/s (memory), 4.1k/s (PostgreSQL)"
    ]
    func check() async throws {
      for door in doors {
        let got = try await Tool.run(
          ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}"] + door.curl + [door.url])
        guard got == door.status else { throw BenchFault("\(door.name): \(got) instead of \(door.status)") }
      }
    }
    try await check()
    for door in doors { _ = try await rate(door.wrk, door.url, 1) }
    let measured = try await alternating(
      world.rounds, { try await rate([], plain + "/plain", world.seconds) },
      doors.map { door in { try await rate(door.wrk, door.url, world.seconds) } })
    // The answers were still these at the end: nothing ran out meanwhile.
    try await check()
    return zip(doors, measured.dropFirst()).map { door, ours in
      Figure(
        door.name, against: "plain Hummingbird handler", unit: "/s", ours: ours, theirs: measured[0],
        note: "wrk -t 1 -c \(connections), loopback, \(Int(world.seconds)) s, log as shipped"
          + (peers[door.name] ?? ""))
    }
  }

  private static func rate(
    _ options: [String], _ url: String, _ seconds: Double, connections: Int = connections
  ) async throws -> Double {
    let words = try await Tool.run(
      ["wrk", "-t", "1", "-c", "\(connections)", "-d", "\(Int(seconds))s"] + options + [url])
    return try Tool.number(after: "Requests/sec:", in: words)
  }

  /// Each request is a new lease with a new invoice.
  private static func quotes(_ world: World, ours: String, plain: String) async throws -> [Figure] {
    let script = world.directory + "/quote.lua"
    try [
      "wrk.method = 'POST'", #"wrk.body = '{"offer":"disk"}'"#, "wrk.headers['Content-Type'] = 'application/json'",
    ].joined(separator: "\n").write(toFile: script, atomically: true, encoding: .utf8)
    var figures: [Figure] = []
    for clients in [1, 8] {
      _ = try await rate(["-s", script], ours + "/v1/leases", 1, connections: clients)
      let measured = try await alternating(
        world.rounds, { try await rate([], plain + "/plain", world.seconds, connections: clients) },
        [{ try await rate(["-s", script], ours + "/v1/leases", world.seconds, connections: clients) }])
      let peer =
        clients == 1 ? "Aperture 1.26k/s" : "Aperture 9.3k/s (memory), 3.1k/s (PostgreSQL)"
      figures.append(
        Figure(
          "HTTP, 402, new quote, \(clients) at once", against: "plain Hummingbird handler", unit: "/s",
          ours: measured[1], theirs: measured[0],
          note: "wrk -t 1 -c \(clients), loopback, \(Int(world.seconds)) s; elsewhere: \(peer)"))
    }
    return figures
  }

  // MARK: What is served

  private static func engine(
    _ world: World, _ pool: Pool, _ node: EmbeddedNode, _ clock: SystemClock
  ) async throws -> Engine {
    let terms = Terms(
      offer: "disk", kind: .disk, resources: Resources(disk: .mebibytes(1)), period: .hour,
      price: Millisatoshi(satoshis: 10), policy: .standard(period: .hour), maxPeriods: 10)
    var settings = Settings(daemon: "bench", network: try await node.info().network)
    settings.mintsPerMinute = 1_000_000
    settings.mintsPerMinutePerClient = 1_000_000
    settings.unpaidAllocationsPerClient = 1_000_000
    settings.unpaidShare = 1
    // Nothing is made here, so that a payment which waits for success would wait for ever.
    settings.heldPayments = 0
    let bell = Bell()
    let log = try shippedLog(world)
    return Engine(
      store: PostgresStore(pool: pool, listening: world.database, log: world.log), node: node,
      // Nothing is made: what is measured ends at the credential.
      drivers: .init(resources: ResourceDrivers(), volumes: nil, containers: nil), clock: clock,
      alarm: DispatchAlarm(clock: clock, ring: { bell.ring() }), channels: [],
      keyring: MasterKeyring(key: world.key),
      catalog: Catalog(
        offers: [Offer(id: "disk", title: "A disk", terms: terms)], images: [],
        hosts: [HostCapacity(host: "here", kind: .disk, limit: Resources(disk: .mebibytes(100_000)), uidBase: 100_000)]),
      settings: settings, bell: bell, log: log)
  }

  /// The daemon's log at the level that it is shipped with, into a file.
  private static func shippedLog(_ world: World) throws -> Logger {
    let file = open(world.directory + "/log", O_WRONLY | O_CREAT | O_APPEND, 0o600)
    guard file >= 0 else { throw BenchFault("no log can be written in \(world.directory)") }
    let queue = LogQueue(descriptor: file) { Array("\($0) lines were lost\n".utf8) }
    return Logger(label: "bench") { _ in LineLog(logLevel: .info, format: .text, queue: queue) }
  }

  /// A lease quoted and paid, and the credential that comes of it.
  private static func bought(
    _ engine: Engine, _ node: EmbeddedNode
  ) async throws -> (lease: LeaseID, credential: String) {
    let stranger = Caller(
      authorization: [], method: "POST", address: IPAddress("127.0.0.1"), addressText: "127.0.0.1", requestID: "bench")
    guard case .pay(let demand) = try await engine.rent(LeaseRequest(offer: "disk"), body: [], stranger) else {
      throw BenchFault("a lease was given away")
    }
    let preimage = try await node.payOwn(demand.challenge.invoice)
    let shown = try PresentedCredential(macaroon: demand.challenge.macaroon, preimage: preimage)
    return (demand.lease, shown.authorization)
  }

  /// As much in an answer as `GET /v1/credential` has, and nothing behind it.
  private static func plainRouter() -> Router<BasicRequestContext> {
    let router = Router()
    let body = ByteBuffer(string: #"{"text":""# + String(repeating: "x", count: 600) + #""}"#)
    router.get("/plain") { _, _ in
      Response(status: .ok, headers: [.contentType: "application/json"], body: .init(byteBuffer: body))
    }
    return router
  }

  /// Serves on a free port of the loopback while `body` runs.
  private static func withServer<Context: RequestContext, T: Sendable>(
    _ router: Router<Context>, log: Logger, prompt: (@Sendable (_ peer: String?) -> PromptAnswers.Answer)? = nil,
    _ body: (_ base: String) async throws -> T
  ) async throws -> T where Context.Source == ApplicationRequestContextSource {
    let (ports, found) = AsyncStream<Int>.makeStream()
    let application = Application(
      router: router, server: .guarded(serverName: "leasehold", prompt: prompt),
      configuration: .init(address: .hostname("127.0.0.1", port: 0), serverName: "leasehold"),
      onServerRunning: { channel in found.yield(channel.localAddress?.port ?? 0) }, logger: log)
    let serving = Task {
      // Who does not begin to serve does not let anybody wait for a port.
      defer { found.finish() }
      try await application.run()
    }
    defer { serving.cancel() }
    for await port in ports { return try await body("http://127.0.0.1:\(port)") }
    throw BenchFault("the server did not start")
  }
}
