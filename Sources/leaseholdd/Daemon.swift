import Drivers
import Engine
import Foundation
import HTTPAPI
import HTTPServing
import Hummingbird
import L402
import Leasing
import Lightning
import Logging
import Notices
import Postgres
import Scheduling
import Schema
import ServiceLifecycle
import Store
import Units
import WebDAV

/// Everything put together: the one place that knows which adapter meets which need.
struct Daemon {
  let configuration: Configuration
  let log: Logger
  let clock: SystemClock
  let engine: Engine
  let node: any LightningNode
  let pool: Pool
  let secrets: Secrets

  init(_ configuration: Configuration, log: Logger) async throws {
    self.configuration = configuration
    self.log = log
    let clock = SystemClock()
    self.clock = clock
    try configuration.makeStateDirectory()
    secrets = Secrets(directory: configuration.stateDirectory)
    let keyring = try secrets.keyring()
    _ = try secrets.adminToken()

    pool = Pool(
      .init(
        connection: configuration.database.url, maxConnections: configuration.database.connections, logger: log))
    let pending = try await Migrator(Schema.migrations).pending(pool)
    guard pending.isEmpty else {
      throw ConfigurationFault(
        file: "database", line: nil, path: "",
        words: "\(pending.count) migrations are to be applied first: leaseholdd migrate")
    }
    let store = PostgresStore(pool: pool, listening: configuration.database.url, log: log)
    node = try configuration.openNode(secrets, clock: clock)
    let drivers = try await Daemon.drivers(configuration, clock: clock, log: log)

    let bell = Bell()
    var settings = Settings(daemon: Daemon.name(configuration), network: try await configuration.network(of: node))
    settings.heldPayments = configuration.holds.atOnce
    settings.payouts.enabled = configuration.payouts.enabled
    settings.payouts.maxEach = Millisatoshi(configuration.payouts.maxMsatEach)
    settings.payouts.maxPerDay = Millisatoshi(configuration.payouts.maxMsatPerDay)
    settings.mintsPerMinute = configuration.limits.mintsPerMinute
    settings.mintsPerMinutePerClient = configuration.limits.mintsPerMinutePerClient
    settings.unpaidHoldsPerClient = configuration.limits.unpaidHoldsPerClient
    settings.unpaidShare = Double(configuration.limits.unpaidPercent) / 100
    settings.nodeOutage = configuration.limits.nodeOutage
    settings.exchangeRateOutage = configuration.limits.exchangeRateOutage
    for entry in configuration.exchangeRates { settings.exchangeRates[entry.currency] = entry.limits }
    engine = Engine(
      store: store, node: node, drivers: drivers, clock: clock,
      alarm: DispatchAlarm(clock: clock, ring: { bell.ring() }), channels: [LogChannel(log: log)], keyring: keyring,
      catalog: configuration.catalog, settings: settings, rateSources: configuration.exchangeRates.map(\.source),
      bell: bell, log: log)
  }

  /// Unique among the daemons of one database. A restart is another daemon: what its predecessor had claimed lapses.
  private static func name(_ configuration: Configuration) -> String {
    "\(ProcessInfo.processInfo.hostName):\(configuration.stateDirectory):\(getpid())"
  }

  private static func drivers(
    _ configuration: Configuration, clock: SystemClock, log: Logger
  ) async throws -> Engine.Drivers {
    var resources: [Kind: any ResourceDriver] = [:]
    var volumes: (any VolumeAccess)?
    var containers: (any ContainerAccess)?
    for host in configuration.hosts {
      if let disk = host.disk {
        let opened = try await DiskDriver.open(disk.driverConfiguration, clock: clock, logger: log)
        log.info("disks are served", metadata: ["driver": "\(opened.driver.name)", "reason": "\(opened.reason)"])
        resources[.disk] = opened.driver
        volumes = opened.driver
      }
      if let compute = host.compute {
        var options = ComputeDriver.Options()
        options.runtime = compute.runtime
        let driver = try ComputeDriver(
          stateDirectory: configuration.stateDirectory, volumes: volumes, clock: clock, options: options, log: log)
        log.info("containers are served", metadata: ["driver": "\(driver.name)"])
        resources[.compute] = driver
        containers = driver
      }
    }
    return Engine.Drivers(resources: resources, volumes: volumes, containers: containers)
  }

