import CLinux
import Engine
import Glibc

/// One sparse image with an ext4 in it.
struct ImageVolume: Sendable {
  var folder: String
  /// How long an image that is unmounted may still be in use elsewhere.
  var patience = Duration.seconds(30)

  var image: String { folder + "/volume.ext4" }
  var data: String { folder + "/data" }
  var loop: LoopMount { LoopMount(image: image, mountPoint: data, type: "ext4", data: "") }

  /// With room for inodes and journal, so that what is paid for can be used.
  static func imageBytes(for limit: Int64) -> Int64 {
    let bytes = limit + limit / 32 + (8 << 20)
    return (bytes + 4_095) / 4_096 * 4_096
  }

  /// Makes the image; success when it is made.
  func make(bytes limit: Int64) async throws(DriverError) {
    guard !HostFile.exists(image) else { return }
    let temporary = TemporaryName.beside(image)
    do throws(DriverError) {
      try await BlockingWork.run { () throws(DriverError) in
        try demandRoom(for: limit)
        try HostFile.makeSparse(temporary, bytes: Self.imageBytes(for: limit))
      }
      // No reserve for root: all of it is the renter's.
      try await Tool("mkfs.ext4").run(
        ["-q", "-F", "-m", "0", "-E", "lazy_itable_init=1,lazy_journal_init=1", temporary], timeout: .seconds(120))
      try await BlockingWork.run { () throws(DriverError) in
        try systemCall("rename \(temporary)") { rename(temporary, image) }
        try HostFile.syncFolder(of: image)
      }
    } catch {
      unlink(temporary)
      throw error
    }
  }

  private func demandRoom(for limit: Int64) throws(DriverError) {
    var system = statfs()
    try systemCall("statfs \(folder)") { statfs(folder, &system) }
    let free = Int64(system.f_bavail) * Int64(system.f_bsize)
    if free < min(limit, 64 << 20) {
      throw DriverError(.noSpace, attempted: "find room in \(folder)", words: "\(free) bytes are free")
    }
  }

  /// Brings the mount to what the record says.
  func mount(_ record: VolumeRecord) throws(DriverError) {
    if let entry = try loop.entry() {
      if entry.options.contains("ro") != record.suspended { try loop.remount(readOnly: record.suspended) }
      return
    }
    guard !record.suspended else { return }
    try loop.mount(anew: record.severed)
    // It would show in the renter's listing.
    try HostFile.removeFolder(data + "/lost+found")
    try systemCall("chmod \(data)") { chmod(data, 0o755) }
  }

  /// Lets nobody write, not through descriptors that are open either. `fsfreeze` would hang writers unkillably.
  ///
  /// - Returns: whether the file system had to be stopped under open files: they then fail for ever, and the next mount
  ///   is one of its own.
  func stopWriting() throws(DriverError) -> Bool {
    guard try loop.entry() != nil else { return false }
    do throws(DriverError) {
      try loop.remount(readOnly: true)
      return false
    } catch {
      // A file is open for writing.
      let root = try Descriptor(opening: data, O_RDONLY | O_DIRECTORY)
      try systemCall("stop the file system at \(data)") { clinux_shutdown_filesystem(root.number) }
    }
    try loop.detach()
    return true
  }

  /// Gives it another size. The record's limit is the old one.
  ///
  /// - Throws: `.noSpace` when more is in it than the new size takes; `.failed` while another mount namespace has it.
  func resize(from record: VolumeRecord, to limit: Int64) async throws(DriverError) {
    let bytes = Self.imageBytes(for: limit)
    if limit >= record.limit, try await growMounted(to: bytes) { return }
    try await BlockingWork.run { () throws(DriverError) in try loop.unmount() }
    let outcome: Result<Void, DriverError>
    do throws(DriverError) {
      // A container that is being made has a copy of all mounts for a moment, and one with this disk has it for as long
      // as it runs: the file system lives on in them, and would be destroyed by who changes the image below it.
      guard try await LoopMount.released(image, within: patience) else {
        throw DriverError(.failed, attempted: "resize \(folder)", words: "another process still uses it")
      }
      try await resizeUnmounted(to: bytes, growing: limit >= record.limit)
      outcome = .success(())
    } catch {
      outcome = .failure(error)
    }
    try await BlockingWork.run { () throws(DriverError) in try mount(record) }
    try outcome.get()
  }

