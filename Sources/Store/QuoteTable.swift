import Engine
import L402
import Leasing
import Ledger
import Postgres
import Units

/// Quotes are made many at once: what must be known in one round trip, their rows in another with their capacity last.
extension PostgresTransaction {
  private static let undecidedHold =
    "i.hold_epoch IS NOT NULL AND i.state IN ('reserved', 'open', 'replaced', 'accepted')"

  func quoteGround(
    of clients: Set<String>, keys: [IdempotencyKey], offers: Set<String>, countingHolds: Bool, alone: Bool,
    at now: Instant
  ) throws -> QuoteGround {
    let clients = clients.sorted()
    var batch = Batch()
    // Of many requests at once only so many get a reservation; a count alone would let all of them. In one order.
    batch.add(
      """
      SELECT pg_advisory_xact_lock(h)
        FROM (SELECT DISTINCT hashtextextended('leasehold.holds ' || c, 0) AS h FROM unnest($1::text[]) c ORDER BY h) s
      """, clients)
    if countingHolds {
      batch.add("SELECT pg_advisory_xact_lock(hashtextextended('leasehold.undecided_holds', 0))")
    }
    batch.add(
      """
      SELECT q.client, count(*) FROM quote_client q JOIN allocation a ON a.lease = q.lease
       WHERE q.client = ANY ($1) AND a.unpaid GROUP BY q.client
      """, clients)
    batch.add(
      """
      SELECT i.scope, i.key, i.body_hash, i.lease, i.used_at
        FROM unnest($1::text[], $2::text[]) AS k (scope, key)
        JOIN idempotency i ON i.scope = k.scope AND i.key = k.key
      """, keys.map(\.scope), keys.map(\.key))
    batch.add(Self.capacitySelection + (alone ? " FOR UPDATE" : ""))
    if countingHolds {
      batch.add(
        """
        SELECT count(*) FILTER (WHERE i.state = 'accepted'), count(*) FILTER (WHERE i.state <> 'accepted')
          FROM invoice i WHERE \(Self.undecidedHold)
        """)
      batch.add(
        """
        SELECT q.client, count(*) FROM invoice i JOIN quote_client q ON q.lease = i.lease
         WHERE \(Self.undecidedHold) AND i.state <> 'accepted' AND q.client = ANY ($1) GROUP BY q.client
        """, clients)
    }
    batch.add(
      """
      SELECT offer, count(*) FROM waitlist_entry
       WHERE offer = ANY ($1) AND lease IS NULL AND expires_at > $2 GROUP BY offer
      """, offers.sorted(), now.timestamp)
    let results = try db.pointee.run(batch).dropFirst(countingHolds ? 2 : 1)
    let first = results.startIndex
    func counts(_ result: ResultSet) throws -> [String: Int] {
      Dictionary(try result.map { (try $0.string(0), try $0.int(1)) }) { given, _ in given }
    }
    let used = try results[first + 1].map {
      IdempotencyRecord(
        scope: try $0.string(0), key: try $0.string(1), bodyHash: try $0.string(2), lease: try $0.lease(3),
        at: try $0.instant(4))
    }
    var totals = (accepted: 0, open: 0)
    var openOfClient: [String: Int] = [:]
    if countingHolds {
      totals = try results[first + 3].first { (accepted: try $0.int(0), open: try $0.int(1)) } ?? totals
      openOfClient = try counts(results[first + 4])
    }
    return QuoteGround(
      used: Dictionary(used.map { (IdempotencyKey(scope: $0.scope, key: $0.key), $0) }) { given, _ in given },
      unpaidAllocations: try counts(results[first]), accepted: totals.accepted, open: totals.open,
      openOfClient: openOfClient,
      capacity: Capacity(try results[first + 2].map(Self.pool)),
      waiting: try counts(results[results.index(before: results.endIndex)]))
  }

  func takePlaces(on hosts: [String], of capacity: Capacity) throws -> [Placement?] {
    var places: [String: [Placement]] = [:]
    for host in Set(hosts).sorted() {
      guard let base = capacity.uidBase(of: host) else { continue }
      places[host] = try takeSlots(hosts.count { $0 == host }, of: host, from: base).reversed().compactMap { slot in
        UInt32(exactly: base + 65_536 * Int64(slot)).map { Placement(host: host, uidBase: $0) }
      }
    }
    return hosts.map { places[$0]?.popLast() }
  }

