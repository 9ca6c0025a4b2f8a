import Foundation
import Logging
import Macaroons
import Postgres
import Schema
import Store

/// What every measurement is given.
struct World: Sendable {
  /// A PostgreSQL nobody else uses.
  var database: String
  /// An empty folder for what a measurement writes.
  var directory: String
  var quick: Bool
  /// All daemons of one database have the same.
  let key = Bytes32.random()

  /// Pairs of runs, and seconds of each run.
  var rounds: Int { quick ? 3 : 7 }
  var seconds: Double { quick ? 1 : 3 }

  /// Rows in `pgbench_accounts` are 100,000 times this.
  var scale: Int { quick ? 1 : 10 }

  let log: Logger = {
    var log = Logger(label: "bench")
    log.logLevel = .critical
    return log
  }()

  func pool(connections: Int, readers: Int = 2) -> Pool {
    Pool(
      .init(
        connection: database, maxConnections: connections, readConnections: readers,
        sessionSettings: PostgresStore.planning, logger: log))
  }

  /// Makes the tables, for who fills them before anything is measured.
  func migrate() async throws {
    let pool = pool(connections: 1)
    _ = try await Migrator(Schema.migrations).migrate(pool)
    await pool.close()
  }

  /// Said above the figures, because none of them means anything without.
  func conditions() async throws -> [String: String] {
    let pool = pool(connections: 1)
    let server = try await pool.withConnection { db in
      try db.query(
        "SELECT current_setting('server_version'), current_setting('fsync'), current_setting('synchronous_commit')"
      ) { "\(try $0.string(0)), fsync \(try $0.string(1)), synchronous_commit \(try $0.string(2))" }
    }
    // As PostgreSQL last counted them: none where there is no table yet.
    let leases = try await pool.withConnection { db in
      try db.query("SELECT reltuples::bigint FROM pg_class WHERE oid = to_regclass('lease')") { try $0.int64(0) }
    }
    await pool.close()
    // Only said, never relied on.
    let load = (try? String(contentsOfFile: "/proc/loadavg", encoding: .utf8)) ?? "?"
    return [
      "at": Date().formatted(.iso8601),
      "cores": "\(ProcessInfo.processInfo.activeProcessorCount)",
      "load": load.split(separator: " ").prefix(3).joined(separator: " "),
      "postgresql": server.first ?? "?",
      "leases": "\(max(0, leases.first ?? 0))",
      "rounds": "\(rounds)", "seconds": "\(seconds)",
      "build": Self.isOptimized ? "release" : "debug",
    ]
  }

  private static var isOptimized: Bool {
    var isOptimized = true
    assert(
      {
        isOptimized = false; return true
      }())
    return isOptimized
  }
}
