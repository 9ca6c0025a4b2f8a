import Engine
import Logging
import Postgres
import Schema
import Store

/// A store of its own for one test: a database with the schema in it, dropped afterwards.
public enum TestStore {
  /// The migrated database that tests copy, made once per process.
  private static let template = Task {
    let cluster = try await PostgresCluster.shared()
    let name = "leasehold_template_\(UInt64.random(in: 0...UInt64.max))"
    let admin = Pool(.init(connection: cluster.url, maxConnections: 1))
    try await admin.withConnection { try $0.script("CREATE DATABASE \(name)") }
    await admin.close()
    let pool = Pool(
      .init(connection: try ConnectionString(cluster.url).changing(["dbname": name]), maxConnections: 1))
    _ = try await Migrator(Schema.migrations).migrate(pool)
    await pool.close()
    return name
  }

  public static func with<T>(
    connections: Int = 4, faultHook: FaultInjection.Hook? = nil, isolation: isolated (any Actor)? = #isolation,
    _ body: (PostgresStore) async throws -> T
  ) async throws -> T {
    try await TestDatabase.with(template: try await template.value) { database in
      let pool = Pool(
        .init(connection: database.connection, maxConnections: connections, faultHook: faultHook))
      let store = PostgresStore(pool: pool, listening: database.connection, log: Logger(label: "test"))
      let result: Result<T, any Error>
      do { result = .success(try await body(store)) } catch { result = .failure(error) }
      await pool.close()
      return try result.get()
    }
  }
}
