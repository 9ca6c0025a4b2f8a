import Engine
import L402
import Leasing
import Ledger
import Postgres
import Units

extension PostgresTransaction {
  private static let invoiceColumns =
    "id, lease, purpose, slot, label, msat, created_at, expires_at, state, payment_hash, bolt11, hold_epoch, "
    + "fiat_currency, fiat_price_e8, rate_per_bitcoin_e8, rate_source, rate_read_at"
  static let invoiceColumnCount = 17

  /// The same of a table under another name.
  static func invoiceColumns(of table: String) -> String {
    invoiceColumns.split(separator: ", ").map { "\(table).\($0)" }.joined(separator: ", ")
  }

  private static let purposes = JSONMemory<Settlement.Purpose>()

  private static func invoice(_ row: borrowing Row) throws -> InvoiceRecord {
    try invoice(row, from: 0)
  }

  static func invoice(_ row: borrowing Row, from first: Int) throws -> InvoiceRecord {
    guard let slot = InvoiceSlot(try row.string(first + 3)) else {
      throw StoreError(.invariant, "an invoice is for nothing known")
    }
    return InvoiceRecord(
      id: try row.int64(first), lease: try row.lease(first + 1), purpose: try purposes.value(try row.string(first + 2)),
      slot: slot, label: try row.string(first + 4), amount: try row.msat(first + 5),
      createdAt: try row.instant(first + 6), expiresAt: try row.instant(first + 7),
      state: try row.word(first + 8, "an invoice's state"),
      paymentHash: row.isNull(first + 9) ? nil : try row.paymentHash(first + 9), bolt11: try row[first + 10],
      holdEpoch: row.isNull(first + 11) ? nil : UInt16(exactly: try row.int32(first + 11)),
      locked: row.isNull(first + 12)
        ? nil
        : LockedPrice(
          price: try row.fixedDecimal(first + 13),
          rate: try row.exchangeRate(try row.currency(first + 12), at: first + 14)))
  }

  func reserveInvoice(_ order: InvoiceOrder) throws -> InvoiceReservation {
    // The lease's row serialises all who want to mint for it.
    guard try lockLease(order.lease) != nil else { throw StoreError(.invariant, "an invoice needs a lease") }
    let current = try db.pointee.first(
      """
      SELECT \(Self.invoiceColumns) FROM invoice
       WHERE lease = $1 AND slot = $2 AND state IN ('reserved', 'open', 'accepted')
      """, order.lease.uuid, order.slot.description, row: Self.invoice)
    if let current {
      switch current.state {
      case .reserved:
        return .busy(since: current.createdAt, id: current.id)
      case .open where current.isGood(for: order), .accepted:
        return .open(current)
      case .open:
        // Offered no longer; it can still be paid until it expires, and is booked if it is.
        try setInvoiceState(id: current.id, .replaced)
      case .replaced, .settled, .canceled, .expired:
        break
      }
    }
    let id = try db.pointee.first(
      """
      INSERT INTO invoice (lease, slot, purpose, label, msat, created_at, expires_at, state, hold_epoch,
                           fiat_currency, fiat_price_e8, rate_per_bitcoin_e8, rate_source, rate_read_at)
      VALUES ($1, $2, $3, $4, $5, $6, $7, 'reserved', $8, $9, $10, $11, $12, $13) RETURNING id
      """, order.lease.uuid, order.slot.description, try JSON.encode(order.purpose), order.label, order.amount.count,
      order.at.timestamp, order.expiresAt.timestamp, order.holdEpoch.map { Int32($0) },
      order.locked?.rate.currency.rawValue, order.locked?.price.hundredMillionths,
      order.locked?.rate.perBitcoin.hundredMillionths, order.locked?.rate.source,
      order.locked?.rate.readAt.timestamp
    ) { try $0.int64(0) }
    guard let id else { throw StoreError(.invariant, "an insert returned nothing") }
    return .reserved(id: id)
  }

