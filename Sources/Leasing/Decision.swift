import Ledger

/// What a step decided: the lease as it is now, the money that moved, and what is to be done outside.
public struct Decision: Hashable, Sendable {
  public var lease: Lease
  public var transfers: [Transfer]
  public var effects: [Effect]

  public init(lease: Lease, transfers: [Transfer] = [], effects: [Effect] = []) {
    self.lease = lease
    self.transfers = transfers
    self.effects = effects
  }
}

/// Why an event cannot be. Rejections are answers to people; outcomes and timers are never rejected, only found stale.
public enum Rejection: String, Error, Hashable, Sendable {
  case leaseClosed = "lease-closed"
  case leaseReclaiming = "lease-reclaiming"
  case notPaidYet = "not-paid-yet"
  case leaseFrozen = "lease-frozen"
  case notSuspended = "not-suspended"
  case alreadySuspended = "already-suspended"
  case notFrozen = "not-frozen"
  case evicting
  case otherKind = "other-kind"
  case underpaid
  case overCredit = "over-credit"
  case tooFarAhead = "too-far-ahead"
}
