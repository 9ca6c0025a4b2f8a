import Synchronization

/// How often renters' wallets were asked, and what came of it, since this daemon's start (counters).
public final class PullTally: Sendable {
  public enum Outcome: String, Hashable, Sendable, CaseIterable {
    /// A request was made.
    case asked
    /// The payment was found at our node by whoever had asked; others' settlements are not counted here.
    case paid
    /// A reminder's tries came to nothing, and the renter is told.
    case failed
  }

  private let counts = Mutex<[Outcome: Int]>([:])

  public subscript(outcome: Outcome) -> Int { counts.withLock { $0[outcome, default: 0] } }

  func count(_ outcome: Outcome) { counts.withLock { $0[outcome, default: 0] += 1 } }
}
