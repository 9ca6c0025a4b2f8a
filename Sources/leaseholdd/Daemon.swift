import Drivers
import Engine
import Foundation
import Gateway
import HTTPAPI
import HTTPServing
import Hummingbird
import L402
import Leasing
import Lightning
import Logging
import NIOCore
import Notices
import Postgres
import Relays
import Scheduling
import Schema
import ServiceLifecycle
import Store
import Units
import WebDAV
import Wire

/// Everything put together: the one place that knows which adapter meets which need.
struct Daemon {
  let configuration: Configuration
  let log: Logger
  let clock: SystemClock
  let engine: Engine
  let node: any LightningNode
  let pool: Pool
  /// For heartbeats and deadlines alone.
  let reserve: Pool
  let secrets: Secrets
  /// `nil`: this host has none.
  let containers: ComputeDriver?

  init(_ configuration: Configuration, log: Logger) async throws {
    self.configuration = configuration
    self.log = log
    let clock = SystemClock()
    self.clock = clock
    try configuration.mayServe()
    for name in configuration.unknownOverrides {
      log.warning("a variable of the environment overrides nothing; is it misspelt?", metadata: ["name": "\(name)"])
    }
    try configuration.makeStateDirectory()
    secrets = Secrets(directory: configuration.stateDirectory)
    let keyring = try secrets.keyring()
    _ = try secrets.adminToken()

    // What one finds out about the server counts for the other.
    let presence = Presence()
    pool = Pool(
      .init(
        connection: configuration.database.url, maxConnections: configuration.database.connections,
        statementTimeout: .seconds(15), presence: presence, sessionSettings: PostgresStore.planning, logger: log))
    reserve = Pool(
      .init(
        connection: configuration.database.url, maxConnections: 3, acquireTimeout: .seconds(2),
        statementTimeout: .seconds(2), presence: presence, readConnections: 1,
        sessionSettings: PostgresStore.planning, logger: log))
    do {
      try await pool.requireOwnSessions()
    } catch let error as PostgresError where error.kind == .misuse {
      throw ConfigurationFault(file: "database", line: nil, path: "", words: error.message)
    }
    let pending = try await Migrator(Schema.migrations).pending(pool)
    guard pending.isEmpty else {
      throw ConfigurationFault(
        file: "database", line: nil, path: "",
        words: "\(pending.count) migrations are to be applied first: leaseholdd migrate")
    }
    let store = PostgresStore(pool: pool, reserve: reserve, listening: configuration.database.url, log: log)
    node = try configuration.openNode(secrets, clock: clock)
    let (drivers, containers) = try await Daemon.drivers(configuration, clock: clock, log: log)
    self.containers = containers

    let bell = Bell()
    var settings = Settings(daemon: Daemon.name(configuration), network: try await configuration.network(of: node))
    settings.configurationWrittenAt = configuration.writtenAt
    settings.heldPayments = configuration.holds.atOnce
    settings.payouts.enabled = configuration.payouts.enabled
    settings.payouts.maxEach = Millisatoshi(configuration.payouts.maxMsatEach)
    settings.payouts.maxPerDay = Millisatoshi(configuration.payouts.maxMsatPerDay)
    settings.payouts.leasePercent = configuration.payouts.leasePercentPerDay
    settings.payouts.small = Millisatoshi(configuration.payouts.smallMsat)
    settings.payouts.maxPending = Int(configuration.payouts.maxPending)
    settings.pulls.maxPerDay = Millisatoshi(configuration.wallets.maxMsatPerDay)
    settings.mintsPerMinute = configuration.limits.mintsPerMinute
    settings.mintsPerMinutePerClient = configuration.limits.mintsPerMinutePerClient
    settings.unpaidAllocationsPerClient = configuration.limits.unpaidAllocationsPerClient
    settings.unpaidShare = Double(configuration.limits.unpaidPercent) / 100
    settings.nodeOutage = configuration.limits.nodeOutage
    settings.exchangeRateOutage = configuration.limits.exchangeRateOutage
    for entry in configuration.exchangeRates { settings.exchangeRates[entry.currency] = entry.limits }
    let wallets =
      configuration.wallets.enabled
      ? NostrWallets(try RelayClient(reaching: configuration.wallets.reachable), clock: clock) : nil
    engine = Engine(
      store: store, node: node, drivers: drivers, clock: clock,
      alarm: DispatchAlarm(clock: clock, ring: { bell.ring() }), channels: [LogChannel(log: log)],
      messengers: try configuration.notices.messengers(of: configuration.http.title, signedBy: keyring.nostrKey),
      keyring: keyring,
      catalog: configuration.catalog, settings: settings, rateSources: configuration.exchangeRates.map(\.source),
      wallets: wallets, bell: bell, log: log)
  }

