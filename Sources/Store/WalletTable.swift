import Engine
import L402
import Leasing
import Ledger
import Postgres
import Units

extension PostgresTransaction {
  func setWalletGrant(_ grant: WalletGrant) throws {
    try db.pointee.execute(
      """
      INSERT INTO wallet_grant (lease, sealed, budget_msat, span_seconds, total_msat, created_at)
      VALUES ($1, $2, $3, $4, $5, $6)
      ON CONFLICT (lease) DO UPDATE
        SET sealed = excluded.sealed, budget_msat = excluded.budget_msat, span_seconds = excluded.span_seconds,
            total_msat = excluded.total_msat, created_at = excluded.created_at
      """, grant.lease.uuid, grant.sealed, grant.budget.amount.count, grant.budget.every.count,
      grant.budget.total?.count, grant.createdAt.timestamp)
  }

  func walletGrant(of lease: LeaseID) throws -> WalletGrant? {
    try db.pointee.first(
      """
      SELECT lease, sealed, budget_msat, span_seconds, total_msat, created_at FROM wallet_grant WHERE lease = $1
      """, lease.uuid
    ) { try Self.grant($0) }
  }

  private static func grant(_ row: borrowing Row) throws -> WalletGrant {
    WalletGrant(
      lease: try row.lease(0), sealed: try row[1],
      budget: WalletBudget(
        try row.msat(2), every: Seconds(try row.int64(3)), total: row.isNull(4) ? nil : try row.msat(4)),
      createdAt: try row.instant(5))
  }

  func newestWalletGrants(limit: Int) throws -> [WalletGrant] {
    try db.pointee.query(
      """
      SELECT lease, sealed, budget_msat, span_seconds, total_msat, created_at FROM wallet_grant
       ORDER BY created_at DESC, lease LIMIT $1
      """, Int64(limit)
    ) { try Self.grant($0) }
  }

  func dropWalletGrant(of lease: LeaseID) throws { try dropWalletGrants(of: [lease]) }

  /// Of leases that close in this transaction, too.
  func dropWalletGrants(of leases: [LeaseID]) throws {
    try db.pointee.execute("DELETE FROM wallet_grant WHERE lease = ANY ($1)", leases.map(\.uuid))
  }

  func writeWalletPull(_ pull: WalletPull) throws {
    try db.pointee.execute(
      """
      INSERT INTO wallet_pull (payment_hash, lease, amount_msat, asked_at, counts_at, turn, requests)
      VALUES ($1, $2, $3, $4, $5, $6, $7)
      ON CONFLICT (payment_hash) DO UPDATE
        SET asked_at = excluded.asked_at, counts_at = excluded.counts_at, turn = excluded.turn,
            requests = wallet_pull.requests + 1, refused = NULL
      """, pull.paymentHash.bytes.array, pull.lease.uuid, pull.amount.count, pull.askedAt.timestamp,
      pull.countsAt.timestamp, pull.turn, Int32(clamping: pull.requests))
  }

  func lastWalletPull(of lease: LeaseID) throws -> WalletPull? {
    try db.pointee.first(
      """
      SELECT payment_hash, lease, amount_msat, asked_at, counts_at, turn, requests, refused FROM wallet_pull
       WHERE lease = $1 ORDER BY asked_at DESC, payment_hash LIMIT 1
      """, lease.uuid
    ) { row in
      WalletPull(
        paymentHash: try row.paymentHash(0), lease: try row.lease(1), amount: try row.msat(2),
        askedAt: try row.instant(3), countsAt: try row.instant(4), turn: try row.string(5),
        requests: Int(try row.int32(6)), refused: row.isNull(7) ? nil : try row.string(7))
    }
  }

  func refuseWalletPull(_ paymentHash: PaymentHash, because words: String) throws {
    try db.pointee.execute(
      "UPDATE wallet_pull SET refused = left($2, 300) WHERE payment_hash = $1", paymentHash.bytes.array, words)
  }

  func walletPulls(
    of lease: LeaseID, since moment: Instant, besides paymentHash: PaymentHash?
  ) throws -> [PulledAmount] {
    try db.pointee.query(
      """
      SELECT w.asked_at, w.counts_at, w.amount_msat FROM wallet_pull w
       WHERE w.lease = $1 AND w.asked_at > $2 AND w.payment_hash IS DISTINCT FROM $3
         AND (EXISTS (SELECT FROM payment p WHERE p.payment_hash = w.payment_hash OFFSET 0)
              OR w.refused IS NULL
                 AND EXISTS (SELECT FROM invoice i WHERE i.payment_hash = w.payment_hash
                                AND i.state IN ('open', 'replaced', 'accepted') OFFSET 0))
       ORDER BY w.asked_at
      """, lease.uuid, moment.timestamp, paymentHash?.bytes.array
    ) { PulledAmount(askedAt: try $0.instant(0), countsAt: try $0.instant(1), amount: try $0.msat(2)) }
  }
}
