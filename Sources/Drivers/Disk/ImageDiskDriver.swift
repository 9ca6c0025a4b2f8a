import CLinux
import Engine
import Glibc
import Leasing
import Ledger
import Units

/// A volume is a sparse image with an ext4 of the wanted size in it, mounted through a loop device: for kernels without
/// btrfs. Full is full (`ENOSPC`), for that volume alone.
///
/// ```
/// <state>/disk-images/fences/<lease>              the highest generation (GenerationFence)
/// <state>/disk-images/leases/<lease>/volume       the record: limit, uids, state
/// <state>/disk-images/leases/<lease>/volume.ext4  the image
/// <state>/disk-images/leases/<lease>/data         where it is mounted
/// ```
public struct ImageDiskDriver: DiskResourceDriver {
  public var kind: Kind { .disk }
  public var name: String { "ext4" }

  let root: String
  let fence: GenerationFence
  let clock: any WallClock

  var leases: String { root + "/leases" }
  func folder(_ lease: LeaseID) -> String { "\(leases)/\(lease)" }
  func volume(_ lease: LeaseID) -> ImageVolume { ImageVolume(folder: folder(lease)) }

  private static let tombstonesLast = Seconds.day * 30

  /// Mounts every volume that was running when the host or the daemon ended. Safe to do again at any time.
  ///
  /// - Throws: `.unavailable` when `mkfs.ext4` is not installed.
  public static func open(
    _ configuration: DiskConfiguration, clock: any WallClock
  ) async throws(DriverError) -> ImageDiskDriver {
    let root = configuration.stateDirectory + "/disk-images"
    try HostFile.makeFolders(root, mode: 0o711)
    try HostFile.makeFolder(root + "/leases", mode: 0o711)
    let driver = ImageDiskDriver(root: root, fence: try GenerationFence(folder: root + "/fences"), clock: clock)
    try driver.fence.forgetTombstones(olderThan: tombstonesLast, at: clock.now())
    for lease in try driver.known() {
      let acted = try driver.fence.record(of: lease)
      if acted.destroyed { continue }
      do throws(DriverError) {
        try await driver.fence.exclusively(lease, acted.generation, as: "open") { () throws(DriverError) in
          try await driver.reopen(lease)
        }
      } catch {
        // Another daemon has a newer order for it, and mounts it or not as that says.
        guard error.kind == .fenced else { throw error }
      }
    }
    return driver
  }

  private func known() throws(DriverError) -> [LeaseID] {
    try HostFile.names(in: leases).compactMap { LeaseID($0) }
  }

  private func reopen(_ lease: LeaseID) async throws(DriverError) {
    try await BlockingWork.run { () throws(DriverError) in
      guard let record = try VolumeRecord.read(in: folder(lease)) else { return }
      try volume(lease).mount(record)
    }
  }

  /// Unmounts every volume.
  public func close() async throws(DriverError) {
    try await BlockingWork.run { () throws(DriverError) in
      var first: DriverError?
      for lease in try known() {
        do throws(DriverError) {
          try volume(lease).loop.unmount()
        } catch {
          first = first ?? error
        }
      }
      if let first { throw first }
    }
  }

  // MARK: - Verbs

  public func provision(_ spec: ResourceSpec, generation: Int64) async throws(DriverError) {
    try await fence.exclusively(spec.lease, generation, as: "provision") { () throws(DriverError) in
      let volume = volume(spec.lease)
      if try VolumeRecord.read(in: volume.folder) == nil {
        try await BlockingWork.run { () throws(DriverError) in
          try HostFile.makeFolder(volume.folder, mode: 0o710)
          try systemCall("chown \(volume.folder)") { chown(volume.folder, 0, spec.uidBase) }
        }
        try await volume.make(bytes: spec.resources.disk.count)
      }
      try await apply(spec)
    }
  }

  public func suspend(_ lease: LeaseID, generation: Int64) async throws(DriverError) {
    try await fence.exclusively(lease, generation, as: "suspend") { () throws(DriverError) in
      try await BlockingWork.run { () throws(DriverError) in
        guard var record = try VolumeRecord.read(in: folder(lease)) else {
          throw VolumeRecord.absent(lease, attempted: "suspend")
        }
        record.suspended = true
        try record.write(in: folder(lease))
        if try volume(lease).stopWriting() {
          record.severed = true
          try record.write(in: folder(lease))
        }
      }
    }
  }

  public func resume(_ spec: ResourceSpec, generation: Int64) async throws(DriverError) {
    try await fence.exclusively(spec.lease, generation, as: "resume") { () throws(DriverError) in
      guard try VolumeRecord.read(in: folder(spec.lease)) != nil else {
        throw VolumeRecord.absent(spec.lease, attempted: "resume")
      }
      try await apply(spec)
    }
  }

  /// Larger: while it is in use. Smaller: it is unmounted for a moment.
  ///
  /// - Throws: `.noSpace` when more is in it than the new size takes.
  public func resize(_ spec: ResourceSpec, generation: Int64) async throws(DriverError) {
    try await fence.exclusively(spec.lease, generation, as: "resize") { () throws(DriverError) in
      guard let record = try VolumeRecord.read(in: folder(spec.lease)) else {
        throw VolumeRecord.absent(spec.lease, attempted: "resize")
      }
      try await resize(spec.lease, record, to: spec.resources.disk.count)
    }
  }

