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
  // Absent in leases that were written before there was such a thing.
  var boughtAgain: Millisatoshi?
  var consumed: Millisatoshi?
  var pendingChange: Lease.PendingChange?
  var retentionBound: Seconds?
  var carried: MillisatoshiFraction?
  var reminded: Lease.Reminders
  var lastOutage: Lease.Outage?
  var closedCreditUntil: Instant?
  var announced: Announcement?
  var nextAllowance: Lease.NextAllowance?
  var limit: SpendLimit?

  init(_ lease: Lease) {
    state = lease.state
    flags = lease.flags
    activatedAt = lease.activatedAt
    renewed = lease.renewed
    boughtAgain = lease.boughtAgain
    consumed = lease.consumed
    pendingChange = lease.pendingChange
    retentionBound = lease.retentionBound
    carried = lease.account.carried == .zero ? nil : lease.account.carried
    reminded = lease.reminded
    lastOutage = lease.lastOutage
    closedCreditUntil = lease.closedCreditUntil
    announced = lease.announced
    nextAllowance = lease.nextAllowance
    limit = lease.limit
  }
}

extension PostgresTransaction {
  static let columns = """
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
        credit: try row.msat(7), remainder: try row.int64(10), carried: detail.carried ?? .zero,
        chargedTo: try row.optionalInstant(11)),
      version: try row.int64(3), generation: try row.int64(4), createdAt: try row.instant(5),
      activatedAt: detail.activatedAt, renewed: detail.renewed,
      boughtAgain: detail.boughtAgain ?? .zero, consumed: detail.consumed ?? .zero,
      pendingChange: detail.pendingChange, retentionBound: detail.retentionBound, reminded: detail.reminded,
      lastOutage: detail.lastOutage, closedCreditUntil: detail.closedCreditUntil, announced: detail.announced,
      nextAllowance: detail.nextAllowance, limit: detail.limit)
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
    // The partial index gives the order; parked leases are few and looked up: OFFSET 0 keeps that from becoming a join.
    try db.pointee.query(
      """
      SELECT \(Self.columns) FROM lease l
       WHERE l.wakes_at <= $1
         AND NOT EXISTS (SELECT FROM lease_parked p WHERE p.lease = l.id AND p.until > $1 OFFSET 0)
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
         AND NOT EXISTS (SELECT FROM lease_parked p WHERE p.lease = l.id AND p.until > $1 OFFSET 0)
       ORDER BY l.wakes_at LIMIT $2
      """, now.timestamp, Int64(limit)
    ) { try $0.lease(0) }
  }

  func lease(_ id: LeaseID) throws -> LeaseRecord? {
    try db.pointee.first("SELECT \(Self.recordColumns) WHERE l.id = $1", id.uuid, row: Self.record)
  }

  func leases(endingIn text: String) throws -> [LeaseID] {
    precondition(text.utf8.count >= 10 && text.utf8.count <= 26, "an ending that few ids have")
    guard let ending = LeaseID(String(repeating: "0", count: 26 - text.utf8.count) + text) else { return [] }
    // By what is indexed of it: 48 of the 50 bits that ten characters are, at the least.
    let digits = String(ending.low & 0xFFFF_FFFF_FFFF, radix: 16)
    let candidates = try db.pointee.query(
      "SELECT id FROM lease WHERE right(id::text, 12) = $1 LIMIT 16",
      String(repeating: "0", count: 12 - digits.utf8.count) + digits
    ) { try $0.lease(0) }
    return Array(candidates.filter { $0.description.hasSuffix(text) }.prefix(2))
  }

  func leases(_ query: LeaseQuery) throws -> [LeaseRecord] {
    // Each list walks an index in the order of ids and stops at its limit, however many leases are in other states.
    let after = (query.after ?? LeaseID(high: 0, low: 0)).uuid
    let limit = Int64(query.limit)
    guard let offer = query.offer else {
      guard !query.states.isEmpty else {
        return try db.pointee.query(
          "SELECT \(Self.recordColumns) WHERE l.id > $1 ORDER BY l.id LIMIT $2", after, limit, row: Self.record)
      }
      return try db.pointee.query(
        Self.page("SELECT c.id FROM lease c WHERE c.state = s.name AND c.id > $2 ORDER BY c.id LIMIT $3"),
        query.states.map(\.rawValue), after, limit, row: Self.record)
    }
    return try db.pointee.query(
      Self.page(
        """
        SELECT c.id FROM lease c WHERE c.offer = $4 AND c.state = s.name AND c.id > $2 ORDER BY c.id LIMIT $3
        """), (query.states.isEmpty ? Lease.State.Name.allCases : query.states).map(\.rawValue), after, limit, offer,
      row: Self.record)
  }

  /// One page of the leases in some states, found by `ids` in each state `s.name`.
  private static func page(_ ids: String) -> String {
    """
    SELECT \(recordSelection)
      FROM (SELECT i.id FROM (SELECT DISTINCT unnest($1::text[]) AS name) s CROSS JOIN LATERAL (\(ids)) i
             ORDER BY i.id LIMIT $3) page
      JOIN lease l ON l.id = page.id \(recordJoins)
     ORDER BY l.id
    """
  }

  func insert(_ record: LeaseRecord, event: EventRecord) throws {
    // Where the buyer asks from is counted as long as the quote is unpaid, and kept nowhere else.
    var event = event
    let client = event.evidence.removeValue(forKey: "client")
    let lease = record.lease
    var batch = Batch()
    try Self.addLeases(
      of: [
        QuoteDraft(
          lease: lease, request: record.request, placement: nil, event: event, client: client ?? "",
          asked: AskedWith(bodyHash: nil, key: nil))
      ], to: &batch)
    if let client {
      batch.add("INSERT INTO quote_client (lease, client) VALUES ($1, $2)", lease.id.uuid, client)
    }
    try db.pointee.run(batch)
    try insertEvents([event])
    var changes: [StoreChange] = [.lease(lease.id, version: lease.version)]
    if let wakes = lease.wakesAt { changes.append(.due(wakes)) }
    try notify(changes)
  }

  static func addLeases(of quotes: [QuoteDraft], to batch: inout Batch) throws {
    let leases = quotes.map(\.lease)
    batch.add(
      """
      WITH counted AS (
        INSERT INTO lease_tally (state, delta) SELECT s.name, count(*) FROM unnest($7::text[]) AS s (name) GROUP BY 1)
      INSERT INTO lease (id, kind, offer, terms, request, created_at, state, detail, version, generation,
                         balance_msat, credit_msat, rate_msat, rate_span_us, remainder, charged_to, wakes_at, sold_as,
                         asked_body_hash, asked_key)
      SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::jsonb[], $5::jsonb[], $6::timestamptz[], $7::text[],
                           $8::jsonb[], $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[], $13::bigint[],
                           $14::bigint[], $15::bigint[], $16::timestamptz[], $17::timestamptz[], $18::text[],
                           $19::text[], $20::text[])
      """,
      leases.map(\.id.uuid), leases.map(\.terms.kind.rawValue), leases.map(\.terms.offer),
      try leases.map { try JSON.encode($0.terms) }, try quotes.map { try JSON.encode($0.request) },
      leases.map(\.createdAt.timestamp), leases.map(\.state.name.rawValue),
      try leases.map { try JSON.encode(LeaseDetail($0)) },
      leases.map(\.version), leases.map(\.generation), leases.map(\.account.balance.count),
      leases.map(\.account.credit.count), leases.map(\.account.rate.amount.count),
      leases.map(\.account.rate.microseconds), leases.map(\.account.remainder),
      leases.map { $0.account.chargedTo?.timestamp }, leases.map { $0.wakesAt?.timestamp },
      leases.map(\.terms.soldAs), quotes.map(\.asked.bodyHash), quotes.map(\.asked.key))
  }

  func write(_ steps: [RecordedStep]) throws {
    let changed = steps.filter { $0.decision.lease.version != $0.before.version }
    guard !changed.isEmpty else { return }
    try updateLeases(changed)
    try insertEvents(changed.flatMap(\.events))
    try insertTransfers(changed)
    try insertEffects(changed)
    try insertDeliveries(changed)
    let closed = changed.filter { $0.decision.lease.isClosed && !$0.before.isClosed }.map(\.before.id)
    if !closed.isEmpty {
      try freeAllocations(of: closed)
      try dropAddresses(of: closed)
      try dropContacts(of: closed)
      try dropWalletGrants(of: closed)
    }
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
             charged_to = n.charged_to, wakes_at = n.wakes_at,
             -- What was never in service may be a quote that nobody paid: the sweep is to look at it.
             sweep_at = CASE WHEN n.state = 'closed' AND l.state <> 'closed' AND n.charged_to IS NULL
                             THEN l.created_at + interval '1 hour' ELSE l.sweep_at END
        FROM unnest($1::uuid[], $2::bigint[], $3::jsonb[], $4::text[], $5::text[], $6::jsonb[], $7::bigint[],
                    $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[], $13::bigint[],
                    $14::timestamptz[], $15::timestamptz[])
          AS n (id, version_before, terms, offer, state, detail, version, generation, balance_msat, credit_msat,
                rate_msat, rate_span_us, remainder, charged_to, wakes_at)
       WHERE l.id = n.id AND l.version = n.version_before
      """,
      leases.map(\.id.uuid), steps.map(\.before.version), try steps.map(Self.changedTerms),
      leases.map(\.terms.offer), leases.map(\.state.name.rawValue), try leases.map { try JSON.encode(LeaseDetail($0)) },
      leases.map(\.version), leases.map(\.generation), leases.map(\.account.balance.count),
      leases.map(\.account.credit.count), leases.map(\.account.rate.amount.count),
      leases.map(\.account.rate.microseconds), leases.map(\.account.remainder),
      leases.map { $0.account.chargedTo?.timestamp }, leases.map { $0.wakesAt?.timestamp })
    guard updated == steps.count else {
      throw StoreError(.conflict, "a lease was written by somebody else in between")
    }
    try db.pointee.execute("DELETE FROM lease_parked WHERE lease = ANY ($1)", leases.map(\.id.uuid))
    var tally: [Lease.State.Name: Int64] = [:]
    for step in steps {
      tally[step.before.state.name, default: 0] -= 1
      tally[step.decision.lease.state.name, default: 0] += 1
    }
    try count(tally)
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

  func nextDeadline(on hosts: [String]?) throws -> Instant? {
    // Each is the first entry of an index. What waits for an older row of its lane waits for that one's moment.
    try db.pointee.first(
      """
      SELECT least(
        (SELECT wakes_at FROM lease l
          WHERE wakes_at IS NOT NULL AND NOT EXISTS (SELECT FROM lease_parked p WHERE p.lease = l.id OFFSET 0)
          ORDER BY wakes_at LIMIT 1),
        (SELECT min(until) FROM lease_parked),
        (SELECT min(first.due_at) FROM unnest($1::text[]) AS every (lane) CROSS JOIN LATERAL (
           SELECT o.due_at FROM outbox o
            WHERE o.claimed_until IS NULL AND o.lane = every.lane
              AND NOT EXISTS (SELECT FROM outbox e WHERE e.lease = o.lease AND e.lane = o.lane AND e.id < o.id
                                 AND NOT (e.lane = 'resource' AND e.generation < o.generation
                                          AND e.claimed_until IS NULL) OFFSET 0)
            ORDER BY o.due_at, o.id LIMIT 1) first),
        (SELECT min(first.due_at) FROM unnest($2::text[]) AS every (host) CROSS JOIN LATERAL (
           SELECT o.due_at FROM outbox o
            WHERE o.claimed_until IS NULL AND o.lane = 'resource' AND o.host = every.host
              AND NOT EXISTS (SELECT FROM outbox e WHERE e.lease = o.lease AND e.lane = o.lane AND e.id < o.id
                                 AND NOT (e.generation < o.generation AND e.claimed_until IS NULL) OFFSET 0)
            ORDER BY o.due_at, o.id LIMIT 1) first),
        (SELECT claimed_until FROM outbox o
          WHERE claimed_until IS NOT NULL AND (o.lane = ANY ($1) OR o.host = ANY ($2))
          ORDER BY claimed_until LIMIT 1))
      """, Effect.Lane.allCases.filter { hosts == nil || $0 != .resource }.map(\.rawValue),
      hosts.map { $0 + [""] } ?? []
    ) { try $0.optionalInstant(0) } ?? nil
  }

  func census() throws -> [Lease.State.Name: Int] {
    let rows = try db.pointee.query(
      "SELECT state, sum(delta)::bigint FROM lease_tally GROUP BY state HAVING sum(delta) <> 0"
    ) { (try $0.word(0, "a lease's state") as Lease.State.Name, try $0.int(1)) }
    return Dictionary(rows) { first, _ in first }
  }

  /// Counts leases in and out of states. Rows are added and never changed, so that two who count wait for no one; the
  /// sweep adds them up.
  func count(_ changes: [Lease.State.Name: Int64]) throws {
    let changes = changes.filter { $0.value != 0 }.map { ($0.key.rawValue, $0.value) }.sorted { $0.0 < $1.0 }
    guard !changes.isEmpty else { return }
    try db.pointee.execute(
      "INSERT INTO lease_tally (state, delta) SELECT * FROM unnest($1::text[], $2::bigint[])", changes.map(\.0),
      changes.map(\.1))
  }

  /// Makes few rows of many, at most `limit` of them; what somebody else has in hand stays.
  func addUpTally(limit: Int) throws {
    try db.pointee.execute(
      """
      WITH gone AS (
        DELETE FROM lease_tally WHERE id IN (SELECT id FROM lease_tally ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED)
        RETURNING state, delta
      )
      INSERT INTO lease_tally (state, delta)
      SELECT state, sum(delta) FROM gone GROUP BY state HAVING sum(delta) <> 0
      """, Int64(limit))
  }
}
