import Engine
import Leasing
import Ledger
import Postgres
import Units

extension PostgresTransaction {
  func insertEffects(_ steps: [RecordedStep]) throws {
    let rows = steps.flatMap { step in
      step.decision.effects.enumerated().map { (step: step, ordinal: $0.offset, effect: $0.element) }
    }
    guard !rows.isEmpty else { return }
    try db.pointee.execute(
      """
      INSERT INTO outbox (lease, version, ordinal, lane, generation, effect, due_at, host)
      SELECT n.*, CASE WHEN n.lane = 'resource'
                       THEN coalesce((SELECT a.host FROM allocation a WHERE a.lease = n.lease), '') ELSE '' END
        FROM unnest($1::uuid[], $2::bigint[], $3::integer[], $4::text[], $5::bigint[], $6::jsonb[], $7::timestamptz[])
          AS n (lease, version, ordinal, lane, generation, effect, due_at)
      """,
      rows.map(\.step.before.id.uuid), rows.map(\.step.decision.lease.version), rows.map { Int32($0.ordinal) },
      rows.map(\.effect.lane.rawValue), rows.map(\.effect.generation), try rows.map { try JSON.encode($0.effect) },
      rows.map(\.step.at.timestamp))
  }

  private static func claim(_ row: borrowing Row) throws -> ClaimedEffect {
    let lease = try row.lease(1)
    return ClaimedEffect(
      id: try row.int64(0), lease: lease, key: "\(lease)/\(try row.int64(2))/\(try row.int32(3))",
      effect: try row.json(4), attempts: Int(try row.int32(5)))
  }

  func claimEffects(
    of lanes: [Effect.Lane], on hosts: [String]?, owner: String, at now: Instant, until: Instant, limit: Int
  ) throws -> [ClaimedEffect] {
    // One lane at a time: each is in order in the index, and what waits in another is not walked over.
    var claims: [ClaimedEffect] = []
    for lane in lanes {
      // Of resources, those of each host that is ours, and those that have no place yet.
      if lane == .resource, let hosts {
        for host in hosts + [""] where claims.count < limit {
          claims += try db.pointee.query(
            Self.claimingHere, now.timestamp, Int64(limit - claims.count), owner, until.timestamp, host,
            row: Self.claim)
        }
      } else if claims.count < limit {
        claims += try db.pointee.query(
          Self.claimingOfLane, now.timestamp, Int64(limit - claims.count), owner, until.timestamp, lane.rawValue,
          row: Self.claim)
      }
    }
    return claims
  }

  /// Order holds within (lease, lane). A resource row of an older generation that nobody has in hand is moot and holds
  /// nothing up: what is newer says what the driver shall do. OFFSET 0 keeps looking for an older row a look-up for each
  /// row in turn, and never a join of all with all.
  private static let isFirst = """
    NOT EXISTS (
      SELECT FROM outbox e
       WHERE e.lease = o.lease AND e.lane = o.lane AND e.id < o.id
         AND NOT (e.lane = 'resource' AND e.generation < o.generation
                  AND (e.claimed_until IS NULL OR e.claimed_until <= $1)) OFFSET 0)
    """

  /// What is in hand is walked over by neither: those whose claim lapsed have an index of their own.
  private static func claiming(_ which: String) -> String {
    """
    WITH lapsed AS (
      SELECT o.id FROM outbox o
       WHERE o.claimed_until <= $1 AND \(which) AND \(isFirst)
       ORDER BY o.claimed_until LIMIT $2 FOR UPDATE OF o SKIP LOCKED),
    free AS (
      SELECT o.id FROM outbox o
       WHERE o.claimed_until IS NULL AND o.due_at <= $1 AND \(which) AND \(isFirst)
       ORDER BY o.due_at, o.id LIMIT $2 FOR UPDATE OF o SKIP LOCKED)
    UPDATE outbox SET claimed_by = $3, claimed_until = $4, begun_at = $1
     WHERE id = ANY (ARRAY(SELECT id FROM lapsed UNION ALL SELECT id FROM free LIMIT $2))
    RETURNING outbox.id, outbox.lease, outbox.version, outbox.ordinal, outbox.effect, outbox.attempts
    """
  }

  private static let claimingOfLane = claiming("o.lane = $5")
  private static let claimingHere = claiming("o.lane = 'resource' AND o.host = $5")

