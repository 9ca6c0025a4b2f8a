import Foundation
import Text

/// What kind of file system a folder is on, by the kernel's own table of mounts.
enum HostFileSystem {
  static func isBtrfs(_ folder: String) -> Bool {
    guard let real = realpath(folder, nil) else { return false }
    defer { free(real) }
    let path = String(cString: real)
    guard let table = FileManager.default.contents(atPath: "/proc/self/mountinfo") else { return false }
    return MountTable(parsing: String(decoding: table, as: UTF8.self)).containing(path)?.type == "btrfs"
  }
}