  func insertQuotes(
    _ quotes: [QuoteDraft], of capacity: Capacity, unpaidShare: Double
  ) throws -> [LeaseID: Int64] {
    guard !quotes.isEmpty else { return [:] }
    var batch = Batch()
    try Self.addLeases(of: quotes, to: &batch)
    batch.add(
      "INSERT INTO quote_client (lease, client) SELECT * FROM unnest($1::uuid[], $2::text[])",
      quotes.map(\.lease.id.uuid), quotes.map(\.client))
    Self.addKeys(of: quotes, to: &batch)
    let withCapacity = quotes.filter { $0.placement != nil }
    if !withCapacity.isEmpty { Self.addAllocations(of: withCapacity, capacity, to: &batch) }
    for attachment in quotes.compactMap(\.attachment) { Self.addAttachment(attachment, to: &batch) }
    Self.addEvents(quotes.map(\.event), to: &batch)
    if let wakes = quotes.compactMap(\.lease.wakesAt).min() { Self.addNotices(of: [.due(wakes)], to: &batch) }
    let reservations = batch.count
    try Self.addReservations(of: quotes.compactMap(\.order), to: &batch)
    let pools = Self.addTaking(withCapacity, from: capacity, unpaidShare: unpaidShare, to: &batch)
    let results = try db.pointee.run(batch)
    guard pools == 0 || results.last?.affected == pools else {
      throw StoreError(.conflict, "capacity was taken by somebody else in between")
    }
    let invoices = try results[reservations].map { (try $0.lease(0), try $0.int64(1)) }
    return Dictionary(invoices) { given, _ in given }
  }

  private static func addKeys(of quotes: [QuoteDraft], to batch: inout Batch) {
    let keys = quotes.compactMap(\.key)
    guard !keys.isEmpty else { return }
    batch.add(
      """
      INSERT INTO idempotency (scope, key, body_hash, lease, used_at)
      SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::uuid[], $5::timestamptz[])
      """, keys.map(\.scope), keys.map(\.key), keys.map(\.bodyHash), keys.map(\.lease.uuid), keys.map(\.at.timestamp))
  }

  private static func addAllocations(of quotes: [QuoteDraft], _ capacity: Capacity, to batch: inout Batch) {
    let placed = quotes.compactMap { quote in quote.placement.map { (quote.lease, $0, quote.lease.terms.resources) } }
    batch.add(
      insertionOfAllocations, placed.map(\.0.id.uuid), placed.map(\.1.host), placed.map(\.0.terms.kind.rawValue),
      placed.map { capacity.slot(of: $0.1) }, placed.map(\.2.disk.count), placed.map(\.2.cpuMillis),
      placed.map(\.2.memory.count), placed.map(\.2.pids), placed.map { _ in true })
  }

  private static func addReservations(of orders: [InvoiceOrder], to batch: inout Batch) throws {
    batch.add(
      """
      INSERT INTO invoice (lease, slot, purpose, label, msat, created_at, expires_at, state, hold_epoch,
                           fiat_currency, fiat_price_e8, rate_per_bitcoin_e8, rate_source, rate_read_at)
      SELECT lease, slot, purpose, label, msat, created_at, expires_at, 'reserved', hold_epoch,
             fiat_currency, fiat_price_e8, rate_per_bitcoin_e8, rate_source, rate_read_at
        FROM unnest($1::uuid[], $2::text[], $3::jsonb[], $4::text[], $5::bigint[], $6::timestamptz[],
                    $7::timestamptz[], $8::integer[], $9::text[], $10::bigint[], $11::bigint[], $12::text[],
                    $13::timestamptz[])
          AS n (lease, slot, purpose, label, msat, created_at, expires_at, hold_epoch,
                fiat_currency, fiat_price_e8, rate_per_bitcoin_e8, rate_source, rate_read_at)
      RETURNING lease, id
      """, orders.map(\.lease.uuid), orders.map(\.slot.description), try orders.map { try JSON.encode($0.purpose) },
      orders.map(\.label), orders.map(\.amount.count), orders.map(\.at.timestamp), orders.map(\.expiresAt.timestamp),
      orders.map { $0.holdEpoch.map { Int32($0) } }, orders.map(\.locked?.rate.currency.rawValue),
      orders.map(\.locked?.price.hundredMillionths), orders.map(\.locked?.rate.perBitcoin.hundredMillionths),
      orders.map(\.locked?.rate.source), orders.map(\.locked?.rate.readAt.timestamp))
  }

