import Engine
import Ledger
import Postgres
import Units

extension PostgresTransaction {
  func insertTransfers(_ steps: [RecordedStep]) throws {
    let rows = steps.flatMap { step in step.decision.transfers.map { (step, $0) } }
    guard !rows.isEmpty else { return }
    try db.pointee.execute(
      """
      INSERT INTO ledger_transfer (at, debit, credit, msat, cause, lease)
      SELECT * FROM unnest($1::timestamptz[], $2::text[], $3::text[], $4::bigint[], $5::text[], $6::uuid[])
      """,
      rows.map(\.0.at.timestamp), rows.map(\.1.debit.description), rows.map(\.1.credit.description),
      rows.map(\.1.amount.count), rows.map(\.1.cause.rawValue), rows.map(\.0.before.id.uuid))
  }

  func ledgerBalances(of leases: [LeaseID]) throws -> [LeaseID: Millisatoshi] {
    let rows = try db.pointee.query(
      """
      SELECT l.id, coalesce((
               SELECT sum(CASE WHEN credit = l.account THEN msat WHEN debit = l.account THEN -msat ELSE 0 END)
                 FROM ledger_transfer t WHERE t.lease = l.id), 0)::bigint
        FROM unnest($1::uuid[], $2::text[]) AS l (id, account)
      """, leases.map(\.uuid), leases.map { Account.lease($0).description }
    ) { (try $0.lease(0), try $0.msat(1)) }
    return Dictionary(rows) { first, _ in first }
  }

  func transfers(of lease: LeaseID, after id: Int64, limit: Int) throws -> [TransferRecord] {
    try db.pointee.query(
      """
      SELECT id, at, debit, credit, msat, cause FROM ledger_transfer
       WHERE lease = $1 AND id > $2 ORDER BY id LIMIT $3
      """, lease.uuid, id, Int64(limit)
    ) { try Self.transfer($0) }
  }

  func newestTransfers(of lease: LeaseID, limit: Int) throws -> [TransferRecord] {
    try db.pointee.query(
      """
      SELECT id, at, debit, credit, msat, cause FROM ledger_transfer
       WHERE lease = $1 ORDER BY id DESC LIMIT $2
      """, lease.uuid, Int64(limit)
    ) { try Self.transfer($0) }
  }

  private static func transfer(_ row: borrowing Row) throws -> TransferRecord {
    guard let debit = Account(try row.string(2)), let credit = Account(try row.string(3)),
      let cause = Transfer.Cause(rawValue: try row.string(5))
    else { throw StoreError(.invariant, "a transfer names an account or cause that is none") }
    return TransferRecord(
      id: try row.int64(0), at: try row.instant(1),
      transfer: Transfer(from: debit, to: credit, try row.msat(4), cause: cause))
  }

  func audit() throws -> Audit {
    try readsWholeTables()
    let counts =
      try db.pointee.first("SELECT (SELECT count(*) FROM ledger_transfer), (SELECT count(*) FROM payment)") {
        (try $0.int64(0), try $0.int64(1))
      } ?? (0, 0)
    let totals = try db.pointee.query(
      """
      SELECT CASE WHEN account LIKE 'revenue:%' THEN account ELSE split_part(account, ':', 1) END AS kind,
             sum(msat)::bigint
        FROM (SELECT credit AS account, msat FROM ledger_transfer
              UNION ALL SELECT debit, -msat FROM ledger_transfer) entry
       GROUP BY kind
      """
    ) { (try $0.string(0), try $0.msat(1)) }
    let findings = try Self.auditQueries.flatMap { query in
      try db.pointee.query(query) { try $0.string(0) }
    }
    var audit = Audit(
      transfers: counts.0, payments: counts.1, totals: Dictionary(totals) { $0 + $1 }, findings: findings)
    let sum = audit.totals.values.reduce(Millisatoshi.zero, +)
    if sum != .zero { audit.findings.append("the accounts sum to \(sum.count) msat, not to zero") }
    return audit
  }

