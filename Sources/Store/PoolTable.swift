import Engine
import Leasing
import Ledger
import Postgres
import Units

/// A pool as it stands, its row locked.
struct LockedPool {
  var id: Int32
  var host: String
  var dimension: String
  var capacity: Int64
  var used: Int64
  var unpaid: Int64
  var uidBase: Int64

  /// Whether so much more fits; as an unpaid hold, also whether the holds stay within their share. The first hold may
  /// always be: a share of one disk is no disk.
  func fits(_ need: Int64, unpaidShare: Double?) -> Bool {
    guard need <= capacity - used else { return false }
    guard let unpaidShare, unpaid > 0, need > 0 else { return true }
    return Double(unpaid + need) <= unpaidShare * Double(capacity)
  }
}

extension Resources {
  func need(_ dimension: String) -> Int64 {
    switch dimension {
    case "disk": disk.count
    case "cpu": cpuMillis
    case "memory": memory.count
    default: pids
    }
  }
}

extension PostgresTransaction {
  func setHosts(_ hosts: [HostCapacity]) throws {
    for host in hosts {
      for dimension in ["disk", "cpu", "memory", "pids"] {
        try db.pointee.execute(
          """
          INSERT INTO pool (host, kind, dimension, configured, capacity, uid_base) VALUES ($1, $2, $3, $4, $4, $5)
          ON CONFLICT (host, kind, dimension) DO UPDATE
            SET configured = excluded.configured, capacity = greatest(excluded.configured, pool.used),
                uid_base = CASE WHEN EXISTS (SELECT FROM allocation a WHERE a.host = pool.host)
                                THEN pool.uid_base ELSE excluded.uid_base END
          """, host.host, host.kind.rawValue, dimension, host.limit.need(dimension), Int64(host.uidBase))
      }
    }
  }

  func lockPools(kind: Kind, host: String?) throws -> [String: [LockedPool]] {
    // Those of the other kind too: uid slots are the host's.
    let pools = try db.pointee.query(
      """
      SELECT id, host, dimension, capacity, used, unpaid, uid_base, kind FROM pool
       WHERE $1::text IS NULL OR host = $1
       ORDER BY id FOR UPDATE
      """, host
    ) {
      (
        kind: try $0.string(7),
        pool: LockedPool(
          id: try $0.int32(0), host: try $0.string(1), dimension: try $0.string(2), capacity: try $0.int64(3),
          used: try $0.int64(4), unpaid: try $0.int64(5), uidBase: try $0.int64(6))
      )
    }
    return Dictionary(grouping: pools.filter { $0.kind == kind.rawValue }.map(\.pool), by: \.host)
  }

  func allocate(
    _ needs: Resources, for lease: LeaseID, kind: Kind, asUnpaidHold unpaidShare: Double?, pinned host: String?
  ) throws -> Placement? {
    let hosts = try lockPools(kind: kind, host: host)
    // Best fit: the host whose scarcest dimension is left with the least.
    let fitting = hosts.values.filter { $0.allSatisfy { $0.fits(needs.need($0.dimension), unpaidShare: unpaidShare) } }
    func tightness(_ pools: [LockedPool]) -> Double {
      pools.map { pool in
        pool.capacity == 0 ? 1 : Double(pool.capacity - pool.used - needs.need(pool.dimension)) / Double(pool.capacity)
      }.min() ?? 1
    }
    guard
      let chosen = fitting.min(by: {
        (tightness($0), $0.first?.host ?? "") < (tightness($1), $1.first?.host ?? "")
      }), let first = chosen.first
    else { return nil }
    // Pools of the host are locked, so nobody else is choosing a slot here.
    let slot =
      try db.pointee.first(
        """
        SELECT coalesce(min(s.slot), 0)::integer
          FROM (SELECT 0 AS slot UNION ALL SELECT slot + 1 FROM allocation WHERE host = $1) s
         WHERE NOT EXISTS (SELECT FROM allocation a WHERE a.host = $1 AND a.slot = s.slot)
        """, first.host
      ) { try $0.int32(0) } ?? 0
    guard let uidBase = UInt32(exactly: first.uidBase + 65_536 * Int64(slot)) else { return nil }
    try take(needs, from: chosen, unpaid: unpaidShare != nil)
    let row = Allocation(
      lease: lease, host: first.host, kind: kind, slot: slot, needs: needs, unpaid: unpaidShare != nil)
    // A quote's capacity is taken before its row is there: it goes in with it.
    if try lockLease(lease) == nil {
      pendingAllocations[lease] = row
    } else {
      try insert(row)
    }
    return Placement(host: first.host, uidBase: uidBase)
  }

