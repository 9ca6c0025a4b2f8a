import Engine
import Leasing
import Ledger
import Macaroons
import Postgres
import Units

extension PostgresTransaction {
  private static let waitlistColumns =
    "w.id, w.secret, w.offer, w.client, w.request, w.body_hash, w.joined_at, w.expires_at, w.lease, w.contacts"

  private static func waitlistEntry(_ row: borrowing Row) throws -> WaitlistEntry {
    guard let secret = Bytes32(try row.bytes(1)) else { throw StoreError(.invariant, "a hash has 32 bytes") }
    return WaitlistEntry(
      id: try row.int64(0), secret: secret, offer: try row.string(2), client: try row.string(3),
      request: try row.json(4), bodyHash: try row.string(5), joinedAt: try row.instant(6),
      expiresAt: try row.instant(7), lease: row.isNull(8) ? nil : try row.lease(8), contacts: try row.json(9))
  }

  func lockWaitlist() throws {
    try db.pointee.execute("SELECT pg_advisory_xact_lock(hashtextextended('leasehold.waitlist', 0))")
  }

  func waitlistCounts(offer: String, client: String, at now: Instant) throws -> (waiting: Int, ofClient: Int) {
    try db.pointee.first(
      """
      SELECT (SELECT count(*) FROM waitlist_entry WHERE offer = $1 AND lease IS NULL AND expires_at > $3),
             (SELECT count(*) FROM waitlist_entry w WHERE w.client = $2
                 AND CASE WHEN w.lease IS NULL THEN w.expires_at > $3
                     ELSE EXISTS (SELECT FROM lease l WHERE l.id = w.lease AND l.state = 'quoted' OFFSET 0)
                       OR w.offered_at > $4
                         AND NOT EXISTS (SELECT FROM lease l WHERE l.id = w.lease AND l.state <> 'closed' OFFSET 0)
                         AND NOT EXISTS (SELECT FROM payment p WHERE p.lease = w.lease OFFSET 0)
                     END)
      """, offer, client, now.timestamp, (now - .day).timestamp
    ) { (try $0.int(0), try $0.int(1)) } ?? (0, 0)
  }

  func joinWaitlist(_ entry: WaitlistEntry) throws {
    try db.pointee.execute(
      """
      INSERT INTO waitlist_entry (secret, offer, client, request, body_hash, joined_at, expires_at, contacts)
      VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
      """, entry.secret.array, entry.offer, entry.client, try JSON.encode(entry.request), entry.bodyHash,
      entry.joinedAt.timestamp, entry.expiresAt.timestamp, try JSON.encode(entry.contacts))
  }

  func waitlistEntry(_ secret: Bytes32) throws -> WaitlistEntry? {
    try db.pointee.first(
      "SELECT \(Self.waitlistColumns) FROM waitlist_entry w WHERE w.secret = $1", secret.array,
      row: Self.waitlistEntry)
  }

  func waitlistPosition(of entry: WaitlistEntry, at now: Instant) throws -> Int64 {
    try db.pointee.first(
      """
      SELECT count(*) FROM waitlist_entry WHERE offer = $1 AND lease IS NULL AND id <= $2 AND expires_at > $3
      """, entry.offer, entry.id, now.timestamp
    ) { try $0.int64(0) } ?? 0
  }

  func firstWaiting(at now: Instant) throws -> [WaitlistEntry] {
    // One step along the index for each offer somebody waits for.
    try db.pointee.query(
      """
      WITH RECURSIVE offers (offer) AS (
        (SELECT offer FROM waitlist_entry WHERE lease IS NULL ORDER BY offer LIMIT 1)
        UNION ALL
        SELECT (SELECT w.offer FROM waitlist_entry w WHERE w.lease IS NULL AND w.offer > o.offer
                 ORDER BY w.offer LIMIT 1)
          FROM offers o WHERE o.offer IS NOT NULL)
      SELECT \(Self.waitlistColumns) FROM offers o CROSS JOIN LATERAL (
        SELECT * FROM waitlist_entry e WHERE e.offer = o.offer AND e.lease IS NULL AND e.expires_at > $1
         ORDER BY e.id LIMIT 1) w
       ORDER BY w.id
      """, now.timestamp, row: Self.waitlistEntry)
  }

  func offerPlace(_ entry: WaitlistEntry, as lease: LeaseID, at now: Instant) throws {
    let offered = try db.pointee.execute(
      "UPDATE waitlist_entry SET lease = $2, offered_at = $3, contacts = '[]' WHERE id = $1 AND lease IS NULL",
      entry.id, lease.uuid, now.timestamp)
    guard offered == 1 else { throw StoreError(.conflict, "a place is offered once") }
    try db.pointee.execute("UPDATE lease SET asked_body_hash = $2 WHERE id = $1", lease.uuid, entry.bodyHash)
  }

  func leaveWaitlist(_ secret: Bytes32) throws -> Bool {
    try db.pointee.execute("DELETE FROM waitlist_entry WHERE secret = $1 AND lease IS NULL", secret.array) == 1
  }

  func waitlist(limit: Int) throws -> [WaitlistEntry] {
    try db.pointee.query(
      "SELECT \(Self.waitlistColumns) FROM waitlist_entry w ORDER BY w.id LIMIT $1", Int64(limit),
      row: Self.waitlistEntry)
  }

  /// Long enough after their end for who waited to see it; see ``sweep(at:)``.
  func sweepWaitlist(before moment: Instant, limit: Int64) throws -> Int {
    try db.pointee.execute(
      """
      DELETE FROM waitlist_entry WHERE id IN (
        SELECT id FROM waitlist_entry WHERE expires_at < $1 ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED)
      """, moment.timestamp, limit)
  }
}
