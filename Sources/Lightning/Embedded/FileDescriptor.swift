import Engine
import Glibc

/// An open file that is closed when its owner goes.
struct FileDescriptor: ~Copyable {
  let number: Int32

  /// Never inherited by children (`O_CLOEXEC`), never through a symbolic link (`O_NOFOLLOW`). A new file is
  /// readable by its owner alone.
  init(opening path: String, _ flags: Int32) throws(NodeError) {
    number = try Self.retrying("open \(path)") { open(path, flags | O_CLOEXEC | O_NOFOLLOW, 0o600) }
  }

  deinit { close(number) }

  func readAll() throws(NodeError) -> [UInt8] {
    var status = stat()
    _ = try Self.retrying("fstat") { fstat(number, &status) }
    var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
    var filled = 0
    while filled < bytes.count {
      let count = try Self.retrying("read") {
        bytes.withUnsafeMutableBytes { pread(number, $0.baseAddress.map { $0 + filled }, $0.count - filled, filled) }
      }
      if count == 0 { break }
      filled += count
    }
    bytes.removeLast(bytes.count - filled)
    return bytes
  }

  /// Writes everything at this offset; not yet durable.
  func write(_ bytes: [UInt8], at offset: Int) throws(NodeError) {
    var written = 0
    while written < bytes.count {
      written += try Self.retrying("write") {
        bytes.withUnsafeBytes {
          pwrite(number, $0.baseAddress.map { $0 + written }, $0.count - written, offset + written)
        }
      }
    }
  }

  func truncate(to length: Int) throws(NodeError) {
    _ = try Self.retrying("ftruncate") { ftruncate(number, length) }
  }

  /// Returns when the bytes, and the length, would survive the power going.
  func synchronize() throws(NodeError) {
    _ = try Self.retrying("fdatasync") { fdatasync(number) }
  }

  /// Calls again while a signal interrupts; turns `errno` into words.
  static func retrying<Answer: SignedInteger>(
    _ attempted: String, _ call: () -> Answer
  ) throws(NodeError) -> Answer {
    while true {
      let answer = call()
      if answer >= 0 { return answer }
      let code = errno
      if code == EINTR { continue }
      throw NodeError(.unavailable, attempted: attempted, words: String(cString: strerror(code)))
    }
  }
}
