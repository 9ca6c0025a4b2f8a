import Engine
import L402
import Ledger
import Postgres
import Units

extension PostgresTransaction {
  private static let tokenColumns = "id, lease, parent, payment_hash, capabilities, created_at, revoked_at, minted_for"

  private static func token(_ row: borrowing Row) throws -> TokenRecord {
    TokenRecord(
      id: try row.token(0), lease: try row.lease(1), parent: row.isNull(2) ? nil : try row.token(2),
      paymentHash: try row.paymentHash(3), capabilities: try row.string(4), createdAt: try row.instant(5),
      revokedAt: try row.optionalInstant(6), mintedFor: try purpose(row.string(7)))
  }

  private static func purpose(_ word: String) throws -> TokenRecord.Purpose {
    guard let purpose = TokenRecord.Purpose(rawValue: word) else {
      throw StoreError(.invariant, "a credential is minted for something known")
    }
    return purpose
  }

  func insertToken(_ token: TokenRecord) throws {
    try db.pointee.execute(
      """
      INSERT INTO credential_token (id, lease, parent, payment_hash, capabilities, created_at, minted_for)
      VALUES ($1, $2, $3, $4, $5, $6, $7)
      """, token.id.bytes.array, token.lease.uuid, token.parent?.bytes.array, token.paymentHash.bytes.array,
      token.capabilities, token.createdAt.timestamp, token.mintedFor.rawValue)
  }

  func token(_ id: TokenID) throws -> TokenRecord? {
    try db.pointee.first(
      "SELECT \(Self.tokenColumns) FROM credential_token WHERE id = $1", id.bytes.array, row: Self.token)
  }

  func tokens(of lease: LeaseID) throws -> [TokenRecord] {
    try db.pointee.query(
      "SELECT \(Self.tokenColumns) FROM credential_token WHERE lease = $1 ORDER BY created_at, id", lease.uuid,
      row: Self.token)
  }

  func revoke(_ id: TokenID, at now: Instant) throws -> [TokenID] {
    let revoked = try db.pointee.query(
      """
      WITH RECURSIVE line AS (
        SELECT id FROM credential_token WHERE id = $1
        UNION SELECT t.id FROM credential_token t JOIN line ON t.parent = line.id)
      UPDATE credential_token t SET revoked_at = $2 FROM line
       WHERE t.id = line.id AND t.revoked_at IS NULL
      RETURNING t.id
      """, id.bytes.array, now.timestamp
    ) { try $0.token(0) }
    try notify(revoked.map { .revoked($0) })
    return revoked
  }

  func revokeAll(of lease: LeaseID, except kept: TokenID?, at now: Instant) throws -> [TokenID] {
    let revoked = try db.pointee.query(
      """
      UPDATE credential_token SET revoked_at = $3
       WHERE lease = $1 AND revoked_at IS NULL AND ($2::bytea IS NULL OR id <> $2 AND minted_for <> 'contact')
      RETURNING id
      """, lease.uuid, kept?.bytes.array, now.timestamp
    ) { try $0.token(0) }
    try notify(revoked.map { .revoked($0) })
    return revoked
  }

  func token(for paymentHash: PaymentHash, from parent: TokenID?) throws -> TokenID? {
    try db.pointee.first(
      """
      SELECT id FROM credential_token
       WHERE payment_hash = $1 AND parent IS NOT DISTINCT FROM $2 AND revoked_at IS NULL
       ORDER BY created_at DESC, id LIMIT 1
      """, paymentHash.bytes.array, parent?.bytes.array
    ) { try $0.token(0) }
  }

  func swapped(from parent: TokenID, epoch: UInt16) throws -> TokenID? {
    try db.pointee.first(
      """
      SELECT id FROM credential_token
       WHERE parent = $1 AND minted_for = 'swap' AND revoked_at IS NULL AND substring(id FOR 2) = $2
       ORDER BY created_at DESC, id LIMIT 1
      """, parent.bytes.array, [UInt8(truncatingIfNeeded: epoch >> 8), UInt8(truncatingIfNeeded: epoch)]
    ) { try $0.token(0) }
  }

  func tokenCount(of lease: LeaseID, for purpose: TokenRecord.Purpose, from parent: TokenID?) throws -> Int {
    try db.pointee.first(
      """
      SELECT count(*) FROM credential_token
       WHERE lease = $1 AND minted_for = $2 AND revoked_at IS NULL AND ($3::bytea IS NULL OR parent = $3)
      """, lease.uuid, purpose.rawValue, parent?.bytes.array
    ) { try $0.int(0) } ?? 0
  }

  func revokedTokens() throws -> [TokenID] {
    try db.pointee.query("SELECT id FROM credential_token WHERE revoked_at IS NOT NULL") { try $0.token(0) }
  }
}