  func dropInvoice(id: Int64) throws {
    try returnReserve(of: id)
    try db.pointee.execute("DELETE FROM invoice WHERE id = $1 AND state = 'reserved'", id)
  }

  func invoice(_ paymentHash: PaymentHash) throws -> InvoiceRecord? {
    try db.pointee.first(
      "SELECT \(Self.invoiceColumns) FROM invoice WHERE payment_hash = $1", paymentHash.bytes.array, row: Self.invoice)
  }

  func openInvoices(of lease: LeaseID) throws -> [InvoiceRecord] {
    try db.pointee.query(
      """
      SELECT \(Self.invoiceColumns) FROM invoice
       WHERE lease = $1 AND state IN ('reserved', 'open', 'replaced', 'accepted') ORDER BY id
      """, lease.uuid, row: Self.invoice)
  }

  func lapsedInvoices(before moment: Instant, limit: Int) throws -> [InvoiceRecord] {
    try db.pointee.query(
      """
      SELECT \(Self.invoiceColumns) FROM invoice
       WHERE state IN ('open', 'replaced') AND expires_at < $1 ORDER BY expires_at LIMIT $2
      """, moment.timestamp, Int64(limit), row: Self.invoice)
  }

  func holdCounts(beside lease: LeaseID) throws -> HoldCounts {
    // Of many quotes at once only so many are held; a count alone would let all of them.
    try db.pointee.execute("SELECT pg_advisory_xact_lock(hashtextextended('leasehold.undecided_holds', 0))")
    return try db.pointee.first(
      """
      SELECT count(*) FILTER (WHERE i.state = 'accepted'), count(*) FILTER (WHERE i.state <> 'accepted'),
             count(*) FILTER (WHERE i.state <> 'accepted' AND i.lease <> $1
                                AND q.client = (SELECT client FROM quote_client WHERE lease = $1))
        FROM invoice i LEFT JOIN quote_client q ON q.lease = i.lease
       WHERE i.hold_epoch IS NOT NULL AND i.state IN ('reserved', 'open', 'replaced', 'accepted')
      """, lease.uuid
    ) { HoldCounts(accepted: try $0.int(0), open: try $0.int(1), openOfClient: try $0.int(2)) }
      ?? HoldCounts(accepted: 0, open: 0, openOfClient: 0)
  }

  func heldPayments() throws -> Int {
    try db.pointee.first("SELECT count(*) FROM invoice WHERE hold_epoch IS NOT NULL AND state = 'accepted'") {
      try $0.int(0)
    } ?? 0
  }

  func holds(limit: Int) throws -> [InvoiceRecord] {
    try db.pointee.query(
      """
      SELECT \(Self.invoiceColumns) FROM invoice
       WHERE hold_epoch IS NOT NULL AND state IN ('open', 'replaced', 'accepted')
       ORDER BY state = 'accepted' DESC, expires_at LIMIT $1
      """, Int64(limit), row: Self.invoice)
  }

  func allOpenInvoices(limit: Int) throws -> [InvoiceRecord] {
    try db.pointee.query(
      """
      SELECT \(Self.invoiceColumns) FROM invoice
       WHERE state IN ('open', 'replaced', 'accepted') ORDER BY state = 'accepted' DESC, expires_at LIMIT $1
      """, Int64(limit), row: Self.invoice)
  }

  func setInvoiceState(id: Int64, _ state: InvoiceRecord.State) throws {
    // What can still be paid keeps its hold.
    switch state {
    case .canceled, .expired: try returnReserve(of: id)
    case .reserved, .open, .replaced, .accepted, .settled: break
    }
    // What settled stays settled, whoever was about to say otherwise; what has arrived does not lapse.
    try db.pointee.execute(
      """
      UPDATE invoice SET state = $2
       WHERE id = $1 AND state <> 'settled' AND NOT (state = 'accepted' AND $2 = 'expired')
      """, id, state.rawValue)
  }

