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
    let admin = Pool(.init(connection: cluster.url, maxConnections: 1, statementTimeout: nil))
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
    try await withDatabase { database in
      let store = store(on: database, connections: connections, faultHook: faultHook)
      let result: Result<T, any Error>
      do { result = .success(try await body(store)) } catch { result = .failure(error) }
      await store.pool.close()
      return try result.get()
    }
  }

  /// The database alone, for tests that open and lose stores on it themselves.
  public static func withDatabase<T>(
    isolation: isolated (any Actor)? = #isolation, _ body: (TestDatabase) async throws -> T
  ) async throws -> T {
    try await TestDatabase.with(template: try await template.value, body)
  }

  /// Another store on a database; its pool is the caller's to close.
  public static func store(
    on database: TestDatabase, connections: Int = 4, faultHook: FaultInjection.Hook? = nil
  ) -> PostgresStore {
    let pool = Pool(
      .init(
        connection: database.connection, maxConnections: connections, sessionSettings: PostgresStore.planning,
        faultHook: faultHook))
    return PostgresStore(pool: pool, listening: database.connection, log: Logger(label: "test"))
  }
}