  func take(_ needs: Resources, from pools: [LockedPool], unpaid: Bool) throws {
    let taken = pools.map { needs.need($0.dimension) }
    try db.pointee.execute(
      """
      UPDATE pool SET used = used + n.taken, unpaid = unpaid + n.held
        FROM unnest($1::integer[], $2::bigint[], $3::bigint[]) AS n (id, taken, held) WHERE pool.id = n.id
      """, pools.map(\.id), taken, unpaid ? taken : taken.map { _ in 0 })
  }

  struct Allocation {
    var lease: LeaseID
    var host: String
    var kind: Kind
    var slot: Int32
    var needs: Resources
    var unpaid: Bool
  }

  private func insert(_ row: Allocation) throws {
    try db.pointee.execute(
      """
      INSERT INTO allocation (lease, host, kind, slot, disk, cpu, memory, pids, unpaid)
      VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
      """, row.lease.uuid, row.host, row.kind.rawValue, row.slot, row.needs.disk.count, row.needs.cpuMillis,
      row.needs.memory.count, row.needs.pids, row.unpaid)
  }

  func insertPendingAllocation(of lease: LeaseID) throws {
    if let row = pendingAllocations.removeValue(forKey: lease) { try insert(row) }
  }

  func reallocate(_ lease: LeaseID, to needs: Resources) throws -> Bool {
    guard
      let held = try db.pointee.first(
        "SELECT host, kind, disk, cpu, memory, pids FROM allocation WHERE lease = $1 FOR UPDATE", lease.uuid,
        row: {
          (
            host: try $0.string(0), kind: try $0.string(1),
            needs: Resources(
              disk: ByteCount(try $0.int64(2)), cpuMillis: try $0.int64(3), memory: ByteCount(try $0.int64(4)),
              pids: try $0.int64(5))
          )
        }), let kind = Kind(rawValue: held.kind)
    else { return false }
    let pools = try lockPools(kind: kind, host: held.host)[held.host] ?? []
    let fits = pools.allSatisfy { $0.fits(needs.need($0.dimension) - held.needs.need($0.dimension), unpaidShare: nil) }
    guard fits else { return false }
    let more = pools.map { needs.need($0.dimension) - held.needs.need($0.dimension) }
    try db.pointee.execute(
      """
      UPDATE pool SET used = used + n.more FROM unnest($1::integer[], $2::bigint[]) AS n (id, more)
       WHERE pool.id = n.id
      """, pools.map(\.id), more)
    try db.pointee.execute(
      "UPDATE allocation SET disk = $2, cpu = $3, memory = $4, pids = $5 WHERE lease = $1", lease.uuid,
      needs.disk.count, needs.cpuMillis, needs.memory.count, needs.pids)
    return true
  }

  func confirmAllocation(_ lease: LeaseID) throws {
    try lockPools(of: [lease])
    try db.pointee.execute(
      """
      UPDATE pool SET unpaid = pool.unpaid - CASE dimension WHEN 'disk' THEN a.disk WHEN 'cpu' THEN a.cpu
                                                       WHEN 'memory' THEN a.memory ELSE a.pids END
        FROM allocation a WHERE a.lease = $1 AND a.unpaid AND a.host = pool.host AND a.kind = pool.kind
      """, lease.uuid)
    try db.pointee.execute("UPDATE allocation SET unpaid = false WHERE lease = $1", lease.uuid)
  }

