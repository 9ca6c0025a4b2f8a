import Engine
import Glibc

extension DriverError {
  /// The words of the kernel. `ENOSPC` and `EDQUOT` are `.noSpace`, everything else `.failed`.
  ///
  /// `errno` belongs to the thread: hand in the value that was read before anything else was called.
  init(errno code: Int32, attempted: String) {
    let kind: Kind = code == ENOSPC || code == EDQUOT ? .noSpace : .failed
    self.init(kind, attempted: attempted, words: String(cString: strerror(code)))
  }
}

/// Throws the kernel's words when a call returned a negative number, and begins it again when a signal broke it off.
@discardableResult
func systemCall<Number: SignedInteger>(
  _ attempted: @autoclosure () -> String, _ call: () -> Number
) throws(DriverError) -> Number {
  while true {
    let result = call()
    if result >= 0 { return result }
    let code = errno
    if code != EINTR { throw DriverError(errno: code, attempted: attempted()) }
  }
}

/// A file descriptor that is closed when it goes out of scope, and not inherited by the programs we start.
struct Descriptor: ~Copyable, Sendable {
  let number: Int32

  init(number: Int32) {
    self.number = number
  }

  /// Opens `path` with `O_CLOEXEC` added.
  init(opening path: String, _ flags: Int32, mode: mode_t = 0o600) throws(DriverError) {
    number = try systemCall("open \(path)") { open(path, flags | O_CLOEXEC, mode) }
  }

  /// Now, and not at the end of its scope.
  consuming func close() {}

  deinit {
    Glibc.close(number)
  }
}
