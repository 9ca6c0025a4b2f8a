import CLibpq

extension Pool {
  /// Refuses a pooler that gives one session of the server to several of ours in turn, as PgBouncer does with
  /// `pool_mode = transaction`. Prepared statements, `LISTEN`, settings and locks are of a session.
  ///
  /// - Throws: `misuse` with a sentence that says so. What else ``withConnection(_:)`` throws.
  public func requireOwnSessions() async throws {
    let (settings, timeout) = (settings, configuration.acquireTimeout)
    try await withConnection { session in
      let first = session.link
      // Who speaks to the server itself was told the process that serves it; a pooler makes one up.
      guard try first.process() != Int(PQbackendPID(first.raw)) else { return }
      let second = try Link.connect(settings, until: .now + timeout)
      var processes: [Int] = []
      for link in [first, second, first, second] { processes.append(try link.process()) }
      guard processes[0] == processes[2], processes[1] == processes[3], processes[0] != processes[1] else {
        throw PostgresError(.misuse, Pool.sharedSessions)
      }
    }
  }

  static let sharedSessions =
    "sessions are pooled by transaction, which takes prepared statements, LISTEN and locks away: "
    + "give the daemon PostgreSQL itself, or a pooler's port with pool_mode = session"
}

extension Link {
  /// The process of the server that answers.
  fileprivate func process() throws -> Int {
    let result = try simple("SELECT pg_backend_pid()::int8")
    defer { PQclear(result) }
    return PQgetvalue(result, 0, 0).flatMap { Int(String(cString: $0)) } ?? 0
  }
}
