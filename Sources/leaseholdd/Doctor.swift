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

  struct Finding: Codable {
    var what: String
    var ok: Bool
    var detail: String
  }

  func run() async throws {
    let configuration = try options.load()
    try configuration.makeStateDirectory()
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
    var findings = [Finding(what: "configuration", ok: true, detail: "\(configuration.offers.count) offers")]
    func check(_ what: String, _ body: () async throws -> String) async {
      do {
        findings.append(Finding(what: what, ok: true, detail: try await body()))
      } catch {
        findings.append(Finding(what: what, ok: false, detail: "\(error)"))
      }
    }
    let clock = SystemClock()
    let log = Logger(label: "doctor") { _ in SwiftLogNoOpLogHandler() }
    let pool = Pool(
      .init(connection: configuration.database.url, maxConnections: 1, acquireTimeout: .seconds(5), logger: log))
    await check("database") {
      let version = try await pool.withConnection { try $0.first("SHOW server_version") { try $0.string(0) } }
      return "PostgreSQL \(version ?? "?")"
    }
    await check("schema") {
      let pending = try await Migrator(Schema.migrations).pending(pool)
      guard pending.isEmpty else { throw Complaint("\(pending.count) migrations to apply: leaseholdd migrate") }
      return "up to date"
    }
    await check("clock") {
      let store = PostgresStore(pool: pool, listening: configuration.database.url, log: log)
      let before = clock.now()
      let theirs = try await store.databaseTime()
      let apart = abs(theirs.microseconds(since: before)) / 1_000
      guard apart < 1_000 else { throw Complaint("\(apart) ms from the database's; no lease is suspended like that") }
      return "\(apart) ms from the database's"
    }
    await check("settlements") {
      let store = PostgresStore(pool: pool, listening: configuration.database.url, log: log)
      let (name, now) = (configuration.lightning.name, clock.now())
      let (marks, unbooked, held, known) = try await store.transaction { tx in
        (
          try tx.settlementMarks(of: name), try tx.overdueEffects(at: now).unbooked, try tx.heldPayments(),
          try tx.nodeStanding(of: name)
        )
      }
      func ago(_ moment: Instant) -> String { "\(max(0, now.microseconds(since: moment) / 1_000_000)) s ago" }
      let moved = marks.cursorMovedAt.map { "last taken in \(ago($0))" } ?? "none taken in yet"
      let since = marks.oldestUnbooked.map { ", the first found \(ago($0))" } ?? ""
      // A daemon that is down says nothing any more.
      let told = known.flatMap { $0.seenAt + 30 > now ? $0.standing : nil }
      let trouble = [
        told?.followerFailingSince.map { ", not followed since \(ago($0))" },
        told?.backAt == nil ? told?.troubleSince.map { ", the node silent since \(ago($0))" } : nil,
      ].compactMap { $0 }.joined()
      let words = "\(moved), \(unbooked) unbooked\(since), \(held) held\(trouble)"
      guard unbooked == 0, trouble.isEmpty else { throw Complaint(words) }
      return words
    }
    await check("payouts") {
      let store = PostgresStore(pool: pool, listening: configuration.database.url, log: log)
      let pending = try await store.transaction { tx in try tx.pendingPayouts(limit: 100) }
      let stuck = pending.stuck(at: clock.now())
      let words = "\(pending.count) pending over \(pending.setAside.count) msat, \(stuck.count) stuck"
      guard let first = stuck.first else { return words }
      let asked = first.order.map { "ordered of node \($0.node), which alone can say what became of it" }
      throw Complaint("\(words): \(first.paymentHash.hex) of lease \(first.lease), \(asked ?? "never ordered")")
    }
    for entry in configuration.exchangeRates {
      await check("rate of \(entry.currency.rawValue)") {
        let now = clock.now()
        let rate = try await entry.source.read(at: now)
        let store = PostgresStore(pool: pool, listening: configuration.database.url, log: log)
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
    await pool.close()
    await check("secrets") {
      let keyring = try Secrets(directory: configuration.stateDirectory).keyring()
      return "\(keyring.epochs.count) master keys, epoch \(keyring.currentEpoch) mints"
    }
    await check("lightning") {
      do {
        let node = try configuration.openNode(Secrets(directory: configuration.stateDirectory), clock: clock)
        defer { (node as? EmbeddedNode)?.close() }
        let info = try await node.info()
        return "\(node.name) on \(info.network), \(info.alias) \(info.nodeID.prefix(16))…"
      } catch let error as NodeError where error.words.contains("process") {
        return "in use by the running daemon (\(error.words))"
      }
    }
    for host in configuration.hosts {
      if let disk = host.disk {
        await check("disk") {
          let opened = try await DiskDriver.open(disk.driverConfiguration, clock: clock, logger: log)
          try await opened.driver.probe()
          return "\(opened.driver.name): \(opened.reason); a quota stops a write"
        }
      }
      if let compute = host.compute {
        await check("compute") {
          var options = ComputeDriver.Options()
          options.runtime = compute.runtime
          let driver = try ComputeDriver(
            stateDirectory: configuration.stateDirectory, clock: clock, options: options, log: log)
          try await driver.probe()
          return "\(driver.name): limits hold, frozen is frozen"
        }
      }
    }
    return findings
  }
}
