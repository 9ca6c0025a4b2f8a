import Engine
import Leasing
import Ledger
import Postgres
import Units

/// What of a lease is in `detail`: everything a step decides that no constraint or query needs as a column.
private struct LeaseDetail: Codable, Sendable {
  var state: Lease.State
  var flags: Lease.Flags
  var activatedAt: Instant?
  var renewed: Bool
  var reminded: Lease.Reminders
  var lastOutage: Lease.Outage?
  var closedCreditUntil: Instant?

  init(_ lease: Lease) {
    state = lease.state
    flags = lease.flags
    activatedAt = lease.activatedAt
    renewed = lease.renewed
    reminded = lease.reminded
    lastOutage = lease.lastOutage
    closedCreditUntil = lease.closedCreditUntil
  }
}

extension PostgresTransaction {
  private static let columns = """
    l.id, l.terms, l.detail, l.version, l.generation, l.created_at,
    l.balance_msat, l.credit_msat, l.rate_msat, l.rate_span_us, l.remainder, l.charged_to
    """

  private static let terms = JSONMemory<Terms>()
  private static let details = JSONMemory<LeaseDetail>()
  private static let requests = JSONMemory<LeaseRequest>()

  /// A lease that is about to be stepped: what is in its detail will not be read again.
  static func lease(_ row: borrowing Row) throws -> Lease { try lease(row, row.json(2)) }

  private static func lease(_ row: borrowing Row, _ detail: LeaseDetail) throws -> Lease {
    Lease(
      id: try row.lease(0), terms: try Self.terms.value(try row.string(1)), state: detail.state,
      flags: detail.flags,
      account: LeaseAccount(
        rate: Rate(try row.msat(8), perMicroseconds: try row.int64(9)), balance: try row.msat(6),
        credit: try row.msat(7), remainder: try row.int64(10), chargedTo: try row.optionalInstant(11)),
      version: try row.int64(3), generation: try row.int64(4), createdAt: try row.instant(5),
      activatedAt: detail.activatedAt, renewed: detail.renewed, reminded: detail.reminded,
      lastOutage: detail.lastOutage, closedCreditUntil: detail.closedCreditUntil)
  }

  static func record(_ row: borrowing Row) throws -> LeaseRecord {
    var placement: Placement?
    if !row.isNull(13) {
      placement = Placement(host: try row.string(13), uidBase: try row.uid(14))
    }
    return LeaseRecord(
      lease: try lease(row, details.value(try row.string(2))), request: try requests.value(try row.string(12)),
      placement: placement)
  }

  static let recordSelection = "\(columns), l.request, a.host, p.uid_base + 65536::bigint * a.slot"
  static let recordColumnCount = 15
  /// To stand behind whatever brings `lease l`.
  static let recordJoins = """
    LEFT JOIN allocation a ON a.lease = l.id
      LEFT JOIN LATERAL
        (SELECT uid_base FROM pool WHERE pool.host = a.host AND pool.kind = a.kind LIMIT 1) p ON true
    """

  private static let recordColumns = "\(recordSelection) FROM lease l \(recordJoins)"

  func lockLease(_ id: LeaseID) throws -> Lease? {
    try db.pointee.first(
      "SELECT \(Self.columns) FROM lease l WHERE l.id = $1 FOR UPDATE", id.uuid, row: Self.lease)
  }

  func lockDueLeases(at now: Instant, limit: Int) throws -> [Lease] {
    // The partial index gives the order; parked leases are few and looked up.
    try db.pointee.query(
      """
      SELECT \(Self.columns) FROM lease l
       WHERE l.wakes_at <= $1
         AND NOT EXISTS (SELECT FROM lease_parked p WHERE p.lease = l.id AND p.until > $1)
       ORDER BY l.wakes_at
       LIMIT $2
         FOR UPDATE OF l SKIP LOCKED
      """, now.timestamp, Int64(limit), row: Self.lease)
  }

  func dueLeases(at now: Instant, limit: Int) throws -> [LeaseID] {
    try db.pointee.query(
      """
      SELECT l.id FROM lease l
       WHERE l.wakes_at <= $1
         AND NOT EXISTS (SELECT FROM lease_parked p WHERE p.lease = l.id AND p.until > $1)
       ORDER BY l.wakes_at LIMIT $2
      """, now.timestamp, Int64(limit)
    ) { try $0.lease(0) }
  }

  func lease(_ id: LeaseID) throws -> LeaseRecord? {
    try db.pointee.first("SELECT \(Self.recordColumns) WHERE l.id = $1", id.uuid, row: Self.record)
  }

  func leases(_ query: LeaseQuery) throws -> [LeaseRecord] {
    try db.pointee.query(
      """
      SELECT \(Self.recordColumns)
       WHERE (cardinality($1::text[]) = 0 OR l.state = ANY ($1)) AND ($2::uuid IS NULL OR l.id > $2)
       ORDER BY l.id LIMIT $3
      """, query.states, query.after?.uuid, Int64(query.limit), row: Self.record)
  }

  func insert(_ record: LeaseRecord, event: EventRecord) throws {
    let lease = record.lease
    try db.pointee.execute(
      """
      INSERT INTO lease (id, kind, offer, terms, request, created_at, state, detail, version, generation,
                         balance_msat, credit_msat, rate_msat, rate_span_us, remainder, charged_to, wakes_at, sold_as)
      VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)
      """,
      lease.id.uuid, lease.terms.kind.rawValue, lease.terms.offer, try JSON.encode(lease.terms),
      try JSON.encode(record.request), lease.createdAt.timestamp, lease.state.name, try JSON.encode(LeaseDetail(lease)),
      lease.version, lease.generation, lease.account.balance.count, lease.account.credit.count,
      lease.account.rate.amount.count, lease.account.rate.microseconds, lease.account.remainder,
      lease.account.chargedTo?.timestamp, lease.wakesAt?.timestamp, lease.terms.soldAs)
    if let client = event.evidence["client"] {
      try db.pointee.execute("INSERT INTO quote_client (lease, client) VALUES ($1, $2)", lease.id.uuid, client)
    }
    try insertPendingAllocation(of: lease.id)
    try insertEvents([event])
    var changes: [StoreChange] = [.lease(lease.id, version: lease.version)]
    if let wakes = lease.wakesAt { changes.append(.due(wakes)) }
    try notify(changes)
  }