  /// The only rows that others want too are touched last, and changed only where what was read of them still holds.
  ///
  /// - Returns: how many rows the last statement must change; 0: nothing is taken, and there is none.
  private static func addTaking(
    _ quotes: [QuoteDraft], from capacity: Capacity, unpaidShare: Double, to batch: inout Batch
  ) -> Int {
    var taken: [Int32: Int64] = [:]
    for quote in quotes {
      for pool in capacity.pools where pool.host == quote.placement?.host && pool.kind == quote.lease.terms.kind {
        let need = quote.lease.terms.resources.need(pool.dimension)
        if need > 0 { taken[pool.id, default: 0] += need }
      }
    }
    guard !taken.isEmpty else { return 0 }
    let pools = capacity.pools.filter { taken[$0.id] != nil }
    batch.add("SELECT FROM pool WHERE id = ANY ($1) ORDER BY id FOR UPDATE", pools.map(\.id))
    batch.add(
      """
      UPDATE pool SET used = used + n.taken, unpaid = unpaid + n.taken
        FROM unnest($1::integer[], $2::bigint[], $3::bigint[]) AS n (id, taken, unpaid_seen)
       WHERE pool.id = n.id AND pool.used + n.taken <= pool.capacity
         AND (pool.unpaid = n.unpaid_seen OR pool.unpaid + n.taken <= $4 * pool.capacity)
      """, pools.map(\.id), pools.map { taken[$0.id] ?? 0 }, pools.map(\.unpaid), unpaidShare)
    return pools.count
  }

  func askedWith(_ lease: LeaseID) throws -> AskedWith? {
    try db.pointee.first("SELECT asked_body_hash, asked_key FROM lease WHERE id = $1", lease.uuid) {
      AskedWith(bodyHash: try $0[0], key: try $0[1])
    }
  }

  func openInvoices(_ openings: [InvoiceOpening]) throws -> Set<Int64> {
    let tokens = openings.map(\.token)
    let opened = try db.pointee.query(
      """
      WITH n AS (
        SELECT * FROM unnest($1::bigint[], $2::bytea[], $3::text[], $4::timestamptz[], $5::bytea[], $6::uuid[],
                             $7::bytea[], $8::text[], $9::timestamptz[], $10::text[])
            AS n (id, payment_hash, bolt11, expires_at, token, lease, parent, capabilities, created_at, minted_for)
      ), opened AS (
        UPDATE invoice i
           SET state = 'open', payment_hash = n.payment_hash, bolt11 = n.bolt11, expires_at = n.expires_at
          FROM n WHERE i.id = n.id AND i.state = 'reserved'
        RETURNING i.id
      ), minted AS (
        INSERT INTO credential_token (id, lease, parent, payment_hash, capabilities, created_at, minted_for)
        SELECT n.token, n.lease, n.parent, n.payment_hash, n.capabilities, n.created_at, n.minted_for
          FROM n JOIN opened USING (id) WHERE n.token IS NOT NULL
      )
      SELECT id FROM opened
      """, openings.map(\.id), openings.map(\.paymentHash.bytes.array), openings.map(\.bolt11),
      openings.map(\.expiresAt.timestamp), tokens.map { $0?.id.bytes.array }, tokens.map { $0?.lease.uuid },
      tokens.map { $0?.parent?.bytes.array }, tokens.map { $0?.capabilities }, tokens.map { $0?.createdAt.timestamp },
      tokens.map { $0?.mintedFor.rawValue }
    ) { try $0.int64(0) }
    return Set(opened)
  }
}

extension Capacity {
  func uidBase(of host: String) -> Int64? { pools.first { $0.host == host }?.uidBase }

  /// The inverse of what a placement is made from.
  func slot(of placement: Placement) -> Int32 {
    guard let base = uidBase(of: placement.host) else { preconditionFailure("a placement is on a known host") }
    return Int32((Int64(placement.uidBase) - base) / 65_536)
  }
}