  /// - Returns: whether it could be done without unmounting; that takes `CAP_SYS_RESOURCE`.
  private func growMounted(to bytes: Int64) async throws(DriverError) -> Bool {
    guard let entry = try loop.entry(), !entry.options.contains("ro") else { return false }
    try HostFile.makeSparse(image, bytes: bytes)
    try loop.followImage()
    return try await Tool("resize2fs").run([entry.source], accepting: [0, 1], timeout: .seconds(300)).code == 0
  }

  private func resizeUnmounted(to bytes: Int64, growing: Bool) async throws(DriverError) {
    // 1: it mended something.
    try await Tool("e2fsck").run(["-f", "-p", image], accepting: [0, 1], timeout: .seconds(600))
    if growing { try HostFile.makeSparse(image, bytes: bytes) }
    do throws(DriverError) {
      try await Tool("resize2fs").run([image, "\(bytes / 1_024)K"], timeout: .seconds(600))
    } catch {
      guard error.words.contains("smaller than minimum") || error.words.contains("No space") else { throw error }
      throw DriverError(.noSpace, attempted: error.attempted, words: "more is in the volume than the new size takes")
    }
    if !growing { try HostFile.makeSparse(image, bytes: bytes) }
  }

  /// Bytes used: what the mounted file system says, or what the image takes while it is not mounted.
  func used(_ record: VolumeRecord) throws(DriverError) -> Int64 {
    if try loop.entry() != nil {
      var system = statfs()
      try systemCall("statfs \(data)") { statfs(data, &system) }
      return Int64(system.f_blocks - system.f_bfree) * Int64(system.f_bsize)
    }
    var status = stat()
    try systemCall("stat \(image)") { lstat(image, &status) }
    return min(Int64(status.st_blocks) * 512, record.limit)
  }

  // MARK: - Erasing

  /// Unmounts, overwrites and removes it, half made or whole.
  ///
  /// - Throws: `.failed` while somebody holds its files open: then it is not gone.
  func erase() async throws(DriverError) -> ErasureReceipt {
    let bytes = try await BlockingWork.run { () throws(DriverError) in
      do throws(DriverError) {
        try loop.unmount()
      } catch {
        _ = try stopWriting()
        try loop.detach()
      }
      var bytes: Int64 = 0
      for path in try images() { bytes += try overwrite(path) }
      return bytes
    }
    for path in try images() {
      guard try await LoopMount.released(path, within: patience) else {
        throw DriverError(.failed, attempted: "erase \(folder)", words: "a process holds its files open")
      }
    }
    return try await BlockingWork.run { () throws(DriverError) in
      let inPlace = try overwritesInPlace()
      for path in try images() { try HostFile.removeFile(path) }
      for name in try HostFile.names(in: folder) where TemporaryName.isTemporary(name) {
        try HostFile.removeFile("\(folder)/\(name)")
      }
      try HostFile.removeFolder(data)
      try HostFile.removeFolder(folder)
      let written = "\(bytes) bytes of the image overwritten with zeros and synced, then removed"
      return inPlace
        ? ErasureReceipt(method: .overwritten, detail: written)
        : ErasureReceipt(
          method: .discarded, detail: written + "; the file system below copies on write: old blocks unmapped")
    }
  }

  /// The image, and those that were never finished.
  private func images() throws(DriverError) -> [String] {
    try HostFile.names(in: folder).filter { $0.hasPrefix("volume.ext4") }.map { "\(folder)/\($0)" }
  }

  /// Zeros over every block that was ever written.
  private func overwrite(_ path: String) throws(DriverError) -> Int64 {
    let file = try Descriptor(opening: path, O_RDWR)
    let zeros = [UInt8](repeating: 0, count: 1 << 20)
    var total: Int64 = 0
    var end: off_t = 0
    while true {
      let start = lseek(file.number, end, clinux_seek_data)
      if start < 0 {
        let code = errno
        if code == ENXIO { break }
        throw DriverError(errno: code, attempted: "look through \(path)")
      }
      end = try systemCall("look through \(path)") { lseek(file.number, start, clinux_seek_hole) }
      var at = start
      while at < end {
        let count = min(Int(end - at), zeros.count)
        at += off_t(try systemCall("overwrite \(path)") { pwrite(file.number, zeros, count, at) })
      }
      total += Int64(end - start)
    }
    try systemCall("sync \(path)") { fdatasync(file.number) }
    return total
  }

  private func overwritesInPlace() throws(DriverError) -> Bool {
    var system = statfs()
    try systemCall("statfs \(folder)") { statfs(folder, &system) }
    // btrfs, zfs, bcachefs, f2fs: they write elsewhere.
    return ![clinux_btrfs_magic, 0x2FC1_2FC1, 0xCA45_1A4E, 0xF2F5_2010].contains(Int64(system.f_type))
  }
}
