import CLinux
import Engine
import Glibc

/// What btrfs counts and limits per subvolume: the qgroup `0/id`.
struct Qgroup: Sendable {
  /// `/sys/fs/btrfs/<uuid>/qgroups`: the kernel's own numbers, read without asking the disk anything.
  var folder: String

  /// For a file system's numbers see `btrfs(5)`, "sysfs interface"; kernel 5.9.
  init(of pool: borrowing Descriptor, at path: String) throws(DriverError) {
    var uuid = [UInt8](repeating: 0, count: 16)
    let number = pool.number
    try systemCall("read the id of the btrfs at \(path)") { clinux_btrfs_filesystem_uuid(number, &uuid) }
    let hex = uuid.map { (byte: UInt8) in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
    var text = ""
    for (index, digit) in hex.enumerated() {
      if [8, 12, 16, 20].contains(index) { text += "-" }
      text.append(digit)
    }
    folder = "/sys/fs/btrfs/\(text)/qgroups"
  }

  /// Bytes referenced after the last commit, and those written since that wait for the next. Freed bytes show after the
  /// commit, at most five seconds later on a pool of ours.
  func used(by id: UInt64) throws(DriverError) -> Int64? {
    guard let referenced = try number("0_\(id)/referenced") else { return nil }
    return referenced + (try number("0_\(id)/rsv_data") ?? 0)
  }

  var isEnabled: Bool {
    get throws(DriverError) { try number("enabled") == 1 }
  }

  /// The counts are not to be believed until a rescan.
  var isInconsistent: Bool {
    get throws(DriverError) { try number("inconsistent") == 1 }
  }

  var ids: [UInt64] {
    get throws(DriverError) {
      try HostFile.names(in: folder).compactMap { $0.hasPrefix("0_") ? UInt64($0.dropFirst(2)) : nil }
    }
  }

  /// Deleting a deep subvolume makes newer kernels give up counting (`inconsistent`) unless told that no depth is too
  /// deep. Older kernels have no such file and always count.
  func countDeepDeletions() {
    let file = open("\(folder)/drop_subtree_threshold", O_WRONLY | O_CLOEXEC)
    guard file >= 0 else { return }
    write(file, "8", 1)
    close(file)
  }

  private func number(_ name: String) throws(DriverError) -> Int64? {
    guard let text = try HostFile.text("\(folder)/\(name)") else { return nil }
    return Int64(text.split(whereSeparator: \.isWhitespace).first ?? "")
  }

  /// - Parameter bytes: `nil` for no limit.
  static func limit(_ id: UInt64, to bytes: Int64?, _ pool: borrowing Descriptor) throws(DriverError) {
    let number = pool.number
    try systemCall("limit qgroup 0/\(id)") {
      clinux_btrfs_qgroup_limit(number, id, bytes.map { UInt64(max($0, 1)) } ?? .max)
    }
  }

  /// Success when it is gone.
  static func remove(_ id: UInt64, _ pool: borrowing Descriptor) throws(DriverError) {
    guard clinux_btrfs_qgroup_remove(pool.number, id) != 0 else { return }
    let code = errno
    if code != ENOENT { throw DriverError(errno: code, attempted: "remove qgroup 0/\(id)") }
  }
}
