import Ledger
import Units

/// What a lease gives, and until when. Doors, invoices and documents ask here; none of them reckons for itself.
extension Lease {
  /// How long service goes on without money. None in the first period.
  public var graceLength: Seconds { renewed ? terms.policy.grace : terms.policy.firstGrace }

  /// When service stops for want of money: paid time and the grace after it. `nil`: no such moment is known, since it
  /// does not serve, time stands still, or nothing runs out.
  public var moneyEnds: Instant? {
    switch state {
    case .active: paidUntil.map { $0 + graceLength }
    case .grace(let until): until
    case .quoted, .provisioning, .suspended, .reclaiming, .closed: nil
    }
  }

  /// The moment past which nothing is served and no time is charged, whether or not the timer has come by then: the end
  /// of the money, or of the lease where it is being evicted. `nil`: without limit.
  public var serviceEnds: Instant? {
    guard let eviction = flags.evictingUntil else { return moneyEnds }
    return moneyEnds.map { min($0, eviction) } ?? eviction
  }

  /// When the next step against the renter is due if nobody pays or acts: the end of service, or of what is kept
  /// without it. The distant future: none is.
  var punishedAt: Instant {
    if case .suspended(_, let retainedUntil, _) = state {
      return min(retainedUntil, flags.evictingUntil ?? .distantFuture)
    }
    return serviceEnds ?? .distantFuture
  }

  /// Until when an unpaid quote can be bought. Capacity stays reserved for a minute more.
  public var quoteEnds: Instant { createdAt + terms.policy.quote }

  /// How long data is kept while suspended. A first period's is half, and no change lengthens it: that takes a period
  /// bought at the new price.
  public func retention(for cause: SuspensionCause) -> Seconds {
    switch cause {
    case .unpaid:
      renewed
        ? terms.policy.retention
        : min(terms.policy.firstRetention, retentionBound ?? terms.policy.firstRetention)
    case .idle: terms.policy.idle?.retention ?? terms.policy.retention
    case .operator, .limit: terms.policy.retention
    }
  }

  /// When the data of a suspended lease goes; `nil`: it is not suspended, or it is being resumed.
  public var reclaimsAt: Instant? {
    if case .suspended(_, let until, resuming: false) = state { until } else { nil }
  }

  /// Something is being made or thawed, and its outcome is near.
  public var isOnItsWay: Bool {
    switch state {
    case .provisioning: true
    case .suspended(_, _, let resuming): resuming
    case .active, .grace: flags.frozen?.thawing ?? false
    case .quoted, .reclaiming, .closed: false
    }
  }

  /// The resource stands on its host.
  public var isMade: Bool {
    switch state {
    case .active, .grace, .suspended: true
    case .quoted, .provisioning, .reclaiming, .closed: false
    }
  }

  /// Nothing of it will serve again, unless money comes in time.
  public var isGoing: Bool {
    switch state {
    case .reclaiming, .closed: true
    case .quoted, .provisioning, .active, .grace, .suspended: false
    }
  }

  public var isSuspended: Bool {
    if case .suspended = state { true } else { false }
  }

  public var isReclaiming: Bool {
    if case .reclaiming = state { true } else { false }
  }

  public var isClosed: Bool {
    if case .closed = state { true } else { false }
  }

  /// Whether capacity is set aside for it.
  public var hasCapacity: Bool {
    if case .quoted(let hasCapacity, _, _) = state { hasCapacity } else { !isClosed }
  }

  /// What must be set aside for a change: as much as it takes before and after, until the driver has done it.
  public func resources(changingTo terms: Terms) -> Resources {
    var most = terms.resources.atLeast(self.terms.resources)
    if let pendingChange { most = most.atLeast(pendingChange.terms.resources) }
    return most
  }

  /// What time takes from a renter in one step.
  public enum Forfeit: Hashable, Sendable {
    /// Paid time ran out, with what a period more would have cost; or grace did, too.
    case service(ranOutAt: Instant?, unpaid: Millisatoshi?, graceUntil: Instant?)
    /// It was suspended for as long as it was kept.
    case data(keptUntil: Instant)
  }

  /// What time took since the lease was as `before`; `nil`: nothing.
  public func forfeit(since before: Lease) -> Forfeit? {
    switch (before.state, state) {
    case (.active, .grace), (.active, .suspended(.unpaid, _, _)):
      .service(ranOutAt: before.paidUntil, unpaid: renewalAmount(periods: 1), graceUntil: nil)
    case (.grace(let until), .suspended(.unpaid, _, _)):
      .service(ranOutAt: before.paidUntil, unpaid: renewalAmount(periods: 1), graceUntil: until)
    case (.suspended(_, let until, _), .reclaiming):
      .data(keptUntil: until)
    case (.active, _), (.grace, _), (.suspended, _), (.quoted, _), (.provisioning, _), (.reclaiming, _), (.closed, _):
      nil
    }
  }

  /// Whether a step took something from the renter for want of money: what must not happen while we doubt ourselves.
  ///
  /// - Parameter before: the lease as it was before the step.
  public func isPunished(since before: Lease) -> Bool {
    switch state {
    case .suspended(.unpaid, _, _):
      switch before.state {
      case .active, .grace: true
      case .quoted, .provisioning, .suspended, .reclaiming, .closed: false
      }
    case .reclaiming(.retention, _, _, _): before.isSuspended
    case .suspended(.idle, _, _), .suspended(.operator, _, _), .suspended(.limit, _, _): false
    case .reclaiming(.release, _, _, _), .reclaiming(.eviction, _, _, _), .reclaiming(.provisioning, _, _, _),
      .reclaiming(.payment, _, _, _), .reclaiming(.impairment, _, _, _), .reclaiming(.idle, _, _, _):
      false
    case .quoted, .provisioning, .active, .grace, .closed: false
    }
  }
}
