import CLinux
import Engine
import Glibc
import Text
import Units

/// The part of a container's root that it may write: an ext4 file system in a file that is exactly as large as was paid
/// for, over which the image is laid (overlayfs). Past its size a write fails with "no space", whatever the renter does,
/// and nothing else on the host is touched.
///
/// The file's blocks are reserved when it is made: a host without room says so then, and not as an I/O error later.
///
/// The image stays the host's: it is cloned as a mount whose owners are shown as the lease's (mount_setattr(2),
/// `MOUNT_ATTR_IDMAP`; Linux 5.19 and later can lay a layer over such a mount), so that one image serves every lease.
/// Before about 6.15 a layer cannot be laid over a mount that is attached nowhere, so the clone has a place of its own
/// (``Bundle/lower``) for the moment of the joining.
struct WritableLayer: Sendable {
  let bundle: Bundle

  /// The file's size: what was paid for, what ext4 itself needs, and a little for the log.
  static func fileSize(for disk: ByteCount) -> Int64 {
    let wanted = max(disk.count, 16 << 20)
    let whole = wanted + wanted / 24 + (12 << 20)
    return (whole + 0xF_FFFF) & ~0xF_FFFF
  }

  /// Makes the file; a half-made one never bears its name.
  func make(disk: ByteCount) async throws(DriverError) {
    let image = bundle.image
    let unfinished = TemporaryName.beside(image)
    try await BlockingWork.run { () throws(DriverError) in
      let file = try Descriptor(opening: unfinished, O_RDWR | O_CREAT | O_EXCL)
      try Self.reserve(file.number, upTo: Self.fileSize(for: disk), named: unfinished)
    }
    try await Tool("mkfs.ext4").run([
      "-q", "-F", "-m", "0", "-E", "lazy_itable_init=1,lazy_journal_init=1,nodiscard", unfinished,
    ])
    try systemCall("rename \(unfinished)") { rename(unfinished, image) }
  }

  private static func reserve(_ file: Int32, upTo size: Int64, named path: String) throws(DriverError) {
    do throws(DriverError) {
      try systemCall("reserve \(size) bytes for \(path)") { clinux_reserve(file, size) }
    } catch {
      if error.kind == .noSpace {
        // Only a file that is being made has this name: a grown one keeps what it had.
        if TemporaryName.isTemporary(path) { unlink(path) }
        throw error
      }
      // A file system that cannot reserve (tmpfs can; some network ones cannot) gets a sparse file.
      try systemCall("extend \(path)") { ftruncate(file, off_t(size)) }
    }
  }

  /// Mounts it and lays it over `imageRoot`; finds it mounted when asked again.
  func mount(imageRoot: String, uidBase: UInt32) async throws(DriverError) {
    let bundle = bundle
    if try MountTable.read().mounted(on: bundle.layer) == nil {
      // A container that was just being made may hold the last mount for a moment: two devices over one file would
      // destroy it.
      let free = try await Wait.until(.seconds(10)) { () throws(DriverError) in try !isAttached() }
      if !free { throw DriverError(.failed, attempted: "mount \(bundle.layer)", words: "a device still has the file") }
    }
    try await BlockingWork.run { () throws(DriverError) in
      let table = try MountTable.read()
      if table.mounted(on: bundle.layer) == nil {
        try HostFile.makeFolder(bundle.layer, mode: 0o700)
        let file = try Descriptor(opening: bundle.image, O_RDWR)
        var name = [CChar](repeating: 0, count: 32)
        let device = Descriptor(
          number: try systemCall("set up a loop device for \(bundle.image)") {
            clinux_loop_attach(file.number, "leasehold \(bundle.lease)", &name)
          })
        let path = String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        try systemCall("mount \(bundle.layer)") {
          CLinux.mount(
            path, bundle.layer, "ext4", UInt(MS_NOSUID | MS_NODEV | MS_NOATIME), "noinit_itable")
        }
        // Until here the device is held by this descriptor, and from here on by the mount.
        _ = device.number
      }
      try Self.furnish(bundle, uidBase: uidBase)
      if table.mounted(on: bundle.root) == nil {
        try HostFile.makeFolder(bundle.root, mode: 0o755)
        try Self.join(bundle, imageRoot: imageRoot, uidBase: uidBase)
      }
    }
  }

  private static func furnish(_ bundle: Bundle, uidBase: UInt32) throws(DriverError) {
    try bundle.admitOnly(uidBase)
    try HostFile.makeFolder(bundle.upper, mode: 0o755)
    try HostFile.makeFolder(bundle.work, mode: 0o755)
    try HostFile.makeFolder(HostFile.parent(of: bundle.output), mode: 0o711)
    let output = try Descriptor(
      opening: bundle.output, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_NONBLOCK)
    // Its own: programs open /dev/stdout by name.
    try systemCall("chown \(bundle.output)") { fchown(output.number, uidBase, uidBase) }
    try systemCall("chown \(bundle.upper)") { lchown(bundle.upper, uidBase, uidBase) }
    do throws(DriverError) {
      try BoxProgram.place(at: bundle.box)
    } catch {
      // A newer one does not fit on a disk that is full: the older does as well.
      guard error.kind == .noSpace, HostFile.exists(bundle.box) else { throw error }
    }
  }