  func insertPayment(_ settlement: NodeSettlement, lease: LeaseID, at now: Instant) throws -> Bool {
    let inserted = try db.pointee.execute(
      """
      INSERT INTO payment (payment_hash, lease, received_msat, settled_at, booked_at) VALUES ($1, $2, $3, $4, $5)
      ON CONFLICT (payment_hash) DO NOTHING
      """, settlement.paymentHash.bytes.array, lease.uuid, settlement.received.count, settlement.settledAt.timestamp,
      now.timestamp)
    guard inserted == 1 else { return false }
    // Where its buyer asked from was counted while it was unpaid.
    try db.pointee.execute("DELETE FROM quote_client WHERE lease = $1", lease.uuid)
    let invoice = try db.pointee.first(
      "UPDATE invoice SET state = 'settled', preimage = $2 WHERE payment_hash = $1 RETURNING id",
      settlement.paymentHash.bytes.array, settlement.preimage.bytes.array
    ) { try $0.int64(0) }
    // What was held for it is free for the change that follows in this very transaction.
    if let invoice { try returnReserve(of: invoice) }
    return true
  }

  func redeem(_ paymentHash: PaymentHash, key: String?, at now: Instant, repeatedSince: Instant) throws -> Bool {
    let redeemed = try db.pointee.execute(
      """
      UPDATE invoice SET redeemed_at = coalesce(redeemed_at, $2), redeemed_key = coalesce(redeemed_key, $3)
       WHERE payment_hash = $1 AND state = 'settled'
         AND (redeemed_at IS NULL OR redeemed_key = $3
              OR redeemed_at >= $4 AND redeemed_key IS NOT DISTINCT FROM $3)
      """, paymentHash.bytes.array, now.timestamp, key, repeatedSince.timestamp)
    return redeemed == 1
  }

  func preimage(of paymentHash: PaymentHash) throws -> Preimage? {
    try db.pointee.first(
      "SELECT preimage FROM invoice WHERE payment_hash = $1 AND preimage IS NOT NULL", paymentHash.bytes.array
    ) { try $0.preimage(0) }
  }

  func cursor(of node: String) throws -> String? {
    try db.pointee.first("SELECT position FROM node_cursor WHERE node = $1", node) { try $0.string(0) }
  }

  func setCursor(_ cursor: String, of node: String, at now: Instant) throws {
    try db.pointee.execute(
      """
      INSERT INTO node_cursor (node, position, moved_at) VALUES ($1, $2, $3)
      ON CONFLICT (node) DO UPDATE SET position = excluded.position, moved_at = excluded.moved_at
      """, node, cursor, now.timestamp)
  }

  func settlementMarks(of node: String) throws -> SettlementMarks {
    try db.pointee.first(
      """
      SELECT (SELECT moved_at FROM node_cursor WHERE node = $1), (SELECT min(found_at) FROM unbooked_settlement WHERE resolved_at IS NULL)
      """, node
    ) { SettlementMarks(cursorMovedAt: try $0.optionalInstant(0), oldestUnbooked: try $0.optionalInstant(1)) }
      ?? SettlementMarks()
  }

  func insertUnbooked(_ settlement: NodeSettlement, lease: LeaseID?, reason: String, at now: Instant) throws {
    // The node's word replaces the want of it.
    try db.pointee.execute(
      """
      INSERT INTO unbooked_settlement AS u
        (payment_hash, lease, preimage, received_msat, settled_at, label, position, reason, found_at)
      VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
      ON CONFLICT (payment_hash) DO UPDATE
        SET reason = excluded.reason, position = coalesce(nullif(excluded.position, ''), u.position)
      """, settlement.paymentHash.bytes.array, lease?.uuid, settlement.preimage.bytes.array,
      settlement.received.count, settlement.settledAt.timestamp, settlement.label, settlement.cursor, reason,
      now.timestamp)
  }

