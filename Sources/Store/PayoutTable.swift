import Engine
import L402
import Ledger
import Postgres
import Units

extension PostgresTransaction {
  private static let payoutColumns =
    "payment_hash, lease, bolt11, msat, max_fee_msat, asked_at, state, fee_msat, reason, finished_at, ordered_at,"
    + " ordered_of"

  private static func payout(_ row: borrowing Row) throws -> PayoutRecord {
    let name: PayoutRecord.State.Name = try row.word(6, "a payout's state")
    let state: PayoutRecord.State =
      switch name {
      case .pending: .pending
      case .paid: .paid(fee: try row.msat(7))
      case .failed: .failed(reason: try row.string(8))
      }
    let order = try row.optionalInstant(10).map { at throws in
      PayoutRecord.Order(at: at, node: try row.string(11))
    }
    return PayoutRecord(
      paymentHash: try row.paymentHash(0), lease: try row.lease(1), bolt11: try row.string(2), amount: try row.msat(3),
      maxFee: try row.msat(4), askedAt: try row.instant(5), order: order, state: state,
      finishedAt: try row.optionalInstant(9))
  }

  func insertPayout(_ payout: PayoutRecord) throws {
    try db.pointee.execute(
      """
      INSERT INTO payout (payment_hash, lease, bolt11, msat, max_fee_msat, asked_at, state)
      VALUES ($1, $2, $3, $4, $5, $6, 'pending')
      """, payout.paymentHash.bytes.array, payout.lease.uuid, payout.bolt11, payout.amount.count, payout.maxFee.count,
      payout.askedAt.timestamp)
  }

  func payout(_ paymentHash: PaymentHash) throws -> PayoutRecord? {
    try db.pointee.first(
      "SELECT \(Self.payoutColumns) FROM payout WHERE payment_hash = $1", paymentHash.bytes.array, row: Self.payout)
  }

  func payouts(of lease: LeaseID, limit: Int) throws -> [PayoutRecord] {
    try db.pointee.query(
      """
      SELECT \(Self.payoutColumns) FROM payout WHERE lease = $1 ORDER BY asked_at DESC, payment_hash LIMIT $2
      """, lease.uuid, Int64(limit), row: Self.payout)
  }

  func payouts(pendingOnly: Bool, limit: Int) throws -> [PayoutRecord] {
    try db.pointee.query(
      """
      SELECT \(Self.payoutColumns) FROM payout \(pendingOnly ? "WHERE state = 'pending'" : "")
       ORDER BY asked_at DESC, payment_hash LIMIT $1
      """, Int64(limit), row: Self.payout)
  }

  func pendingPayouts(limit: Int) throws -> PendingPayouts {
    let (count, msat) =
      try db.pointee.first(
        "SELECT count(*), coalesce(sum(msat + max_fee_msat), 0)::bigint FROM payout WHERE state = 'pending'"
      ) { (try $0.int64(0), try $0.msat(1)) } ?? (0, .zero)
    let oldest = try db.pointee.query(
      "SELECT \(Self.payoutColumns) FROM payout WHERE state = 'pending' ORDER BY asked_at LIMIT $1", Int64(limit),
      row: Self.payout)
    return PendingPayouts(count: Int(count), setAside: msat, oldest: oldest)
  }

  func orderPayout(_ paymentHash: PaymentHash, _ order: PayoutRecord.Order) throws -> Bool {
    try db.pointee.execute(
      """
      UPDATE payout SET ordered_at = $2, ordered_of = $3
       WHERE payment_hash = $1 AND state = 'pending' AND ordered_at IS NULL
      """, paymentHash.bytes.array, order.at.timestamp, order.node) == 1
  }

  func takeBackOrder(_ paymentHash: PaymentHash, _ order: PayoutRecord.Order) throws {
    try db.pointee.execute(
      """
      UPDATE payout SET ordered_at = NULL, ordered_of = NULL
       WHERE payment_hash = $1 AND state = 'pending' AND ordered_at = $2 AND ordered_of = $3
      """, paymentHash.bytes.array, order.at.timestamp, order.node)
  }

  func finishPayout(_ paymentHash: PaymentHash, _ state: PayoutState, at now: Instant) throws -> Bool {
    let hash = paymentHash.bytes.array
    switch state {
    case .pending:
      return false
    case .paid(let preimage, let fee):
      return try db.pointee.execute(
        """
        UPDATE payout SET state = 'paid', fee_msat = $2, preimage = $3, finished_at = $4
         WHERE payment_hash = $1 AND state = 'pending'
        """, hash, fee.count, preimage.bytes.array, now.timestamp) == 1
    case .failed(let reason):
      return try db.pointee.execute(
        """
        UPDATE payout SET state = 'failed', reason = $2, finished_at = $3
         WHERE payment_hash = $1 AND state = 'pending'
        """, hash, reason, now.timestamp) == 1
    }
  }

  func payoutLevel(since moment: Instant, of lease: LeaseID) throws -> PayoutLevel {
    // One asker at a time; the number is this bound's own.
    try db.pointee.execute("SELECT pg_advisory_xact_lock(7306001)")
    let (out, outOfLease) =
      try db.pointee.first(
        """
        SELECT coalesce(sum(msat + coalesce(fee_msat, max_fee_msat)), 0)::bigint,
               coalesce(sum(msat + coalesce(fee_msat, max_fee_msat)) FILTER (WHERE lease = $2), 0)::bigint
          FROM payout WHERE asked_at > $1 AND state <> 'failed'
        """, moment.timestamp, lease.uuid
      ) { (try $0.msat(0), try $0.msat(1)) } ?? (.zero, .zero)
    let (pending, pendingOfLease) =
      try db.pointee.first(
        "SELECT count(*), count(*) FILTER (WHERE lease = $1) FROM payout WHERE state = 'pending'", lease.uuid
      ) { (try $0.int64(0), try $0.int64(1)) } ?? (0, 0)
    return PayoutLevel(
      out: out, outOfLease: outOfLease, pending: Int(pending), pendingOfLease: Int(pendingOfLease))
  }

  func received(since moment: Instant, of lease: LeaseID?) throws -> Millisatoshi {
    if let lease {
      return try db.pointee.first(
        "SELECT coalesce(sum(received_msat), 0)::bigint FROM payment WHERE booked_at > $1 AND lease = $2",
        moment.timestamp, lease.uuid
      ) { try $0.msat(0) } ?? .zero
    }
    return try db.pointee.first(
      "SELECT coalesce(sum(received_msat), 0)::bigint FROM payment WHERE booked_at > $1", moment.timestamp
    ) { try $0.msat(0) } ?? .zero
  }
}
