import Units

/// What becomes of a container whose command has ended (restart policy). Somebody's stop is no end: it stays stopped.
public enum RestartPolicy: String, Hashable, Sendable, Codable, CaseIterable {
  /// It stays ended until somebody starts it.
  case never
  /// It is started again unless it ended with 0. What was killed, for want of memory or with its host, has failed.
  case onFailure = "on-failure"
  /// It is started again however it ended.
  case always

  /// - Parameter code: what the command ended with, 128 + signal when it was killed; `nil` where nobody was there to see
  ///   it: that is a failure.
  public func restarts(after code: Int32?) -> Bool {
    switch self {
    case .never: false
    case .onFailure: code != 0
    case .always: true
    }
  }
}

/// The restarts of one container: how many there were, and when the next may be. Kept beside the container, so that it
/// outlives every daemon.
public struct Restarts: Hashable, Sendable, Codable {
  /// The first wait; each further one is twice as long.
  public static let firstWait: Seconds = 10
  public static let longestWait: Seconds = 300
  /// Whatever ran so long is waited for as if it had never failed.
  public static let wellAfter: Seconds = 600

  /// By the policy, since the container was made.
  public private(set) var count: Int64 = 0
  /// Of them, since it last ran well or was started by somebody.
  private var inRow = 0
  private var startedAt: Instant?
  /// When it is started again; `nil`: it runs, or stays as it is.
  public private(set) var dueAt: Instant?

  public init() {}

  public enum Answer: Hashable, Sendable {
    /// It is not started again.
    case stays
    case waits(until: Instant)
    /// To be started now, after ``count(at:)`` was kept.
    case starts
  }

  /// It was found ended, for the first time or again. The wait begins when it is first seen.
  public mutating func ended(_ code: Int32?, under policy: RestartPolicy, at now: Instant) -> Answer {
    guard policy.restarts(after: code) else {
      dueAt = nil
      return .stays
    }
    if let dueAt {
      // A clock that was set back does not make it wait for what it was set back by.
      return now >= dueAt || dueAt > now + Self.longestWait ? .starts : .waits(until: dueAt)
    }
    if let startedAt, now >= startedAt + Self.wellAfter { inRow = 0 }
    let until = now + wait
    dueAt = until
    return .waits(until: until)
  }

  /// One more. Kept before it is tried: one that fails, or whose daemon dies with it, has been one all the same.
  public mutating func count(at now: Instant) {
    count = count == .max ? count : count + 1
    inRow = min(inRow + 1, 16)
    started(at: now)
  }

  /// Its command is about to run, for whatever reason.
  public mutating func started(at now: Instant) {
    startedAt = now
    dueAt = nil
  }

  /// Somebody has stopped or started it by hand: what was before does not count.
  public mutating func forgive() {
    inRow = 0
    dueAt = nil
  }

  private var wait: Seconds {
    min(Self.longestWait, Seconds(Self.firstWait.count << Int64(min(inRow, 8))))
  }
}
