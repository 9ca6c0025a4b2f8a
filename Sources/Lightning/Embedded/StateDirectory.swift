import Engine
import Glibc

/// The folder the embedded node keeps its key and journal in, held by this process alone.
struct StateDirectory: ~Copyable {
  let path: String
  private let lock: FileDescriptor

  /// Makes the folder (0700) where it is missing and takes its lock.
  ///
  /// A lock that was just given up may be held for a moment longer by a child on its way from `fork` to `exec`, which
  /// shares the description: it is asked for again for a second.
  ///
  /// - Throws: `.refused`, naming the process, when another one holds it.
  init(_ path: String) throws(NodeError) {
    try Self.makeFolder(path)
    let lock = try FileDescriptor(opening: path + "/lock", O_RDWR | O_CREAT)
    var looks = 0
    while flock(lock.number, LOCK_EX | LOCK_NB) != 0 {
      let code = errno
      if code == EINTR { continue }
      if code == EWOULDBLOCK, looks < 50 {
        looks += 1
        usleep(20_000)
        continue
      }
      guard code == EWOULDBLOCK else {
        throw NodeError(.unavailable, attempted: "lock \(path)", words: String(cString: strerror(code)))
      }
      let holder = String(decoding: try lock.readAll().prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
      throw NodeError(
        .refused, attempted: "open the embedded node in \(path)",
        words: "another daemon\(holder.isEmpty ? "" : " (process \(holder))") has it open")
    }
    try lock.truncate(to: 0)
    try lock.write(Array("\(getpid())\n".utf8), at: 0)
    self.path = path
    self.lock = lock
  }

  /// Unlocks, which closing alone does not while a child shares the description.
  deinit { flock(lock.number, LOCK_UN) }

  private static func makeFolder(_ path: String) throws(NodeError) {
    var made = path.hasPrefix("/") ? "/" : ""
    for part in path.split(separator: "/") {
      made += made.isEmpty || made.hasSuffix("/") ? part : "/\(part)"
      if mkdir(made, 0o700) != 0 {
        let code = errno
        guard code == EEXIST else {
          throw NodeError(.unavailable, attempted: "make \(made)", words: String(cString: strerror(code)))
        }
      }
    }
  }

  /// Puts a file in place whole: after a crash at any moment there is the old one, or the new one. Where this throws,
  /// the old one stands.
  ///
  /// The new name is durable only after ``synchronize()``.
  func replace(_ name: String, with contents: [UInt8]) throws(NodeError) -> FileDescriptor {
    let temporary = "\(path)/\(name).new"
    let file = try FileDescriptor(opening: temporary, O_RDWR | O_CREAT | O_TRUNC)
    _ = try FileDescriptor.retrying("fchmod") { fchmod(file.number, 0o600) }
    try file.write(contents, at: 0)
    try file.synchronize()
    _ = try FileDescriptor.retrying("rename \(name)") { rename(temporary, "\(path)/\(name)") }
    return file
  }

  /// Makes the names in the folder durable.
  func synchronize() throws(NodeError) {
    let directory = try FileDescriptor(opening: path, O_RDONLY | O_DIRECTORY)
    _ = try FileDescriptor.retrying("fsync \(path)") { fsync(directory.number) }
  }

  func exists(_ name: String) -> Bool { access("\(path)/\(name)", F_OK) == 0 }
}
