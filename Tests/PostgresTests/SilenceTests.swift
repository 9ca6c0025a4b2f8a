import TestKit
import Testing

@testable import Postgres

/// A server that keeps silent, takes no writes, or is shared: each is found out and nobody waits for ever.
@Suite struct SilenceTests {
  private func pool(
    _ connection: String, statements: Duration = .milliseconds(200), presence: Presence = Presence(),
    connections: Int = 2, acquire: Duration = .seconds(60), away: Duration = .milliseconds(200)
  ) -> Pool {
    Pool(
      .init(
        connection: connection, maxConnections: connections, acquireTimeout: acquire, statementTimeout: statements,
        awayPatience: away, presence: presence, readConnections: 1))
  }

  /// The line stays open and says nothing: without a limit of ours it is waited at for as long as the kernel likes.
  @Test(.timeLimit(.minutes(2))) func aSilentLineIsGivenUp() async throws {
    try await TestDatabase.with { database in
      let proxy = try PostgresProxy(database.connection)
      defer { proxy.close() }
      let presence = Presence()
      let pool = pool(proxy.connection, presence: presence)
      try await pool.withConnection { try $0.script("SELECT 1") }
      _ = try await pool.read("SELECT 1") { _ in }
      proxy.goSilent()
      let asked = await #expect(throws: PostgresError.self) { try await pool.transaction { try $0.script("SELECT 1") } }
      #expect(asked?.kind == .connectionFailed)
      #expect(presence.awaySince != nil)
      let read = await #expect(throws: PostgresError.self) { try await pool.read("SELECT 1") { _ in } }
      #expect(read?.kind == .connectionFailed)
      proxy.goOn()
      // The first that gets through says so to all.
      while (try? await pool.withConnection { try $0.script("SELECT 1") }) == nil {}
      #expect(presence.awaySince == nil)
      _ = try await pool.read("SELECT 1") { _ in }
      await pool.close()
    }
  }

  /// What one pool finds out ends the waiting of another's statements, however long those may take.
  @Test(.timeLimit(.minutes(2))) func whatAProbeFindsOutCountsForAll() async throws {
    try await TestDatabase.with { database in
      let proxy = try PostgresProxy(database.connection)
      defer { proxy.close() }
      let presence = Presence()
      let patient = pool(proxy.connection, statements: .seconds(3_600), presence: presence, acquire: .seconds(3_600))
      let probe = pool(proxy.connection, presence: presence, connections: 1)
      try await patient.withConnection { try $0.script("SELECT 1") }
      _ = try await patient.read("SELECT 1") { _ in }
      try await probe.withConnection { try $0.script("SELECT 1") }
      proxy.goSilent()
      let work = Task { try await patient.transaction { try $0.script("SELECT 1") } }
      let read = Task { _ = try await patient.read("SELECT 1") { _ in } }
      await #expect(throws: PostgresError.self) { try await probe.withConnection { try $0.script("SELECT 1") } }
      await #expect(throws: PostgresError.self) { try await work.value }
      await #expect(throws: PostgresError.self) { try await read.value }
      proxy.goOn()
      await patient.close()
      await probe.close()
    }
  }

  @Test(.timeLimit(.minutes(2))) func aServerThatIsDownIsNotWaitedForTwice() async throws {
    let presence = Presence()
    let pool = pool("host=127.0.0.1 port=1 dbname=none", presence: presence, acquire: .seconds(3_600))
    for _ in 1...3 {
      let error = await #expect(throws: PostgresError.self) { try await pool.withConnection { _ in } }
      #expect(error?.kind == .connectionFailed)
      await #expect(throws: PostgresError.self) { try await pool.read("SELECT 1") { _ in } }
    }
    #expect(presence.awaySince != nil)
    await pool.close()
  }

