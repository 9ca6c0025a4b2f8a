import Engine
import Synchronization
import Units

/// A clock that stands still until it is told to go on, or back.
public final class ManualClock: WallClock {
  private let instant: Mutex<Instant>

  public init(_ start: Instant = Instant(unixSeconds: 1_800_000_000)) {
    instant = Mutex(start)
  }

  public func now() -> Instant { instant.withLock { $0 } }

  public func advance(by span: Seconds) {
    advance(byMicroseconds: span.microseconds)
  }

  /// Negative goes back.
  public func advance(byMicroseconds delta: Int64) {
    instant.withLock { $0 = $0.advanced(byMicroseconds: delta) }
  }

  public func set(to moment: Instant) {
    instant.withLock { $0 = moment }
  }
}