  func renewClaim(_ id: Int64, owner: String, until: Instant) throws -> Bool {
    try db.pointee.execute(
      "UPDATE outbox SET claimed_until = $3 WHERE id = $1 AND claimed_by = $2", id, owner, until.timestamp) == 1
  }

  func ownsClaim(_ id: Int64, owner: String) throws -> Bool {
    try db.pointee.first("SELECT true FROM outbox WHERE id = $1 AND claimed_by = $2 FOR UPDATE", id, owner) {
      try $0.bool(0)
    } ?? false
  }

  func finishEffect(_ id: Int64, owner: String) throws -> Bool {
    try db.pointee.execute("DELETE FROM outbox WHERE id = $1 AND claimed_by = $2", id, owner) == 1
  }

  func postponeEffect(_ id: Int64, owner: String, until: Instant, error: String) throws {
    // What waits behind it is due no sooner: nobody need look at it before.
    try db.pointee.execute(
      """
      WITH back AS (
        UPDATE outbox SET due_at = $3, attempts = attempts + 1, last_error = $4, claimed_by = NULL,
               claimed_until = NULL, begun_at = NULL
         WHERE id = $1 AND claimed_by = $2
        RETURNING id, lease, lane, generation)
      UPDATE outbox o SET due_at = $3 FROM back
       WHERE o.lease = back.lease AND o.lane = back.lane AND o.id > back.id AND o.due_at < $3
         AND o.claimed_until IS NULL AND NOT (o.lane = 'resource' AND back.generation < o.generation)
      """, id, owner, until.timestamp, error)
  }

  func effects(of lease: LeaseID) throws -> [OutboxRow] {
    try db.pointee.query(
      """
      SELECT id, lease, version, ordinal, effect, attempts, due_at, last_error FROM outbox
       WHERE lease = $1 ORDER BY id
      """, lease.uuid
    ) { OutboxRow(claim: try Self.claim($0), dueAt: try $0.instant(6), lastError: try $0[7]) }
  }

  func overdueEffects(at now: Instant) throws -> OverdueWork {
    try db.pointee.first(
      """
      SELECT (SELECT count(*) FROM lease WHERE wakes_at <= $1), (SELECT min(wakes_at) FROM lease WHERE wakes_at <= $1),
             (SELECT count(*) FROM outbox),
             least((SELECT min(first.due_at) FROM unnest($3::text[]) AS every (lane) CROSS JOIN LATERAL (
                      SELECT due_at FROM outbox o WHERE o.lane = every.lane AND o.claimed_until IS NULL
                       ORDER BY due_at, id LIMIT 1) first),
                   (SELECT min(due_at) FROM outbox WHERE claimed_until IS NOT NULL)),
             (SELECT count(*) FROM unbooked_settlement WHERE resolved_at IS NULL),
             (SELECT count(*) FROM lease_parked WHERE until > $1),
             -- What waits in another lane counts as tried, too; a resource that refuses eight times has a fault.
             (SELECT count(*) FROM outbox WHERE lane = 'resource' AND attempts >= 8),
             (SELECT lease FROM outbox WHERE lane = 'resource' AND attempts >= 8 ORDER BY id LIMIT 1),
             (SELECT left(last_error, 300) FROM outbox WHERE lane = 'resource' AND attempts >= 8 ORDER BY id LIMIT 1),
             (SELECT count(*) FROM outbox WHERE claimed_until > $1 AND begun_at <= $2),
             (SELECT min(begun_at) FROM outbox WHERE claimed_until > $1 AND begun_at <= $2)
      """, now.timestamp, (now - OverdueWork.slowAfter).timestamp, Effect.Lane.allCases.map(\.rawValue)
    ) {
      OverdueWork(
        dueLeases: try $0.int(0), oldestDueLease: try $0.optionalInstant(1), outboxRows: try $0.int(2),
        oldestOutboxRow: try $0.optionalInstant(3), unbooked: try $0.int(4), parked: try $0.int(5),
        failing: try $0.int(6),
        failingFirst: $0.isNull(7) || $0.isNull(8) ? nil : "\(try $0.lease(7)): \(try $0.string(8))",
        slowEffects: try $0.int(9), oldestSlowEffect: try $0.optionalInstant(10))
    }
      ?? OverdueWork(
        dueLeases: 0, oldestDueLease: nil, outboxRows: 0, oldestOutboxRow: nil, unbooked: 0, parked: 0,
        slowEffects: 0, oldestSlowEffect: nil)
  }
}
