import Glibc

/// Files that only their owner reads, and that are whole or not there.
enum DurableFile {
  /// Asked before and after each write and removal of the task that set it whether the process still lives. Tests end a
  /// run at its Nth write by it.
  @TaskLocal static var lives: (@Sendable (Moment) -> Bool)?

  enum Moment {
    case before
    case after
  }

  /// The content, or `nil` when there is no such file.
  static func read(_ path: String) throws(ClientError) -> [UInt8]? {
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else {
      let code = errno
      if code == ENOENT { return nil }
      throw failure("read", path, code)
    }
    defer { close(file) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 16_384)
    while true {
      let count = Glibc.read(file, &buffer, buffer.count)
      if count == 0 { return bytes }
      guard count > 0 else {
        let code = errno
        if code == EINTR { continue }
        throw failure("read", path, code)
      }
      bytes += buffer[..<count]
    }
  }

  /// Writes beside, syncs, and puts it in place: after a crash the old content is there or the new, never a part.
  static func write(_ bytes: [UInt8], to path: String) throws(ClientError) {
    try check(.before)
    let draft = "\(path).\(getpid()).\(UInt32.random(in: 0...(.max))).draft"
    let file = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard file >= 0 else { throw failure("write", path, errno) }
    var written = 0
    var code: Int32 = 0
    while written < bytes.count, code == 0 {
      let count = bytes[written...].withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
      if count >= 0 { written += count } else if errno != EINTR { code = errno }
    }
    if code == 0, fsync(file) != 0 { code = errno }
    close(file)
    if code == 0, rename(draft, path) != 0 { code = errno }
    guard code == 0 else {
      unlink(draft)
      throw failure("write", path, code)
    }
    syncFolder(of: path)
    try check(.after)
  }

  /// Idempotent.
  static func remove(_ path: String) throws(ClientError) {
    try check(.before)
    guard unlink(path) == 0 || errno == ENOENT else { throw failure("remove", path, errno) }
    syncFolder(of: path)
    try check(.after)
  }

  /// Makes a folder that only its owner enters, and those above it.
  static func makeFolder(_ path: String) throws(ClientError) {
    var made = ""
    for part in path.utf8.split(separator: UInt8(ascii: "/")) {
      made += "/" + String(decoding: part, as: UTF8.self)
      guard mkdir(made, 0o700) == 0 || errno == EEXIST || errno == EROFS else { throw failure("make", made, errno) }
    }
  }

  /// Names without a leading dot, sorted.
  static func names(in folder: String) throws(ClientError) -> [String] {
    guard let stream = opendir(folder) else {
      let code = errno
      if code == ENOENT { return [] }
      throw failure("list", folder, code)
    }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: Int(NAME_MAX) + 1) { String(cString: $0) }
      }
      if !name.hasPrefix(".") { names.append(name) }
    }
    return names.sorted()
  }

  private static func syncFolder(of path: String) {
    let bytes = path.utf8
    let folder = String(decoding: bytes[..<(bytes.lastIndex(of: UInt8(ascii: "/")) ?? bytes.startIndex)], as: UTF8.self)
    let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    // A file system that cannot sync a folder keeps renames in order anyway.
    fsync(descriptor)
    close(descriptor)
  }

  private static func check(_ moment: Moment) throws(ClientError) {
    if let lives, !lives(moment) { throw .state("killed") }
  }

  static func failure(_ verb: String, _ path: String, _ code: Int32) -> ClientError {
    .state("cannot \(verb) \(path): \(String(cString: strerror(code)))")
  }
}
