import Engine
import Foundation
import Gateway
import Glibc
import HTTPAPI
import HTTPServing
import Hummingbird
import L402
import Leasing
import Ledger
import Lightning
import Logging
import Macaroons
import TestKit
import Testing
import Units

@testable import leaseholdd

/// The daemon's doors on a port of their own, over a real engine, store and node. A disk is a folder.
struct Provider: Sendable {
  let engine: Engine
  let node: EmbeddedNode
  let clock: ManualClock
  let folders: Folders
  let port: Int

  static func with(_ body: @escaping @Sendable (Provider) async throws -> Void) async throws {
    let home = FileManager.default.temporaryDirectory.path + "/leasehold-doors-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: home) }  // It may never have been made.
    try await TestStore.with(connections: 6) { store in
      let clock = ManualClock()
      let node = try EmbeddedNode(directory: home + "/node", clock: clock)
      let driver = SimulatedDriver(.disk, clock: clock)
      let containers = SimulatedDriver(.compute, clock: clock)
      let folders = Folders(driver: driver, home: home)
      let bell = Bell()
      var settings = Settings(daemon: "test", network: "bcrt")
      settings.patience = 60
      settings.heldPayments = 0
      settings.outageAfter = .day * 1_000
      let log = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
      let engine = Engine(
        store: TestTimeStore(store, clock: clock), node: node,
        drivers: .init(
          resources: ResourceDrivers(host: "here", [driver, containers]), volumes: folders, containers: containers),
        clock: clock,
        alarm: DueAlarm(clock: clock, bell: bell), channels: [], keyring: MasterKeyring(key: .random()),
        catalog: catalog, settings: settings, bell: bell, log: log)
      try await engine.prepare()
      let (ports, opened) = AsyncStream<Int>.makeStream()
      try await withThrowingTaskGroup(of: Bool.self) { group in
        group.addTask {
          await engine.run()
          return false
        }
        group.addTask {
          let api = HTTPAPI(engine: engine)
          let gateway = Gateway(EngineGatewayGate(api))
          let application = Application(
            router: try api.routerWithEveryDoor(), server: .guarded(door: { gateway.makeHandler(for: $0) }),
            configuration: .init(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { channel in opened.yield(channel.localAddress?.port ?? 0) }, logger: log)
          // Who does not begin to serve does not let anybody wait for a port.
          defer { opened.finish() }
          try await application.run()
          return false
        }
        for await port in ports {
          let provider = Provider(engine: engine, node: node, clock: clock, folders: folders, port: port)
          group.addTask {
            try await body(provider)
            return true
          }
          break
        }
        defer { group.cancelAll() }
        while let isOver = try await group.next(), !isOver {}
      }
      node.close()
    }
  }

  static let catalog = Catalog(
    offers: [
      Offer(
        id: "disk", title: "disk",
        terms: Terms(
          offer: "disk", kind: .disk, resources: Resources(disk: ByteCount(1 << 20)), period: 36_000, price: 36_000_000,
          policy: Policy(
            quote: 600, provisioning: 600, lead: 900, grace: 150, retention: 36_000,
            idle: IdlePolicy(after: 600, action: .suspend, retention: 36_000)), maxPeriods: 24)),
      Offer(
        id: "box", title: "box",
        terms: Terms(
          offer: "box", kind: .compute,
          resources: Resources(disk: ByteCount(1 << 20), cpuMillis: 100, memory: ByteCount(64 << 20), pids: 32),
          period: 36_000, price: 36_000_000,
          policy: Policy(quote: 600, provisioning: 600, lead: 900, grace: 150, retention: 36_000), maxPeriods: 24),
        images: ["busybox"]),
    ],
    images: [ImageReference(name: "busybox", digest: "sha256:" + String(repeating: "0", count: 64), path: "/nowhere")],
    hosts: [
      HostCapacity(
        host: "here", kind: .disk, limit: Resources(disk: ByteCount(64 << 20)), uidBase: 1_000_000),
      HostCapacity(
        host: "here", kind: .compute,
        limit: Resources(disk: ByteCount(64 << 20), cpuMillis: 1_000, memory: ByteCount(1 << 30), pids: 1_000),
        uidBase: 1_000_000),
    ])

  /// A disk, rented and paid for, with something in `/photos` and something that is nobody else's business.
  func rent() async throws -> Rented {
    let disk = try await buy("disk")
    for name in ["photos/sub", "private", "photosx"] {
      try FileManager.default.createDirectory(atPath: disk.root + "/" + name, withIntermediateDirectories: true)
    }
    for name in ["photos/a", "private/secret", "photosx/secret"] {
      try Data((name.hasSuffix("secret") ? Rented.secret : "a").utf8).write(to: URL(filePath: disk.root + "/" + name))
    }
    return disk
  }

  /// What an offer sells, rented and paid for.
  func buy(_ offer: String, ports: [ContainerPort] = []) async throws -> Rented {
    let request = LeaseRequest(offer: offer, ports: ports)
    func caller(_ credential: [String]) -> Caller {
      Caller(
        authorization: credential, method: "POST", address: IPAddress("127.0.0.1"), addressText: "127.0.0.1",
        requestID: UUID().uuidString)
    }
    guard case .pay(let demand) = try await engine.rent(request, body: [], caller([])) else {
      Issue.record("no payment was asked for")
      throw CancellationError()
    }
    let preimage = try await node.payOwn(demand.challenge.invoice)
    let credential = try PresentedCredential(macaroon: demand.challenge.macaroon, preimage: preimage)
    let sold = try await engine.rent(request, body: [], caller([credential.authorization]))
    if case .lease(let bought) = sold {
      #expect(bought.lease.state.name == .active)
    } else {
      Issue.record("money was asked for once more")
    }
    return Rented(
      lease: demand.lease, credential: credential, root: try folders.make(demand.lease), port: port)
  }
}

extension Provider {
  private func caller(_ disk: Rented) -> Caller {
    Caller(
      authorization: [disk.credential.authorization], method: "POST", address: IPAddress("127.0.0.1"),
      addressText: "127.0.0.1", requestID: UUID().uuidString)
  }

  func password(of disk: Rented, _ caveats: [String]) async throws -> (user: String, password: String, token: TokenID) {
    let minted = try await engine.narrow(disk.lease, caveats: caveats, withPassword: true, caller(disk))
    let login = try #require(minted.login)
    return (login.user, login.password, minted.token)
  }

  func revoke(_ token: TokenID, of disk: Rented) async throws {
    try await engine.revoke(token, of: disk.lease, caller(disk))
  }
}

/// Makes each disk a folder, and opens it while the driver says that it runs.
struct Folders: VolumeAccess {
  let driver: SimulatedDriver
  let home: String

  func make(_ lease: LeaseID) throws -> String {
    let root = "\(home)/\(lease)"
    try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
    return root
  }

  func volume(of lease: LeaseID) async throws(DriverError) -> Volume {
    _ = try await driver.volume(of: lease)
    return Volume(root: "\(home)/\(lease)", uid: geteuid(), gid: getegid())
  }

  func usage(of lease: LeaseID) async throws(DriverError) -> VolumeUsage { try await driver.usage(of: lease) }
}

struct DueAlarm: Alarm {
  let clock: ManualClock
  let bell: Bell

  func set(noLaterThan moment: Instant) {
    if moment <= clock.now() { bell.ring() }
  }
}
