import Engine
import HTTPServing
import HTTPTypes
import Hummingbird
import L402
import Leasing
import Ledger
import Lightning
import Logging
import Macaroons
import Store
import Synchronization
import TestKit
import Units
import Wire

import struct Foundation.Date
import class Foundation.FileManager
import struct Foundation.UUID

@testable import HTTPAPI

/// The door over an engine with a real store and a real node. What it rents out is made and frozen in memory: drivers
/// have suites of their own.
struct Bench: Sendable {
  let engine: Engine
  let node: EmbeddedNode
  /// What the engine sees of it.
  let switched: SwitchedNode
  let clock: ManualClock
  let containers: StillContainers
  let api: HTTPAPI
  let keyring: MasterKeyring
  let log: Logger

  static let adminToken = "operator-token-for-tests"

  static func with(
    catalog: Catalog = Bench.catalog, bodyTimeout: Duration = .seconds(10), unpaidAllocations: Int = 1_000,
    mintsPerMinute: Int = 1_000, patience: Seconds = 60, rates: [any ExchangeRateSource] = [],
    messengers: [any Messenger] = [PaperMessenger(channel: .webhook)],
    wallets: (EmbeddedNode) -> (any RenterWallets)? = { _ in nil },
    log: Logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
    _ body: @Sendable (Bench) async throws -> Void
  ) async throws {
    let folder = FileManager.default.temporaryDirectory.path + "/leasehold-http-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: folder) }  // It may never have been made.
    try await TestStore.with { store in
      let clock = ManualClock(Instant(microseconds: Int64(Date().timeIntervalSince1970 * 1_000_000)))
      let bell = Bell()
      let node = try EmbeddedNode(directory: folder, clock: clock)
      let switched = SwitchedNode(node)
      let containers = StillContainers()
      let keyring = MasterKeyring(key: .random())
      var settings = Settings(daemon: "test", network: "bcrt")
      settings.unpaidAllocationsPerClient = unpaidAllocations
      settings.mintsPerMinutePerClient = mintsPerMinute
      settings.unpaidShare = 1
      settings.patience = patience
      settings.heldPayments = 0
      for source in rates { settings.exchangeRates[source.currency] = ExchangeRateLimits() }
      let engine = Engine(
        store: store, node: switched,
        drivers: .init(
          resources: ResourceDrivers(
            host: "here", [StillDriver(kind: .disk), StillDriver(kind: .compute)]), volumes: nil,
          containers: containers),
        clock: clock, alarm: BellAlarm(bell: bell, clock: clock), channels: [], messengers: messengers,
        keyring: keyring, catalog: catalog,
        settings: settings, rateSources: rates, wallets: wallets(node), bell: bell, log: log)
      try await engine.prepare()
      let api = HTTPAPI(
        engine: engine,
        configuration: .init(adminToken: AdminToken(adminToken), bodyTimeout: bodyTimeout, keepAlive: .milliseconds(50))
      )
      let running = Task { await engine.run() }
      let bench = Bench(
        engine: engine, node: node, switched: switched, clock: clock, containers: containers, api: api,
        keyring: keyring, log: log)
      // However the body ends: the loops meet neither a closed node nor a closed pool.
      let outcome: Result<Void, any Error>
      do { outcome = .success(try await body(bench)) } catch { outcome = .failure(error) }
      running.cancel()
      await running.value
      node.close()
      try outcome.get()
    }
  }

  static let catalog = Catalog(
    offers: [
      Offer(
        id: "disk", title: "A <disk>",
        terms: Terms(
          offer: "disk", kind: .disk, resources: Resources(disk: .mebibytes(1)), period: 3_600, price: 10_000,
          policy: .standard(period: 3_600), maxPeriods: 24)),
      Offer(
        id: "box", title: "A box",
        terms: Terms(
          offer: "box", kind: .compute,
          resources: Resources(disk: .mebibytes(1), cpuMillis: 100, memory: .mebibytes(16), pids: 16), period: 3_600,
          price: 20_000, policy: .standard(period: 3_600), maxPeriods: 24), images: ["busybox"]),
    ],
    images: [ImageReference(name: "busybox", digest: "sha256:" + String(repeating: "0", count: 64), path: "/nowhere")],
    hosts: [
      HostCapacity(host: "here", kind: .disk, limit: Resources(disk: .mebibytes(64)), uidBase: 1 << 20),
      HostCapacity(
        host: "here", kind: .compute,
        limit: Resources(disk: .mebibytes(64), cpuMillis: 4_000, memory: .mebibytes(256), pids: 512), uidBase: 1 << 24),
    ])

  /// Calls the door through a socket.
  ///
  /// - Parameter isPrompt: what memory can say is answered on the event loop, as the daemon does it.
  func live(isPrompt: Bool = true, _ body: @escaping @Sendable (Door) async throws -> Void) async throws {
    try await live(api.makeRouter(of: BasicHTTPAPIContext.self), isPrompt: isPrompt, body)
  }

  func live(
    _ router: Router<BasicHTTPAPIContext>, isPrompt: Bool = true,
    _ body: @escaping @Sendable (Door) async throws -> Void
  ) async throws {
    let (ports, running) = AsyncStream<Int>.makeStream()
    var prompt: (@Sendable (String?) -> PromptAnswers.Answer)?
    if isPrompt { prompt = { [api] in api.promptAnswers(to: $0) } }
    let application = Application(
      router: router, server: .guarded(serverName: "leasehold", prompt: prompt),
      configuration: .init(address: .hostname("127.0.0.1", port: 0), serverName: "leasehold"),
      onServerRunning: { channel in running.yield(channel.localAddress?.port ?? 0) },
      logger: log)
    try await withThrowingTaskGroup(of: Bool.self) { group in
      group.addTask {
        // Who does not begin to serve does not let anybody wait for a port.
        defer { running.finish() }
        try await application.run()
        return false
      }
      for await port in ports {
        group.addTask {
          try await body(Door(port: port, bench: self))
          return true
        }
        break
      }
      defer { group.cancelAll() }
      while let isOver = try await group.next(), !isOver {}
    }
  }
}