  private func resize(_ lease: LeaseID, _ record: VolumeRecord, to limit: Int64) async throws(DriverError) {
    guard record.limit != limit else { return }
    var next = record
    next.limit = limit
    try await volume(lease).resize(from: record, to: limit)
    try next.write(in: folder(lease))
  }

  private func apply(_ spec: ResourceSpec) async throws(DriverError) {
    let volume = volume(spec.lease)
    let old = try VolumeRecord.read(in: volume.folder)
    var wanted = VolumeRecord(limit: spec.resources.disk.count, uidBase: spec.uidBase, suspended: false)
    try await BlockingWork.run { [wanted] () throws(DriverError) in
      var running = old ?? wanted
      running.suspended = false
      try volume.mount(running)
      guard old?.uidBase != wanted.uidBase else { return }
      try systemCall("chown \(volume.folder)") { chown(volume.folder, 0, spec.uidBase) }
      try systemCall("chown \(volume.data)") { lchown(volume.data, spec.uidBase, spec.uidBase) }
    }
    if let old {
      wanted.limit = old.limit
      if old != wanted { try wanted.write(in: volume.folder) }
      try await resize(spec.lease, wanted, to: spec.resources.disk.count)
    } else {
      try wanted.write(in: volume.folder)
    }
  }

  public func destroy(_ lease: LeaseID, generation: Int64) async throws(DriverError) -> ErasureReceipt {
    try await fence.exclusively(lease, generation, .destroy, as: "destroy") { () throws(DriverError) in
      guard HostFile.exists(folder(lease)) else {
        return ErasureReceipt(method: .absent, detail: "no volume of \(lease) was on this host")
      }
      try VolumeRecord.remove(in: folder(lease))
      return try await volume(lease).erase()
    }
  }

  // MARK: - Looking

  public func inspect(_ lease: LeaseID) async throws(DriverError) -> ResourceStatus {
    try await BlockingWork.run { () throws(DriverError) in try status(lease) }
  }

  public func list() async throws(DriverError) -> [ResourceStatus] {
    try await BlockingWork.run { () throws(DriverError) in
      var found: [ResourceStatus] = []
      for lease in try known() {
        let status = try status(lease)
        if status.phase != .absent { found.append(status) }
      }
      return found
    }
  }

  private func status(_ lease: LeaseID) throws(DriverError) -> ResourceStatus {
    let generation = try fence.record(of: lease).generation
    let phase: ResourceStatus.Phase
    if !HostFile.exists(folder(lease)) {
      phase = .absent
    } else if let record = try VolumeRecord.read(in: folder(lease)), HostFile.exists(volume(lease).image) {
      let mounted = try volume(lease).loop.entry()
      let writable = mounted.map { !$0.options.contains("ro") } ?? false
      phase = record.suspended ? (writable ? .partial : .suspended) : (writable ? .running : .partial)
    } else {
      phase = .partial
    }
    return ResourceStatus(lease: lease, phase: phase, generation: generation)
  }

  public func measure(_ leases: [LeaseID]?) async throws(DriverError) -> [Measurement] {
    try await BlockingWork.run(for: .meter) { () throws(DriverError) in
      var readings: [Measurement] = []
      for lease in try chosen(leases) {
        guard let record = try VolumeRecord.read(in: folder(lease)) else { continue }
        let used = try volume(lease).used(record)
        readings.append(
          Measurement(lease: lease, incarnation: 1, at: clock.now(), counters: [:], levels: [.disk: used]))
      }
      return readings
    }
  }

  private func chosen(_ leases: [LeaseID]?) throws(DriverError) -> [LeaseID] {
    if let leases { return leases }
    return try known()
  }

  public func volume(of lease: LeaseID) async throws(DriverError) -> Volume {
    guard let record = try VolumeRecord.read(in: folder(lease)) else {
      throw VolumeRecord.absent(lease, attempted: "open")
    }
    guard !record.suspended else {
      throw DriverError(.failed, attempted: "open \(lease)", words: "the volume is suspended")
    }
    guard try volume(lease).loop.isMounted() else {
      throw DriverError(.failed, attempted: "open \(lease)", words: "the volume is not mounted")
    }
    return Volume(root: volume(lease).data, uid: record.uidBase, gid: record.uidBase)
  }

  public func usage(of lease: LeaseID) async throws(DriverError) -> VolumeUsage {
    guard let record = try VolumeRecord.read(in: folder(lease)) else {
      throw VolumeRecord.absent(lease, attempted: "measure")
    }
    return VolumeUsage(used: ByteCount(try volume(lease).used(record)), limit: ByteCount(record.limit))
  }

  /// Writes past the end of a small volume.
  public func probe() async throws(DriverError) {
    let volume = ImageVolume(folder: TemporaryName.beside(root + "/probe"))
    let outcome: Result<Void, DriverError>
    do throws(DriverError) {
      try HostFile.makeFolder(volume.folder, mode: 0o700)
      let limit: Int64 = 1 << 20
      try await volume.make(bytes: limit)
      try await BlockingWork.run { () throws(DriverError) in
        try volume.mount(VolumeRecord(limit: limit, uidBase: 0, suspended: false))
        try Overrun.demandRefusal(in: volume.data, limit: ImageVolume.imageBytes(for: limit))
      }
      outcome = .success(())
    } catch {
      outcome = .failure(error)
    }
    _ = try await volume.erase()
    try outcome.get()
  }
}
