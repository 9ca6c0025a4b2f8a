import ArgumentParser
import Foundation
import Logging
import Logs
import Postgres
import Schema
import Synchronization
import Wire

@main
struct Leaseholdd: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "leaseholdd",
    abstract: "Rents out this machine's disk and compute by the period, over Lightning.",
    version: "leaseholdd \(Product.version)",
    subcommands: [Serve.self, Migrate.self, Doctor.self],
    defaultSubcommand: Serve.self)
}

struct ConfigurationOption: ParsableArguments {
  @Option(name: [.short, .long], help: "The configuration file.")
  var config = "leasehold.yaml"

  func load() throws -> Configuration {
    do {
      return try Configuration.load(config)
    } catch {
      throw Complaint("\(error)")
    }
  }
}

/// A failure that is a sentence for a person.
struct Complaint: Error, CustomStringConvertible {
  let description: String
  init(_ text: String) { description = text }
}

/// The lines that are not written yet.
private let lines = Mutex<LogQueue?>(nil)

func makeLog(_ configuration: Configuration) -> Logger {
  let format = configuration.logFormat
  let wanted = ProcessInfo.processInfo.environment["LEASEHOLD_LOG_LEVEL"] ?? "info"
  let level = Logger.Level(rawValue: wanted) ?? .info
  let queue = LineLog.standardError(format)
  queue.outliveCrashes()
  lines.withLock { $0 = queue }
  // However the process ends by itself.
  atexit { lines.withLock { $0 }?.flush() }
  LoggingSystem.bootstrap { _ in LineLog(logLevel: level, format: format, queue: queue) }
  return Logger(label: "leaseholdd")
}

struct Serve: AsyncParsableCommand {
  static let configuration = CommandConfiguration(abstract: "Serve offers and leases until told to stop.")
  @OptionGroup var options: ConfigurationOption

  func run() async throws {
    let configuration = try options.load()
    let log = makeLog(configuration)
    Descriptors.raiseLimit(log)
    do {
      try await Daemon(configuration, log: log).run()
    } catch {
      throw Complaint("\(error)")
    }
  }
}

struct Migrate: AsyncParsableCommand {
  static let configuration = CommandConfiguration(abstract: "Bring the database's schema up to date.")
  @OptionGroup var options: ConfigurationOption

  func run() async throws {
    let configuration = try options.load()
    let pool = Pool(.init(connection: configuration.database.url, maxConnections: 1))
    do {
      let applied = try await Migrator(Schema.migrations).migrate(pool)
      print(
        applied.isEmpty ? "the schema is up to date" : "applied \(applied.map(String.init).joined(separator: ", "))")
    } catch {
      throw Complaint("\(error)")
    }
    await pool.close()
  }
}
