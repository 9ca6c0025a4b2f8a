import Synchronization
import Units

/// What this daemon doubts about its surroundings. While it doubts, it takes no step against a renter.
final class Health: Sendable {
  struct State {
    var nodeFailedAt: Instant?
    var nodeIsUp = true
    var storeFailedAt: Instant?
    var clockSkew: Int64 = 0
    var breakerTrippedAt: Instant?
    var breakerReleasedUntil: Instant?
  }

  private let state = Mutex(State())

  func nodeFailed(at now: Instant) {
    state.withLock {
      $0.nodeFailedAt = now
      $0.nodeIsUp = false
    }
  }

  func nodeAnswered() {
    state.withLock { $0.nodeIsUp = true }
  }

  func storeFailed(at now: Instant) {
    state.withLock { $0.storeFailedAt = now }
  }

  /// Microseconds by which our clock is ahead of the database's.
  func measured(clockSkew: Int64) {
    state.withLock { $0.clockSkew = clockSkew }
  }

  func breakerTripped(at now: Instant) {
    state.withLock {
      if $0.breakerTrippedAt == nil { $0.breakerTrippedAt = now }
    }
  }

  /// The operator says: go on.
  func releaseBreaker(until: Instant) {
    state.withLock {
      $0.breakerTrippedAt = nil
      $0.breakerReleasedUntil = until
    }
  }

  /// Ten minutes after it tripped the breaker opens of itself, for as long.
  func breakerReleased(at now: Instant) -> Bool {
    state.withLock {
      if let until = $0.breakerReleasedUntil, now < until { return true }
      if let tripped = $0.breakerTrippedAt, now > tripped + 600 {
        $0.breakerTrippedAt = nil
        $0.breakerReleasedUntil = now + 600
        return true
      }
      return false
    }
  }

  func doubt(at now: Instant, window: Seconds) -> String? {
    state.withLock {
      if abs($0.clockSkew) > 1_000_000 { return "our clock differs from the database's by more than a second" }
      if let failed = $0.nodeFailedAt, now < failed + window { return "the Lightning node was unreachable" }
      if let failed = $0.storeFailedAt, now < failed + window { return "the database was unreachable" }
      return nil
    }
  }

  var snapshot: State { state.withLock { $0 } }
}
