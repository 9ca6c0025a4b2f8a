import Engine
import Leasing
import Ledger
import Postgres
import Units

extension PostgresTransaction {
  func setHosts(_ hosts: [HostCapacity]) throws {
    for host in hosts {
      try beginSlots(of: host.host)
      for dimension in Resources.Dimension.allCases {
        try db.pointee.execute(
          """
          INSERT INTO pool (host, kind, dimension, configured, capacity, uid_base) VALUES ($1, $2, $3, $4, $4, $5)
          ON CONFLICT (host, kind, dimension) DO UPDATE
            SET configured = excluded.configured, capacity = greatest(excluded.configured, pool.used),
                uid_base = CASE WHEN EXISTS (SELECT FROM allocation a WHERE a.host = pool.host)
                                THEN pool.uid_base ELSE excluded.uid_base END
          """, host.host, host.kind.rawValue, dimension.rawValue, host.limit.need(dimension), Int64(host.uidBase))
      }
    }
  }

  private static let poolColumns = "id, host, kind, dimension, capacity, used, unpaid, uid_base"

  static let capacitySelection = "SELECT \(poolColumns) FROM pool ORDER BY id"

  static func pool(_ row: borrowing Row) throws -> Capacity.Pool {
    Capacity.Pool(
      id: try row.int32(0), host: try row.string(1), kind: try row.word(2, "a pool's kind"),
      dimension: try row.word(3, "a pool's dimension"),
      capacity: try row.int64(4), used: try row.int64(5), unpaid: try row.int64(6), uidBase: try row.int64(7))
  }

  /// Pools as they stand, their rows locked: those of the other kind too, since uid slots are the host's.
  func lockPools(host: String?) throws -> Capacity {
    Capacity(
      try db.pointee.query(
        "SELECT \(Self.poolColumns) FROM pool WHERE $1::text IS NULL OR host = $1 ORDER BY id FOR UPDATE", host,
        row: Self.pool))
  }

  func allocate(
    _ needs: Resources, for lease: LeaseID, kind: Kind, asUnpaid unpaidShare: Double?, pinned host: String?
  ) throws -> Placement? {
    let before = try lockPools(host: host)
    var after = before
    guard let host = after.place(needs, kind: kind, asUnpaid: unpaidShare, pinned: host),
      let placement = try takePlaces(on: [host], of: before)[0]
    else { return nil }
    try take(needs, from: before.pools.filter { $0.host == host && $0.kind == kind }, unpaid: unpaidShare != nil)
    try db.pointee.execute(
      Self.insertionOfAllocations, [lease.uuid], [host], [kind.rawValue], [before.slot(of: placement)],
      [needs.disk.count], [needs.cpuMillis], [needs.memory.count], [needs.pids], [unpaidShare != nil])
    return placement
  }

  func take(_ needs: Resources, from pools: [Capacity.Pool], unpaid: Bool) throws {
    let taken = pools.map { needs.need($0.dimension) }
    try db.pointee.execute(
      """
      UPDATE pool SET used = used + n.taken, unpaid = unpaid + n.allocated
        FROM unnest($1::integer[], $2::bigint[], $3::bigint[]) AS n (id, taken, allocated) WHERE pool.id = n.id
      """, pools.map(\.id), taken, unpaid ? taken : taken.map { _ in 0 })
  }

  static let insertionOfAllocations = """
    INSERT INTO allocation (lease, host, kind, slot, disk, cpu, memory, pids, unpaid)
    SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::integer[], $5::bigint[], $6::bigint[], $7::bigint[],
                         $8::bigint[], $9::boolean[])
    """

