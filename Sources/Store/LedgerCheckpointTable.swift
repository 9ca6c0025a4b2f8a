import Engine
import Ledger
import Postgres
import Units

/// The audit of what came after a checkpoint: it costs what there is to prove, not what was proved.
extension PostgresTransaction {
  private struct Checkpoint {
    /// Every transfer up to this one is in the sums, and none after it.
    var upto: Int64
    var transfers: Int64
    var provedAt: Instant
  }

  /// What the transfers of a lease come to, by lease, of the transfers that `which` says.
  private static func sums(_ which: String) -> String {
    """
    SELECT lease,
           (sum(CASE WHEN credit LIKE 'lease:%' THEN msat ELSE 0 END)
             - sum(CASE WHEN debit LIKE 'lease:%' THEN msat ELSE 0 END))::bigint AS balance_msat,
           (sum(CASE WHEN credit LIKE 'credit:%' THEN msat ELSE 0 END)
             - sum(CASE WHEN debit LIKE 'credit:%' THEN msat ELSE 0 END))::bigint AS credit_msat,
           sum(CASE WHEN debit = 'node' THEN msat ELSE 0 END)::bigint AS came_msat,
           sum(CASE WHEN credit = 'node' THEN msat ELSE 0 END)::bigint AS went_msat
      FROM ledger_transfer WHERE \(which) GROUP BY lease
    """
  }

  /// What they come to by kind of account.
  private static func totals(_ which: String) -> String {
    """
    SELECT CASE WHEN account LIKE 'revenue:%' THEN account ELSE split_part(account, ':', 1) END AS kind,
           sum(msat)::bigint AS msat
      FROM (SELECT credit AS account, msat FROM ledger_transfer WHERE \(which)
            UNION ALL SELECT debit, -msat FROM ledger_transfer WHERE \(which)) entry
     GROUP BY kind
    """
  }

  func auditNew(at now: Instant) throws -> Audit {
    try readsWholeTables()
    // Audits wait for each other, and for nobody else.
    try db.pointee.execute("SELECT pg_advisory_xact_lock(hashtextextended('leasehold.audit', 0))")
    let checkpoint = try db.pointee.first("SELECT upto, transfers, proved_at FROM ledger_checkpoint") {
      Checkpoint(upto: try $0.int64(0), transfers: try $0.int64(1), provedAt: try $0.instant(2))
    }
    guard let checkpoint else {
      let audit = try audit()
      if audit.findings.isEmpty {
        try advance(from: Checkpoint(upto: 0, transfers: 0, provedAt: now), at: now)
      }
      return audit
    }
    var audit = Audit(transfers: 0, payments: 0, totals: [:], findings: [])
    audit.proved = checkpoint.transfers
    let counts = try db.pointee.first(
      "SELECT (SELECT count(*) FROM ledger_transfer WHERE id > $1), (SELECT count(*) FROM payment)", checkpoint.upto
    ) { (try $0.int64(0), try $0.int64(1)) }
    audit.transfers = checkpoint.transfers + (counts?.0 ?? 0)
    audit.payments = counts?.1 ?? 0
    audit.findings = try checkpointFindings() + newFindings(since: checkpoint, &audit.totals)
    for query in Self.presentQueries {
      audit.findings += try db.pointee.query(query) { try $0.string(0) }
    }
    // What is not right is found again by the next, until somebody has looked.
    if audit.findings.isEmpty { try advance(from: checkpoint, at: now) }
    return audit
  }

  /// The checkpoint against itself: its sums are of one ledger, which sums to zero.
  private func checkpointFindings() throws -> [String] {
    try db.pointee.query(
      """
      SELECT format('the checkpoint does not hold: %s come to %s msat by lease and to %s in all', c.what, c.leases, c.all_msat)
        FROM (SELECT coalesce(sum(balance_msat), 0) AS balance, coalesce(sum(credit_msat), 0) AS credit,
                     coalesce(sum(went_msat - came_msat), 0) AS node FROM ledger_proved) p
        CROSS JOIN (SELECT coalesce(sum(msat) FILTER (WHERE kind = 'lease'), 0) AS balance,
                           coalesce(sum(msat) FILTER (WHERE kind = 'credit'), 0) AS credit,
                           coalesce(sum(msat) FILTER (WHERE kind = 'node'), 0) AS node,
                           coalesce(sum(msat), 0) AS rest FROM ledger_proved_total) t
        CROSS JOIN LATERAL (VALUES ('balances', p.balance, t.balance), ('credits', p.credit, t.credit),
                                   ('what the node saw', p.node, t.node), ('all accounts', 0, t.rest))
          AS c (what, leases, all_msat)
       WHERE c.leases <> c.all_msat
      """
    ) { try $0.string(0) }
  }