/// Rings when something is due already: the manual clock moves only when a test says so.
struct BellAlarm: Alarm {
  let bell: Bell
  let clock: ManualClock

  func set(noLaterThan moment: Instant) {
    if moment <= clock.now() { bell.ring() }
  }
}

/// Everything it is asked for is so.
struct StillDriver: ResourceDriver {
  let kind: Kind
  var name: String { "still" }

  func probe() async throws(DriverError) {}
  func provision(_ spec: ResourceSpec, generation: Int64) async throws(DriverError) {}
  func suspend(_ lease: LeaseID, generation: Int64) async throws(DriverError) {}
  func resume(_ spec: ResourceSpec, generation: Int64) async throws(DriverError) {}
  func resize(_ spec: ResourceSpec, generation: Int64) async throws(DriverError) {}
  func destroy(_ lease: LeaseID, generation: Int64) async throws(DriverError) -> ErasureReceipt {
    ErasureReceipt(method: .absent, detail: "")
  }
  func inspect(_ lease: LeaseID) async throws(DriverError) -> ResourceStatus {
    ResourceStatus(lease: lease, phase: .running, generation: 0)
  }
  func list() async throws(DriverError) -> [ResourceStatus] { [] }
  func measure(_ leases: [LeaseID]?) async throws(DriverError) -> [Measurement] { [] }
}

/// A container that says what its command is, and that it was dropped.
final class StillContainers: ContainerAccess {
  private let stopped = Mutex<Set<LeaseID>>([])
  let dropped: AsyncStream<Void>
  private let dropSink: AsyncStream<Void>.Continuation

  init() {
    (dropped, dropSink) = AsyncStream<Void>.makeStream()
  }

  func exec(
    _ command: ExecCommand, input: ExecInput, in lease: LeaseID
  ) async throws(DriverError) -> AsyncThrowingStream<ExecOutput, any Error> {
    guard !stopped.withLock({ $0.contains(lease) }) else {
      throw DriverError(.stopped, attempted: "exec", words: "it is stopped")
    }
    switch command.arguments.first {
    case "busy": throw DriverError(.busy, attempted: "exec", words: "it is being changed")
    case "unstartable": throw DriverError(.cannotStart, attempted: "exec", words: "there is no such program")
    case .some, nil: break
    }
    let dropSink = dropSink
    return AsyncThrowingStream { continuation in
      continuation.onTermination = { _ in dropSink.yield() }
      continuation.yield(.standardOutput(Array(command.arguments.joined(separator: " ").utf8)))
      switch input {
      case .none, .stream: continuation.yield(.standardError([]))
      case .bytes(let bytes): continuation.yield(.standardError(bytes))
      }
      // `sleep` says nothing more.
      guard command.arguments.first != "sleep" else { return }
      guard case .stream(let next) = input else {
        continuation.yield(.exited(code: 3))
        return continuation.finish()
      }
      // Says what it reads, and how much that was.
      Task {
        do {
          var count = 0
          while let piece = try await next() {
            count += piece.count
            if count == piece.count { continuation.yield(.standardError(piece)) }
          }
          continuation.yield(.standardError(Array("\(count)".utf8)))
          continuation.yield(.exited(code: 3))
          continuation.finish()
        } catch {
          continuation.finish(throwing: error)
        }
      }
    }
  }

  /// As if all before the seventh byte were kept no longer.
  func logs(of lease: LeaseID, _ part: LogPart, follow: Bool) async throws(DriverError) -> ContainerLog {
    let (words, position): (String, Int64) =
      switch part {
      case .tail(let lines): ("tail \(lines ?? -1)", 7)
      case .from(let position): ("from \(position)", max(position, 7))
      }
    return ContainerLog(
      position: position,
      output: AsyncThrowingStream { continuation in
        continuation.yield(Array("\(words) follow \(follow)\n".utf8))
        continuation.finish()
      })
  }

  /// As if each had ended for want of memory, once it was stopped.
  func commandState(of lease: LeaseID) async throws(DriverError) -> CommandState? {
    CommandState(
      stopped.withLock { $0.contains(lease) } ? .ended(code: 137, outOfMemory: true) : .running, restart: .onFailure,
      restarts: 2, restartsAt: stopped.withLock { $0.contains(lease) } ? Instant(unixSeconds: 1_800_000_000) : nil)
  }

  func setDisk(_ disk: AttachedDisk?, of lease: LeaseID) async throws(DriverError) {}
  func connect(
    to port: UInt16, in lease: LeaseID, as visitor: PortVisitor
  ) async throws(DriverError) -> PortConnection {
    throw DriverError(.refused, attempted: "connect", words: "nothing listens there")
  }
  func start(_ lease: LeaseID) async throws(DriverError) { stopped.withLock { _ = $0.remove(lease) } }
  func stop(_ lease: LeaseID) async throws(DriverError) { stopped.withLock { _ = $0.insert(lease) } }
  func restartEnded() async -> [LeaseID] { [] }
}