  @Test func theServerEndsWhatTakesTooLong() async throws {
    try await TestDatabase.with { database in
      let pool = pool(database.connection)
      let error = await #expect(throws: PostgresError.self) {
        try await pool.withConnection { try $0.script("SELECT pg_sleep(3600)") }
      }
      #expect(error?.sqlState == .queryCanceled)
      // Who asks for more time gets it, and the next on this connection does not.
      try await pool.withConnection { db in
        try db.allow(nil)
        try #expect(db.first("SHOW statement_timeout") { try $0.string(0) } == "0")
      }
      for _ in 1...2 {
        try await pool.withConnection { db in
          try #expect(db.first("SHOW statement_timeout") { try $0.string(0) } == "200ms")
        }
      }
      await pool.close()
    }
  }

  // MARK: A server that takes no writes

  /// A fail-over leaves the session with a server that refuses every write: it is no session any more.
  @Test func aSessionThatBecomesReadOnlyIsDropped() async throws {
    try await TestDatabase.with { database in
      let pool = pool(database.connection, statements: .seconds(30), connections: 1)
      try await pool.withConnection { db in
        try db.script("CREATE TABLE thing (id int8)")
        try db.script("SET default_transaction_read_only = on")
      }
      try await pool.transaction { try $0.execute("INSERT INTO thing VALUES (1)") }
      // Found out in the middle of a transaction, it is run again on another connection.
      let attempts = Shared(0)
      try await pool.transaction { db in
        if attempts.increment() == 1 { try db.script("SET TRANSACTION READ ONLY") }
        try db.execute("INSERT INTO thing VALUES (2)")
      }
      #expect(attempts.value == 2)
      // What we have forbidden ourselves is no sign of anything.
      let refused = await #expect(throws: PostgresError.self) {
        try await pool.transaction(readOnly: true) { try $0.execute("INSERT INTO thing VALUES (3)") }
      }
      #expect(refused?.kind == .server)
      #expect(refused?.sqlState == .readOnlyTransaction)
      try await #expect(pool.read("SELECT id FROM thing ORDER BY id") { try $0.int(0) } == [1, 2])
      await pool.close()
    }
  }

  @Test(.timeLimit(.minutes(2))) func aServerWhereNothingCanBeWrittenIsAway() async throws {
    try await TestDatabase.with { database in
      let admin = Pool(.init(connection: database.connection))
      try await admin.withConnection {
        try $0.script("ALTER DATABASE \(database.name) SET default_transaction_read_only = on")
      }
      await admin.close()
      let pool = pool(database.connection, statements: .seconds(30))
      let error = await #expect(throws: PostgresError.self) { try await pool.withConnection { _ in } }
      #expect(error?.kind == .connectionFailed)
      #expect(error?.message.contains("takes no writes") == true)
      await pool.close()
    }
  }

  // MARK: A pooler

  @Test func aPoolerThatSharesSessionsIsRefused() async throws {
    try await TestDatabase.with { database in
      let direct = pool(database.connection, statements: .seconds(30))
      try await direct.requireOwnSessions()
      await direct.close()
      let pooler = try TransactionPooler(database.connection)
      defer { pooler.close() }
      let shared = pool(pooler.connection, statements: .seconds(30))
      let error = await #expect(throws: PostgresError.self) { try await shared.requireOwnSessions() }
      #expect(error?.kind == .misuse)
      #expect(error?.message.hasPrefix("sessions are pooled by transaction") == true)
      await shared.close()
    }
  }

  /// Two connections never use one name, nor one connection that of its former life.
  @Test func preparedStatementsHaveNamesOfTheirOwn() {
    var (one, other) = (PreparedStatements(), PreparedStatements())
    #expect(Set([one.newName(), one.newName(), other.newName(), other.newName()]).count == 4)
    #expect(one.newName().utf8.count < 64, "a name is cut off at 63 bytes")
  }

  // MARK: Several hosts

  @Test func ofSeveralHostsTheOneThatWritesIsAskedFor() throws {
    let one = try ConnectionString(HostOrder.arranged("host=a port=1", turn: 3)).settings()
    #expect(one["target_session_attrs"] == nil)
    #expect(one["host"] == "a")
    #expect(one["tcp_user_timeout"] == "10000")
    #expect(one["keepalives_idle"] == "10")
    let many = "host=a,b,c port=1,2,3 tcp_user_timeout=7"
    let turned = try ConnectionString(HostOrder.arranged(many, turn: 1)).settings()
    #expect(turned["target_session_attrs"] == "read-write")
    #expect(turned["tcp_user_timeout"] == "7")
    #expect(turned["host"] == "b,c,a")
    #expect(turned["port"] == "2,3,1")
    let url = "postgresql://u:p%20w@a:1,b:2/d?target_session_attrs=any"
    let asked = try ConnectionString(HostOrder.arranged(url, turn: 0)).settings()
    #expect(asked["target_session_attrs"] == "any")
    #expect(asked["host"] == "a,b")
    #expect(asked["password"] == "p w")
    #expect(throws: PostgresError.self) { try HostOrder.arranged("nonsense", turn: 0) }
  }

  @Test(.timeLimit(.minutes(2))) func aSilentHostIsPassedOver() async throws {
    try await TestDatabase.with { database in
      let (silent, sound) = (try PostgresProxy(database.connection), try PostgresProxy(database.connection))
      defer {
        silent.close()
        sound.close()
      }
      silent.goSilent()
      let both = try ConnectionString(silent.connection).changing([
        "host": "127.0.0.1,127.0.0.1", "port": "\(silent.port),\(sound.port)",
      ])
      let pool = pool(both, statements: .seconds(30), acquire: .seconds(1))
      while (try? await pool.withConnection { try $0.script("SELECT 1") }) == nil {}
      while (try? await pool.read("SELECT 1") { _ in }) == nil {}
      await pool.close()
    }
  }
}
