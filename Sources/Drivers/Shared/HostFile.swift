import Engine
import Glibc

/// Files and folders of the platform's own on the host: small texts, written so that a crash leaves the old or the new.
enum HostFile {
  /// The whole text, or `nil` when there is no such file.
  static func text(_ path: String) throws(DriverError) -> String? {
    try bytes(path).map { String(decoding: $0, as: UTF8.self) }
  }

  static func bytes(_ path: String) throws(DriverError) -> [UInt8]? {
    let number = open(path, O_RDONLY | O_CLOEXEC)
    guard number >= 0 else {
      let code = errno
      if code == ENOENT || code == ENOTDIR { return nil }
      throw DriverError(errno: code, attempted: "open \(path)")
    }
    let file = Descriptor(number: number)
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 4_096)
    while true {
      let count = try systemCall("read \(path)") { read(file.number, &chunk, chunk.count) }
      if count == 0 { return bytes }
      bytes += chunk[..<count]
    }
  }

  /// Replaces the file in one step and returns when the new one would survive a power cut, its name included: Linux
  /// file systems keep with a synced file the rename that went before. A power cut in between leaves the old text, the
  /// new one, or an empty file; a reader takes an empty one for none.
  static func replace(_ path: String, with text: String, mode: mode_t = 0o600) throws(DriverError) {
    let temporary = TemporaryName.beside(path)
    do throws(DriverError) {
      let file = try Descriptor(opening: temporary, O_WRONLY | O_CREAT | O_EXCL, mode: mode)
      try write(Array(text.utf8), to: file.number, named: temporary)
      try systemCall("rename \(temporary)") { rename(temporary, path) }
      try systemCall("fsync \(path)") { fsync(file.number) }
    } catch {
      unlink(temporary)
      throw error
    }
  }

  static func write(_ bytes: [UInt8], to descriptor: Int32, named path: String) throws(DriverError) {
    var written = 0
    while written < bytes.count {
      written += try systemCall("write \(path)") {
        bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress?.advanced(by: written), $0.count - written) }
      }
    }
  }

  /// Gives a file a size without taking blocks for it; makes the file when there is none.
  static func makeSparse(_ path: String, bytes: Int64) throws(DriverError) {
    let file = try Descriptor(opening: path, O_RDWR | O_CREAT)
    try systemCall("size \(path)") { ftruncate(file.number, off_t(bytes)) }
  }

  /// Makes the folder's entries (names made, renamed, removed) survive a power cut.
  static func syncFolder(of path: String) throws(DriverError) {
    let folder = try Descriptor(opening: parent(of: path), O_RDONLY | O_DIRECTORY)
    try systemCall("fsync folder of \(path)") { fsync(folder.number) }
  }

  static func parent(of path: String) -> String {
    let components = path.split(separator: "/", omittingEmptySubsequences: true).dropLast().joined(separator: "/")
    if path.hasPrefix("/") { return "/" + components }
    return components.isEmpty ? "." : components
  }

  /// Makes a folder; success when there is one.
  static func makeFolder(_ path: String, mode: mode_t) throws(DriverError) {
    guard mkdir(path, mode) != 0 else { return }
    let code = errno
    guard code == EEXIST, isFolder(path) else { throw DriverError(errno: code, attempted: "mkdir \(path)") }
  }

  /// Makes a folder and those above it that are missing.
  static func makeFolders(_ path: String, mode: mode_t) throws(DriverError) {
    if isFolder(path) { return }
    let above = parent(of: path)
    if above != path { try makeFolders(above, mode: mode) }
    try makeFolder(path, mode: mode)
  }

  /// Removes an empty folder; success when there is none.
  static func removeFolder(_ path: String) throws(DriverError) {
    guard rmdir(path) != 0 else { return }
    let code = errno
    if code != ENOENT { throw DriverError(errno: code, attempted: "rmdir \(path)") }
  }

  /// Removes a file; success when there is none.
  static func removeFile(_ path: String) throws(DriverError) {
    guard unlink(path) != 0 else { return }
    let code = errno
    if code != ENOENT { throw DriverError(errno: code, attempted: "unlink \(path)") }
  }

  static func isFolder(_ path: String) -> Bool {
    var status = stat()
    return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  static func exists(_ path: String) -> Bool {
    var status = stat()
    return lstat(path, &status) == 0
  }

  /// The names in a folder, sorted, without `.` and `..`; empty when there is no such folder.
  static func names(in path: String) throws(DriverError) -> [String] {
    guard let stream = opendir(path) else {
      let code = errno
      if code == ENOENT { return [] }
      throw DriverError(errno: code, attempted: "opendir \(path)")
    }
    defer { closedir(stream) }
    var names: [String] = []
    while true {
      errno = 0
      guard let entry = readdir(stream) else {
        let code = errno
        if code != 0 { throw DriverError(errno: code, attempted: "readdir \(path)") }
        return names.sorted()
      }
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != "." && name != ".." { names.append(name) }
    }
  }
}
