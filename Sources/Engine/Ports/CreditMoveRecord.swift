import Leasing
import Ledger
import Units

/// Credit that was spent: what was asked for under a key, and what came of it.
public struct CreditMoveRecord: Hashable, Sendable {
  public var move: CreditMove
  /// As it was asked for; `nil`: all there was.
  public var asked: Millisatoshi?
  public var at: Instant

  public init(move: CreditMove, asked: Millisatoshi?, at: Instant) {
    self.move = move
    self.asked = asked
    self.at = at
  }
}
