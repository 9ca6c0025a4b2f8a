import Leasing
import Ledger

/// Hosts, their pools, and what leases take of them.
public protocol CapacityRows: AnyObject {
  /// Makes the books say what the configuration says. Lowering a limit below what is used keeps what is used.
  func setHosts(_ hosts: [HostCapacity]) throws
  /// Takes what the lease needs from the host that it fits best, and the lowest free uid slot there; `nil` when no host
  /// has it. With `asUnpaid`, `nil` also when what is unpaid would pass `unpaidShare` of a pool. `pinned` asks for one
  /// host only. Pools are locked in the order of their ids.
  func allocate(
    _ needs: Resources, for lease: LeaseID, kind: Kind, asUnpaid unpaidShare: Double?, pinned host: String?
  ) throws -> Placement?
  /// Changes what an allocation takes, or `false` and nothing changed when the host has no room.
  func reallocate(_ lease: LeaseID, to needs: Resources) throws -> Bool
  /// Reserves what a change takes beyond the lease's allocation, until its invoice is settled, canceled or expired;
  /// `false` and nothing changed when the host has no room, or what is unpaid would pass `unpaidShare` of a pool.
  func reserveCapacity(_ extra: Resources, for lease: LeaseID, invoice: Int64, unpaidShare: Double) throws -> Bool
  /// It was paid for: it no longer counts as unpaid.
  func confirmAllocation(_ lease: LeaseID) throws
  func placement(of lease: LeaseID) throws -> Placement?
  /// How many more of these fit now, over all hosts of that kind.
  func available(_ needs: Resources, kind: Kind) throws -> Int64
  func pools() throws -> [PoolLevel]
}
