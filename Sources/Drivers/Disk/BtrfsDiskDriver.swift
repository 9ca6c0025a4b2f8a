import CLinux
import Engine
import Glibc
import Leasing
import Ledger
import Units

/// A volume is a btrfs subvolume; its size is the limit of its qgroup.
///
/// ```
/// <fences>/<lease>                the highest generation (GenerationFence)
/// <pool>/leases/<lease>/volume    the record: limit, uids, state
/// <pool>/leases/<lease>/data      the subvolume; belongs to the lease's first uid
/// <pool>/leases/<lease>/doomed    while it is destroyed: the ids of the subvolumes that must be gone
/// ```
///
/// The lease's folder lets only root and the lease's first group pass, so that renters who share a host cannot reach
/// one another's files whatever modes they set.
public struct BtrfsDiskDriver: DiskResourceDriver {
  public var kind: Kind { .disk }
  public var name: String { "btrfs" }

  let pool: BtrfsPool
  let fence: GenerationFence
  let clock: any WallClock

  /// No order lives so long.
  private static let tombstonesLast = Seconds.day * 30

  /// Makes or finds the pool, mounts it, and sweeps what a killed daemon left unfinished. Safe to do again while it is
  /// open, after a `kill -9` and after a restart of the host.
  ///
  /// - Throws: `.unavailable` when there is no btrfs to be had here.
  public static func open(
    _ configuration: DiskConfiguration, clock: any WallClock
  ) async throws(DriverError) -> BtrfsDiskDriver {
    let pool = try await BtrfsPool.open(configuration)
    let driver = BtrfsDiskDriver(pool: pool, fence: try GenerationFence(folder: pool.fences), clock: clock)
    try await driver.sweep()
    return driver
  }

  /// Unmounts a pool of ours.
  public func close() async throws(DriverError) {
    try await BlockingWork.run { () throws(DriverError) in try pool.close() }
    // A device that is still held frees itself when it is let go.
    if let image = pool.loop?.image { _ = try await LoopMount.released(image, within: .seconds(10)) }
  }

  private func sweep() async throws(DriverError) {
    try fence.forgetTombstones(olderThan: Self.tombstonesLast, at: clock.now())
    for name in try HostFile.names(in: pool.root) where TemporaryName.isTemporary(name) {
      try await removeProbe(name)
    }
    // On a file system of the provider's the qgroups may be theirs.
    guard pool.loop != nil else { return }
    try await BlockingWork.run { () throws(DriverError) in
      // Kernels before 6.x keep the qgroup of a subvolume that is gone.
      let descriptor = try pool.descriptor()
      for id in try pool.qgroups.ids where id >= 256 {
        if clinux_btrfs_subvolume_has_tree(descriptor.number, id) == 0 { try Qgroup.remove(id, descriptor) }
      }
    }
  }

  func folder(_ lease: LeaseID) -> String { "\(pool.leases)/\(lease)" }
  func data(_ lease: LeaseID) -> String { "\(folder(lease))/data" }

  // MARK: - Verbs

  public func provision(_ spec: ResourceSpec, generation: Int64) async throws(DriverError) {
    try await fence.exclusively(spec.lease, generation, as: "provision") { () throws(DriverError) in
      // A destruction that was begun is finished first.
      try await finishDestroying(spec.lease)
      try await BlockingWork.run { () throws(DriverError) in
        let folder = folder(spec.lease)
        let data = data(spec.lease)
        if try VolumeRecord.read(in: folder) == nil {
          try pool.demandRoom(for: spec.resources.disk.count)
          try HostFile.makeFolder(folder, mode: 0o710)
          try systemCall("chown \(folder)") { chown(folder, 0, spec.uidBase) }
          try Subvolume.make("data", in: folder)
          // Inside a container others than its root may have business here; the folder above keeps the world out.
          try systemCall("chmod \(data)") { chmod(data, 0o755) }
        }
        try apply(spec)
      }
    }
  }

  public func suspend(_ lease: LeaseID, generation: Int64) async throws(DriverError) {
    try await fence.exclusively(lease, generation, as: "suspend") { () throws(DriverError) in
      try await BlockingWork.run { () throws(DriverError) in
        guard var record = try VolumeRecord.read(in: folder(lease)), let id = try Subvolume.id(of: data(lease)) else {
          throw VolumeRecord.absent(lease, attempted: "suspend")
        }
        record.suspended = true
        try record.write(in: folder(lease))
        if try !Subvolume.isReadOnly(data(lease)) {
          try giveSlack(lease, id, record)
          try Subvolume.setReadOnly(data(lease), true)
        }
        // Read-only does not stop descriptors that are open already. A limit below what is used does: every write here
        // is to a new place, and needs new space.
        try Qgroup.limit(id, to: 1, pool.descriptor())
      }
    }
  }

  public func resume(_ spec: ResourceSpec, generation: Int64) async throws(DriverError) {
    try await fence.exclusively(spec.lease, generation, as: "resume") { () throws(DriverError) in
      try await BlockingWork.run { () throws(DriverError) in
        guard let record = try VolumeRecord.read(in: folder(spec.lease)) else {
          throw VolumeRecord.absent(spec.lease, attempted: "resume")
        }
        try refuseShrinking(spec, from: record, attempted: "resume")
        try apply(spec)
      }
    }
  }

