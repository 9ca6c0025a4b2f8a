import Engine
import Ledger
import Postgres
import Units

extension PostgresTransaction {
  func insertEvents(_ events: [EventRecord]) throws {
    guard !events.isEmpty else { return }
    try db.pointee.execute(
      """
      INSERT INTO lease_event (id, lease, version, at, name, feed_name, from_state, to_state, cause_type, cause_id,
                               evidence)
      SELECT * FROM unnest($1::text[], $2::uuid[], $3::bigint[], $4::timestamptz[], $5::text[], $6::text[], $7::text[],
                           $8::text[], $9::text[], $10::text[], $11::jsonb[])
      """,
      events.map(\.id), events.map(\.lease.uuid), events.map(\.version), events.map(\.at.timestamp),
      events.map(\.name), events.map(\.feedName), events.map(\.from), events.map(\.to), events.map(\.cause.type),
      events.map(\.cause.id), events.map { JSON.encode($0.evidence) })
  }

  func isRecorded(eventID: String) throws -> Bool {
    try db.pointee.first("SELECT true FROM lease_event WHERE id = $1", eventID) { try $0.bool(0) } ?? false
  }

  func events(of lease: LeaseID, after sequence: Int64, limit: Int) throws -> [EventRecord] {
    try db.pointee.query(
      """
      SELECT sequence, id, lease, version, at, name, feed_name, from_state, to_state, cause_type, cause_id, evidence
        FROM lease_event WHERE lease = $1 AND sequence > $2 ORDER BY sequence LIMIT $3
      """, lease.uuid, sequence, Int64(limit)
    ) { row in
      EventRecord(
        sequence: try row.int64(0), id: try row.string(1), lease: try row.lease(2), version: try row.int64(3),
        at: try row.instant(4), name: try row.string(5), feedName: try row[6], from: try row.string(7),
        to: try row.string(8), cause: .init(type: try row.string(9), id: try row.string(10)),
        evidence: try row.json(11))
    }
  }

  func breakerCounts(since: Instant) throws -> (suspensions: Int, inService: Int) {
    try db.pointee.first(
      """
      SELECT (SELECT count(*) FROM lease_event WHERE name = 'woke' AND to_state = 'suspended' AND at >= $1),
             (SELECT count(*) FROM lease WHERE state IN ('active', 'grace'))
      """, since.timestamp
    ) { (try $0.int(0), try $0.int(1)) } ?? (0, 0)
  }
}
