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
      INSERT INTO outbox (lease, version, ordinal, lane, generation, effect, due_at)
      SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::integer[], $4::text[], $5::bigint[], $6::jsonb[],
                           $7::timestamptz[])
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
    of lanes: [Effect.Lane], owner: String, at now: Instant, until: Instant, limit: Int
  ) throws -> [ClaimedEffect] {
    // Order holds within (lease, lane). A resource row of an older generation that nobody has in hand is moot and
    // holds nothing up: what is newer says what the driver shall do.
    try db.pointee.query(
      """
      WITH due AS (
        SELECT o.id FROM outbox o
         WHERE o.due_at <= $1 AND o.lane = ANY ($5)
           AND (o.claimed_until IS NULL OR o.claimed_until <= $1)
           AND NOT EXISTS (
             SELECT FROM outbox e
              WHERE e.lease = o.lease AND e.lane = o.lane AND e.id < o.id
                AND NOT (e.lane = 'resource' AND e.generation < o.generation
                         AND (e.claimed_until IS NULL OR e.claimed_until <= $1)))
         ORDER BY o.due_at, o.id
         LIMIT $2
           FOR UPDATE OF o SKIP LOCKED)
      UPDATE outbox SET claimed_by = $3, claimed_until = $4
        FROM due WHERE outbox.id = due.id
      RETURNING outbox.id, outbox.lease, outbox.version, outbox.ordinal, outbox.effect, outbox.attempts
      """, now.timestamp, Int64(limit), owner, until.timestamp, lanes.map(\.rawValue), row: Self.claim)
  }

  func renewClaim(_ id: Int64, owner: String, until: Instant) throws -> Bool {
    try db.pointee.execute(
      "UPDATE outbox SET claimed_until = $3 WHERE id = $1 AND claimed_by = $2", id, owner, until.timestamp) == 1
  }

  func holdsClaim(_ id: Int64, owner: String) throws -> Bool {
    try db.pointee.first("SELECT true FROM outbox WHERE id = $1 AND claimed_by = $2 FOR UPDATE", id, owner) {
      try $0.bool(0)
    } ?? false
  }

  func finishEffect(_ id: Int64, owner: String) throws -> Bool {
    try db.pointee.execute("DELETE FROM outbox WHERE id = $1 AND claimed_by = $2", id, owner) == 1
  }

  func postponeEffect(_ id: Int64, owner: String, until: Instant, error: String) throws {
    try db.pointee.execute(
      """
      UPDATE outbox SET due_at = $3, attempts = attempts + 1, last_error = $4, claimed_by = NULL, claimed_until = NULL
       WHERE id = $1 AND claimed_by = $2
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
             (SELECT count(*) FROM outbox), (SELECT min(due_at) FROM outbox),
             (SELECT count(*) FROM unbooked_settlement), (SELECT count(*) FROM lease_parked WHERE until > $1)
      """, now.timestamp
    ) {
      OverdueWork(
        dueLeases: try $0.int(0), oldestDueLease: try $0.optionalInstant(1), outboxRows: try $0.int(2),
        oldestOutboxRow: try $0.optionalInstant(3), unbooked: try $0.int(4), parked: try $0.int(5))
    }
      ?? OverdueWork(
        dueLeases: 0, oldestDueLease: nil, outboxRows: 0, oldestOutboxRow: nil, unbooked: 0, parked: 0)
  }
}
