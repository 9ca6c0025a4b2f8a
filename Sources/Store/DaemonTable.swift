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

  func recordOutage(from: Instant, to: Instant, leapt: Bool) throws {
    try db.pointee.execute(
      "INSERT INTO outage (began_at, ended_at, leapt) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING", from.timestamp,
      to.timestamp, leapt)
  }

  func outages(endedAfter moment: Instant) throws -> [Lease.Outage] {
    try db.pointee.query(
      "SELECT began_at, ended_at, leapt FROM outage WHERE ended_at > $1 ORDER BY ended_at DESC LIMIT 1000",
      moment.timestamp
    ) { Lease.Outage(from: try $0.instant(0), to: try $0.instant(1), leapt: try $0.bool(2) ? true : nil) }.reversed()
  }

  func lockLeaseIfFree(_ id: LeaseID) throws -> Lease? {
    let free = try db.pointee.first("SELECT true FROM lease WHERE id = $1 FOR UPDATE SKIP LOCKED", id.uuid) {
      try $0.bool(0)
    }
    return free == nil ? nil : try lockLease(id)
  }
}
