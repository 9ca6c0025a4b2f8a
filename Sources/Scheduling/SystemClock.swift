import Engine
import Glibc
import Synchronization
import Units

/// The machine's wall clock, and a witness against it: it compares the wall with the monotonic clock and reports when
/// the wall leapt.
public final class SystemClock: WallClock {
  /// The wall clock's offset against the boot clock, which counts suspended time too, when last looked at.
  private let offset: Mutex<Int64>

  public init() {
    offset = Mutex(SystemClock.read(CLOCK_REALTIME) - SystemClock.read(CLOCK_BOOTTIME))
  }

  public func now() -> Instant {
    Instant(microseconds: SystemClock.read(CLOCK_REALTIME))
  }

  /// A leap forward of the wall clock since the last call, as the span it passed over; `nil` when it ran as time does.
  /// Backward leaps are taken note of and reported as nothing: they shorten no deadline.
  ///
  /// - Parameter tolerance: smaller steps are a time daemon's ordinary work.
  public func leap(tolerance: Seconds = 1) -> (from: Instant, to: Instant)? {
    let wall = SystemClock.read(CLOCK_REALTIME)
    let offset = wall - SystemClock.read(CLOCK_BOOTTIME)
    let moved = self.offset.withLock { known in
      defer { known = offset }
      return offset - known
    }
    guard moved > tolerance.microseconds else { return nil }
    return (Instant(microseconds: wall - moved), Instant(microseconds: wall))
  }

  private static func read(_ clock: clockid_t) -> Int64 {
    var time = timespec()
    let outcome = clock_gettime(clock, &time)
    precondition(outcome == 0, "the kernel has this clock")
    return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1_000
  }
}
