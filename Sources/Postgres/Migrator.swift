/// One step of the schema: SQL that a person could paste into `psql`, run in a transaction of its own.
public struct Migration: Sendable, Hashable {
  /// From 1, without gaps.
  public let version: Int
  public let name: String
  public let sql: String

  public init(version: Int, name: String, sql: String) {
    self.version = version
    self.name = name
    self.sql = sql
  }

  /// - Parameter file: `0007_what_it_adds.sql`.
  /// - Returns: nil for a name of another form.
  public init?(file: String, sql: String) {
    let parts = file.split(separator: "_", maxSplits: 1)
    guard file.hasSuffix(".sql"), parts.count == 2, parts[0].count == 4, let version = Int(parts[0]) else { return nil }
    self.init(version: version, name: String(parts[1].dropLast(4)), sql: sql)
  }
}

/// Why a schema is not touched.
public enum MigrationError: Error, Hashable, Sendable {
  /// The list handed in is not 1, 2, 3 ….
  case notNumbered(version: Int)
  /// What was applied is no longer what we have: an applied migration is never edited.
  case changed(version: Int, name: String)
  /// The database has a migration that we have not: it belongs to a newer program.
  case unknown(version: Int, name: String)
}

extension MigrationError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .notNumbered(let version): "migration \(version) is not the next one in the list"
    case .changed(let version, let name):
      "migration \(version) (\(name)) was applied to this database in another form: this program is not of its line"
    case .unknown(let version, let name):
      "the database is newer than this program: it has migration \(version) (\(name)). Start the program that made it, "
        + "or a later one"
    }
  }
}

/// Brings a database to the newest schema. Any number of processes may do so at once: one does, the others wait.
public struct Migrator: Sendable {
  private let migrations: [Migration]

  /// Any value, as long as nobody else uses it for something else: "leaseh" and a 1.
  private static let lock: Int64 = 0x6C65_6173_6568_0001

  public init(_ migrations: [Migration]) {
    self.migrations = migrations.sorted { $0.version < $1.version }
  }

  /// Applies what is missing, in order, each in a transaction of its own that also records it in `schema_migration`.
  /// Repeating it changes nothing. If one fails, those before it stay.
  /// - Returns: the versions applied by this call.
  /// - Throws: ``MigrationError``, ``PostgresError``.
  @discardableResult
  public func migrate(_ pool: Pool) async throws -> [Int] {
    try checkNumbers()
    return try await pool.withConnection { db in
      // A migration takes the time that it takes, and so does the one of somebody else that is waited for.
      try db.allow(nil)
      // Held by the session, over all the transactions; set free by the end of the session at the latest.
      try db.execute("SELECT pg_advisory_lock($1)", Migrator.lock)
      let applied: [Int]
      do {
        applied = try apply(db)
      } catch {
        // The connection goes back to the pool: it must not keep the lock. If it broke, so did the lock.
        _ = try? db.execute("SELECT pg_advisory_unlock($1)", Migrator.lock)
        throw error
      }
      try db.execute("SELECT pg_advisory_unlock($1)", Migrator.lock)
      return applied
    }
  }

  /// What ``migrate(_:)`` would apply. Reads only.
  public func pending(_ pool: Pool) async throws -> [Int] {
    try checkNumbers()
    return try await pool.withConnection { db in
      let exists = try db.first("SELECT to_regclass('schema_migration') IS NOT NULL") { try $0.bool(0) } ?? false
      return try (exists ? missing(db) : migrations).map(\.version)
    }
  }

  private func checkNumbers() throws {
    for (index, migration) in migrations.enumerated() where migration.version != index + 1 {
      throw MigrationError.notNumbered(version: migration.version)
    }
  }

  private func apply(_ db: borrowing Session) throws -> [Int] {
    try db.script(
      """
      CREATE TABLE IF NOT EXISTS schema_migration (
        version    int8 PRIMARY KEY,
        name       text NOT NULL,
        sha256     bytea NOT NULL,
        applied_at timestamptz NOT NULL DEFAULT clock_timestamp()
      )
      """)
    let todo = try missing(db)
    for migration in todo {
      // Not through the closure of `Link.transaction`: the optimizer of Swift 6.3 dies of specializing that.
      db.link.retryableFailure = nil
      try db.link.script(Isolation.readCommitted.begin(readOnly: false))
      do {
        try db.script(migration.sql)
        try db.execute(
          "INSERT INTO schema_migration (version, name, sha256) VALUES ($1, $2, sha256($3))", migration.version,
          migration.name, Array(migration.sql.utf8))
      } catch {
        throw db.link.rolledBack(after: error)
      }
      try db.link.commit()
    }
    return todo.map(\.version)
  }

  /// The server computes the checksums: it is there anyway, and then nobody can disagree about how.
  private func missing(_ db: borrowing Session) throws -> [Migration] {
    let known = try db.query(
      "SELECT version, name, sha256 FROM schema_migration ORDER BY version"
    ) { row in (version: try row.int(0), name: try row.string(1), sha256: try row.bytes(2)) }
    for entry in known {
      guard entry.version >= 1, entry.version <= migrations.count else {
        throw MigrationError.unknown(version: entry.version, name: entry.name)
      }
      let ours = Array(migrations[entry.version - 1].sql.utf8)
      guard try db.first("SELECT sha256($1)", ours, row: { try $0.bytes(0) }) == entry.sha256 else {
        throw MigrationError.changed(version: entry.version, name: entry.name)
      }
    }
    let versions = Set(known.map(\.version))
    return migrations.filter { !versions.contains($0.version) }
  }
}