  /// Unique among the daemons of one database. A restart is another daemon: what its predecessor had claimed lapses.
  private static func name(_ configuration: Configuration) -> String {
    "\(ProcessInfo.processInfo.hostName):\(configuration.stateDirectory):\(getpid())"
  }

  private static func drivers(
    _ configuration: Configuration, clock: SystemClock, log: Logger
  ) async throws -> (Engine.Drivers, containers: ComputeDriver?) {
    var resources = ResourceDrivers()
    var volumes: (any VolumeAccess)?
    var containers: ComputeDriver?
    for host in configuration.hosts {
      if let disk = host.disk {
        let opened = try await DiskDriver.open(disk.driverConfiguration, clock: clock, logger: log)
        log.info("disks are served", metadata: ["driver": "\(opened.driver.name)", "reason": "\(opened.reason)"])
        resources.add(opened.driver, on: host.name)
        volumes = opened.driver
      }
      if let compute = host.compute {
        var options = ComputeDriver.Options()
        options.runtime = compute.runtime
        options.network = compute.network
        let driver = try ComputeDriver(
          stateDirectory: configuration.stateDirectory, volumes: volumes, clock: clock, options: options, log: log)
        try await driver.prove()
        for sentence in await ComputeDriver.shortages(ofImages: configuration.images.map(\.path)) {
          log.warning("an image cannot be used here", metadata: ["reason": "\(sentence)"])
        }
        if configuration.hasNetworks { try await driver.cables.prove() }
        try await driver.cables.keep()
        log.info("containers are served", metadata: ["driver": "\(driver.name)"])
        resources.add(driver, on: host.name)
        containers = driver
      }
    }
    return (Engine.Drivers(resources: resources, volumes: volumes, containers: containers), containers)
  }

  /// Serves until told to stop.
  func run() async throws {
    // A terminal that closes, or somebody who means "read your configuration again", does not end leases' service.
    signal(SIGHUP, SIG_IGN)
    try await engine.prepare()
    let metrics = PrometheusMetrics()
    let proxies = configuration.http.trustedProxies
    if let words = configuration.playMoney { log.warning("\(words)") }
    var served = HTTPAPI.Configuration(
      title: configuration.http.title, version: Product.version, publicURL: configuration.http.publicURL,
      proxies: proxies, adminToken: AdminToken(try secrets.adminToken()), logsClients: configuration.logsClients,
      metrics: metrics)
    if case .embedded(onPublicAddress: true) = configuration.lightning, !configuration.http.isLoopback {
      served.playMoneyIsPublic = true
    }
    served.tlsIsEndedByProxy = configuration.http.tlsEndedByProxy
    if configuration.notices.nostr != nil { served.messagesFrom = try secrets.keyring().nostrKey.publicKey.npub }
    let api = HTTPAPI(engine: engine, configuration: served)
    let log = log
    let supervisor = Supervisor()
    let gateway = Gateway(EngineGatewayGate(api), scheme: { api.configuration.scheme(of: $0) })
    let application = Application(
      router: try api.routerWithEveryDoor(),
      server: .guarded(
        configuration.http.connectionRules, serverName: "leasehold", prompt: { api.promptAnswers(to: $0) },
        door: { gateway.makeHandler(for: $0) }),
      configuration: .init(
        address: .hostname(configuration.http.host, port: configuration.http.port), serverName: "leasehold"),
      onServerRunning: { channel in
        let address = channel.localAddress.map { "\($0)" } ?? "?"
        log.info("listening on \(address)")
        supervisor.tell("READY=1", "STATUS=serving \(address)")
      },
      logger: log)
    var services = ServiceGroupConfiguration(
      services: [
        .init(service: application, successTerminationBehavior: .gracefullyShutdownGroup),
        .init(service: EngineService(engine: engine, containers: containers, clock: clock, log: log)),
      ],
      gracefulShutdownSignals: [.sigterm, .sigint], logger: log)
    if let address = configuration.http.metricsAddress {
      services.services.append(
        .init(
          service: Application(
            router: api.makeMetricsRouter(of: BasicHTTPAPIContext.self), server: .guarded(.init(most: 64)),
            configuration: .init(address: .hostname(address.host, port: address.port), serverName: "leasehold"),
            onServerRunning: { channel in
              log.info("metrics are served on \(channel.localAddress.map { "\($0)" } ?? "?")")
            },
            logger: log), successTerminationBehavior: .gracefullyShutdownGroup))
    }
    // Open event streams and transfers are not waited for longer than this.
    services.maximumGracefulShutdownDuration = .seconds(3)
    services.maximumCancellationDuration = .seconds(5)
    do {
      // Deadlines, heartbeats and the taking in of connections have threads that no request can fill.
      try await withTaskExecutorPreference(KeeperThreads(2)) { try await ServiceGroup(configuration: services).run() }
    } catch let error as IOError where error.errnoCode == EADDRINUSE {
      throw Complaint(
        "another program has \(configuration.http.host):\(configuration.http.port) already: end it, or name another "
          + "http.address")
    }
    // Its folder is let go for the next daemon.
    (node as? EmbeddedNode)?.close()
    await pool.close()
    await reserve.close()
    log.info("stopped")
  }
}