  /// Serves until told to stop.
  func run() async throws {
    try await engine.prepare()
    let metrics = PrometheusMetrics()
    let proxies = configuration.http.trustedProxies
    let api = HTTPAPI(
      engine: engine,
      configuration: .init(
        proxies: proxies, adminToken: AdminToken(try secrets.adminToken()), metrics: metrics))
    let log = log
    let application = Application(
      router: api.routerWithEveryDoor(),
      // Who opens a connection and says nothing, or never comes to the end of its headers, is not waited for; a request
      // that is being answered may take as long as it likes.
      server: .held(.init(idleTimeout: .seconds(60))),
      configuration: .init(
        address: .hostname(configuration.http.host, port: configuration.http.port), serverName: "leasehold"),
      onServerRunning: { channel in
        log.info("listening on \(channel.localAddress.map { "\($0)" } ?? "?")")
      },
      logger: log)
    var services = ServiceGroupConfiguration(
      services: [
        .init(service: application, successTerminationBehavior: .gracefullyShutdownGroup),
        .init(service: EngineService(engine: engine, clock: clock, log: log)),
      ],
      gracefulShutdownSignals: [.sigterm, .sigint], logger: log)
    // Open event streams and transfers are not waited for longer than this.
    services.maximumGracefulShutdownDuration = .seconds(3)
    services.maximumCancellationDuration = .seconds(5)
    try await ServiceGroup(configuration: services).run()
    // Its folder is let go for the next daemon.
    (node as? EmbeddedNode)?.close()
    await pool.close()
    log.info("stopped")
  }
}

/// The engine's own work: what is due, and what repeats.
private struct EngineService: Service {
  let engine: Engine
  let clock: SystemClock
  let log: Logger

  func run() async throws {
    await cancelWhenGracefulShutdown {
      await withTaskGroup(of: Void.self) { group in
        group.addTask { await engine.run() }
        repeating(&group, .seconds(2), "heartbeat") {
          if let leap = clock.leap() { try await engine.clockJumped(from: leap.from, to: leap.to) }
          try await engine.beat()
        }
        repeating(&group, .seconds(5), "looking") { engine.bell.ring() }
        repeating(&group, .seconds(5), "sampling") {
          try await engine.sample()
          try await engine.rateUsage()
        }
        repeating(&group, .seconds(30), "reconciling") { try await engine.reconcile() }
        repeating(&group, .seconds(60), "sweeping") {
          try await engine.sweep()
          // Last: without a node it fails.
          try await engine.lookForIdleness()
          try await engine.sweepSettlements()
        }
        repeating(&group, .seconds(5), "asking the node") { await engine.askNodeInTrouble() }
        for source in engine.rateSources {
          let interval = engine.settings.exchangeRates[source.currency]?.interval ?? 60
          // Once before the first tick: until a rate is known nothing is sold in its currency.
          group.addTask { await trying("reading a rate") { try await engine.readExchangeRate(source) } }
          repeating(&group, .seconds(interval.count), "reading a rate") { try await engine.readExchangeRate(source) }
        }
      }
    }
  }

  private func repeating(
    _ group: inout TaskGroup<Void>, _ interval: Duration, _ what: String,
    _ body: @escaping @Sendable () async throws -> Void
  ) {
    group.addTask {
      await DispatchTicker(every: interval).run { await trying(what, body) }
    }
  }

  private func trying(_ what: String, _ body: @Sendable () async throws -> Void) async {
    do {
      try await body()
    } catch {
      if Task.isCancelled { return }
      log.warning("repeated work failed", metadata: ["what": "\(what)", "error": "\(error)"])
    }
  }
}

extension Configuration {
  /// Containers' roots must be able to pass through it, and see nothing in it.
  func makeStateDirectory() throws {
    try FileManager.default.createDirectory(
      atPath: stateDirectory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o711])
    try FileManager.default.setAttributes([.posixPermissions: 0o711], ofItemAtPath: stateDirectory)
  }

  var catalog: Catalog {
    Catalog(
      offers: offers, images: images,
      hosts: hosts.flatMap { host -> [HostCapacity] in
        var capacities: [HostCapacity] = []
        if let disk = host.disk {
          capacities.append(
            HostCapacity(
              host: host.name, kind: .disk, limit: Resources(disk: disk.size), uidBase: host.uidBase))
        }
        if let compute = host.compute {
          capacities.append(
            HostCapacity(host: host.name, kind: .compute, limit: compute.capacity, uidBase: host.uidBase))
        }
        return capacities
      })
  }
}

extension Configuration.Disk {
  /// A pool on a btrfs that the provider has mounted is used as it is; anywhere else a pool of our own is made.
  var driverConfiguration: DiskConfiguration {
    DiskConfiguration(stateDirectory: pool, pool: HostFileSystem.isBtrfs(pool) ? pool : nil, size: size)
  }
}
