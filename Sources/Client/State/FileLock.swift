import Glibc

/// Holds a file's advisory lock for as long as it lives; the kernel lets go of it when the process dies.
final class FileLock: Sendable {
  private let descriptor: Int32

  private init(_ descriptor: Int32) { self.descriptor = descriptor }

  deinit { close(descriptor) }

  /// The lock, or `nil` when another process (or another lock of this one) holds it and `wait` is not asked for.
  static func take(_ path: String, wait: Bool) throws(ClientError) -> FileLock? {
    let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard descriptor >= 0 else { throw DurableFile.failure("lock", path, errno) }
    while flock(descriptor, wait ? LOCK_EX : LOCK_EX | LOCK_NB) != 0 {
      let code = errno
      if code == EINTR { continue }
      close(descriptor)
      if code == EWOULDBLOCK { return nil }
      throw DurableFile.failure("lock", path, code)
    }
    return FileLock(descriptor)
  }
}
