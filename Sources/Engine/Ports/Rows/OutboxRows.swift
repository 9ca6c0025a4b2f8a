import Leasing
import Ledger
import Units

/// What is to be done outside the database (transactional outbox).
public protocol OutboxRows: AnyObject {
  /// Claims due rows of some lanes for `owner` until `until`: unclaimed or with a lapsed claim, and only the oldest of
  /// its (lease, lane). Rows locked by others are passed over. Effects on resources are claimed on these hosts only
  /// (`nil`: on any); those of other lanes by anybody.
  func claimEffects(
    of lanes: [Effect.Lane], on hosts: [String]?, owner: String, at now: Instant, until: Instant, limit: Int
  ) throws -> [ClaimedEffect]
  /// Prolongs a claim; `false` when it is no longer `owner`'s.
  func renewClaim(_ id: Int64, owner: String, until: Instant) throws -> Bool
  /// Whether the claim is still `owner`'s; locks the row.
  func ownsClaim(_ id: Int64, owner: String) throws -> Bool
  /// Takes the row away; `false` when the claim was lost or the row is gone: then the outcome is not ours to record.
  func finishEffect(_ id: Int64, owner: String) throws -> Bool
  /// Gives the row back, due later; counts an attempt.
  func postponeEffect(_ id: Int64, owner: String, until: Instant, error: String) throws
  func effects(of lease: LeaseID) throws -> [OutboxRow]
  func overdueEffects(at now: Instant) throws -> OverdueWork
}
