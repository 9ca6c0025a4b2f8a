import Engine
import Ledger
import Postgres
import Units

extension PostgresTransaction {
  func insertEvents(_ events: [EventRecord]) throws {
    guard !events.isEmpty else { return }
    var batch = Batch()
    Self.addEvents(events, to: &batch)
    try db.pointee.run(batch)
  }

  static func addEvents(_ events: [EventRecord], to batch: inout Batch) {
    batch.add(
      """
      INSERT INTO lease_event (id, lease, version, at, name, feed_name, from_state, to_state, cause_type, cause_id,
                               evidence)
      SELECT * FROM unnest($1::text[], $2::uuid[], $3::bigint[], $4::timestamptz[], $5::text[], $6::text[], $7::text[],
                           $8::text[], $9::text[], $10::text[], $11::jsonb[])
      """,
      events.map(\.id), events.map(\.lease.uuid), events.map(\.version), events.map(\.at.timestamp),
      events.map(\.name.word), events.map(\.feedName?.rawValue), events.map { $0.from?.rawValue ?? "" },
      events.map(\.to.rawValue), events.map(\.cause.type.rawValue), events.map(\.cause.id),
      events.map { JSON.encode($0.evidence) })
  }

  func isRecorded(eventID: EventID) throws -> Bool {
    // Wakings and notices are told once because a version is written once; nobody delivers them again.
    try db.pointee.first(
      "SELECT true FROM lease_event WHERE id = $1 AND name NOT IN ('woke', 'notice')", eventID.description
    ) { try $0.bool(0) } ?? false
  }

  func events(of lease: LeaseID, after sequence: Int64, limit: Int) throws -> [EventRecord] {
    try db.pointee.query(
      """
      SELECT sequence, id, lease, version, at, name, feed_name, from_state, to_state, cause_type, cause_id, evidence
        FROM lease_event WHERE lease = $1 AND sequence > $2 ORDER BY sequence LIMIT $3
      """, lease.uuid, sequence, Int64(limit)
    ) { try Self.event($0) }
  }

  func newestEvents(of lease: LeaseID, limit: Int) throws -> [EventRecord] {
    try db.pointee.query(
      """
      SELECT sequence, id, lease, version, at, name, feed_name, from_state, to_state, cause_type, cause_id, evidence
        FROM lease_event WHERE lease = $1 ORDER BY sequence DESC LIMIT $2
      """, lease.uuid, Int64(limit)
    ) { try Self.event($0) }
  }

  private static func event(_ row: borrowing Row) throws -> EventRecord {
    EventRecord(
      sequence: try row.int64(0), id: try row.string(1), lease: try row.lease(2), version: try row.int64(3),
      at: try row.instant(4), name: EventRecord.Name(try row.string(5)),
      feedName: row.isNull(6) ? nil : try row.word(6, "a name in the feed"),
      from: try row.string(7).isEmpty ? nil : try row.word(7, "a state"), to: try row.word(8, "a state"),
      cause: .init(type: try row.word(9, "a cause"), id: try row.string(10)), evidence: try row.json(11))
  }

  /// Money that was only held leaves no more than these events; ``sweep(at:)`` keeps them for a day.
  func provisionFailures(since: Instant) throws -> [ProvisionFailures] {
    try db.pointee.query(
      """
      SELECT l.offer, coalesce(e.evidence ->> 'code', ''), count(*), max(e.at),
             (array_agg(e.evidence ->> 'detail' ORDER BY e.at DESC))[1]
        FROM lease_event e JOIN lease l ON l.id = e.lease
       WHERE e.name = 'provision_failed' AND e.at >= $1
       GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2
      """, since.timestamp
    ) { row in
      ProvisionFailures(
        offer: try row.string(0), fault: ProvisionFault(rawValue: try row.string(1)) ?? .failed, count: try row.int(2),
        lastAt: try row.instant(3), lastDetail: try row[4])
    }
  }

  func breakerCounts(since: Instant) throws -> (suspensions: Int, inService: Int) {
    try db.pointee.first(
      """
      SELECT (SELECT count(*) FROM lease_event WHERE name = 'woke' AND to_state = 'suspended' AND at >= $1),
             (SELECT coalesce(sum(delta), 0)::bigint FROM lease_tally WHERE state IN ('active', 'grace'))
      """, since.timestamp
    ) { (try $0.int(0), try $0.int(1)) } ?? (0, 0)
  }
}
