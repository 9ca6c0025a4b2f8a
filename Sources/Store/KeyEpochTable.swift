import Engine
import L402
import Macaroons
import Postgres
import Units

extension PostgresTransaction {
  private static func keyEpoch(_ row: borrowing Row) throws -> KeyEpoch {
    guard let epoch = UInt16(exactly: try row.int32(0)), let fingerprint = Bytes32(try row.bytes(1)) else {
      throw StoreError(.invariant, "an epoch has 16 bits and its fingerprint 32 bytes")
    }
    return KeyEpoch(
      epoch: epoch, fingerprint: fingerprint, createdAt: try row.instant(2), mintsFrom: try row.instant(3),
      retiredAt: try row.optionalInstant(4))
  }

  func keyEpochs() throws -> [KeyEpoch] {
    try db.pointee.query(
      "SELECT epoch, fingerprint, created_at, mints_from, retired_at FROM key_epoch ORDER BY epoch",
      row: Self.keyEpoch)
  }

  func lockKeyEpochs() throws -> [KeyEpoch] {
    // There may be no row to lock yet.
    try db.pointee.execute("SELECT pg_advisory_xact_lock(hashtextextended('leasehold.keys', 0))")
    return try keyEpochs()
  }

  func insertKeyEpoch(_ key: KeyEpoch) throws {
    try db.pointee.execute(
      "INSERT INTO key_epoch (epoch, fingerprint, created_at, mints_from) VALUES ($1, $2, $3, $4)",
      Int32(key.epoch), key.fingerprint.array, key.createdAt.timestamp, key.mintsFrom.timestamp)
    try notify([.keys])
  }

  func retireKeyEpoch(_ epoch: UInt16, at now: Instant) throws {
    try db.pointee.execute(
      "UPDATE key_epoch SET retired_at = $2 WHERE epoch = $1 AND retired_at IS NULL", Int32(epoch), now.timestamp)
    try notify([.keys])
  }

  func credentialsByEpoch() throws -> [UInt16: Int64] {
    try readsWholeTables()
    let counts = try db.pointee.query(
      """
      SELECT get_byte(t.id, 0) * 256 + get_byte(t.id, 1) AS epoch, count(*)
        FROM credential_token t JOIN lease l ON l.id = t.lease
       WHERE t.revoked_at IS NULL AND l.state <> 'closed'
       GROUP BY 1
      """
    ) { (UInt16(truncatingIfNeeded: try $0.int32(0)), try $0.int64(1)) }
    return Dictionary(counts) { $0 + $1 }
  }
}