  /// Pools and allocations agree.
  static let poolsAndAllocations =
    """
    SELECT format('pool %s %s %s: %s used, %s allocated', p.host, p.kind, p.dimension, p.used, a.taken)
      FROM pool p
      CROSS JOIN LATERAL (
        SELECT coalesce(sum(CASE p.dimension WHEN 'disk' THEN disk WHEN 'cpu' THEN cpu
                                             WHEN 'memory' THEN memory ELSE pids END), 0) AS taken
          FROM (SELECT host, kind, disk, cpu, memory, pids FROM allocation
                UNION ALL SELECT host, kind, disk, cpu, memory, pids FROM capacity_hold) held
         WHERE held.host = p.host AND held.kind = p.kind) a
     WHERE a.taken <> p.used
    """

  /// What was given for outages is what was booked as given.
  static let outageCreditsAndTransfers =
    """
    SELECT format('%s msat were given for outages, %s msat were booked', g.msat, t.msat)
      FROM (SELECT coalesce(sum(msat), 0) AS msat FROM outage_credit) g
      CROSS JOIN (SELECT coalesce(sum(msat), 0) AS msat FROM ledger_transfer WHERE debit = 'compensation') t
     WHERE g.msat <> t.msat
    """

  /// Only leases that are not closed hold capacity.
  static let closedHolders =
    """
    SELECT format('lease %s is closed and holds capacity', l.id)
      FROM lease l JOIN allocation a ON a.lease = l.id WHERE l.state = 'closed'
    """

