import Engine
import L402
import Ledger
import Postgres

extension PostgresStore {
  private static let snapshotOfLease = snapshot("NULL::text FROM lease l", where: "l.id = $4")
  private static let snapshotOfKey = snapshot(
    "i.body_hash FROM idempotency i JOIN lease l ON l.id = i.lease", where: "i.scope = $4 AND i.key = $5")

  private static func snapshot(_ subject: String, where condition: String) -> String {
    """
    SELECT \(PostgresTransaction.recordSelection),
           \(PostgresTransaction.invoiceColumns(of: "presented")),
           \(PostgresTransaction.invoiceColumns(of: "open")), t.id, \(subject)
      \(PostgresTransaction.recordJoins)
      LEFT JOIN invoice presented ON presented.payment_hash = $1
      LEFT JOIN invoice open ON open.lease = l.id AND open.slot = $2 AND open.state = 'open'
      LEFT JOIN LATERAL (
        SELECT c.id FROM credential_token c
         WHERE c.payment_hash = open.payment_hash AND c.parent IS NOT DISTINCT FROM $3 AND c.revoked_at IS NULL
         ORDER BY c.created_at DESC, c.id LIMIT 1) t ON true
     WHERE \(condition)
    """
  }

  /// One statement on the shared connections of readers: neither a transaction nor a connection of its own.
  public func snapshot(_ question: SnapshotQuestion) async throws -> LeaseSnapshot? {
    var values = Parameters()
    values.append(question.paymentHash?.bytes.array)
    values.append(question.slot.description)
    values.append(question.parent?.bytes.array)
    let sql: String
    switch question.subject {
    case .lease(let id):
      values.append(id.uuid)
      sql = Self.snapshotOfLease
    case .key(let scope, let key):
      values.append(scope)
      values.append(key)
      sql = Self.snapshotOfKey
    }
    do {
      return try await pool.read(sql, values) { row in
        let own = PostgresTransaction.recordColumnCount
        let open = own + PostgresTransaction.invoiceColumnCount
        let token = open + PostgresTransaction.invoiceColumnCount
        return LeaseSnapshot(
          record: try PostgresTransaction.record(row),
          presented: row.isNull(own) ? nil : try PostgresTransaction.invoice(row, from: own),
          open: row.isNull(open) ? nil : try PostgresTransaction.invoice(row, from: open),
          token: row.isNull(token) ? nil : try row.token(token), bodyHash: try row[token + 1])
      }.first
    } catch let error as PostgresError {
      throw StoreError(error)
    }
  }
}
