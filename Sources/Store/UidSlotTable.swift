import Engine
import Postgres

/// Which 65,536 uids of a host a lease owns: a free list, and how far slots were ever given out.
extension PostgresTransaction {
  /// So many at once are added to the free list when it is empty: the host's row is locked that seldom.
  private static let growth = 64

  func beginSlots(of host: String) throws {
    try db.pointee.execute(
      "INSERT INTO uid_range (host, next_slot) VALUES ($1, 0) ON CONFLICT (host) DO NOTHING", host)
  }

  /// The lowest free ones, taken off the list; a list that another transaction is taking from is passed over, row by
  /// row. Fewer than `count` where the host's uids end.
  ///
  /// - Parameter base: the first uid of slot 0.
  func takeSlots(_ count: Int, of host: String, from base: Int64) throws -> [Int32] {
    var slots = try takeFreeSlots(count, of: host)
    guard slots.count < count else { return slots }
    // 32 bits of uids, the last of which is nobody's.
    let end = Int32(clamping: max(0, (Int64(UInt32.max) - base) / 65_536))
    // Pools first, as everywhere. Whoever waits here for another looks again at the list: it has grown meanwhile.
    try db.pointee.execute("SELECT FROM pool WHERE host = $1 ORDER BY id FOR UPDATE", host)
    let next =
      try db.pointee.first("SELECT next_slot FROM uid_range WHERE host = $1 FOR UPDATE", host) { try $0.int32(0) }
    guard let next else { throw StoreError(.invariant, "a host has a range of uids") }
    slots += try takeFreeSlots(count - slots.count, of: host)
    let wanted = Int32(count - slots.count)
    guard wanted > 0, next < end else { return slots.sorted() }
    let given = min(wanted, end - next)
    let grown = min(max(wanted, Int32(Self.growth)), end - next)
    try db.pointee.execute(
      """
      WITH spare AS (INSERT INTO uid_slot_free (host, slot) SELECT $1, generate_series($2::integer, $3::integer - 1))
      UPDATE uid_range SET next_slot = $3 WHERE host = $1
      """, host, next + given, next + grown)
    return (slots + (next..<next + given)).sorted()
  }

  private func takeFreeSlots(_ count: Int, of host: String) throws -> [Int32] {
    guard count > 0 else { return [] }
    return try db.pointee.query(
      """
      WITH lowest AS (SELECT slot FROM uid_slot_free WHERE host = $1 ORDER BY slot LIMIT $2 FOR UPDATE SKIP LOCKED)
      DELETE FROM uid_slot_free f USING lowest WHERE f.host = $1 AND f.slot = lowest.slot RETURNING f.slot
      """, host, Int64(count)
    ) { try $0.int32(0) }.sorted()
  }
}
