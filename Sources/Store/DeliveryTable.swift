import Engine
import L402
import Leasing
import Ledger
import Postgres
import Units

extension PostgresTransaction {
  /// Expands what is announced into one row for each confirmed contact of its lease, in the transaction that announces it.
  /// What is due sooner than that can be read is tried for some minutes all the same.
  func insertDeliveries(_ steps: [RecordedStep]) throws {
    let rows = steps.flatMap { step in
      step.decision.effects.enumerated().compactMap { ordinal, effect -> (RecordedStep, Int, Notice)? in
        guard case .notice(let notice) = effect else { return nil }
        return (step, ordinal, notice)
      }
    }
    guard !rows.isEmpty else { return }
    try db.pointee.execute(
      """
      INSERT INTO delivery (contact, lease, channel, site, key, notice, announced_at, due_at, deadline, is_retry)
      SELECT c.token, n.lease, c.channel, c.site, n.key, n.notice, n.at, n.at, n.deadline, c.failing_since IS NOT NULL
        FROM unnest($1::uuid[], $2::text[], $3::jsonb[], $4::timestamptz[], $5::timestamptz[])
               AS n (lease, key, notice, at, deadline)
        JOIN contact c ON c.lease = n.lease AND c.confirmed_at IS NOT NULL
      ON CONFLICT DO NOTHING
      """,
      rows.map(\.0.before.id.uuid), rows.map { "\($0.0.before.id)/\($0.0.decision.lease.version)/\($0.1)" },
      try rows.map { try JSON.encode($0.2) }, rows.map(\.0.at.timestamp),
      rows.map { max($0.2.deadline, $0.0.at + .minute * 10).timestamp })
  }

  func insertNotice(_ notice: Notice, to contact: ContactRecord, key: String, at now: Instant) throws {
    try db.pointee.execute(
      """
      INSERT INTO delivery (contact, lease, channel, site, key, notice, announced_at, due_at, deadline, is_retry)
      VALUES ($1, $2, $3, $4, $5, $6, $7, $7, $8, false) ON CONFLICT DO NOTHING
      """, contact.token.bytes.array, contact.lease.uuid, contact.channel.rawValue, contact.site, key,
      try JSON.encode(notice), now.timestamp, notice.deadline.timestamp)
    try notify([.due(now)])
  }

  func insertQuestion(to contact: ContactRecord, at now: Instant, deadline: Instant) throws {
    try db.pointee.execute(
      """
      INSERT INTO delivery (contact, lease, channel, site, key, announced_at, due_at, deadline, is_retry)
      VALUES ($1, $2, $3, $4, $5, $6, $6, $7, false) ON CONFLICT DO NOTHING
      """, contact.token.bytes.array, contact.lease.uuid, contact.channel.rawValue, contact.site,
      ClaimedDelivery.question, now.timestamp, deadline.timestamp)
    try notify([.due(now)])
  }

  func claimDeliveries(
    retries: Bool, of channels: [ContactRecord.Channel], passing busy: [[UInt8]], owner: String, at now: Instant,
    until: Instant, limit: Int
  ) throws -> [ClaimedDelivery] {
    try db.pointee.query(
      """
      WITH lapsed AS (
        SELECT id, site FROM delivery
         WHERE claimed_until <= $1 AND dead_at IS NULL AND is_retry = $2 AND channel = ANY ($3)
           AND site <> ALL ($4::bytea[])
         ORDER BY claimed_until LIMIT 64 FOR UPDATE SKIP LOCKED),
      free AS (
        SELECT id, site FROM delivery
         WHERE dead_at IS NULL AND claimed_until IS NULL AND is_retry = $2 AND due_at <= $1 AND channel = ANY ($3)
           AND site <> ALL ($4::bytea[])
         ORDER BY due_at, id LIMIT 256 FOR UPDATE SKIP LOCKED),
      found AS (
        SELECT id, row_number() OVER (PARTITION BY site ORDER BY id) AS nth
          FROM (SELECT * FROM lapsed UNION ALL SELECT * FROM free) f)
      UPDATE delivery d SET claimed_by = $5, claimed_until = $6
        FROM contact c
       WHERE d.id = ANY (ARRAY(SELECT id FROM found WHERE nth <= 2 ORDER BY nth, id LIMIT $7)) AND c.token = d.contact
      RETURNING d.id, d.key, d.notice, d.announced_at, d.deadline, d.attempts, \(Self.contactColumns)
      """, now.timestamp, retries, channels.map(\.rawValue), busy, owner, until.timestamp, Int64(limit)
    ) { row in
      ClaimedDelivery(
        id: try row.int64(0), contact: try Self.contact(row, from: 6), key: try row.string(1),
        notice: row.isNull(2) ? nil : try row.json(2), announcedAt: try row.instant(3), deadline: try row.instant(4),
        attempts: Int(try row.int32(5)))
    }
  }

  func finishDelivery(_ delivery: ClaimedDelivery, owner: String, at now: Instant) throws -> Bool {
    try db.pointee.execute(
      """
      WITH gone AS (DELETE FROM delivery WHERE id = $1 AND claimed_by = $2 RETURNING contact)
      UPDATE contact c SET delivered_at = $3, failing_since = NULL FROM gone WHERE c.token = gone.contact
      """, delivery.id, owner, now.timestamp) == 1
  }

