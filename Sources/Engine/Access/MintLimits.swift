import L402
import Leasing
import Ledger
import Units

/// The rate limiter of everything that makes the node mint an invoice. Asked before the node is.
final class MintLimits: Sendable {
  private let budget: MintBudget
  private let clock: any WallClock
  /// How long a lease is spared for limits of ours.
  private let doubtsLast: Seconds
  private let spared: SparedLeases

  init(_ settings: Settings, spared: SparedLeases, clock: any WallClock) {
    budget = MintBudget(
      MintBudget.Limits(
        perClient: settings.mintsPerMinutePerClient, strangers: settings.mintsPerMinute,
        perLease: settings.renewalsPerMinutePerLease, holders: settings.renewalsPerMinute))
    self.spared = spared
    self.clock = clock
    doubtsLast = settings.breakerWindow
  }

  /// Takes one challenge of a stranger's.
  ///
  /// - Throws: ``Refusal/tooManyRequests(retryAfter:)``.
  func spend(for caller: Caller) throws {
    if let wait = budget.take(caller.address, at: clock.now()) {
      throw Refusal.tooManyRequests(retryAfter: wait)
    }
  }

  /// The same of a stranger who extends a lease; how often that may be is bounded for the lease and for him with it, too.
  func spendExtension(of id: LeaseID, for caller: Caller) throws {
    if let wait = budget.takeExtension(of: id, by: caller.address, at: clock.now()) {
      throw Refusal.tooManyRequests(retryAfter: wait)
    }
    try spend(for: caller)
  }

  /// The same for time of a lease that exists. Where our own limits are the reason of a refusal, the lease does not
  /// suffer for it: it is not suspended for as long as other doubts last.
  ///
  /// - Parameter isHolders: the caller has shown a credential of the lease.
  func spendRenewal(of id: LeaseID, for caller: Caller, isHolders: Bool) throws {
    guard isHolders else { return try spend(for: caller) }
    let now = clock.now()
    switch budget.takeRenewal(of: id, at: now) {
    case .taken: return
    case .tooManyOfThisLease(let wait): throw Refusal.tooManyRequests(retryAfter: wait)
    case .tooManyOfAll(let wait):
      spared.spare(id, until: now + doubtsLast, at: now)
      throw Refusal.tooManyRequests(retryAfter: wait)
    }
  }
}
