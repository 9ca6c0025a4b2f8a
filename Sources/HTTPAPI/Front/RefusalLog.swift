import Synchronization

/// Which refusals are a line of the log: of the same kind one in ten seconds, which says how many there were since the
/// last. Who asks for nonsense without end fills no disk with it.
final class RefusalLog: Sendable {
  enum Line: Hashable {
    /// The first of its kind in a while.
    case new
    /// One more; not worth a line.
    case again
    /// Worth a line, and so many before it were not.
    case more(Int)
  }

  private struct Kind: Hashable {
    var client: String?
    var route: String
    var status: Int
  }
  private struct Count {
    var saidAt: ContinuousClock.Instant
    var unsaid = 0
  }

  static let pause = Duration.seconds(10)
  /// Kinds that are told apart; when there are more, all begin anew.
  static let most = 4_096

  private let counts = Mutex<[Kind: Count]>([:])

  /// - Parameter client: where the log names clients, each has lines of its own.
  func admit(_ client: String?, _ route: String, _ status: Int, at now: ContinuousClock.Instant) -> Line {
    let kind = Kind(client: client, route: route, status: status)
    return counts.withLock { counts in
      guard var count = counts[kind] else {
        if counts.count >= RefusalLog.most { counts = [:] }
        counts[kind] = Count(saidAt: now)
        return .new
      }
      defer { counts[kind] = count }
      guard now - count.saidAt >= RefusalLog.pause else {
        count.unsaid += 1
        return .again
      }
      defer { count = Count(saidAt: now) }
      return count.unsaid == 0 ? .new : .more(count.unsaid)
    }
  }
}