  func write(_ steps: [RecordedStep]) throws {
    let changed = steps.filter { $0.decision.lease.version != $0.before.version }
    guard !changed.isEmpty else { return }
    try updateLeases(changed)
    try insertEvents(changed.flatMap(\.events))
    try insertTransfers(changed)
    try insertEffects(changed)
    let closed = changed.filter { $0.decision.lease.isClosed && !$0.before.isClosed }.map(\.before.id)
    if !closed.isEmpty { try freeAllocations(of: closed) }
    var changes = changed.map { StoreChange.lease($0.before.id, version: $0.decision.lease.version) }
    // One word for the earliest deadline among them: whoever is rung looks at all that is due.
    let soonest = changed.flatMap { step in
      [step.decision.lease.wakesAt, step.decision.effects.isEmpty ? nil : step.at].compactMap(\.self)
    }.min()
    if let soonest { changes.append(.due(soonest)) }
    try notify(changes)
  }

  private func updateLeases(_ steps: [RecordedStep]) throws {
    let leases = steps.map(\.decision.lease)
    let updated = try db.pointee.execute(
      """
      UPDATE lease l
         SET terms = coalesce(n.terms, l.terms), offer = n.offer, state = n.state, detail = n.detail, version = n.version,
             generation = n.generation, balance_msat = n.balance_msat, credit_msat = n.credit_msat,
             rate_msat = n.rate_msat, rate_span_us = n.rate_span_us, remainder = n.remainder,
             charged_to = n.charged_to, wakes_at = n.wakes_at
        FROM unnest($1::uuid[], $2::bigint[], $3::jsonb[], $4::text[], $5::text[], $6::jsonb[], $7::bigint[],
                    $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[], $13::bigint[],
                    $14::timestamptz[], $15::timestamptz[])
          AS n (id, version_before, terms, offer, state, detail, version, generation, balance_msat, credit_msat,
                rate_msat, rate_span_us, remainder, charged_to, wakes_at)
       WHERE l.id = n.id AND l.version = n.version_before
      """,
      leases.map(\.id.uuid), steps.map(\.before.version), try steps.map(Self.changedTerms),
      leases.map(\.terms.offer), leases.map(\.state.name), try leases.map { try JSON.encode(LeaseDetail($0)) },
      leases.map(\.version), leases.map(\.generation), leases.map(\.account.balance.count),
      leases.map(\.account.credit.count), leases.map(\.account.rate.amount.count),
      leases.map(\.account.rate.microseconds), leases.map(\.account.remainder),
      leases.map { $0.account.chargedTo?.timestamp }, leases.map { $0.wakesAt?.timestamp })
    guard updated == steps.count else {
      throw StoreError(.conflict, "a lease was written by somebody else in between")
    }
    try db.pointee.execute("DELETE FROM lease_parked WHERE lease = ANY ($1)", leases.map(\.id.uuid))
  }

  /// Terms seldom change, and are the largest part of a lease: what is the same is not sent again.
  private static func changedTerms(_ step: RecordedStep) throws -> JSONB? {
    let terms = step.decision.lease.terms
    return terms == step.before.terms ? nil : try JSON.encode(terms)
  }

  func park(_ id: LeaseID, until: Instant, reason: String, at now: Instant) throws {
    try db.pointee.execute(
      """
      INSERT INTO lease_parked (lease, until, reason, parked_at) VALUES ($1, $2, $3, $4)
      ON CONFLICT (lease) DO UPDATE SET until = excluded.until, reason = excluded.reason
      """, id.uuid, until.timestamp, reason, now.timestamp)
    try notify([.due(until)])
  }

  func parked() throws -> [ParkedLease] {
    try db.pointee.query("SELECT lease, until, reason FROM lease_parked ORDER BY parked_at LIMIT 1000") {
      ParkedLease(lease: try $0.lease(0), until: try $0.instant(1), reason: try $0.string(2))
    }
  }

  func nextDeadline() throws -> Instant? {
    try db.pointee.first(
      """
      SELECT least(
        (SELECT wakes_at FROM lease l
          WHERE wakes_at IS NOT NULL AND NOT EXISTS (SELECT FROM lease_parked p WHERE p.lease = l.id)
          ORDER BY wakes_at LIMIT 1),
        (SELECT min(until) FROM lease_parked),
        -- What waits for an older row of its lane waits for that one's moment.
        (SELECT min(greatest(o.due_at, o.claimed_until)) FROM outbox o
          WHERE NOT EXISTS (SELECT FROM outbox e WHERE e.lease = o.lease AND e.lane = o.lane AND e.id < o.id
                               AND NOT (e.lane = 'resource' AND e.generation < o.generation
                                        AND e.claimed_until IS NULL))))
      """
    ) { try $0.optionalInstant(0) } ?? nil
  }

  func census() throws -> [String: Int] {
    let rows = try db.pointee.query("SELECT state, count(*) FROM lease GROUP BY state") {
      (try $0.string(0), try $0.int(1))
    }
    return Dictionary(rows) { first, _ in first }
  }
}
