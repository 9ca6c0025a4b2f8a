import Engine
import Glibc
import Synchronization
import Units

/// The machine's wall clock, and a witness against it: it compares the wall with the monotonic clock and reports when
/// the wall leapt.
///
/// While a leap forward has not been taken note of, the time goes on as if there had been none: nobody acts at the later
/// time before it is known how the two are related.
public final class SystemClock: WallClock {
  /// Smaller steps are a time daemon's ordinary work.
  private static let tolerance = Seconds(1).microseconds

  /// The wall clock's offset against the boot clock, which counts suspended time too, as taken note of.
  private let offset: Mutex<Int64>
  private let read: @Sendable (clockid_t) -> Int64

  public convenience init() {
    self.init(reading: SystemClock.read)
  }

  /// - Parameter read: microseconds of a clock of the system.
  init(reading read: @escaping @Sendable (clockid_t) -> Int64) {
    self.read = read
    offset = Mutex(read(CLOCK_REALTIME) - read(CLOCK_BOOTTIME))
  }

  public func now() -> Instant {
    let (wall, boot) = (read(CLOCK_REALTIME), read(CLOCK_BOOTTIME))
    let known = offset.withLock { $0 }
    return Instant(microseconds: wall - boot - known > SystemClock.tolerance ? boot + known : wall)
  }

  /// A leap forward of the wall clock that was not taken note of, as the span it passed over; `nil` when the clock runs as
  /// time does. What is small, and leaps backward, are taken note of here and reported as nothing: they shorten no
  /// deadline.
  public func leap() -> (from: Instant, to: Instant)? {
    let (wall, boot) = (read(CLOCK_REALTIME), read(CLOCK_BOOTTIME))
    return offset.withLock { known in
      let moved = wall - boot - known
      guard moved > SystemClock.tolerance else {
        known = wall - boot
        return nil
      }
      return (Instant(microseconds: boot + known), Instant(microseconds: wall))
    }
  }

  /// Takes note of a leap: from now on the time is the later one.
  public func accept(_ leap: (from: Instant, to: Instant)) {
    offset.withLock { $0 += leap.to.microseconds(since: leap.from) }
  }

  private static func read(_ clock: clockid_t) -> Int64 {
    var time = timespec()
    let outcome = clock_gettime(clock, &time)
    precondition(outcome == 0, "the kernel has this clock")
    return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1_000
  }
}