  public func resize(_ spec: ResourceSpec, generation: Int64) async throws(DriverError) {
    try await fence.exclusively(spec.lease, generation, as: "resize") { () throws(DriverError) in
      try await BlockingWork.run { () throws(DriverError) in
        let folder = folder(spec.lease)
        guard var record = try VolumeRecord.read(in: folder), let id = try Subvolume.id(of: data(spec.lease)) else {
          throw VolumeRecord.absent(spec.lease, attempted: "resize")
        }
        try refuseShrinking(spec, from: record, attempted: "resize")
        if !record.suspended { try Qgroup.limit(id, to: spec.resources.disk.count, pool.descriptor()) }
        record.limit = spec.resources.disk.count
        try record.write(in: folder)
      }
    }
  }

  /// Makes the volume what `spec` says, running.
  private func apply(_ spec: ResourceSpec) throws(DriverError) {
    let data = data(spec.lease)
    guard let id = try Subvolume.id(of: data) else {
      throw DriverError(.failed, attempted: "use \(data)", words: "it is not a subvolume")
    }
    let wanted = VolumeRecord(limit: spec.resources.disk.count, uidBase: spec.uidBase, suspended: false)
    let isAsWanted = try VolumeRecord.read(in: folder(spec.lease)) == wanted
    let isSealed = try Subvolume.isReadOnly(data)
    if isSealed || !isAsWanted {
      try giveSlack(spec.lease, id, wanted)
      try Subvolume.setReadOnly(data, false)
      try systemCall("chown \(folder(spec.lease))") { chown(folder(spec.lease), 0, spec.uidBase) }
      try systemCall("chown \(data)") { lchown(data, spec.uidBase, spec.uidBase) }
    }
    try Qgroup.limit(id, to: wanted.limit, pool.descriptor())
    if !isAsWanted { try wanted.write(in: folder(spec.lease)) }
  }

  /// Makes room for the file system's own notes. Flags and owners of a volume that is full, or fuller than its limit,
  /// cannot be written without: the limit is lifted before anything is sealed or opened, and set anew after.
  private func giveSlack(_ lease: LeaseID, _ id: UInt64, _ record: VolumeRecord) throws(DriverError) {
    let most = max(record.limit, try used(lease) ?? 0)
    try Qgroup.limit(id, to: most + (64 << 20), pool.descriptor())
  }

  /// - Throws: `.noSpace` when it would become smaller than what is in it. Nothing is changed then.
  private func refuseShrinking(
    _ spec: ResourceSpec, from record: VolumeRecord, attempted verb: String
  ) throws(DriverError) {
    let limit = spec.resources.disk.count
    guard limit < record.limit, let used = try used(spec.lease), used > limit else { return }
    throw DriverError(
      .noSpace, attempted: "\(verb) \(spec.lease)", words: "\(used) bytes are in it, and the new size takes \(limit)")
  }

  public func destroy(_ lease: LeaseID, generation: Int64) async throws(DriverError) -> ErasureReceipt {
    try await fence.exclusively(lease, generation, .destroy, as: "destroy") { () throws(DriverError) in
      guard HostFile.exists(folder(lease)) else {
        return ErasureReceipt(method: .absent, detail: "no volume of \(lease) was on this host")
      }
      let ids = try await BlockingWork.run { () throws(DriverError) in try doom(lease) }
      try await finishDestroying(lease)
      return try await pool.receipt(for: ids.count)
    }
  }

  private func doomed(_ lease: LeaseID) -> String { "\(folder(lease))/doomed" }

  private func doomedIDs(_ lease: LeaseID) throws(DriverError) -> [UInt64]? {
    try HostFile.text(doomed(lease)).map { $0.split(whereSeparator: \.isWhitespace).compactMap { UInt64($0) } }
  }

  /// Writes down which subvolumes must go, because the ids cannot be found again once the names are gone.
  private func doom(_ lease: LeaseID) throws(DriverError) -> [UInt64] {
    let ids = (try doomedIDs(lease) ?? []) + (try pool.tree(of: data(lease)))
    let lasting = Array(Set(ids)).sorted()
    try HostFile.replace(doomed(lease), with: lasting.map { "\($0)\n" }.joined())
    return lasting
  }

  /// Finishes a destruction that was written down; nothing when there is none.
  private func finishDestroying(_ lease: LeaseID) async throws(DriverError) {
    guard let ids = try doomedIDs(lease) else { return }
    try await BlockingWork.run { () throws(DriverError) in
      try VolumeRecord.remove(in: folder(lease))
      let tree = try pool.tree(of: data(lease))
      if !tree.isEmpty { try pool.delete("data", in: folder(lease), tree: tree) }
    }
    try await pool.reclaim(ids)
    try await BlockingWork.run { () throws(DriverError) in
      for name in try HostFile.names(in: folder(lease)) where TemporaryName.isTemporary(name) {
        try HostFile.removeFile("\(folder(lease))/\(name)")
      }
      try HostFile.removeFile(doomed(lease))
      try HostFile.removeFolder(folder(lease))
    }
  }
}
