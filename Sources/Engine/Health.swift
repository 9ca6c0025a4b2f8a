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

  /// What the database's clock said between two looks at ours: microseconds by which ours is ahead, as far as that is
  /// certain.
  func measured(databaseClock theirs: Instant, between asked: Instant, and answered: Instant) {
    let ahead = asked.microseconds(since: theirs)
    let behind = theirs.microseconds(since: answered)
    state.withLock { $0.clockSkew = ahead > 0 ? ahead : behind > 0 ? -behind : 0 }
  }

  /// Nothing had to be held back: what was tripped is over.
  func breakerIsQuiet() {
    state.withLock { $0.breakerTrippedAt = nil }
  }

  /// The operator says: go on.
  func releaseBreaker(until: Instant) {
    state.withLock {
      $0.breakerTrippedAt = nil
      $0.breakerReleasedUntil = until
    }
  }

  /// Whether the breaker holds back what is too much. Ten minutes after it tripped it lets go of itself, for as long.
  func breakerHolds(at now: Instant) -> Bool {
    state.withLock {
      if let until = $0.breakerReleasedUntil, now < until { return false }
      guard let tripped = $0.breakerTrippedAt else {
        $0.breakerTrippedAt = now
        return true
      }
      guard now > tripped + 600 else { return true }
      $0.breakerTrippedAt = nil
      $0.breakerReleasedUntil = now + 600
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
