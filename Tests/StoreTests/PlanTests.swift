import Engine
import Leasing
import Ledger
import Postgres
import TestKit
import Testing
import Units

@testable import Store

/// What is done at every request, ring and tick touches what it is about, and not the tables it stands in.
///
/// Every statement is planned while its tables are empty, as in a daemon that has just been set up, and keeps that plan
/// when they have filled; nothing is analysed. What is counted is what the server read: rows of tables read through, and
/// entries of indexes.
@Suite struct PlanTests {
  private static let now = Sample.now
  /// Closed leases that somebody paid, quotes among them that nobody did, and as many rows of everything else.
  private static let closed = 20_000

  /// What the statements of `body` read, and what it returns.
  private func reading<T: Sendable>(
    _ store: PostgresStore, _ body: @escaping @Sendable (any StoreTransaction) throws -> T
  ) async throws -> (value: T, rows: Int64) {
    try await store.pool.transaction { session in
      let before = try Self.rowsRead(session)
      let value = try withUnsafePointer(to: session) { pointer in
        let transaction = PostgresTransaction(pointer)
        defer { transaction.end() }
        return try body(transaction)
      }
      return (value, try Self.rowsRead(session) - before)
    }
  }

  private static func rowsRead(_ session: borrowing Session) throws -> Int64 {
    try session.first(
      """
      SELECT sum(pg_stat_get_xact_tuples_returned(c.oid))::bigint
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
       WHERE n.nspname = 'public' AND c.relkind IN ('r', 'i', 'p')
      """
    ) { try $0.int64(0) } ?? 0
  }

  private typealias Work = @Sendable (any StoreTransaction) throws -> Void

  private static let work: [(name: String, atMost: Int64, work: Work)] = [
    ("a page of a state", 500, { _ = try $0.leases(LeaseQuery(states: [.active], limit: 50)) }),
    ("the next page", 500, { _ = try $0.leases(LeaseQuery(states: [.grace, .active], after: early, limit: 50)) }),
    ("a page of an offer", 500, { _ = try $0.leases(LeaseQuery(states: [.active], offer: "disk", limit: 50)) }),
    ("an offer nobody bought", 10, { _ = try $0.leases(LeaseQuery(offer: "none", limit: 50)) }),
    ("a page of all", 500, { _ = try $0.leases(LeaseQuery(limit: 50)) }),
    ("who is due", 300, { _ = try $0.lockDueLeases(at: now, limit: 50) }),
    ("when to look next", 60, { _ = try $0.nextDeadline() }),
    ("claiming", 300, { _ = try $0.claimEffects(of: [.notice], owner: "a", at: now, until: now + 9, limit: 20) }),
    ("an idle lane", 10, { _ = try $0.claimEffects(of: [.payout], owner: "a", at: now, until: now + 9, limit: 20) }),
    ("counting states", 40, { _ = try $0.census() }),
    ("weighing the breaker", 40, { _ = try $0.breakerCounts(since: now) }),
    ("a sweep with nothing to sweep", 60, { _ = try $0.sweep(at: now) }),
    ("who is to be rated", 20, { _ = try $0.lockUnratedUsage(closedBefore: now, of: nil, limit: 10) }),
    ("one lease's usage", 120, { _ = try $0.usage(of: Sample.id(1), after: nil, limit: 100) }),
    ("one lease's last use", 20, { _ = try $0.lastUse(of: Sample.id(1)) }),
    ("lapsed invoices", 20, { _ = try $0.lapsedInvoices(before: now, limit: 10) }),
  ]

  private static let early = LeaseID(high: 1, low: 1)

  @Test func nothingGrowsWithTheTables() async throws {
    try await TestStore.with(connections: 1) { store in
      for (_, _, work) in Self.work { _ = try await reading(store, work) }
      _ = try await store.run { tx in try Sample.active(1, tx) }
      try await store.script(Self.filling)
      for (name, atMost, work) in Self.work {
        let rows = try await reading(store, work).rows
        #expect(rows <= atMost, "\(name) read \(rows) rows")
      }
    }
  }

  /// Of one lease in service many: two hundred in service, the rest closed; all in service have an effect that is due,
  /// half of them in somebody's hands.
  private static let filling = """
    CREATE TEMP TABLE model AS SELECT * FROM lease;
    INSERT INTO lease
    SELECT ('7f000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, kind, offer, terms, request, created_at,
           CASE WHEN n % 100 = 0 THEN 'active' ELSE 'closed' END, detail, version, generation,
           CASE WHEN n % 100 = 0 THEN balance_msat ELSE 0 END, credit_msat, rate_msat, rate_span_us, remainder, charged_to,
           CASE WHEN n % 100 = 0 THEN wakes_at END
      FROM model, generate_series(1, \(closed)) n;
    DELETE FROM lease_tally;
    INSERT INTO lease_tally (state, delta) SELECT state, count(*) FROM lease GROUP BY state;
    INSERT INTO outbox (lease, version, ordinal, lane, effect, due_at, claimed_by, claimed_until, begun_at)
    SELECT id, 9, n, CASE n % 2 WHEN 0 THEN 'notice' ELSE 'invoice' END, '{"cancelQuote":{}}', to_timestamp(1700000000),
           c.claim, CASE WHEN c.claim IS NOT NULL THEN to_timestamp(1900000000) END,
           CASE WHEN c.claim IS NOT NULL THEN to_timestamp(1700000000) END
      FROM lease, generate_series(0, 3) n,
           LATERAL (SELECT CASE WHEN n < 2 AND right(id::text, 1) < '8' THEN 'b' END AS claim) c
     WHERE state = 'active';
    INSERT INTO invoice (lease, slot, purpose, label, msat, created_at, expires_at, state, payment_hash)
    SELECT id, 'purchase', '"purchase"', id::text, 1, created_at, created_at, 'canceled', decode(md5(id::text), 'hex')
      FROM lease WHERE state = 'closed';
    UPDATE invoice SET tokens_swept = true;
    INSERT INTO usage_window
    SELECT id, 1, 'egress', to_timestamp(1799990000 + 60 * n), 5, 0
      FROM lease, generate_series(1, 100) n WHERE state = 'active';
    """
}
