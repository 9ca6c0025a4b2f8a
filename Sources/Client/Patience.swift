import Units

/// How long it is waited for one thing: counted from the first time that the server asked to wait, answers included.
struct Patience {
  private let limit: Seconds
  private var began: ContinuousClock.Instant?

  init(_ limit: Seconds) { self.limit = limit }

  /// Whether it may be waited once more.
  var isLeft: Bool { began.map { ContinuousClock.now - $0 < .seconds(limit.count) } ?? (limit > .zero) }

  /// - Returns: whether this is the first time.
  mutating func begin() -> Bool {
    guard began == nil else { return false }
    began = .now
    return true
  }
}
