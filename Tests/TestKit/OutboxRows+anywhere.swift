import Engine
import Leasing
import Units

extension OutboxRows {
  /// Claims wherever the effects are to be done.
  public func claimEffects(
    of lanes: [Effect.Lane], owner: String, at now: Instant, until: Instant, limit: Int
  ) throws -> [ClaimedEffect] {
    try claimEffects(of: lanes, on: nil, owner: owner, at: now, until: until, limit: limit)
  }
}

extension LeaseRows {
  public func nextDeadline() throws -> Instant? { try nextDeadline(on: nil) }
}
