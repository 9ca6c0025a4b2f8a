import Foundation

/// What kind of file system a folder is on, by the kernel's own table of mounts.
enum HostFileSystem {
  static func isBtrfs(_ folder: String) -> Bool {
    guard let real = realpath(folder, nil) else { return false }
    defer { free(real) }
    let path = String(cString: real)
    guard let table = FileManager.default.contents(atPath: "/proc/self/mountinfo") else { return false }
    // `36 35 98:0 /root /mount/point options - type source …`: the longest mount point above the folder counts, and of
    // two at one point the later.
    var best = (length: -1, type: "")
    for line in String(decoding: table, as: UTF8.self).split(separator: "\n") {
      let fields = line.split(separator: " ")
      guard fields.count > 6, let dash = fields.firstIndex(of: "-"), dash + 1 < fields.count else { continue }
      let point = String(fields[4])
      let isAbove = point == "/" || path == point || path.hasPrefix(point + "/")
      if isAbove, point.utf8.count >= best.length { best = (point.utf8.count, String(fields[dash + 1])) }
    }
    return best.type == "btrfs"
  }
}