  /// The folders are named by descriptor: a comma or colon in a path would be read as syntax, and the container sees
  /// these options.
  ///
  /// The file system keeps a mount of its own of each layer, so that the image's is taken away again at once. One that
  /// a killed daemon left is taken away before the next joining, and with the rest by ``unmount()``.
  private static func join(_ bundle: Bundle, imageRoot: String, uidBase: UInt32) throws(DriverError) {
    let lower = Descriptor(
      number: try systemCall("map the owners of \(imageRoot)") {
        clinux_mount_clone_mapped(imageRoot, 0, uidBase, 65_536, 1)
      })
    try withdraw(bundle.lower)
    try HostFile.makeFolder(bundle.lower, mode: 0o700)
    try systemCall("mount \(bundle.lower)") { clinux_mount_attach(lower.number, bundle.lower) }
    let upper = try Descriptor(opening: bundle.upper, O_RDONLY | O_DIRECTORY)
    let work = try Descriptor(opening: bundle.work, O_RDONLY | O_DIRECTORY)
    let options =
      "lowerdir=/proc/self/fd/\(lower.number),upperdir=/proc/self/fd/\(upper.number),"
      + "workdir=/proc/self/fd/\(work.number)"
    let joined = Result { () throws(DriverError) in
      try systemCall("mount \(bundle.root)") {
        CLinux.mount("overlay", bundle.root, "overlay", UInt(MS_NOSUID | MS_NODEV), options)
      }
    }
    try withdraw(bundle.lower)
    _ = try joined.get()
  }

  /// Takes away whatever is mounted at `point`, also what was mounted there twice, and at once: we hold descriptors of
  /// it. Only for mounts that nobody writes through.
  private static func withdraw(_ point: String) throws(DriverError) {
    while try MountTable.read().mounted(on: point) != nil {
      try systemCall("umount \(point)") { umount2(point, Int32(MNT_DETACH) | Int32(UMOUNT_NOFOLLOW)) }
    }
  }

  /// Where an attached disk is to be bound from: itself where its owners are the lease's already, else a mount of it that
  /// shows them so.
  func present(_ volume: Volume, to uidBase: UInt32, isReadOnly: Bool) throws(DriverError) -> String {
    try withdrawDisk()
    guard volume.uid != uidBase else { return volume.root }
    try HostFile.makeFolder(bundle.disk, mode: 0o711)
    let clone = Descriptor(
      number: try systemCall("map the owners of \(volume.root)") {
        clinux_mount_clone_mapped(volume.root, volume.uid, uidBase, 65_536, isReadOnly ? 1 : 0)
      })
    try systemCall("mount \(bundle.disk)") { clinux_mount_attach(clone.number, bundle.disk) }
    return bundle.disk
  }

  /// The container has a mount of its own once it runs; one of ours would only keep the disk busy.
  func withdrawDisk() throws(DriverError) {
    guard try MountTable.read().mounted(on: bundle.disk) != nil else { return }
    try systemCall("umount \(bundle.disk)") { umount2(bundle.disk, Int32(UMOUNT_NOFOLLOW)) }
  }

  /// Grows it while it is mounted, where the daemon may (`CAP_SYS_RESOURCE`), else at the next start. It does not shrink:
  /// ext4 cannot while in use, and the renter keeps what he has.
  func grow(to disk: ByteCount) async throws(DriverError) {
    let bundle = bundle
    let size = Self.fileSize(for: disk)
    let device = try await BlockingWork.run { () throws(DriverError) -> String? in
      let file = try Descriptor(opening: bundle.image, O_RDWR)
      var status = stat()
      try systemCall("stat \(bundle.image)") { fstat(file.number, &status) }
      guard size > Int64(status.st_size) else { return nil }
      try Self.reserve(file.number, upTo: size, named: bundle.image)
      guard let path = try MountTable.read().mounted(on: bundle.layer)?.source else { return nil }
      let device = try Descriptor(opening: path, O_RDWR)
      try systemCall("grow \(path)") { clinux_loop_set_capacity(device.number) }
      return path
    }
    guard let device else { return }
    do throws(DriverError) {
      try await Tool("resize2fs").run([device])
    } catch {
      // While it is mounted only CAP_SYS_RESOURCE may. The space is reserved; the file system takes it when the container
      // is next started.
      guard error.words.contains("Permission denied") else { throw error }
    }
  }

  /// Lets the file system take what the file has grown by; nothing of the container runs.
  func growIfBehind() async throws(DriverError) {
    let image = bundle.image
    let behind = try await BlockingWork.run { () throws(DriverError) in try Self.isBehind(image) }
    guard behind else { return }
    try await unmount()
    // 1: it found something and mended it.
    try await Tool("e2fsck").run(["-f", "-p", image], accepting: [0, 1], timeout: .seconds(600))
    try await Tool("resize2fs").run([image], timeout: .seconds(600))
  }

