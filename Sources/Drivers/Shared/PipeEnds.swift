import CLinux
import Engine
import Glibc
import Synchronization

/// A pipe to a program: one end is ours and does not block, the other is handed to the program and then closed here.
final class PipeEnds: Sendable {
  enum Ours: Int32, Sendable {
    case reading = 0
    case writing = 1
  }

  /// Ours.
  let number: Int32
  private let theirs: Mutex<Int32?>
  private let open: Mutex<Bool>
  private let ticket = Poller.shared.ticket()
  /// What is still read once the writer's end is known: all that a pipe can hold.
  private let remainder = Mutex<Int?>(nil)

  /// - Throws: `.failed` where this process may open nothing more.
  init(ours: Ours) throws(DriverError) {
    var ends: [Int32] = [-1, -1]
    try systemCall("make a pipe") { clinux_pipe(&ends, ours.rawValue) }
    number = ends[Int(ours.rawValue)]
    theirs = Mutex(ends[1 - Int(ours.rawValue)])
    open = Mutex(true)
  }

  deinit {
    closeTheirs()
    close()
    Poller.shared.forget(ticket)
  }

  /// The program's end; -1 once it was closed here.
  var theirNumber: Int32 { theirs.withLock { $0 ?? -1 } }

  func closeTheirs() {
    theirs.withLock { number in
      if let open = number { Glibc.close(open) }
      number = nil
    }
  }

  /// Ours. Nobody may be waiting at it.
  func close() {
    open.withLock { isOpen in
      if isOpen { Glibc.close(number) }
      isOpen = false
    }
  }

  /// Gives it to somebody, who may then open it by name (`/dev/stdout`).
  func give(to uid: uid_t) throws(DriverError) {
    try systemCall("fchown a pipe") { fchown(number, uid, uid) }
  }

  // MARK: - Reading

  /// What has come, when something has; `nil` when no more can come, or ``endReading()`` was called and all that had been
  /// written until then is read.
  ///
  /// - Throws: `CancellationError`; `.failed`.
  func read(upTo limit: Int = 1 << 16) async throws -> [UInt8]? {
    while true {
      let left = remainder.withLock { $0 }
      if let left, left <= 0 { return nil }
      let wanted = min(limit, left ?? limit)
      let (bytes, code) = readNow(wanted)
      if !bytes.isEmpty {
        remainder.withLock { if let left = $0 { $0 = left - bytes.count } }
        return bytes
      }
      if code == 0 { return nil }
      guard code == EAGAIN || code == EINTR else { throw DriverError(errno: code, attempted: "read a pipe") }
      if left != nil { return nil }
      try Task.checkCancellation()
      if code == EAGAIN { _ = await Poller.shared.wait(for: number, ticket: ticket) }
    }
  }

  private func readNow(_ wanted: Int) -> (bytes: [UInt8], code: Int32) {
    var code: Int32 = 0
    let bytes = [UInt8](unsafeUninitializedCapacity: wanted) { buffer, count in
      let found = Glibc.read(number, buffer.baseAddress, wanted)
      if found < 0 { code = errno }
      count = max(0, found)
    }
    return (bytes, code)
  }

  /// Its writer has ended: what lies in the pipe is read, and not what somebody else who has it goes on to write.
  func endReading() {
    remainder.withLock { $0 = $0 ?? 1 << 20 }
    Poller.shared.wake(ticket)
  }

  // MARK: - Writing

  /// Returns when all is in the pipe.
  ///
  /// - Returns: `false` when nobody reads it any more.
  /// - Throws: `CancellationError`; `.failed`.
  func write(_ bytes: [UInt8]) async throws -> Bool {
    var written = 0
    while written < bytes.count {
      try Task.checkCancellation()
      let count = bytes.withUnsafeBytes {
        clinux_pipe_write(number, $0.baseAddress?.advanced(by: written), $0.count - written)
      }
      let code = errno
      if count >= 0 {
        written += count
      } else if code == EAGAIN {
        _ = await Poller.shared.wait(for: number, .writable, ticket: ticket)
      } else if code == EPIPE {
        return false
      } else if code != EINTR {
        throw DriverError(errno: code, attempted: "write to a pipe")
      }
    }
    return true
  }
}
