import Postgres

/// A database of its own for one test, on the shared server.
public struct TestDatabase: Sendable {
  /// What ``Pool/Configuration`` takes.
  public let connection: String
  public let name: String

  /// Makes a database, hands it to `body`, and drops it with every connection to it.
  /// - Parameter template: the database it is a copy of; nobody may be connected to that.
  @discardableResult
  public static func with<T>(
    template: String = "template1", in cluster: PostgresCluster? = nil,
    isolation: isolated (any Actor)? = #isolation,
    _ body: (TestDatabase) async throws -> T
  ) async throws -> T {
    var server: PostgresCluster
    if let cluster { server = cluster } else { server = try await .shared() }
    let admin = Pool(
      .init(connection: server.url, maxConnections: 1, acquireTimeout: .seconds(240), statementTimeout: nil))
    let name = "test_\(UInt64.random(in: 0...UInt64.max))"
    try await admin.withConnection { try $0.script("CREATE DATABASE \(name) TEMPLATE \(template)") }
    let connection = try ConnectionString(server.url).changing(["dbname": name])
    let result: Result<T, any Error>
    do {
      result = .success(try await body(TestDatabase(connection: connection, name: name)))
    } catch {
      result = .failure(error)
    }
    try await admin.withConnection { try $0.script("DROP DATABASE \(name) WITH (FORCE)") }
    await admin.close()
    return try result.get()
  }

  /// The same with a pool that is closed afterwards.
  @discardableResult
  public static func withPool<T>(
    connections: Int = 4, template: String = "template1", isolation: isolated (any Actor)? = #isolation,
    _ body: (Pool) async throws -> T
  ) async throws -> T {
    try await with(template: template) { database in
      let pool = Pool(.init(connection: database.connection, maxConnections: connections))
      let result: Result<T, any Error>
      do { result = .success(try await body(pool)) } catch { result = .failure(error) }
      await pool.close()
      return try result.get()
    }
  }
}
