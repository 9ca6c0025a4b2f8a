import Foundation
import Units

/// What this machine has, as defaults for what it rents out.
struct Machine {
  /// Four leases share a core: most sleep.
  var cpuMillis: Int64 { Int64(ProcessInfo.processInfo.activeProcessorCount) * 4_000 }
  /// Three quarters; the rest is the system's.
  var memoryBytes: Int64 { Int64(ProcessInfo.processInfo.physicalMemory / 4 * 3) }
  /// Three quarters of the file system that keeps what containers write, when the disks' pool beside it is full.
  let diskBytes: Int64

  /// - Parameter pool: the disks', which may lie on the same file system.
  init(keeping folder: String, pool: Configuration.Disk?) {
    guard let here = FileSystemRoom(of: folder) else {
      diskBytes = 0
      return
    }
    var size = here.size
    if let pool, let there = FileSystemRoom(of: pool.pool), there.device == here.device { size -= pool.size.count }
    diskBytes = max(0, size / 4 * 3)
  }
}

/// How large a file system is, and what of it is free.
struct FileSystemRoom {
  let device: UInt64
  /// In bytes, less what only root may use.
  let size: Int64
  let free: Int64

  /// - Parameter path: need not exist yet: what is asked is the nearest folder above it that does.
  /// - Returns: `nil` when nothing can be asked, as under a file.
  init?(of path: String) {
    var path = path
    while !path.isEmpty, !FileManager.default.fileExists(atPath: path) {
      path = URL(fileURLWithPath: path).deletingLastPathComponent().path
      if path == "/" { break }
    }
    var (status, room) = (stat(), statvfs())
    guard stat(path, &status) == 0, statvfs(path, &room) == 0 else { return nil }
    device = UInt64(status.st_dev)
    let block = UInt64(room.f_frsize)
    func bytes(_ blocks: UInt64) -> Int64 {
      Int64(clamping: blocks.multipliedReportingOverflow(by: block).partialValue)
    }
    let reserved = UInt64(room.f_bfree) &- UInt64(room.f_bavail)
    size = bytes(UInt64(room.f_blocks) &- reserved)
    free = bytes(UInt64(room.f_bavail))
  }
}
