import Engine
import Ledger
import Postgres
import Units

/// What is past its keeping. Each part finds its rows by an index that holds nothing else, takes a bounded number of
/// them and leaves those that somebody else has in hand: a sweep costs what there is to sweep, whatever is kept.
extension PostgresTransaction {
  /// Leases, or rows of another kind, in one transaction.
  private static let part: Int64 = 1_000

  func sweep(at now: Instant) throws -> Int {
    try addUpTally(limit: 100_000)
    return try sweepQuotes(at: now) + sweepTokens(at: now) + sweepInvoices(at: now) + sweepKeys(at: now)
      + sweepUsage(at: now) + sweepDeliveries(at: now)
      + sweepWaitlist(before: now - .day * 2, limit: Self.part)
      + db.pointee.execute("DELETE FROM daemon WHERE beat_at < $1", (now - .day * 30).timestamp)
  }

  /// Quotes that nobody paid, an hour after they were made; money that came late keeps its lease. What may still come
  /// puts it off, and so does a failure that is still to be told.
  private func sweepQuotes(at now: Instant) throws -> Int {
    let swept =
      try db.pointee.first(
        """
        WITH looked AS (
          SELECT c.id,
                 EXISTS (SELECT FROM payment p WHERE p.lease = c.id)
                   OR EXISTS (SELECT FROM ledger_transfer t WHERE t.lease = c.id) AS has_money,
                 EXISTS (SELECT FROM unbooked_settlement u WHERE u.lease = c.id)
                   OR EXISTS (SELECT FROM invoice i WHERE i.lease = c.id
                                 AND i.state IN ('reserved', 'open', 'replaced', 'accepted'))
                 OR EXISTS (SELECT FROM lease_event e WHERE e.lease = c.id AND e.name = 'provision_failed'
                               AND e.at >= $4 OFFSET 0) AS is_wanted
            FROM lease c WHERE c.sweep_at <= $1 ORDER BY c.sweep_at LIMIT $2 FOR UPDATE OF c SKIP LOCKED
        ), kept AS (
          UPDATE lease l SET sweep_at = CASE WHEN k.has_money THEN NULL ELSE $3::timestamptz END
            FROM looked k WHERE l.id = k.id AND (k.has_money OR k.is_wanted)
        ), gone AS (
          DELETE FROM lease l USING looked k WHERE l.id = k.id AND NOT k.has_money AND NOT k.is_wanted
          RETURNING l.request ->> 'offer' AS offer, l.sold_as AS variant
        ), counted AS (
          \(Self.countSweptQuotes)
        )
        SELECT (SELECT count(*) FROM looked), (SELECT count(*) FROM gone)
        """, now.timestamp, Self.part, (now + .hour).timestamp, (now - .day).timestamp
      ) { (try $0.int(0), try $0.int64(1)) } ?? (0, 0)
    try count([.closed: -swept.1])
    return swept.0
  }

  /// What strangers were given to pay with and did not: nothing was minted from it, and it opens nothing. Found by the
  /// invoices it was to pay.
  private func sweepTokens(at now: Instant) throws -> Int {
    try db.pointee.first(
      """
      WITH lapsed AS (
        SELECT i.id, i.payment_hash FROM invoice i
         WHERE i.state IN ('canceled', 'expired') AND NOT i.tokens_swept AND i.created_at < $1
           AND NOT EXISTS (
             SELECT FROM credential_token t
              WHERE t.payment_hash = i.payment_hash AND t.created_at >= $1 OFFSET 0)
         ORDER BY i.created_at LIMIT $2 FOR UPDATE OF i SKIP LOCKED
      ), looked AS (
        UPDATE invoice SET tokens_swept = true FROM lapsed WHERE invoice.id = lapsed.id
      ), gone AS (
        DELETE FROM credential_token t USING lapsed
         WHERE t.payment_hash = lapsed.payment_hash AND t.parent IS NULL AND t.capabilities = 'pay'
           AND t.revoked_at IS NULL)
      SELECT count(*) FROM lapsed
      """, (now - .hour).timestamp, Self.part
    ) { try $0.int(0) } ?? 0
  }

  /// Renewals nobody paid. Money that comes for one of them later is kept as unbooked, by its label.
  private func sweepInvoices(at now: Instant) throws -> Int {
    try db.pointee.execute(
      """
      DELETE FROM invoice
       WHERE id = ANY (ARRAY(
         SELECT i.id FROM invoice i
          WHERE i.state IN ('canceled', 'expired') AND i.expires_at < $1 AND i.slot <> 'purchase'
            AND NOT EXISTS (SELECT FROM payment p WHERE p.payment_hash = i.payment_hash OFFSET 0)
            AND NOT EXISTS (SELECT FROM credential_token t WHERE t.payment_hash = i.payment_hash OFFSET 0)
          ORDER BY i.expires_at LIMIT $2 FOR UPDATE OF i SKIP LOCKED))
      """, (now - .day * 30).timestamp, Self.part)
  }

  /// Windows are kept by the minute for so long; a reading is refused long before it is as old (§8: 35 days).
  static let windowsKept: Seconds = .day * 90

  /// Windows that are rated and no longer kept, added to the day of their lease's meter.
  private func sweepUsage(at now: Instant) throws -> Int {
    try db.pointee.first(
      """
      WITH old AS (
        SELECT lease, incarnation, meter, window_start FROM usage_window
         WHERE charged_msat IS NOT NULL AND window_start < $1
         ORDER BY window_start LIMIT $2 FOR UPDATE SKIP LOCKED
      ), gone AS (
        DELETE FROM usage_window w USING old
         WHERE w.lease = old.lease AND w.incarnation = old.incarnation AND w.meter = old.meter
           AND w.window_start = old.window_start
        RETURNING w.*
      ), days AS (
        INSERT INTO usage_day AS d (lease, day, meter, incarnation, quantity, charged_msat)
        SELECT lease, date_trunc('day', window_start, 'UTC'), meter, incarnation,
               least(sum(quantity), 9223372036854775807)::bigint, sum(charged_msat)::bigint
          FROM gone GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
        ON CONFLICT (lease, day, meter, incarnation) DO UPDATE
          SET quantity = least(d.quantity::numeric + excluded.quantity, 9223372036854775807)::bigint,
              charged_msat = d.charged_msat + excluded.charged_msat)
      SELECT count(*) FROM gone
      """, (now - Self.windowsKept).timestamp, Self.part * 5
    ) { try $0.int(0) } ?? 0
  }

  private func sweepKeys(at now: Instant) throws -> Int {
    try db.pointee.execute(
      """
      DELETE FROM idempotency
       WHERE (scope, key) IN (
         SELECT scope, key FROM idempotency WHERE used_at < $1 ORDER BY used_at LIMIT $2 FOR UPDATE SKIP LOCKED)
      """, (now - .day * 366).timestamp, Self.part)
  }
}
