import Dispatch
import Engine
import Glibc
import Synchronization
import Units

/// One Dispatch timer for the earliest deadline known.
///
/// Any number of leases may be armed: their deadlines are in the database, and only the earliest is here. Setting it is
/// a comparison under a lock unless it moves the timer, and the timer is moved at most once a millisecond, so that a
/// storm of writers costs the kernel nothing. The timer runs on the wall clock: a forward step of the clock rings at
/// once, a backward one waits, and time asleep counts. A ring means "look": whoever is rung reads the clock again.
public final class DispatchAlarm: Alarm {
  private struct State {
    /// What the timer is set to; `nil` while nothing is waited for.
    var armed: Instant?
    var armedAt: Instant = Instant(microseconds: .min)
  }
  private static let quietMicroseconds: Int64 = 1_000

  private let clock: any WallClock
  // Dispatch sources may be used from any thread (libdispatch locks them); the protocol is not marked so on Linux.
  private nonisolated(unsafe) let timer: any DispatchSourceTimer
  private let queue: DispatchQueue
  private let ring: @Sendable () -> Void
  private let state = Mutex(State())

  public init(clock: any WallClock, ring: @escaping @Sendable () -> Void) {
    self.clock = clock
    self.ring = ring
    queue = DispatchQueue(label: "leasehold.alarm", qos: .userInitiated)
    timer = DispatchSource.makeTimerSource(flags: .strict, queue: queue)
    timer.schedule(wallDeadline: .distantFuture)
    timer.setEventHandler(handler: DispatchAlarm.handler { [weak self] in self?.fired() })
    timer.activate()
  }

  deinit {
    timer.cancel()
  }

  /// Made outside of any actor: a handler that inherited one would trap on the timer's queue.
  private static func handler(_ body: @escaping @Sendable () -> Void) -> DispatchWorkItem {
    DispatchWorkItem(block: body)
  }

  public func set(noLaterThan moment: Instant) {
    let now = clock.now()
    state.withLock { state in
      if let armed = state.armed, armed <= moment { return }
      // Within a millisecond of the last arming the timer is not moved to now but to the end of that millisecond.
      let earliest =
        state.armedAt.microseconds > Int64.min + DispatchAlarm.quietMicroseconds * 2
        ? state.armedAt.advanced(byMicroseconds: DispatchAlarm.quietMicroseconds) : now
      let target = max(moment, min(earliest, now.advanced(byMicroseconds: DispatchAlarm.quietMicroseconds)))
      if let armed = state.armed, armed <= target { return }
      state.armed = target
      state.armedAt = now
      timer.schedule(wallDeadline: DispatchAlarm.wallTime(target), leeway: .nanoseconds(0))
    }
  }

  private func fired() {
    let now = clock.now()
    let isDue = state.withLock { state in
      guard let armed = state.armed else { return false }
      if armed > now {
        // The wall clock was set back between arming and firing, or has leapt forward and that is not believed yet: by the
        // wall the moment may be past.
        let wait = min(armed.microseconds(since: now), 1_000_000)
        timer.schedule(deadline: .now() + .microseconds(Int(wait)), leeway: .nanoseconds(0))
        return false
      }
      state.armed = nil
      return true
    }
    if isDue { ring() }
  }

  private static func wallTime(_ moment: Instant) -> DispatchWallTime {
    let (seconds, rest) = max(0, moment.microseconds).quotientAndRemainder(dividingBy: 1_000_000)
    // Dispatch counts nanoseconds in 64 bits; what is further off than a century is not armed for.
    let bounded = min(seconds, 7_258_118_400)
    return DispatchWallTime(timespec: timespec(tv_sec: Int(bounded), tv_nsec: Int(rest) * 1_000))
  }
}
