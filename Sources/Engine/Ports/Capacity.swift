import Leasing
import Units

/// What hosts have and what is taken of it, as it was read: leases are placed in it one after the other (best-fit bin
/// packing), in memory.
public struct Capacity: Sendable {
  /// A host's capacity in one dimension for one kind.
  public struct Pool: Hashable, Sendable {
    public var id: Int32
    public var host: String
    public var kind: Kind
    public var dimension: Resources.Dimension
    public var capacity: Int64
    public var used: Int64
    /// Part of ``used``: quotes nobody has paid yet.
    public var unpaid: Int64
    /// The first uid of the host's leases.
    public var uidBase: Int64

    public init(
      id: Int32, host: String, kind: Kind, dimension: Resources.Dimension, capacity: Int64, used: Int64, unpaid: Int64,
      uidBase: Int64
    ) {
      self.id = id
      self.host = host
      self.kind = kind
      self.dimension = dimension
      self.capacity = capacity
      self.used = used
      self.unpaid = unpaid
      self.uidBase = uidBase
    }

    /// Whether so much more fits; for what is unpaid, also whether all that is unpaid stays within its share. The first may
    /// always be: a share of one disk is no disk.
    public func fits(_ need: Int64, unpaidShare: Double?) -> Bool {
      guard need <= capacity - used else { return false }
      guard let unpaidShare, unpaid > 0, need > 0 else { return true }
      return Double(unpaid + need) <= unpaidShare * Double(capacity)
    }
  }

  public var pools: [Pool]

  public init(_ pools: [Pool]) { self.pools = pools }

  /// How many more of these fit, over all hosts of that kind.
  public func available(_ needs: Resources, kind: Kind) -> Int64 {
    byHost(kind).values.reduce(0) { sum, pools in
      let counts = pools.compactMap { pool -> Int64? in
        let need = needs.need(pool.dimension)
        return need > 0 ? max(0, pool.capacity - pool.used) / need : nil
      }
      return sum + (counts.min() ?? 0)
    }
  }

  /// Takes it from the host whose scarcest dimension is left with the least.
  ///
  /// - Parameters:
  ///   - unpaidShare: for what is unpaid, which may take no more than this of a pool.
  ///   - pinned: no other host will do.
  /// - Returns: the host; `nil` and nothing taken: none has room.
  public mutating func place(
    _ needs: Resources, kind: Kind, asUnpaid unpaidShare: Double?, pinned: String?
  ) -> String? {
    let fitting = byHost(kind).filter { host, pools in
      (pinned.map { $0 == host } ?? true)
        && pools.allSatisfy { $0.fits(needs.need($0.dimension), unpaidShare: unpaidShare) }
    }
    func tightness(_ pools: [Pool]) -> Double {
      pools.map { pool in
        pool.capacity == 0 ? 1 : Double(pool.capacity - pool.used - needs.need(pool.dimension)) / Double(pool.capacity)
      }.min() ?? 1
    }
    guard let host = fitting.min(by: { (tightness($0.value), $0.key) < (tightness($1.value), $1.key) })?.key else {
      return nil
    }
    for index in pools.indices where pools[index].host == host && pools[index].kind == kind {
      let need = needs.need(pools[index].dimension)
      pools[index].used += need
      if unpaidShare != nil { pools[index].unpaid += need }
    }
    return host
  }

  private func byHost(_ kind: Kind) -> [String: [Pool]] {
    Dictionary(grouping: pools.filter { $0.kind == kind }, by: \.host)
  }
}
