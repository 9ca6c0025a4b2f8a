import CLibpq
import Glibc

/// Wakes a thread that waits in `poll`.
final class Bell: Sendable {
  let descriptor: Int32

  init() {
    descriptor = eventfd(0, Int32(EFD_CLOEXEC) | Int32(EFD_NONBLOCK))
    precondition(descriptor >= 0, "no eventfd: errno \(errno)")
  }

  deinit {
    Glibc.close(descriptor)
  }

  func ring() {
    var one: UInt64 = 1
    // The counter cannot overflow here, and if it were full the bell would be ringing already.
    _ = write(descriptor, &one, 8)
  }

  func silence() {
    var count: UInt64 = 0
    // Nothing to read is fine: it was not ringing.
    _ = read(descriptor, &count, 8)
  }

  /// Waits for a ring, for `other` (if not −1) to have something to read, or for the deadline.
  func wait(with other: Int32, until deadline: ContinuousClock.Instant?) {
    var pollers = [
      pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0), pollfd(fd: other, events: Int16(POLLIN), revents: 0),
    ]
    let milliseconds = deadline.map { max(.zero, $0 - .now).milliseconds } ?? -1
    if poll(&pollers, 2, milliseconds) > 0, pollers[0].revents != 0 { silence() }
  }
}