  func dropDelivery(_ delivery: ClaimedDelivery, owner: String) throws -> Bool {
    try db.pointee.execute("DELETE FROM delivery WHERE id = $1 AND claimed_by = $2", delivery.id, owner) == 1
  }

  func postponeDelivery(
    _ delivery: ClaimedDelivery, owner: String, until: Instant?, error: String, at now: Instant
  ) throws -> Bool {
    try db.pointee.execute(
      """
      WITH back AS (
        UPDATE delivery SET due_at = coalesce($3, due_at), dead_at = CASE WHEN $3::timestamptz IS NULL THEN $4 END,
               is_retry = true, attempts = attempts + 1, last_error = left($5, 300), claimed_by = NULL,
               claimed_until = NULL
         WHERE id = $1 AND claimed_by = $2 RETURNING contact)
      UPDATE contact c SET failing_since = coalesce(c.failing_since, $4) FROM back WHERE c.token = back.contact
      """, delivery.id, owner, until?.timestamp, now.timestamp, error) == 1
  }

  private static func delivery(_ row: borrowing Row) throws -> DeliveryRow {
    DeliveryRow(
      id: try row.int64(0), lease: try row.lease(1), channel: try row.word(2, "a channel"), key: try row.string(3),
      notice: row.isNull(4) ? nil : try row.json(4), announcedAt: try row.instant(5), dueAt: try row.instant(6),
      deadline: try row.instant(7), attempts: Int(try row.int32(8)), lastError: try row[9],
      deadAt: try row.optionalInstant(10))
  }

  private static let deliveryColumns =
    "id, lease, channel, key, notice, announced_at, due_at, deadline, attempts, last_error, dead_at"

  func giveUpDeliveries(at now: Instant, limit: Int) throws -> [DeliveryRow] {
    try db.pointee.query(
      """
      WITH late AS (
        SELECT id FROM delivery WHERE dead_at IS NULL AND claimed_until IS NULL AND deadline <= $1
         ORDER BY deadline LIMIT $2 FOR UPDATE SKIP LOCKED)
      UPDATE delivery SET dead_at = $1 WHERE id = ANY (ARRAY(SELECT id FROM late))
      RETURNING \(Self.deliveryColumns)
      """, now.timestamp, Int64(limit), row: Self.delivery)
  }

  func deliveries(of lease: LeaseID) throws -> [DeliveryRow] {
    try db.pointee.query(
      "SELECT \(Self.deliveryColumns) FROM delivery WHERE lease = $1 ORDER BY id LIMIT 1000", lease.uuid,
      row: Self.delivery)
  }

  func deadLetters(limit: Int) throws -> [DeliveryRow] {
    try db.pointee.query(
      "SELECT \(Self.deliveryColumns) FROM delivery WHERE dead_at IS NOT NULL ORDER BY dead_at DESC LIMIT $1",
      Int64(limit), row: Self.delivery)
  }

  func reviveDeadLetters(
    id: Int64?, of lease: LeaseID?, at now: Instant, deadline: Instant, limit: Int
  ) throws -> [LeaseID] {
    let revived = try db.pointee.query(
      """
      WITH dead AS (
        SELECT id FROM delivery
         WHERE dead_at IS NOT NULL AND ($1::bigint IS NULL OR id = $1) AND ($2::uuid IS NULL OR lease = $2)
         ORDER BY dead_at LIMIT $5 FOR UPDATE SKIP LOCKED)
      UPDATE delivery SET dead_at = NULL, due_at = $3, deadline = $4, is_retry = true
       WHERE id = ANY (ARRAY(SELECT id FROM dead))
      RETURNING lease
      """, id, lease?.uuid, now.timestamp, deadline.timestamp, Int64(limit)
    ) { try $0.lease(0) }
    if !revived.isEmpty { try notify([.due(now)]) }
    return revived
  }

  func deliveryCounts() throws -> DeliveryCounts {
    try db.pointee.first(
      """
      SELECT (SELECT count(*) FROM delivery WHERE dead_at IS NULL AND claimed_until IS NULL)
               + (SELECT count(*) FROM delivery WHERE claimed_until IS NOT NULL),
             least((SELECT min(due_at) FROM delivery
                     WHERE dead_at IS NULL AND claimed_until IS NULL AND is_retry = false),
                   (SELECT min(due_at) FROM delivery
                     WHERE dead_at IS NULL AND claimed_until IS NULL AND is_retry = true)),
             (SELECT count(*) FROM delivery WHERE dead_at IS NOT NULL)
      """
    ) { DeliveryCounts(waiting: try $0.int(0), oldestWaiting: try $0.optionalInstant(1), dead: try $0.int(2)) }
      ?? DeliveryCounts(waiting: 0, oldestWaiting: nil, dead: 0)
  }

  /// Dead letters of a month ago, and who was asked a day ago.
  func sweepDeliveries(at now: Instant) throws -> Int {
    try db.pointee.execute(
      """
      DELETE FROM delivery WHERE id = ANY (ARRAY(
        SELECT id FROM delivery WHERE dead_at < $1 ORDER BY dead_at LIMIT 1000 FOR UPDATE SKIP LOCKED))
      """, (now - .day * 30).timestamp)
      + db.pointee.execute("DELETE FROM contact_question WHERE asked_at < $1", (now - .day).timestamp)
  }

  func noteDelivery(_ event: EventRecord) throws {
    try insertEvents([event])
    try notify([.event(event.lease)])
  }
}