  /// Each returns a sentence for everything that is not as it should be.
  private static let auditQueries = [
    // A lease's mirrored balance against its transfers.
    """
    SELECT format('lease %s: its balance is %s msat, its transfers come to %s', l.id, l.balance_msat, t.msat)
      FROM lease l
      CROSS JOIN LATERAL (
        SELECT coalesce(sum(CASE WHEN credit LIKE 'lease:%' THEN msat ELSE 0 END)
                      - sum(CASE WHEN debit LIKE 'lease:%' THEN msat ELSE 0 END), 0) AS msat
          FROM ledger_transfer WHERE lease = l.id) t
     WHERE t.msat <> l.balance_msat
    """,
    // And its credit.
    """
    SELECT format('lease %s: its credit is %s msat, its transfers come to %s', l.id, l.credit_msat, t.msat)
      FROM lease l
      CROSS JOIN LATERAL (
        SELECT coalesce(sum(CASE WHEN credit LIKE 'credit:%' THEN msat ELSE 0 END)
                      - sum(CASE WHEN debit LIKE 'credit:%' THEN msat ELSE 0 END), 0) AS msat
          FROM ledger_transfer WHERE lease = l.id) t
     WHERE t.msat <> l.credit_msat
    """,
    // Every payment came in, and nothing came in that was no payment.
    """
    SELECT format('lease %s: %s msat were paid, %s msat were booked', coalesce(p.lease, t.lease),
                  coalesce(p.msat, 0), coalesce(t.msat, 0))
      FROM (SELECT lease, sum(received_msat) AS msat FROM payment GROUP BY lease) p
      FULL JOIN (SELECT lease, sum(msat) AS msat FROM ledger_transfer WHERE debit = 'node' GROUP BY lease) t
        ON t.lease = p.lease
     WHERE coalesce(p.msat, 0) <> coalesce(t.msat, 0)
    """,
    // What is set aside for a payout is there while it is pending, and gone after.
    """
    SELECT format('payout %s is %s, and %s msat are set aside for it', encode(p.payment_hash, 'hex'), p.state, t.msat)
      FROM payout p
      CROSS JOIN LATERAL (SELECT 'payout:' || encode(p.payment_hash, 'hex') AS name) a
      CROSS JOIN LATERAL (
        SELECT coalesce(sum(CASE WHEN credit = a.name THEN msat WHEN debit = a.name THEN -msat ELSE 0 END), 0) AS msat
          FROM ledger_transfer WHERE lease = p.lease) t
     WHERE t.msat <> CASE p.state WHEN 'pending' THEN p.msat + p.max_fee_msat ELSE 0 END
    """,
    // What left the node is what payouts paid, and what they cost.
    """
    SELECT format('lease %s: payouts came to %s msat, %s msat left the node', coalesce(p.lease, t.lease),
                  coalesce(p.msat, 0), coalesce(t.msat, 0))
      FROM (SELECT lease, sum(msat + fee_msat) AS msat FROM payout WHERE state = 'paid' GROUP BY lease) p
      FULL JOIN (SELECT lease, sum(msat) AS msat FROM ledger_transfer WHERE credit = 'node' GROUP BY lease) t
        ON t.lease = p.lease
     WHERE coalesce(p.msat, 0) <> coalesce(t.msat, 0)
    """,
    // Credit that was spent left one lease and arrived at the other, once.
    """
    SELECT format('move %s is of %s msat: %s msat left, %s msat arrived', m.id, m.msat, t.gone, t.arrived)
      FROM credit_move m
      CROSS JOIN LATERAL (
        SELECT coalesce(sum(msat) FILTER (WHERE credit = 'move:' || m.id AND lease = m.from_lease), 0) AS gone,
               coalesce(sum(msat) FILTER (WHERE debit = 'move:' || m.id AND lease = m.to_lease), 0) AS arrived
          FROM ledger_transfer WHERE lease IN (m.from_lease, m.to_lease)) t
     WHERE t.gone <> m.msat OR t.arrived <> m.msat
    """,
    // And nothing else moved.
    """
    SELECT format('lease %s: transfer %s belongs to no move', t.lease, t.id)
      FROM ledger_transfer t
     WHERE t.cause = 'move' AND NOT EXISTS (
             SELECT FROM credit_move m WHERE 'move:' || m.id IN (t.debit, t.credit))
    """,
    outageCreditsAndTransfers,
    // A settled invoice has its payment.
    """
    SELECT format('invoice %s is settled and has no payment', encode(i.payment_hash, 'hex'))
      FROM invoice i
     WHERE i.state = 'settled' AND NOT EXISTS (SELECT FROM payment p WHERE p.payment_hash = i.payment_hash)
    """,
    // What was rated was charged.
    """
    SELECT format('lease %s: usage was rated at %s msat and charged %s', coalesce(w.lease, t.lease),
                  coalesce(w.msat, 0), coalesce(t.msat, 0))
      FROM (SELECT lease, sum(charged_msat) AS msat
              FROM (SELECT lease, charged_msat FROM usage_window WHERE charged_msat > 0
                    UNION ALL SELECT lease, charged_msat FROM usage_day WHERE charged_msat > 0) rated
             GROUP BY lease) w
      FULL JOIN (SELECT lease, sum(msat) AS msat FROM ledger_transfer
                  WHERE credit = 'revenue:usage' GROUP BY lease) t ON t.lease = w.lease
     WHERE coalesce(w.msat, 0) <> coalesce(t.msat, 0)
    """,
    poolsAndAllocations,
    // What a lease is written with has its lease.
    """
    SELECT format('lease %s is gone, and has transfers', t.lease) FROM ledger_transfer t
     WHERE NOT EXISTS (SELECT FROM lease l WHERE l.id = t.lease)
    UNION SELECT format('lease %s is gone, and has events', e.lease) FROM lease_event e
     WHERE NOT EXISTS (SELECT FROM lease l WHERE l.id = e.lease)
    UNION SELECT format('lease %s is gone, and has effects', o.lease) FROM outbox o
     WHERE NOT EXISTS (SELECT FROM lease l WHERE l.id = o.lease)
    """,
    closedHolders,
    // The counts that are kept are those of the rows.
    """
    SELECT format('%s leases are counted as %s, and there are %s', coalesce(t.count, 0), coalesce(t.state, l.state),
                  coalesce(l.count, 0))
      FROM (SELECT state, sum(delta) AS count FROM lease_tally GROUP BY state) t
      FULL JOIN (SELECT state, count(*) FROM lease GROUP BY state) l ON l.state = t.state
     WHERE coalesce(t.count, 0) <> coalesce(l.count, 0)
    """,
    // Every unfinished lease will be looked at.
    """
    SELECT format('lease %s is %s, and nothing will wake it', l.id, l.state)
      FROM lease l
     WHERE l.state <> 'closed' AND l.wakes_at IS NULL AND NOT EXISTS (SELECT FROM outbox o WHERE o.lease = l.id)
    """,
  ]
}