  /// Whether the file system is smaller than its file, by its superblock (ext4 disk layout, `s_blocks_count`).
  private static func isBehind(_ image: String) throws(DriverError) -> Bool {
    let file = try Descriptor(opening: image, O_RDONLY)
    var block = [UInt8](repeating: 0, count: 1_024)
    try systemCall("read \(image)") { pread(file.number, &block, block.count, 1_024) }
    func number(_ offset: Int) -> Int64 {
      block[offset..<offset + 4].reversed().reduce(0) { $0 << 8 | Int64($1) }
    }
    let size = (number(0x150) << 32 | number(0x04)) << (10 + number(0x18))
    var status = stat()
    try systemCall("stat \(image)") { fstat(file.number, &status) }
    return size > 0 && size + (1 << 20) <= Int64(status.st_size)
  }

  /// Bytes used in it; `nil` when it is not mounted.
  func used() throws(DriverError) -> Int64? {
    guard HostFile.isFolder(bundle.upper) else { return nil }
    var status = statvfs()
    try systemCall("statvfs \(bundle.layer)") { statvfs(bundle.layer, &status) }
    return Int64(status.f_blocks - status.f_bfree) * Int64(status.f_frsize)
  }

  /// Unmounts everything of the container and returns when its loop device is free; success when nothing is mounted.
  func unmount() async throws(DriverError) {
    // Unmounting writes out what is cached, and a busy disk takes its time.
    let end = ContinuousClock.now + .seconds(60)
    let (points, layer) = (bundle.mountPoints, self)
    var round = 0
    while true {
      let done = try await BlockingWork.run { () throws(DriverError) in
        let table = try MountTable.read()
        for point in points where table.mounted(on: point) != nil && umount2(point, Int32(UMOUNT_NOFOLLOW)) != 0 {
          let code = errno
          // A reader of the log, or a container that is just being made and has a copy of our mounts for a moment.
          if code != EBUSY && code != EINVAL { throw DriverError(errno: code, attempted: "umount \(point)") }
        }
        let left = try MountTable.read()
        if points.contains(where: { left.mounted(on: $0) != nil }) { return false }
        return try !layer.isAttached()
      }
      if done { return }
      if ContinuousClock.now >= end {
        throw DriverError(.failed, attempted: "unmount \(bundle.folder)", words: "something uses it")
      }
      try await Wait.longer(&round)
    }
  }

  private func isAttached() throws(DriverError) -> Bool {
    for name in try HostFile.names(in: "/sys/block") where name.hasPrefix("loop") {
      let backing: String?
      do throws(DriverError) {
        backing = try HostFile.text("/sys/block/\(name)/loop/backing_file")
      } catch {
        // It was let go while it was read.
        continue
      }
      if let backing, backing.split(separator: "\n").first.map(String.init) == bundle.image { return true }
    }
    return false
  }

  /// Erases the file and gives its blocks back; `nil` when there was none.
  func erase(_ method: ErasureReceipt.Method) async throws(DriverError) -> ErasureReceipt? {
    let image = bundle.image
    return try await BlockingWork.run { () throws(DriverError) -> ErasureReceipt? in
      for name in try HostFile.names(in: bundle.folder) where TemporaryName.isTemporary(name) {
        try HostFile.removeFile(bundle.folder + "/" + name)
      }
      guard HostFile.exists(image) else { return nil }
      let receipt: ErasureReceipt
      do {
        let file = try Descriptor(opening: image, O_RDWR)
        switch method {
        case .overwritten:
          let count = try Self.overwrite(file.number, named: image)
          receipt = ErasureReceipt(method: .overwritten, detail: "\(count) bytes of the writable layer, with zeros")
        case .discarded, .absent:
          var status = stat()
          try systemCall("stat \(image)") { fstat(file.number, &status) }
          if clinux_punch_hole(file.number, 0, Int64(status.st_size)) != 0 {
            try systemCall("empty \(image)") { ftruncate(file.number, 0) }
          }
          try systemCall("fsync \(image)") { fsync(file.number) }
          receipt = ErasureReceipt(
            method: .discarded,
            detail: "the writable layer's \(status.st_blocks * 512) bytes were freed; the host's file system no longer"
              + " maps them, and whether the device forgets them is the device's")
        }
      }
      try HostFile.removeFile(image)
      return receipt
    }
  }

  /// Overwrites what was ever written; reserved blocks that never were read as zeros already.
  private static func overwrite(_ file: Int32, named path: String) throws(DriverError) -> Int64 {
    let zeros = [UInt8](repeating: 0, count: 1 << 20)
    var total: Int64 = 0
    var from = clinux_next_data(file, 0)
    while from >= 0 {
      let end = try systemCall("seek in \(path)") { clinux_next_hole(file, from) }
      total += end - from
      while from < end {
        let count = Int(min(Int64(zeros.count), end - from))
        from += Int64(try systemCall("overwrite \(path)") { pwrite(file, zeros, count, off_t(from)) })
      }
      from = clinux_next_data(file, end)
    }
    try systemCall("fsync \(path)") { fsync(file) }
    return total
  }
}
