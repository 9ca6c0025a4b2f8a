import ArgumentParser
import Drivers
import Engine
import Foundation
import Lightning
import Logging
import Postgres
import Scheduling
import Schema
import Store
import Units

/// Tries everything the daemon stands on, while it is down or up.
struct Doctor: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Try what the daemon stands on: database, schema, clock, node, drivers, secrets.")
  @OptionGroup var options: ConfigurationOption
  @Flag(help: "Print JSON.") var json = false
  @Option(help: "Send a mail there, to see that mails to renters arrive.") var mail: String?

  struct Finding: Codable {
    var what: String
    var ok: Bool
    var detail: String
  }

  func run() async throws {
    let configuration = try options.load()
    let findings = await examine(configuration)
    if json {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
      print(String(decoding: try encoder.encode(["findings": findings]), as: UTF8.self))
    } else {
      let width = findings.map(\.what.count).max() ?? 0
      for finding in findings {
        print(
          "\(finding.ok ? "✓" : "✗") \(finding.what.padding(toLength: width, withPad: " ", startingAt: 0))  \(finding.detail)"
        )
      }
    }
    if findings.contains(where: { !$0.ok }) { throw ExitCode(1) }
  }

  private func examine(_ configuration: Configuration) async -> [Finding] {
    var checks = Checks(findings: [
      Finding(what: "configuration", ok: true, detail: "\(configuration.offers.count) offers")
    ])
    let clock = SystemClock()
    let log = Logger(label: "doctor") { _ in SwiftLogNoOpLogHandler() }
    let pool = Pool(
      .init(connection: configuration.database.url, maxConnections: 1, acquireTimeout: .seconds(5), logger: log))
    let store = PostgresStore(pool: pool, listening: configuration.database.url, log: log)
    await Self.examineConfiguration(configuration, &checks)
    await Self.examineDatabase(pool, store, clock, &checks)
    await Self.examineMoney(configuration, store, clock, &checks)
    await Self.examineWork(store, clock, &checks)
    await Self.examineRates(configuration, store, clock, &checks)
    // Without a database nobody knows how many there are.
    let leases = try? await pool.withConnection { try $0.first("SELECT count(*) FROM lease") { try $0.int64(0) } }
    // Without a database nobody knows which wallets are asked.
    let grants = try? await store.transaction { tx in try tx.newestWalletGrants(limit: 100) }
    await pool.close()
    await examineReaching(configuration, grants, clock, &checks)
    await Self.examineSecrets(configuration, leases: leases, clock, &checks)
    await Self.examineHosts(configuration, clock, log, &checks)
    return checks.findings
  }

  /// What was found so far.
  private struct Checks {
    var findings: [Finding]

    mutating func run(_ what: String, _ body: () async throws -> String) async {
      do {
        findings.append(Finding(what: what, ok: true, detail: try await body()))
      } catch {
        findings.append(Finding(what: what, ok: false, detail: "\(error)"))
      }
    }
  }

  private static func examineConfiguration(_ configuration: Configuration, _ checks: inout Checks) async {
    await checks.run("overrides") { try Self.overrides(configuration) }
    await checks.run("offers") { try Self.offers(configuration) }
    await checks.run("room") { try Self.room(configuration) }
    await checks.run("images") { try await Self.images(configuration) }
    await checks.run("kernel") { try await Self.kernel(configuration) }
    if let words = configuration.playMoney {
      await checks.run("play money") {
        // Somebody put a proxy before it: renters out there are meant to pay, and cannot.
        guard !configuration.http.tlsEndedByProxy else { throw Complaint("\(words); name a node in lightning.node") }
        return words
      }
    }
  }

  private static func examineDatabase(
    _ pool: Pool, _ store: PostgresStore, _ clock: SystemClock, _ checks: inout Checks
  ) async {
    await checks.run("database") {
      try await pool.requireOwnSessions()
      let version = try await pool.withConnection { try $0.first("SHOW server_version") { try $0.string(0) } }
      return "PostgreSQL \(version ?? "?")"
    }
    await checks.run("schema") {
      let pending = try await Migrator(Schema.migrations).pending(pool)
      guard pending.isEmpty else { throw Complaint("\(pending.count) migrations to apply: leaseholdd migrate") }
      return "up to date"
    }
    await checks.run("clock") {
      let before = clock.now()
      let theirs = try await store.databaseTime()
      let apart = abs(theirs.microseconds(since: before)) / 1_000
      guard apart < 1_000 else { throw Complaint("\(apart) ms from the database's; no lease is suspended like that") }
      return "\(apart) ms from the database's"
    }
  }

  private static func examineMoney(
    _ configuration: Configuration, _ store: PostgresStore, _ clock: SystemClock, _ checks: inout Checks
  ) async {
    await checks.run("settlements") {
      let (name, now) = (configuration.lightning.name, clock.now())
      let (marks, unbooked, held, known) = try await store.transaction { tx in
        (
          try tx.settlementMarks(of: name), try tx.overdueEffects(at: now).unbooked, try tx.heldPayments(),
          try tx.nodeTrouble(of: name)
        )
      }
      func ago(_ moment: Instant) -> String { "\(max(0, now.microseconds(since: moment) / 1_000_000)) s ago" }
      let moved = marks.cursorMovedAt.map { "last taken in \(ago($0))" } ?? "none taken in yet"
      let since = marks.oldestUnbooked.map { ", the first found \(ago($0))" } ?? ""
      // A daemon that is down says nothing any more.
      let told = known.flatMap { $0.seenAt + 30 > now ? $0.trouble : nil }
      let trouble = [
        told?.followerFailingSince.map { ", not followed since \(ago($0))" },
        // That does not pass by itself, and not with the daemon.
        known?.trouble.cursorAheadAt.map {
          ", the node found \(ago($0)) to know less than was taken in: leasehold admin audit --with-node"
        },
        told?.backAt == nil ? told?.troubleSince.map { ", the node silent since \(ago($0))" } : nil,
      ].compactMap { $0 }.joined()
      let words = "\(moved), \(unbooked) unbooked\(since), \(held) held\(trouble)"
      guard unbooked == 0, trouble.isEmpty else { throw Complaint(words) }
      return words
    }
    await checks.run("payouts") {
      let pending = try await store.transaction { tx in try tx.pendingPayouts(limit: 100) }
      let stuck = pending.stuck(at: clock.now())
      let words = "\(pending.count) pending over \(pending.setAside.count) msat, \(stuck.count) stuck"
      guard let first = stuck.first else { return words }
      let asked = first.order.map { "ordered of node \($0.node), which alone can say what became of it" }
      throw Complaint("\(words): \(first.paymentHash.hex) of lease \(first.lease), \(asked ?? "never ordered")")
    }
  }

  private static func examineWork(_ store: PostgresStore, _ clock: SystemClock, _ checks: inout Checks) async {
    await checks.run("effects") {
      let now = clock.now()
      let overdue = try await store.transaction { tx in try tx.overdueEffects(at: now) }
      guard overdue.failing == 0 else {
        throw Complaint("\(overdue.failing) have failed eight times or more; of lease \(overdue.failingFirst ?? "?")")
      }
      let since = overdue.oldestSlowEffect.map {
        ", the first for \(max(0, now.microseconds(since: $0) / 1_000_000)) s"
      }
      let words = "\(overdue.outboxRows) to be done, \(overdue.slowEffects) under way for over a minute\(since ?? "")"
      guard overdue.slowEffects == 0 else {
        throw Complaint("\(words): leasehold admin outbox shows them")
      }
      return words
    }
    await checks.run("notices") {
      let now = clock.now()
      let counts = try await store.transaction { tx in try tx.deliveryCounts() }
      let since = counts.oldestWaiting.map { max(0, now.microseconds(since: $0) / 1_000_000) } ?? 0
      let words = "\(counts.waiting) on their way to renters, \(counts.dead) that never arrived"
      guard since < 600 else { throw Complaint("\(words); the first that is due waits for \(since) s") }
      return words
    }
    await checks.run("purchases") {
      let since = clock.now() - .day
      return try Self.purchases(try await store.transaction { tx in try tx.provisionFailures(since: since) })
    }
  }

  private func examineReaching(
    _ configuration: Configuration, _ grants: [WalletGrant]?, _ clock: SystemClock, _ checks: inout Checks
  ) async {
    // Where it cannot be read, the line of the secrets says why.
    let keyring = try? Secrets(directory: configuration.stateDirectory, makesMissing: false).keyring()
    let mail = mail
    await checks.run("webhooks") { try Self.webhooks(configuration) }
    await checks.run("mail") { try await Self.mail(configuration, to: mail, at: clock.now()) }
    await checks.run("nostr") { try await Self.nostr(configuration, key: keyring?.nostrKey) }
    await checks.run("wallets") {
      let given = grants?.compactMap { grant in keyring.flatMap { grant.uri(with: $0) } }
      return try await Self.wallets(configuration, grants: given, clock)
    }
  }

  private static func examineRates(
    _ configuration: Configuration, _ store: PostgresStore, _ clock: SystemClock, _ checks: inout Checks
  ) async {
    for entry in configuration.exchangeRates {
      await checks.run("rate of \(entry.currency.rawValue)") {
        let now = clock.now()
        let rate = try await entry.source.read(at: now)
        let known = try await store.transaction { tx in try tx.exchangeRates() }
          .first { $0.accepted.currency == entry.currency }
        let age = max(0, now.microseconds(since: rate.readAt) / 1_000_000)
        let words = "a bitcoin costs \(rate.perBitcoin), says \(rate.source), \(age) s ago"
        guard now <= rate.readAt + entry.limits.maximumAge else {
          throw Complaint("\(words): over maximum_age_seconds, nothing is sold at it")
        }
        if let known, !rate.isWithin(percent: entry.limits.maximumStepPercent, of: known.accepted) {
          throw Complaint(
            "\(words); the last one believed is \(known.accepted.perBitcoin). If it is right: leasehold admin confirm-rate "
              + entry.currency.rawValue)
        }
        return words
      }
    }
  }

  private static func examineSecrets(
    _ configuration: Configuration, leases: Int64?, _ clock: SystemClock, _ checks: inout Checks
  ) async {
    await checks.run("state folder") { try Self.stateFolder(configuration, leases: leases) }
    let secrets = Secrets(directory: configuration.stateDirectory, makesMissing: false)
    let isNew = !FileManager.default.fileExists(atPath: configuration.stateDirectory + "/master.keys")
    await checks.run("secrets") {
      if isNew { return "none yet" }
      let keyring = try secrets.keyring()
      _ = try secrets.adminToken()
      return "\(keyring.epochs.count) master keys, epoch \(keyring.currentEpoch) mints"
    }
    await checks.run("lightning") {
      do {
        if case .embedded = configuration.lightning, isNew { return "the embedded node is made by the first start" }
        let node = try configuration.openNode(secrets, clock: clock)
        defer { (node as? EmbeddedNode)?.close() }
        let info = try await node.info()
        return "\(node.name) on \(info.network), \(info.alias) \(info.nodeID.prefix(16))…"
      } catch let error as NodeError where error.words.contains("process") {
        return "in use by the running daemon (\(error.words))"
      }
    }
  }

  private static func examineHosts(
    _ configuration: Configuration, _ clock: SystemClock, _ log: Logger, _ checks: inout Checks
  ) async {
    let isNew = !FileManager.default.fileExists(atPath: configuration.stateDirectory + "/master.keys")
    for host in configuration.hosts {
      if let disk = host.disk {
        await checks.run("disk") {
          guard FileManager.default.fileExists(atPath: disk.pool) else {
            return "the first start makes the pool in \(disk.pool)"
          }
          let opened = try await DiskDriver.open(disk.driverConfiguration, clock: clock, logger: log)
          try await opened.driver.probe()
          return "\(opened.driver.name): \(opened.reason); a quota stops a write"
        }
      }
      if let compute = host.compute {
        await checks.run("images' file systems") {
          let shortages = await ComputeDriver.shortages(ofImages: configuration.images.map(\.path))
          guard shortages.isEmpty else { throw Complaint(shortages.joined(separator: "; ")) }
          return "can be shown as each lease's own"
        }
        await checks.run("compute") {
          guard !isNew else { return "tried once the first start has made the state folder" }
          var options = ComputeDriver.Options()
          options.runtime = compute.runtime
          options.network = compute.network
          let driver = try ComputeDriver(
            stateDirectory: configuration.stateDirectory, clock: clock, options: options, log: log)
          try await driver.probe()
          return "\(driver.name): limits hold, frozen is frozen"
        }
        if configuration.hasNetworks {
          await checks.run("networks") { try await Self.networks(configuration, compute, clock, log) }
        }
      }
    }
  }
}