  /// Leases whose money moved since, and the kinds of accounts.
  private func newFindings(since checkpoint: Checkpoint, _ totals: inout [String: Millisatoshi]) throws -> [String] {
    var findings = try db.pointee.query(
      """
      SELECT format('lease %s: %s %s msat, its transfers come to %s', l.id, c.what, c.is_msat, c.comes)
        FROM (\(Self.sums("id > $1"))
              UNION ALL
              -- What was paid and never booked.
              SELECT lease, 0, 0, 0, 0 FROM payment
               WHERE booked_at >= $2 AND NOT EXISTS (SELECT FROM ledger_transfer t WHERE t.lease = payment.lease AND t.id > $1)
               GROUP BY lease) n
        JOIN lease l ON l.id = n.lease
        LEFT JOIN ledger_proved p ON p.lease = n.lease
        CROSS JOIN LATERAL (VALUES
          ('its balance is', l.balance_msat, coalesce(p.balance_msat, 0) + n.balance_msat),
          ('its credit is', l.credit_msat, coalesce(p.credit_msat, 0) + n.credit_msat),
          ('its payments were',
            (SELECT coalesce(sum(received_msat), 0) FROM payment WHERE payment.lease = l.id),
            coalesce(p.came_msat, 0) + n.came_msat),
          ('its payouts came to',
            (SELECT coalesce(sum(msat + fee_msat), 0) FROM payout WHERE payout.lease = l.id AND state = 'paid'),
            coalesce(p.went_msat, 0) + n.went_msat)) AS c (what, is_msat, comes)
       WHERE c.is_msat <> c.comes
      """, checkpoint.upto, (checkpoint.provedAt - .hour).timestamp
    ) { try $0.string(0) }
    // In one statement: what is set aside for payouts is as of the same moment.
    let rows = try db.pointee.query(
      """
      SELECT kind, sum(msat)::bigint FROM (
        SELECT kind, msat FROM ledger_proved_total UNION ALL \(Self.totals("id > $1"))) kinds
       GROUP BY kind
      UNION ALL
      SELECT '', coalesce(sum(msat + max_fee_msat), 0)::bigint FROM payout WHERE state = 'pending'
      UNION ALL
      SELECT '-', coalesce(sum(msat), 0)::bigint FROM outage_credit
      """, checkpoint.upto
    ) { (try $0.string(0), try $0.msat(1)) }
    totals = Dictionary(rows) { $0 + $1 }
    let pending = totals.removeValue(forKey: "") ?? .zero
    let given = totals.removeValue(forKey: "-") ?? .zero
    if let booked = totals["compensation"] ?? (given > .zero ? .zero : nil), booked + given != .zero {
      findings.append("\(given.count) msat were given for outages, \(-booked.count) msat were booked")
    }
    let sum = totals.values.reduce(Millisatoshi.zero, +)
    if sum != .zero { findings.append("the accounts sum to \(sum.count) msat, not to zero") }
    if let moving = totals["move"], moving != .zero {
      findings.append("\(moving.count) msat left one lease and did not arrive at another")
    }
    let aside = totals["payout"] ?? .zero
    if aside != pending {
      findings.append("\(aside.count) msat are set aside for payouts, and \(pending.count) are pending")
    }
    return findings
  }

  /// Brings the checkpoint up to what nobody can add to any more.
  private func advance(from checkpoint: Checkpoint, at now: Instant) throws {
    guard let upto = try settledTransfer(after: checkpoint.upto), upto > checkpoint.upto else { return }
    let range = "id > $1 AND id <= $2"
    try db.pointee.execute(
      """
      INSERT INTO ledger_proved AS p (lease, balance_msat, credit_msat, came_msat, went_msat)
      \(Self.sums(range))
      ON CONFLICT (lease) DO UPDATE
        SET balance_msat = p.balance_msat + excluded.balance_msat, credit_msat = p.credit_msat + excluded.credit_msat,
            came_msat = p.came_msat + excluded.came_msat, went_msat = p.went_msat + excluded.went_msat
      """, checkpoint.upto, upto)
    try db.pointee.execute(
      """
      INSERT INTO ledger_proved_total AS t (kind, msat) \(Self.totals(range))
      ON CONFLICT (kind) DO UPDATE SET msat = t.msat + excluded.msat
      """, checkpoint.upto, upto)
    try db.pointee.execute(
      """
      INSERT INTO ledger_checkpoint AS c (upto, transfers, proved_at)
      SELECT $2, $3 + count(*), $4 FROM ledger_transfer WHERE \(range)
      ON CONFLICT (is_only) DO UPDATE
        SET upto = excluded.upto, transfers = excluded.transfers, proved_at = excluded.proved_at
      """, checkpoint.upto, upto, checkpoint.transfers, now.timestamp)
  }

  /// The last transfer that is seen now, once nobody who was writing transfers then is still at it: one that took an
  /// earlier number may commit later. `nil`: somebody takes long over it; the next audit advances.
  private func settledTransfer(after known: Int64) throws -> Int64? {
    guard
      let last = try db.pointee.first(
        "SELECT max(id) FROM ledger_transfer WHERE id > $1", known, row: { $0.isNull(0) ? nil : try $0.int64(0) })
        ?? nil
    else { return nil }
    // Whoever adds rows holds this lock until the end of its transaction; those that begin after this take later numbers.
    let writing = """
      SELECT DISTINCT virtualtransaction FROM pg_locks
       WHERE locktype = 'relation' AND relation = 'ledger_transfer'::regclass AND mode = 'RowExclusiveLock'
         AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
         AND pid IS DISTINCT FROM pg_backend_pid()
      """
    var writers = Set(try db.pointee.query(writing) { try $0.string(0) })
    for _ in 0..<100 {
      if writers.isEmpty { return last }
      try db.pointee.execute("SELECT pg_sleep(0.01)")
      writers.formIntersection(try db.pointee.query(writing) { try $0.string(0) })
    }
    return nil
  }

  /// What is so now, whatever moved: each reads what is in service.
  private static let presentQueries = [
    poolsAndAllocations, closedHolders,
    """
    SELECT format('lease %s is %s, and nothing will wake it', l.id, l.state)
      FROM lease l
     WHERE l.state IN ('quoted', 'provisioning', 'active', 'grace', 'suspended', 'reclaiming') AND l.wakes_at IS NULL
       AND NOT EXISTS (SELECT FROM outbox o WHERE o.lease = l.id)
    """,
  ]
}