  func freeAllocations(of leases: [LeaseID]) throws {
    try lockPools(of: leases)
    try releaseHolds(of: leases)
    try db.pointee.execute(
      """
      WITH gone AS (DELETE FROM allocation WHERE lease = ANY ($1) RETURNING *),
      sums AS (
        SELECT host, kind, sum(disk) AS disk, sum(cpu) AS cpu, sum(memory) AS memory, sum(pids) AS pids,
               coalesce(sum(disk) FILTER (WHERE unpaid), 0) AS unpaid_disk,
               coalesce(sum(cpu) FILTER (WHERE unpaid), 0) AS unpaid_cpu,
               coalesce(sum(memory) FILTER (WHERE unpaid), 0) AS unpaid_memory,
               coalesce(sum(pids) FILTER (WHERE unpaid), 0) AS unpaid_pids
          FROM gone GROUP BY host, kind)
      UPDATE pool
         SET used = used - CASE dimension WHEN 'disk' THEN s.disk WHEN 'cpu' THEN s.cpu
                                          WHEN 'memory' THEN s.memory ELSE s.pids END,
             unpaid = unpaid - CASE dimension WHEN 'disk' THEN s.unpaid_disk WHEN 'cpu' THEN s.unpaid_cpu
                                              WHEN 'memory' THEN s.unpaid_memory ELSE s.unpaid_pids END,
             capacity = greatest(configured, used - CASE dimension WHEN 'disk' THEN s.disk WHEN 'cpu' THEN s.cpu
                                                    WHEN 'memory' THEN s.memory ELSE s.pids END)
        FROM sums s WHERE s.host = pool.host AND s.kind = pool.kind
      """, leases.map(\.uuid))
  }

  /// Leases by id first, then pools by id: one order everywhere.
  func lockPools(of leases: [LeaseID]) throws {
    try db.pointee.execute(
      """
      SELECT FROM pool WHERE (host, kind) IN (SELECT host, kind FROM allocation WHERE lease = ANY ($1))
       ORDER BY id FOR UPDATE
      """, leases.map(\.uuid))
  }

  func placement(of lease: LeaseID) throws -> Placement? {
    try db.pointee.first(
      """
      SELECT a.host, p.uid_base + 65536::bigint * a.slot
        FROM allocation a JOIN pool p ON p.host = a.host AND p.kind = a.kind
       WHERE a.lease = $1 LIMIT 1
      """, lease.uuid
    ) { Placement(host: try $0.string(0), uidBase: try $0.uid(1)) }
  }

  func available(_ needs: Resources, kind: Kind) throws -> Int64 {
    let pools = try db.pointee.query(
      "SELECT host, dimension, capacity - used FROM pool WHERE kind = $1", kind.rawValue
    ) { (host: try $0.string(0), dimension: try $0.string(1), left: try $0.int64(2)) }
    return Dictionary(grouping: pools, by: \.host).values.reduce(0) { sum, pools in
      let counts = pools.compactMap { pool -> Int64? in
        let need = needs.need(pool.dimension)
        return need > 0 ? max(0, pool.left) / need : nil
      }
      return sum + (counts.min() ?? 0)
    }
  }

  func unpaidHolds(of client: String) throws -> Int {
    // Of many requests at once only so many hold something; a count alone would let all of them.
    try db.pointee.execute(
      "SELECT pg_advisory_xact_lock(hashtextextended('leasehold.holds ' || $1, 0))", client)
    return try db.pointee.first(
      """
      SELECT count(*) FROM quote_client q JOIN allocation a ON a.lease = q.lease
       WHERE q.client = $1 AND a.unpaid
      """, client
    ) { try $0.int(0) } ?? 0
  }

  func pools() throws -> [PoolLevel] {
    try db.pointee.query(
      "SELECT host, kind, dimension, used, capacity FROM pool WHERE capacity > 0 ORDER BY host, kind, dimension"
    ) {
      guard let kind = Kind(rawValue: try $0.string(1)) else { throw StoreError(.invariant, "a pool has no kind") }
      return PoolLevel(
        host: try $0.string(0), kind: kind, dimension: try $0.string(2), used: try $0.int64(3), limit: try $0.int64(4))
    }
  }
}
