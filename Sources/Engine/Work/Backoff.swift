/// How long to wait before something that failed is tried again: a second, two, four … up to a bound.
///
/// What went on for a while before it failed had been well: the next wait is the shortest again. Something that waits in
/// silence and is only ever ended by a failure would otherwise be called less and less often for good.
struct Backoff {
  /// What lasted so long was no failed try.
  static let well = Duration.seconds(10)

  private let most: Int
  private var next = 1
  private var began: ContinuousClock.Instant?

  /// - Parameter most: seconds.
  init(most: Int) {
    self.most = most
  }

  mutating func begins(at now: ContinuousClock.Instant) { began = now }
  mutating func succeeded() { next = 1 }

  /// - Returns: the seconds to wait.
  mutating func failed(at now: ContinuousClock.Instant) -> Int {
    if let began, now - began >= Backoff.well { next = 1 }
    defer { next = min(most, next * 2) }
    return next
  }
}
