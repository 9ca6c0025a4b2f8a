import Postgres

/// A prepared SELECT by key, on a pool, against `pgbench -S -M prepared` with as many connections.
enum Reads {
  static func measure(_ world: World) async throws -> [Figure] {
    _ = try await Tool.run(["pgbench", "--quiet", "-i", "-s", "\(world.scale)", world.database])
    var figures: [Figure] = []
    for clients in [8, 32] {
      figures += try await measure(world, clients: clients)
    }
    return figures
  }

  private static func measure(_ world: World, clients: Int) async throws -> [Figure] {
    let rows = world.scale * 100_000
    let pool = world.pool(connections: clients, readers: 4)
    /// Counted, not timed: a child of ours has SIGALRM blocked, by which pgbench would end.
    func pgbench(_ statements: Double) async throws -> Double {
      let each = max(100, Int(statements) / clients)
      let command = ["pgbench", "-n", "-S", "-M", "prepared", "-c", "\(clients)", "-j", "2", "-t", "\(each)"]
      let words = try await Tool.run(command + ["-s", "\(world.scale)", world.database])
      return try Tool.number(after: "tps =", in: words)
    }
    let sql = "SELECT abalance FROM pgbench_accounts WHERE aid = $1"
    let ways: [(name: String, run: () async throws -> Double)] = [
      ("select, one transaction's closure", { try await held(pool, sql, clients, rows, world.seconds) }),
      ("select, withConnection each", { try await hopping(pool, sql, clients, rows, world.seconds) }),
      ("select, pool.read pipelined", { try await pipelined(pool, sql, clients, rows, world.seconds) }),
    ]
    // Connections made, statements prepared, pages cached.
    let expected = try await pgbench(20_000)
    for way in ways { _ = try await way.run() }
    let measured = try await alternating(
      world.rounds, { try await pgbench(expected * world.seconds) }, ways.map(\.run))
    await pool.close()
    return zip(ways, measured.dropFirst()).map { way, ours in
      Figure(
        "\(way.name), \(clients)", against: "pgbench -S -M prepared -c \(clients) -j 2", unit: "/s", ours: ours,
        theirs: measured[0], note: "\(rows) rows, \(clients) tasks")
    }
  }

  /// Many statements in one closure on the connection's own thread: how a transaction runs.
  private static func held(
    _ pool: Pool, _ sql: String, _ clients: Int, _ rows: Int, _ seconds: Double
  ) async throws -> Double {
    try await rate(clients, seconds) { deadline, seed in
      try await pool.withConnection { db in
        var keys = Keys(seed, below: rows)
        var done = 0
        while ContinuousClock.now < deadline {
          _ = try db.first(sql, keys.next()) { try $0.int32(0) }
          done += 1
        }
        return done
      }
    }
  }

  /// A hop to the connection's thread and back for each statement.
  private static func hopping(
    _ pool: Pool, _ sql: String, _ clients: Int, _ rows: Int, _ seconds: Double
  ) async throws -> Double {
    try await rate(clients, seconds) { deadline, seed in
      var keys = Keys(seed, below: rows)
      var done = 0
      while ContinuousClock.now < deadline {
        let key = keys.next()
        _ = try await pool.withConnection { db in try db.first(sql, key) { try $0.int32(0) } }
        done += 1
      }
      return done
    }
  }

  /// Four shared connections, batches with one Sync.
  private static func pipelined(
    _ pool: Pool, _ sql: String, _ clients: Int, _ rows: Int, _ seconds: Double
  ) async throws -> Double {
    try await rate(clients, seconds, on: pool.readExecutor) { deadline, seed in
      var keys = Keys(seed, below: rows)
      var done = 0
      while ContinuousClock.now < deadline {
        _ = try await pool.readFirst(sql, keys.next()) { try $0.int32(0) }
        done += 1
      }
      return done
    }
  }

  /// What `clients` tasks do in a second, all together.
  private static func rate(
    _ clients: Int, _ seconds: Double, on executor: (any TaskExecutor)? = nil,
    _ body: @escaping @Sendable (_ deadline: ContinuousClock.Instant, _ seed: Int) async throws -> Int
  ) async throws -> Double {
    let start = ContinuousClock.now
    let deadline = start + .seconds(seconds)
    let done = try await withThrowingTaskGroup(of: Int.self) { group in
      for seed in 1...clients {
        group.addTask(executorPreference: executor) { try await body(deadline, seed) }
      }
      return try await group.reduce(0, +)
    }
    return Double(done) / ((ContinuousClock.now - start) / .seconds(1))
  }
}

/// Keys at random, for next to nothing (xorshift).
struct Keys {
  private var state: UInt64
  private let rows: UInt64

  init(_ seed: Int, below rows: Int) {
    state = UInt64(seed) &* 0x9E37_79B9_7F4A_7C15 | 1
    self.rows = UInt64(rows)
  }

  mutating func next() -> Int32 {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return Int32(truncatingIfNeeded: state % rows) + 1
  }
}
