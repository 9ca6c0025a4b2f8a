import CLinux
import Engine
import Glibc

/// btrfs subvolumes, by path and by id.
enum Subvolume {
  /// Makes one; success when there is one.
  static func make(_ name: String, in folder: String) throws(DriverError) {
    let parent = try Descriptor(opening: folder, O_RDONLY | O_DIRECTORY)
    guard clinux_btrfs_subvolume_create(parent.number, name) != 0 else { return }
    let code = errno
    if code == EEXIST, try id(of: "\(folder)/\(name)") != nil { return }
    throw DriverError(errno: code, attempted: "make subvolume \(folder)/\(name)")
  }

  /// Its id, or `nil` when there is no subvolume at `path`.
  static func id(of path: String) throws(DriverError) -> UInt64? {
    var status = stat()
    // The root of a subvolume always has this inode number.
    guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR, status.st_ino == 256 else { return nil }
    let folder = try Descriptor(opening: path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
    var id: UInt64 = 0
    try systemCall("read the id of subvolume \(path)") { clinux_btrfs_subvolume_id(folder.number, &id) }
    return id
  }

  static func isReadOnly(_ path: String) throws(DriverError) -> Bool {
    let folder = try Descriptor(opening: path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
    return try systemCall("read the flags of subvolume \(path)") {
      clinux_btrfs_subvolume_is_readonly(folder.number)
    } == 1
  }

  static func setReadOnly(_ path: String, _ readOnly: Bool) throws(DriverError) {
    let folder = try Descriptor(opening: path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
    try systemCall("make subvolume \(path) \(readOnly ? "read-only" : "writable")") {
      clinux_btrfs_subvolume_set_readonly(folder.number, readOnly ? 1 : 0)
    }
  }

  /// Unlinks it; the cleaner frees it later.
  static func delete(_ name: String, in folder: String) throws(DriverError) {
    let parent = try Descriptor(opening: folder, O_RDONLY | O_DIRECTORY)
    guard clinux_btrfs_subvolume_delete(parent.number, name) != 0 else { return }
    let code = errno
    if code != ENOENT { throw DriverError(errno: code, attempted: "delete subvolume \(folder)/\(name)") }
  }

  /// The subvolumes below one, in the order in which they can be deleted: whoever may write in a subvolume may make
  /// more inside it.
  static func descendants(of id: UInt64, _ pool: borrowing Descriptor) throws(DriverError) -> [UInt64] {
    var found: [UInt64] = []
    var child: UInt64 = 0
    while true {
      let after = child
      let number = pool.number
      let there = try systemCall("list subvolumes below \(id)") {
        clinux_btrfs_subvolume_next_child(number, id, after, &child)
      }
      if there == 0 { return found }
      found += try descendants(of: child, pool)
      found.append(child)
    }
  }
}