  private static let unbookedColumns =
    "payment_hash, preimage, received_msat, settled_at, label, position, lease, reason, resolved_at, resolution"

  private static func unbooked(_ row: borrowing Row) throws -> UnbookedSettlement {
    UnbookedSettlement(
      settlement: NodeSettlement(
        paymentHash: try row.paymentHash(0), preimage: try row.preimage(1), received: try row.msat(2),
        settledAt: try row.instant(3), label: try row.string(4), cursor: try row.string(5)),
      lease: row.isNull(6) ? nil : try row.lease(6), reason: try row.string(7),
      resolvedAt: try row.optionalInstant(8), resolution: row.isNull(9) ? nil : try row.string(9))
  }

  func unbooked(limit: Int) throws -> [UnbookedSettlement] {
    try db.pointee.query(
      """
      SELECT \(Self.unbookedColumns) FROM unbooked_settlement WHERE resolved_at IS NULL ORDER BY found_at LIMIT $1
      """, Int64(limit), row: Self.unbooked)
  }

  func unbooked(of lease: LeaseID) throws -> [UnbookedSettlement] {
    try db.pointee.query(
      """
      SELECT \(Self.unbookedColumns) FROM unbooked_settlement
       WHERE lease = $1 AND resolved_at IS NULL ORDER BY found_at, payment_hash LIMIT 1000
      """, lease.uuid, row: Self.unbooked)
  }

  func unbooked(_ paymentHash: PaymentHash) throws -> UnbookedSettlement? {
    try db.pointee.first(
      "SELECT \(Self.unbookedColumns) FROM unbooked_settlement WHERE payment_hash = $1", paymentHash.bytes.array,
      row: Self.unbooked)
  }

  func allUnbooked(limit: Int) throws -> [UnbookedSettlement] {
    try db.pointee.query(
      "SELECT \(Self.unbookedColumns) FROM unbooked_settlement ORDER BY found_at DESC, payment_hash LIMIT $1",
      Int64(limit), row: Self.unbooked)
  }

  func resolveUnbooked(_ paymentHash: PaymentHash, resolution: String, at now: Instant) throws -> Bool {
    try db.pointee.execute(
      """
      UPDATE unbooked_settlement SET resolved_at = $2, resolution = $3 WHERE payment_hash = $1 AND resolved_at IS NULL
      """, paymentHash.bytes.array, now.timestamp, resolution) == 1
  }

  func settlementRecords(of hashes: [PaymentHash]) throws -> SettlementRecords {
    let asked = hashes.map(\.bytes.array)
    let received = try db.pointee.query(
      "SELECT payment_hash, received_msat FROM payment WHERE payment_hash = ANY ($1)", asked
    ) { (try $0.paymentHash(0), try $0.msat(1)) }
    let unbooked = try db.pointee.query(
      "SELECT payment_hash FROM unbooked_settlement WHERE payment_hash = ANY ($1)", asked
    ) { try $0.paymentHash(0) }
    let invoiced = try db.pointee.query(
      "SELECT payment_hash FROM invoice WHERE payment_hash = ANY ($1)", asked
    ) { try $0.paymentHash(0) }
    return SettlementRecords(
      received: Dictionary(received) { first, _ in first }, unbooked: Set(unbooked), invoiced: Set(invoiced))
  }

  func deleteUnbooked(_ paymentHash: PaymentHash) throws {
    try db.pointee.execute("DELETE FROM unbooked_settlement WHERE payment_hash = $1", paymentHash.bytes.array)
  }

  func shielded(_ leases: [LeaseID]) throws -> Set<LeaseID> {
    Set(
      try db.pointee.query(
        "SELECT lease FROM unbooked_settlement WHERE lease = ANY ($1) AND resolved_at IS NULL", leases.map(\.uuid)
      ) {
        try $0.lease(0)
      })
  }
}
