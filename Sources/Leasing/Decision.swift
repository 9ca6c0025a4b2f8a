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
public enum Rejection: Error, Hashable, Sendable, CaseIterable {
  case leaseClosed
  case leaseReclaiming
  case notPaidYet
  case leaseFrozen
  /// Its time has run out, or it is in debt.
  case leaseUnpaid
  case leaseSuspended
  case suspendedByOperator
  case notSuspended
  case alreadySuspended
  case notFrozen
  case evicting
  case otherKind
  case underpaid
  case overCredit
  case tooFarAhead
  /// See ``Lease/leastLimit``.
  case limitTooLow
}
