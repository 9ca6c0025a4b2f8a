import Engine
import L402
import Ledger
import Macaroons
import Postgres
import Units

extension PostgresTransaction {
  static func contact(_ row: borrowing Row, from column: Int = 0) throws -> ContactRecord {
    ContactRecord(
      token: try row.token(column), lease: try row.lease(column + 1), channel: try row.word(column + 2, "a channel"),
      sealed: try row.bytes(column + 3), site: try row.bytes(column + 4),
      codeHash: row.isNull(column + 5) ? nil : Bytes32(try row.bytes(column + 5)),
      createdAt: try row.instant(column + 6), confirmedAt: try row.optionalInstant(column + 7),
      wantsInvoice: try row.bool(column + 10), deliveredAt: try row.optionalInstant(column + 8),
      failingSince: try row.optionalInstant(column + 9))
  }

  static let contactColumns = """
    c.token, c.lease, c.channel, c.sealed, c.site, c.code_hash, c.created_at, c.confirmed_at, c.delivered_at,
    c.failing_since, c.wants_invoice
    """

  func insertContact(_ contact: ContactRecord) throws {
    try db.pointee.execute(
      """
      INSERT INTO contact (token, lease, channel, sealed, site, code_hash, created_at, confirmed_at, wants_invoice)
      VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
      """, contact.token.bytes.array, contact.lease.uuid, contact.channel.rawValue, contact.sealed, contact.site,
      contact.codeHash?.array, contact.createdAt.timestamp, contact.confirmedAt?.timestamp,
      contact.wantsInvoice)
  }

  func setContact(_ token: TokenID, wantsInvoice: Bool) throws {
    try db.pointee.execute("UPDATE contact SET wants_invoice = $2 WHERE token = $1", token.bytes.array, wantsInvoice)
  }

  func contacts(of lease: LeaseID) throws -> [ContactRecord] {
    try db.pointee.query(
      "SELECT \(Self.contactColumns) FROM contact c WHERE c.lease = $1 ORDER BY c.created_at, c.token", lease.uuid
    ) { try Self.contact($0) }
  }

  func removeContact(_ token: TokenID) throws -> Bool {
    try db.pointee.execute("DELETE FROM contact WHERE token = $1", token.bytes.array) == 1
  }

  func contact(codeHash: Bytes32) throws -> ContactRecord? {
    try db.pointee.first(
      "SELECT \(Self.contactColumns) FROM contact c WHERE c.code_hash = $1", codeHash.array
    ) { try Self.contact($0) }
  }

  func confirmContact(_ token: TokenID, at now: Instant) throws {
    try db.pointee.execute(
      "UPDATE contact SET confirmed_at = $2 WHERE token = $1 AND confirmed_at IS NULL", token.bytes.array,
      now.timestamp)
  }

  func questions(
    to address: Bytes32, of lease: LeaseID, since: Instant
  ) throws -> (address: Int, lease: Int) {
    try db.pointee.first(
      """
      SELECT (SELECT count(*) FROM contact_question WHERE address = $1 AND asked_at > $3),
             (SELECT count(*) FROM contact_question WHERE lease = $2 AND asked_at > $3)
      """, address.array, lease.uuid, since.timestamp
    ) { (try $0.int(0), try $0.int(1)) } ?? (0, 0)
  }

  func noteQuestion(to address: Bytes32, of lease: LeaseID, at now: Instant) throws {
    try db.pointee.execute(
      "INSERT INTO contact_question (address, lease, asked_at) VALUES ($1, $2, $3)", address.array, lease.uuid,
      now.timestamp)
  }

  /// Of leases that close in this transaction; what was on its way there goes with them.
  func dropContacts(of leases: [LeaseID]) throws {
    try db.pointee.execute("DELETE FROM contact WHERE lease = ANY ($1)", leases.map(\.uuid))
  }
}
