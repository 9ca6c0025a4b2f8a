import Ledger
import Synchronization

/// Remembers which disks were swept a short while ago: a full one is told of with each request, and looked through
/// once in ten minutes.
public final class Sweeps: Sendable {
  private static let most = 4_096
  private let swept = Mutex<[LeaseID: ContinuousClock.Instant]>([:])

  public init() {}

  /// Whether it is time, which it then is not again for ten minutes.
  public func isDue(_ lease: LeaseID, at now: ContinuousClock.Instant) -> Bool {
    swept.withLock { swept in
      if let last = swept[lease], now - last < .seconds(600) { return false }
      // Forgetting costs a sweep too many.
      if swept.count >= Self.most { swept = [:] }
      swept[lease] = now
      return true
    }
  }
}
