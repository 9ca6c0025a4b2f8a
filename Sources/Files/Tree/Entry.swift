import Glibc

/// What a name in a volume stands for.
public struct Entry: Hashable, Sendable {
  public enum Kind: Hashable, Sendable {
    case file
    case directory
    /// A symbolic link, device, pipe or socket: doors neither show nor follow nor open it. Its name can be
    /// deleted, and it goes when its folder goes.
    case other
  }

  public var kind: Kind
  public var size: Int64
  /// Bytes of the blocks it has: fewer than ``size`` where there are holes.
  var allocated: Int64
  /// Seconds since 1970, and nanoseconds.
  public var modified: (seconds: Int64, nanoseconds: Int64) { (modifiedSeconds, modifiedNanoseconds) }
  var device: UInt64
  var inode: UInt64
  /// Permission bits without set-user-id, set-group-id and sticky.
  public var permissions: UInt32

  private var modifiedSeconds: Int64
  private var modifiedNanoseconds: Int64
  /// When anything about it last changed; unlike the modification time a tenant cannot set it.
  let changedSeconds: Int64

  init(_ status: stat) {
    switch status.st_mode & S_IFMT {
    case S_IFREG: kind = .file
    case S_IFDIR: kind = .directory
    default: kind = .other
    }
    size = Int64(status.st_size)
    let (bytes, overflow) = Int64(status.st_blocks).multipliedReportingOverflow(by: 512)
    allocated = overflow ? .max : bytes
    device = UInt64(status.st_dev)
    inode = UInt64(status.st_ino)
    permissions = status.st_mode & 0o777
    modifiedSeconds = Int64(status.st_mtim.tv_sec)
    modifiedNanoseconds = Int64(status.st_mtim.tv_nsec)
    changedSeconds = Int64(status.st_ctim.tv_sec)
  }

  /// A strong validator (RFC 9110 §8.8.3). Every PUT makes a new inode, so that it also tells apart two versions of the
  /// same size within one tick of the file system's clock.
  public var etag: String {
    let time = UInt64(bitPattern: modifiedSeconds &* 1_000_000_000 &+ modifiedNanoseconds)
    return "\"\(String(inode, radix: 36))-\(String(size, radix: 36))-\(String(time, radix: 36))\""
  }
}
