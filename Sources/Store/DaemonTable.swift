import Engine
import Leasing
import Ledger
import Postgres
import Units

extension PostgresTransaction {
  func beat(daemon: String, at now: Instant) throws -> Instant? {
    // One at a time: of two daemons that start after a gap, one finds it and the other finds the first.
    try db.pointee.execute("SELECT pg_advisory_xact_lock(hashtextextended('leasehold.beat', 0))")
    let last = try db.pointee.first("SELECT max(beat_at) FROM daemon") { try $0.optionalInstant(0) } ?? nil
    try db.pointee.execute(
      """
      INSERT INTO daemon (name, beat_at) VALUES ($1, $2)
      ON CONFLICT (name) DO UPDATE SET beat_at = greatest(daemon.beat_at, excluded.beat_at)
      """, daemon, now.timestamp)
    return last
  }

  func recordOutage(from: Instant, to: Instant) throws {
    try db.pointee.execute(
      "INSERT INTO outage (began_at, ended_at) VALUES ($1, $2) ON CONFLICT DO NOTHING", from.timestamp, to.timestamp)
  }

  func outages(endedAfter moment: Instant) throws -> [Lease.Outage] {
    try db.pointee.query(
      "SELECT began_at, ended_at FROM outage WHERE ended_at > $1 ORDER BY ended_at DESC LIMIT 1000", moment.timestamp
    ) { Lease.Outage(from: try $0.instant(0), to: try $0.instant(1)) }.reversed()
  }

  func sweep(at now: Instant) throws -> Int {
    // Quotes that nobody paid, a day after they closed; money that came late keeps its lease.
    let quotes =
      try db.pointee.first(
        """
        WITH gone AS (
          DELETE FROM lease l
           WHERE l.id IN (
             SELECT c.id FROM lease c
              WHERE c.state = 'closed' AND c.created_at < $1
                AND NOT EXISTS (SELECT FROM payment p WHERE p.lease = c.id)
                AND NOT EXISTS (SELECT FROM ledger_transfer t WHERE t.lease = c.id)
                AND NOT EXISTS (SELECT FROM unbooked_settlement u WHERE u.lease = c.id)
                AND NOT EXISTS (
                  SELECT FROM invoice i WHERE i.lease = c.id AND i.state IN ('reserved', 'open', 'replaced', 'accepted'))
              ORDER BY c.id LIMIT 1000)
          RETURNING l.request ->> 'offer' AS offer, l.sold_as AS variant
        ), counted AS (
          \(Self.countSweptQuotes)
        )
        SELECT count(*) FROM gone
        """, (now - .day * 2).timestamp
      ) { try $0.int(0) } ?? 0
    // What strangers were given to pay with and did not: nothing was minted from it, and it opens nothing.
    let tokens = try db.pointee.execute(
      """
      DELETE FROM credential_token
       WHERE id IN (
         SELECT t.id FROM credential_token t
           LEFT JOIN invoice i ON i.payment_hash = t.payment_hash
          WHERE t.parent IS NULL AND t.capabilities = 'pay' AND t.created_at < $1 AND t.revoked_at IS NULL
            AND coalesce(i.state, 'expired') IN ('canceled', 'expired')
          LIMIT 5000)
      """, (now - .day * 2).timestamp)
    // Renewals nobody paid. Money that comes for one of them later is kept as unbooked, by its label.
    let invoices = try db.pointee.execute(
      """
      DELETE FROM invoice
       WHERE id IN (
         SELECT i.id FROM invoice i
          WHERE i.state IN ('canceled', 'expired') AND i.expires_at < $1 AND i.slot <> 'purchase'
            AND NOT EXISTS (SELECT FROM payment p WHERE p.payment_hash = i.payment_hash)
            AND NOT EXISTS (SELECT FROM credential_token t WHERE t.payment_hash = i.payment_hash)
          LIMIT 5000)
      """, (now - .day * 30).timestamp)
    let keys = try db.pointee.execute("DELETE FROM idempotency WHERE used_at < $1", (now - .day * 366).timestamp)
    let daemons = try db.pointee.execute("DELETE FROM daemon WHERE beat_at < $1", (now - .day * 30).timestamp)
    return quotes + tokens + invoices + keys + daemons
  }

  func lockLeaseIfFree(_ id: LeaseID) throws -> Lease? {
    let free = try db.pointee.first("SELECT true FROM lease WHERE id = $1 FOR UPDATE SKIP LOCKED", id.uuid) {
      try $0.bool(0)
    }
    return free == nil ? nil : try lockLease(id)
  }
}
