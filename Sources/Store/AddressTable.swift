import Engine
import L402
import Leasing
import Ledger
import Macaroons
import Postgres

extension PostgresTransaction {
  private static func address(_ row: borrowing Row) throws -> LeaseAddress {
    guard let kind = Kind(rawValue: try row.string(2)) else { throw StoreError(.invariant, "a lease has no kind") }
    guard let capabilities = Capabilities(list: try row.string(4)) else {
      throw StoreError(.invariant, "an address has capabilities that are known")
    }
    return LeaseAddress(
      token: try row.token(0), lease: try row.lease(1), kind: kind, paymentHash: try row.paymentHash(3),
      capabilities: capabilities, path: row.isNull(5) ? nil : try row.string(5),
      soldAs: row.isNull(6) ? nil : try row.string(6), createdAt: try row.instant(7))
  }

  private static let addressColumns = """
    SELECT a.token, a.lease, l.kind, t.payment_hash, t.capabilities, a.path, l.sold_as, t.created_at
      FROM lease_address a JOIN credential_token t ON t.id = a.token JOIN lease l ON l.id = a.lease
    """

  func insertAddress(_ token: TokenID, hash: Bytes32, path: String?, of lease: LeaseID) throws {
    try db.pointee.execute(
      """
      WITH gone AS (
        DELETE FROM lease_address a USING credential_token t
         WHERE a.lease = $3 AND t.id = a.token AND t.revoked_at IS NOT NULL)
      INSERT INTO lease_address (hash, token, lease, path) VALUES ($1, $2, $3, $4)
      """, hash.array, token.bytes.array, lease.uuid, path)
  }

  func address(hash: Bytes32) throws -> LeaseAddress? {
    try db.pointee.first(
      "\(Self.addressColumns) WHERE a.hash = $1 AND t.revoked_at IS NULL", hash.array, row: Self.address)
  }

  func addresses(of lease: LeaseID) throws -> [LeaseAddress] {
    try db.pointee.query(
      """
      \(Self.addressColumns) WHERE a.lease = $1 AND t.revoked_at IS NULL AND t.minted_for = 'address'
       ORDER BY t.created_at, a.token
      """, lease.uuid, row: Self.address)
  }

  /// Of leases that close in this transaction.
  func dropAddresses(of leases: [LeaseID]) throws {
    try db.pointee.execute("DELETE FROM lease_address WHERE lease = ANY ($1)", leases.map(\.uuid))
  }
}
