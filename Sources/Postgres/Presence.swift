import Synchronization

/// What connections to one server know together of whether it is there. Pools that speak to the same server may share
/// one: what a probe finds out then counts for everybody's work.
///
/// The server is taken for away when it cannot be reached, or has let a statement wait to its limit and has answered
/// nobody meanwhile; and for there again at the first answer.
public final class Presence: Sendable {
  private struct State {
    var awaySince: ContinuousClock.Instant?
    var reason: PostgresError?
  }

  private let origin = ContinuousClock.now
  /// Microseconds from ``origin`` to the last answer.
  private let heardAt = Atomic<Int64>(0)
  private let away = Atomic<Bool>(false)
  private let state = Mutex(State())

  public init() {}

  /// Since when the server is taken for away; `nil`: it is not.
  public var awaySince: ContinuousClock.Instant? {
    away.load(ordering: .acquiring) ? state.withLock { $0.awaySince } : nil
  }

  /// How it was found to be away.
  var reason: PostgresError? { state.withLock { $0.reason } }

  func heard() {
    heardAt.store(microseconds(.now), ordering: .releasing)
    guard away.load(ordering: .acquiring) else { return }
    state.withLock {
      $0 = State()
      away.store(false, ordering: .releasing)
    }
  }

  /// Nothing came of what was asked for at `began`.
  func missed(since began: ContinuousClock.Instant, _ reason: PostgresError) {
    guard heardAt.load(ordering: .acquiring) <= microseconds(began) else { return }
    state.withLock {
      $0.awaySince = $0.awaySince ?? .now
      $0.reason = reason
      away.store(true, ordering: .releasing)
    }
  }

  /// When work that began at `began` is to be given up: `patience` after that and after the server was found to be
  /// away; never while it is there.
  func givesUp(_ began: ContinuousClock.Instant, after patience: Duration) -> ContinuousClock.Instant? {
    awaySince.map { max($0, began) + patience }
  }

  private func microseconds(_ moment: ContinuousClock.Instant) -> Int64 {
    let (seconds, attoseconds) = (moment - origin).components
    return seconds * 1_000_000 + attoseconds / 1_000_000_000_000
  }
}
