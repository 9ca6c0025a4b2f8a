import Engine
import L402
import Ledger
import Postgres
import Units

extension PostgresTransaction {
  private static let attachmentColumns =
    "a.container, a.disk, a.token, a.read_only, a.valid_until, a.attached_at, a.ending, a.ended_at"

  private static func attachment(_ row: borrowing Row) throws -> AttachmentRecord {
    var ending: AttachmentRecord.Ending?
    if !row.isNull(6) {
      guard let known = AttachmentRecord.Ending(rawValue: try row.string(6)) else {
        throw StoreError(.invariant, "an attachment ends for a known reason")
      }
      ending = known
    }
    return AttachmentRecord(
      container: try row.lease(0), disk: try row.lease(1), token: try row.token(2), isReadOnly: try row.bool(3),
      validUntil: try row.optionalInstant(4), attachedAt: try row.instant(5), ending: ending,
      endedAt: try row.optionalInstant(7))
  }

  func insertAttachment(_ attachment: AttachmentRecord) throws {
    var batch = Batch()
    Self.addAttachment(attachment, to: &batch)
    try db.pointee.run(batch)
  }

  static func addAttachment(_ attachment: AttachmentRecord, to batch: inout Batch) {
    batch.add(
      """
      INSERT INTO attachment (container, disk, token, read_only, valid_until, attached_at)
      VALUES ($1, $2, $3, $4, $5, $6)
      """, attachment.container.uuid, attachment.disk.uuid, attachment.token.bytes.array, attachment.isReadOnly,
      attachment.validUntil?.timestamp, attachment.attachedAt.timestamp)
  }

  func attachment(in container: LeaseID) throws -> AttachmentSnapshot? {
    try snapshots("a.container = $1", container.uuid).first
  }

  func attachments(of lease: LeaseID, limit: Int) throws -> [AttachmentSnapshot] {
    try snapshots("a.container = $1 OR a.disk = $1", lease.uuid, limit: limit)
  }

  func openAttachments(of disk: LeaseID?) throws -> [AttachmentSnapshot] {
    try snapshots("a.ended_at IS NULL AND ($1::uuid IS NULL OR a.disk = $1)", disk?.uuid)
  }

  private func snapshots(
    _ condition: String, _ lease: UUIDBytes?, limit: Int = 100_000
  ) throws -> [AttachmentSnapshot] {
    let found = try db.pointee.query(
      """
      SELECT \(Self.attachmentColumns), coalesce(t.revoked_at IS NOT NULL, false)
        FROM attachment a LEFT JOIN credential_token t ON t.id = a.token
       WHERE \(condition) ORDER BY a.attached_at DESC, a.container LIMIT $2
      """, lease, Int64(limit)
    ) { (try Self.attachment($0), try $0.bool(8)) }
    return try found.map { attachment, isRevoked in
      AttachmentSnapshot(
        attachment: attachment, isRevoked: isRevoked, disk: try self.lease(attachment.disk),
        container: try self.lease(attachment.container))
    }
  }

  func endAttachment(of container: LeaseID, _ ending: AttachmentRecord.Ending, at now: Instant?) throws {
    try db.pointee.execute(
      """
      UPDATE attachment SET ending = coalesce(ending, $2), ended_at = coalesce(ended_at, $3::timestamptz)
       WHERE container = $1
      """, container.uuid, ending.rawValue, now?.timestamp)
    try notify([.event(container)])
  }
}
