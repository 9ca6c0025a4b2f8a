import Engine
import Leasing
import Ledger
import Postgres
import Units

extension PostgresTransaction {
  private static let outageCreditColumns = """
    label, affected_since, affected_until, host, msat_each, reason, begun_at, finished_at, upto, leases, msat
    """

  private static func outageCredit(_ row: borrowing Row) throws -> OutageCreditRecord {
    OutageCreditRecord(
      wish: OutageCreditWish(
        label: try row.string(0), since: try row.instant(1), until: try row.instant(2), host: try row[3],
        each: row.isNull(4) ? nil : try row.msat(4), reason: try row.string(5)),
      begunAt: try row.instant(6), finishedAt: try row.optionalInstant(7), upto: try row.lease(8),
      leases: try row.int64(9), given: try row.msat(10))
  }

  func beginOutageCredit(_ record: OutageCreditRecord) throws -> OutageCreditRecord {
    let wish = record.wish
    try db.pointee.execute(
      """
      INSERT INTO outage_credit (label, affected_since, affected_until, host, msat_each, reason, begun_at, upto)
      VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (label) DO NOTHING
      """, wish.label, wish.since.timestamp, wish.until.timestamp, wish.host, wish.each?.count, wish.reason,
      record.begunAt.timestamp, record.upto.uuid)
    let known = try db.pointee.first(
      "SELECT \(Self.outageCreditColumns) FROM outage_credit WHERE label = $1 FOR UPDATE", wish.label,
      row: Self.outageCredit)
    guard let known else { throw StoreError(.invariant, "an outage that was begun is gone") }
    return known
  }

  func outageCredit(_ label: String) throws -> OutageCreditRecord? {
    try db.pointee.first(
      "SELECT \(Self.outageCreditColumns) FROM outage_credit WHERE label = $1", label, row: Self.outageCredit)
  }

  func advanceOutageCredit(_ record: OutageCreditRecord) throws {
    try db.pointee.execute(
      "UPDATE outage_credit SET finished_at = $2, upto = $3, leases = $4, msat = $5 WHERE label = $1",
      record.wish.label, record.finishedAt?.timestamp, record.upto.uuid, record.leases, record.given.count)
  }

  func outageCredits(limit: Int) throws -> [OutageCreditRecord] {
    try db.pointee.query(
      "SELECT \(Self.outageCreditColumns) FROM outage_credit ORDER BY begun_at DESC, label LIMIT $1", Int64(limit),
      row: Self.outageCredit)
  }

  func leasesInService(
    from since: Instant, to until: Instant, on host: String?, after: LeaseID, limit: Int
  ) throws -> [LeaseID] {
    try db.pointee.query(
      """
      SELECT l.id FROM lease l LEFT JOIN allocation a ON a.lease = l.id
       WHERE l.id > $1 AND l.state <> 'quoted' AND l.created_at < $3
         AND ($4::text IS NULL OR a.host = $4
              OR (a.host IS NULL AND (SELECT min(host) = $4 AND max(host) = $4 FROM pool WHERE kind = l.kind)))
         AND (l.state <> 'closed'
              OR EXISTS (SELECT FROM lease_event e WHERE e.lease = l.id AND e.to_state = 'closed'
                            AND e.from_state <> 'closed' AND e.at > $2 OFFSET 0))
       ORDER BY l.id LIMIT $5
      """, after.uuid, since.timestamp, until.timestamp, host, Int64(limit)
    ) { try $0.lease(0) }
  }

  func leases(_ ids: [LeaseID], locked: Bool) throws -> [Lease] {
    try db.pointee.query(
      "SELECT \(Self.columns) FROM lease l WHERE l.id = ANY ($1) ORDER BY l.id \(locked ? "FOR UPDATE" : "")",
      ids.map(\.uuid), row: Self.lease)
  }

  func serviceMarks(of leases: [LeaseID], before moment: Instant) throws -> [LeaseID: [ServiceMark]] {
    let rows = try db.pointee.query(
      """
      SELECT i.id, e.at, e.name, e.to_state, e.ran_out
        FROM unnest($1::uuid[]) AS i (id)
        CROSS JOIN LATERAL (
          SELECT sequence, at, name, to_state, evidence ->> 'ran_out_at' AS ran_out FROM lease_event
           WHERE lease = i.id AND at < $2
             AND (from_state <> to_state
                  OR name IN ('impaired', 'resume_failed', 'recovered', 'resumed', 'frozen', 'thawed'))
           ORDER BY sequence DESC LIMIT 1000) e
       ORDER BY e.sequence
      """, leases.map(\.uuid), moment.timestamp
    ) { row -> (LeaseID, ServiceMark) in
      let ranOut: String? = try row[4]
      return (
        try row.lease(0),
        ServiceMark(
          at: try row.instant(1), name: EventRecord.Name(try row.string(2)), to: try row.word(3, "a state"),
          ranOutAt: ranOut.flatMap { Instant(rfc3339: $0) })
      )
    }
    return Dictionary(grouping: rows, by: \.0).mapValues { $0.map(\.1) }
  }
}