  func reallocate(_ lease: LeaseID, to needs: Resources) throws -> Bool {
    guard
      let allocated = try db.pointee.first(
        "SELECT host, kind, disk, cpu, memory, pids FROM allocation WHERE lease = $1 FOR UPDATE", lease.uuid,
        row: {
          (
            host: try $0.string(0), kind: try $0.string(1),
            needs: Resources(
              disk: ByteCount(try $0.int64(2)), cpuMillis: try $0.int64(3), memory: ByteCount(try $0.int64(4)),
              pids: try $0.int64(5))
          )
        }), let kind = Kind(rawValue: allocated.kind)
    else { return false }
    let pools = try lockPools(host: allocated.host).pools.filter { $0.kind == kind }
    let fits = pools.allSatisfy {
      $0.fits(needs.need($0.dimension) - allocated.needs.need($0.dimension), unpaidShare: nil)
    }
    guard fits else { return false }
    let more = pools.map { needs.need($0.dimension) - allocated.needs.need($0.dimension) }
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
    try db.pointee.execute("DELETE FROM quote_client WHERE lease = $1", lease.uuid)
  }

  func freeAllocations(of leases: [LeaseID]) throws {
    try lockPools(of: leases)
    try returnReserves(of: leases)
    try db.pointee.execute(
      """
      WITH gone AS (DELETE FROM allocation WHERE lease = ANY ($1) RETURNING *),
      sums AS (
        SELECT host, kind, sum(disk) AS disk, sum(cpu) AS cpu, sum(memory) AS memory, sum(pids) AS pids,
               coalesce(sum(disk) FILTER (WHERE unpaid), 0) AS unpaid_disk,
               coalesce(sum(cpu) FILTER (WHERE unpaid), 0) AS unpaid_cpu,
               coalesce(sum(memory) FILTER (WHERE unpaid), 0) AS unpaid_memory,
               coalesce(sum(pids) FILTER (WHERE unpaid), 0) AS unpaid_pids
          FROM gone GROUP BY host, kind),
      slots AS (INSERT INTO uid_slot_free (host, slot) SELECT host, slot FROM gone)
      UPDATE pool
         SET used = used - CASE dimension WHEN 'disk' THEN s.disk WHEN 'cpu' THEN s.cpu
                                          WHEN 'memory' THEN s.memory ELSE s.pids END,
             unpaid = unpaid - CASE dimension WHEN 'disk' THEN s.unpaid_disk WHEN 'cpu' THEN s.unpaid_cpu
                                              WHEN 'memory' THEN s.unpaid_memory ELSE s.unpaid_pids END,
             capacity = greatest(configured, used - CASE dimension WHEN 'disk' THEN s.disk WHEN 'cpu' THEN s.cpu
                                                    WHEN 'memory' THEN s.memory ELSE s.pids END)
        FROM sums s WHERE s.host = pool.host AND s.kind = pool.kind
      """, leases.map(\.uuid))
    try db.pointee.execute("DELETE FROM quote_client WHERE lease = ANY ($1)", leases.map(\.uuid))
  }

  func forgetQuote(_ id: LeaseID) throws {
    guard let lease = try lockLease(id), case .quoted = lease.state, lease.account.balance == .zero else { return }
    let hasInvoice = try db.pointee.first("SELECT true FROM invoice WHERE lease = $1 LIMIT 1", id.uuid) { _ in true }
    guard hasInvoice == nil else { return }
    try freeAllocations(of: [id])
    try db.pointee.execute("DELETE FROM lease WHERE id = $1", id.uuid)
    try count([lease.state.name: -1])
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
    Capacity(try db.pointee.query(Self.capacitySelection, row: Self.pool)).available(needs, kind: kind)
  }

  func pools() throws -> [PoolLevel] {
    try db.pointee.query(
      "SELECT host, kind, dimension, used, capacity FROM pool WHERE capacity > 0 ORDER BY host, kind, dimension"
    ) {
      PoolLevel(
        host: try $0.string(0), kind: try $0.word(1, "a pool's kind"), dimension: try $0.word(2, "a pool's dimension"),
        used: try $0.int64(3), limit: try $0.int64(4))
    }
  }
}
