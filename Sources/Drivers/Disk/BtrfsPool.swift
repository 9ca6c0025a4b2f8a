import CLinux
import Engine
import Glibc
import Text
import Units

/// The btrfs that volumes live on: one in a sparse image that we make and mount, or a folder on one of the provider's.
struct BtrfsPool: Sendable {
  /// `leases/<lease>/data` lies below.
  var root: String
  /// `nil` on a file system of the provider's.
  var loop: LoopMount?
  var qgroups: Qgroup
  /// Freed blocks are discarded at the commit that frees them.
  var discards: Bool

  var leases: String { root + "/leases" }
  /// Beside the image of a pool of ours: a sync there costs a fraction of one on the pool.
  var fences: String { loop.map { HostFile.parent(of: $0.image) + "/disk-fences" } ?? root + "/fences" }

  /// Frees show in the counts after a commit: often enough for a page that shows usage, seldom enough to cost nothing.
  private static let options = "commit=5,discard=sync"

  func descriptor() throws(DriverError) -> Descriptor {
    try Descriptor(opening: root, O_RDONLY | O_DIRECTORY)
  }

  // MARK: - Opening and closing

  static func open(_ configuration: DiskConfiguration) async throws(DriverError) -> BtrfsPool {
    if let path = configuration.pool { return try await BlockingWork.run { () throws(DriverError) in try find(path) } }
    let state = configuration.stateDirectory
    let loop = LoopMount(image: "\(state)/disk.btrfs", mountPoint: "\(state)/disk", type: "btrfs", data: options)
    try await BlockingWork.run { () throws(DriverError) in
      // The folder may be in a path that others must pass to reach their volumes, and shows nothing of what is in it.
      try HostFile.makeFolders(state, mode: 0o711)
    }
    let lock = try Descriptor(opening: "\(state)/disk.lock", O_RDWR | O_CREAT)
    let number = lock.number
    _ = try await BlockingWork.run { () throws(DriverError) in
      try systemCall("lock \(state)/disk.lock") { flock(number, LOCK_EX) }
    }
    // Room for the file system's own trees, so that what is let can all be used. Sparse: it costs nothing.
    let bytes = configuration.size.count + configuration.size.count / 16 + (256 << 20)
    if !HostFile.exists(loop.image) { try await make(loop.image, bytes: bytes) }
    let pool = try await BlockingWork.run { () throws(DriverError) in
      try loop.mount()
      do throws(DriverError) {
        try grow(loop, to: bytes)
        return try prepare(loop.mountPoint, loop: loop)
      } catch {
        try loop.unmount()
        throw error
      }
    }
    _ = consume lock
    return pool
  }

  private static func make(_ image: String, bytes: Int64) async throws(DriverError) {
    let temporary = TemporaryName.beside(image)
    do throws(DriverError) {
      try HostFile.makeSparse(temporary, bytes: bytes)
      try await format(temporary)
      try await BlockingWork.run { () throws(DriverError) in
        try systemCall("rename \(temporary)") { rename(temporary, image) }
        try HostFile.syncFolder(of: image)
      }
    } catch {
      unlink(temporary)
      throw error
    }
  }

  /// `mkfs.btrfs` looks whether any loop device that is mounted is over the image, and gives up when one of them, whose
  /// ever, goes away while it looks. It has written nothing then.
  private static func format(_ image: String) async throws(DriverError) {
    var attempts = 0
    while true {
      do throws(DriverError) {
        try await Tool("mkfs.btrfs").run(formatting + [image], timeout: .seconds(120))
        return
      } catch {
        attempts += 1
        guard error.words.contains("cannot check mount status"), attempts < 20 else { throw error }
      }
    }
  }

  /// One copy of the trees: the image lies on a file system that looks after its own.
  private static let formatting = ["-q", "-m", "single"]

  private static func grow(_ loop: LoopMount, to bytes: Int64) throws(DriverError) {
    var status = stat()
    try systemCall("stat \(loop.image)") { lstat(loop.image, &status) }
    guard Int64(status.st_size) < bytes else { return }
    try HostFile.makeSparse(loop.image, bytes: bytes)
    try loop.followImage()
    let root = try Descriptor(opening: loop.mountPoint, O_RDONLY | O_DIRECTORY)
    try systemCall("grow the btrfs at \(loop.mountPoint)") { clinux_btrfs_resize_to_device(root.number) }
  }

  private static func find(_ path: String) throws(DriverError) -> BtrfsPool {
    try HostFile.makeFolders(path, mode: 0o711)
    var system = statfs()
    try systemCall("statfs \(path)") { statfs(path, &system) }
    guard Int64(system.f_type) == clinux_btrfs_magic else {
      throw DriverError(.unavailable, attempted: "open pool \(path)", words: "it is not on btrfs")
    }
    return try prepare(path, loop: nil)
  }

  private static func prepare(_ path: String, loop: LoopMount?) throws(DriverError) -> BtrfsPool {
    let root = try Descriptor(opening: path, O_RDONLY | O_DIRECTORY)
    let qgroups = try Qgroup(of: root, at: path)
    if try !qgroups.isEnabled {
      try systemCall("enable quotas at \(path)") { clinux_btrfs_quota_enable(root.number) }
    }
    guard try qgroups.isEnabled else {
      throw DriverError(.unavailable, attempted: "enable quotas at \(path)", words: "this kernel does not show them")
    }
    qgroups.countDeepDeletions()
    if try qgroups.isInconsistent {
      try systemCall("count usage at \(path)") { clinux_btrfs_quota_rescan(root.number) }
    }
    let options = try MountTable.read().containing(LoopMount.canonical(path))?.options ?? []
    let pool = BtrfsPool(
      root: path, loop: loop, qgroups: qgroups,
      discards: !options.isDisjoint(with: ["discard", "discard=sync", "discard=async"]))
    try systemCall("chmod \(path)") { chmod(path, 0o711) }
    try HostFile.makeFolder(pool.leases, mode: 0o711)
    return pool
  }

  /// Success when it is not mounted; a file system of the provider's is left alone.
  func close() throws(DriverError) {
    try loop?.unmount()
  }

  // MARK: - Room

  /// Refuses when the pool, or the file system that holds its image, could not take the first bytes of a new volume:
  /// a sparse image on a full disk fails in ways that are nobody's quota.
  func demandRoom(for bytes: Int64) throws(DriverError) {
    let wanted = min(bytes, 64 << 20)
    for path in [root, loop?.image].compactMap({ $0 }) {
      var system = statfs()
      try systemCall("statfs \(path)") { statfs(path, &system) }
      let free = Int64(system.f_bavail) * Int64(system.f_bsize)
      if free < wanted {
        throw DriverError(.noSpace, attempted: "find room in \(path)", words: "\(free) bytes are free")
      }
    }
  }
}
