import CLinux
import Engine
import Glibc
import Leasing
import Ledger
import Units

extension BtrfsDiskDriver {
  public func inspect(_ lease: LeaseID) async throws(DriverError) -> ResourceStatus {
    try await BlockingWork.run { () throws(DriverError) in try status(lease) }
  }

  public func list() async throws(DriverError) -> [ResourceStatus] {
    try await BlockingWork.run { () throws(DriverError) in
      var found: [ResourceStatus] = []
      for name in try HostFile.names(in: pool.leases) {
        guard let lease = LeaseID(name) else { continue }
        let status = try status(lease)
        // Gone between the listing and the look.
        if status.phase != .absent { found.append(status) }
      }
      return found
    }
  }

  private func status(_ lease: LeaseID) throws(DriverError) -> ResourceStatus {
    let generation = try fence.record(of: lease).generation
    guard HostFile.exists(folder(lease)) else {
      return ResourceStatus(lease: lease, phase: .absent, generation: generation)
    }
    guard try VolumeRecord.read(in: folder(lease)) != nil, try Subvolume.id(of: data(lease)) != nil else {
      return ResourceStatus(lease: lease, phase: .partial, generation: generation)
    }
    let frozen = try Subvolume.isReadOnly(data(lease))
    return ResourceStatus(lease: lease, phase: frozen ? .suspended : .running, generation: generation)
  }

  public func measure(_ leases: [LeaseID]?) async throws(DriverError) -> [Measurement] {
    let clock = clock
    return try await BlockingWork.run(for: .meter) { () throws(DriverError) in
      let all = try chosen(leases)
      var readings: [Measurement] = []
      readings.reserveCapacity(all.count)
      for lease in all {
        guard let used = try used(lease) else { continue }
        readings.append(
          Measurement(lease: lease, incarnation: 1, at: clock.now(), counters: [:], levels: [.disk: used]))
      }
      return readings
    }
  }

  private func chosen(_ leases: [LeaseID]?) throws(DriverError) -> [LeaseID] {
    if let leases { return leases }
    return try HostFile.names(in: pool.leases).compactMap { LeaseID($0) }
  }

  /// What the volume and the subvolumes in it hold; `nil` when there is no volume.
  func used(_ lease: LeaseID) throws(DriverError) -> Int64? {
    guard let id = try Subvolume.id(of: data(lease)), let own = try pool.qgroups.used(by: id) else { return nil }
    var sum = own
    for inner in try Subvolume.descendants(of: id, pool.descriptor()) {
      sum += try pool.qgroups.used(by: inner) ?? 0
    }
    return sum
  }

  // MARK: - VolumeAccess

  public func volume(of lease: LeaseID) async throws(DriverError) -> Volume {
    guard let record = try VolumeRecord.read(in: folder(lease)) else {
      throw VolumeRecord.absent(lease, attempted: "open")
    }
    guard !record.suspended else {
      throw DriverError(.failed, attempted: "open \(lease)", words: "the volume is suspended")
    }
    return Volume(root: data(lease), uid: record.uidBase, gid: record.uidBase)
  }

  public func usage(of lease: LeaseID) async throws(DriverError) -> VolumeUsage {
    guard let record = try VolumeRecord.read(in: folder(lease)), let used = try used(lease) else {
      throw VolumeRecord.absent(lease, attempted: "measure")
    }
    return VolumeUsage(used: ByteCount(used), limit: ByteCount(record.limit))
  }

  // MARK: - Proof

  /// Writes past a tiny quota and past a freeze, in a subvolume of its own.
  public func probe() async throws(DriverError) {
    let path = TemporaryName.beside("\(pool.root)/probe")
    let name = String(path.split(separator: "/").last ?? "")
    let outcome: Result<Void, DriverError>
    do throws(DriverError) {
      try await BlockingWork.run { () throws(DriverError) in
        try Subvolume.make(name, in: pool.root)
        guard let id = try Subvolume.id(of: path) else {
          throw DriverError(.failed, attempted: "probe", words: "a subvolume cannot be found again")
        }
        let limit: Int64 = 1 << 20
        try Qgroup.limit(id, to: limit, pool.descriptor())
        try Overrun.demandRefusal(in: path, limit: limit)
        try Subvolume.setReadOnly(path, true)
        let number = Glibc.open("\(path)/frozen", O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        if number >= 0 {
          Glibc.close(number)
          throw DriverError(.failed, attempted: "probe", words: "a read-only subvolume took a new file")
        }
      }
      outcome = .success(())
    } catch {
      outcome = .failure(error)
    }
    try await removeProbe(name)
    try outcome.get()
  }

  func removeProbe(_ name: String) async throws(DriverError) {
    let ids = try await BlockingWork.run { () throws(DriverError) in
      let ids = try pool.tree(of: "\(pool.root)/\(name)")
      if !ids.isEmpty { try pool.delete(name, in: pool.root, tree: ids) }
      return ids
    }
    try await pool.reclaim(ids)
  }
}
