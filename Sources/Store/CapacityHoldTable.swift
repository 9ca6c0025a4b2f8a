import Engine
import Leasing
import Ledger
import Postgres
import Units

/// What is reserved for upgrades that wait for their payment. It is counted in its pools as an unpaid quote is.
extension PostgresTransaction {
  func reserveCapacity(_ extra: Resources, for lease: LeaseID, invoice: Int64, unpaidShare: Double) throws -> Bool {
    let place = try db.pointee.first(
      "SELECT host, kind FROM allocation WHERE lease = $1", lease.uuid
    ) { (host: try $0.string(0), kind: try $0.string(1)) }
    guard let place, let kind = Kind(rawValue: place.kind) else { return false }
    let pools = try lockPools(host: place.host).pools.filter { $0.kind == kind }
    guard pools.allSatisfy({ $0.fits(extra.need($0.dimension), unpaidShare: unpaidShare) }) else { return false }
    try take(extra, from: pools, unpaid: true)
    try db.pointee.execute(
      """
      INSERT INTO capacity_hold (invoice, lease, host, kind, disk, cpu, memory, pids)
      VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
      """, invoice, lease.uuid, place.host, place.kind, extra.disk.count, extra.cpuMillis, extra.memory.count,
      extra.pids)
    return true
  }

  /// Gives back what was reserved for an invoice; nothing when nothing was.
  func returnReserve(of invoice: Int64) throws {
    let holder = try db.pointee.first("SELECT lease FROM capacity_hold WHERE invoice = $1", invoice) {
      try $0.lease(0)
    }
    guard let holder else { return }
    try lockPools(of: [holder])
    try release("invoice = $1", invoice)
  }

  /// Gives back all that is reserved for these leases beside their allocations. Their pools are locked.
  func returnReserves(of leases: [LeaseID]) throws {
    try release("lease = ANY ($1)", leases.map(\.uuid))
  }

  /// Whoever deletes the row gives it back, so that it happens once.
  private func release(_ which: String, _ value: some PostgresEncodable) throws {
    try db.pointee.execute(
      """
      WITH gone AS (DELETE FROM capacity_hold WHERE \(which) RETURNING host, kind, disk, cpu, memory, pids),
      sums AS (SELECT host, kind, sum(disk) AS disk, sum(cpu) AS cpu, sum(memory) AS memory, sum(pids) AS pids
                 FROM gone GROUP BY host, kind),
      freed AS (SELECT pool.id, CASE dimension WHEN 'disk' THEN s.disk WHEN 'cpu' THEN s.cpu
                                               WHEN 'memory' THEN s.memory ELSE s.pids END::bigint AS taken
                  FROM pool JOIN sums s ON s.host = pool.host AND s.kind = pool.kind)
      UPDATE pool SET used = used - taken, unpaid = unpaid - taken, capacity = greatest(configured, used - taken)
        FROM freed WHERE freed.id = pool.id
      """, value)
  }
}