/// The engine's own work: what is due, and what repeats.
private struct EngineService: Service {
  let engine: Engine
  let containers: ComputeDriver?
  let clock: SystemClock
  let log: Logger

  func run() async throws {
    await cancelWhenGracefulShutdown {
      await withTaskGroup(of: Void.self) { group in
        group.addTask { await engine.run() }
        repeating(&group, .seconds(2), keepsTime: true, "heartbeat") {
          if let leap = clock.leap() {
            try await engine.work.heartbeat.clockJumped(from: leap.from, to: leap.to)
            clock.accept(leap)
          }
          try await engine.work.heartbeat.beat()
        }
        repeating(&group, .seconds(5), keepsTime: true, "looking") { engine.bell.ring() }
        repeating(&group, .seconds(5), "sampling") {
          try await engine.money.metering.sample()
          try await engine.money.metering.rateUsage()
        }
        repeating(&group, .seconds(5), "restarting containers") { await engine.doors.containers.restartEnded() }
        repeating(&group, .seconds(5), "giving places") { try await engine.waitlist.giveFreePlaces() }
        if let containers {
          repeating(&group, .seconds(5), "keeping networks") { try await containers.cables.keep() }
        }
        repeating(&group, .seconds(30), "reconciling") { try await engine.work.reconciler.reconcile() }
        repeating(&group, .seconds(60), "announcing terms") { try await engine.selling.announcements.announce() }
        repeating(&group, .seconds(60), "sweeping") {
          try await engine.work.sweeper.sweep()
          try await engine.work.deliveries.giveUp()
          // Last: without a node it fails.
          try await engine.money.metering.lookForIdleness()
          try await engine.money.settlementSweep.run()
        }
        repeating(&group, .seconds(5), "asking the node") { await engine.doubts.node.askIfInTrouble() }
        for source in engine.doubts.rates.sources {
          let interval = engine.settings.exchangeRates[source.currency]?.interval ?? 60
          // Once before the first tick: until a rate is known nothing is sold in its currency.
          group.addTask { await trying("reading a rate") { try await engine.doubts.rates.read(source) } }
          repeating(&group, .seconds(interval.count), "reading a rate") { try await engine.doubts.rates.read(source) }
        }
      }
    }
  }

  private func repeating(
    _ group: inout TaskGroup<Void>, _ interval: Duration, keepsTime: Bool = false, _ what: String,
    _ body: @escaping @Sendable () async throws -> Void
  ) {
    group.addTask(executorPreference: keepsTime ? nil : globalConcurrentExecutor) {
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
  /// Whether any offer's containers reach the world.
  var hasNetworks: Bool { offers.contains { $0.terms.network != nil } }

  /// What would otherwise fail when the first renter has paid.
  func mayServe() throws {
    guard Privilege.mayAdministrate else {
      throw Complaint(
        "leases are made with namespaces, mounts and control groups: run leaseholdd as root (it has not CAP_SYS_ADMIN)")
    }
    for image in images { try ImageCheck.structure(of: image) }
  }

  /// What whoever reads the log at a start should know of the embedded node; `nil` for another.
  var playMoney: String? {
    guard case .embedded(let onPublicAddress) = lightning else { return nil }
    if onPublicAddress, !http.isLoopback {
      return "play money: the embedded node pays any invoice of ours for whoever asks, on a public address"
    }
    let proxy = http.tlsEndedByProxy ? ", and refuses what the proxy in front passes on: renters there cannot pay" : ""
    return "play money: the embedded node pays any invoice of ours for programs on this machine\(proxy)"
  }

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
