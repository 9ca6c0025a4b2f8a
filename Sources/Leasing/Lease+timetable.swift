import Ledger
import Units

/// What happens to a lease of itself, and when.
public struct Deadline: Hashable, Sendable {
  public enum Action: String, Hashable, Sendable, CaseIterable {
    /// An unpaid quote can be bought no longer.
    case quoteExpires = "quote_expires"
    /// What is being made is made, or the money goes back.
    case provisionBy = "provision_by"
    /// Paid time runs out.
    case renewBy = "renew_by"
    /// Service stops.
    case suspend
    /// The data goes.
    case reclaim
    /// The operator ends it.
    case evict
    /// It comes back by itself: the day of the renter's limit is over.
    case resume

    /// Whether the money of a renter prevents it; see ``Lease/costOfGoingOn(at:)``.
    public var isAvoidedByPaying: Bool {
      switch self {
      case .renewBy, .suspend, .reclaim: true
      case .quoteExpires, .provisionBy, .evict, .resume: false
      }
    }

    /// Whether something is taken from the renter then.
    var isLoss: Bool {
      switch self {
      case .renewBy, .suspend, .reclaim, .evict: true
      case .quoteExpires, .provisionBy, .resume: false
      }
    }
  }
  public var action: Action
  public var at: Instant

  public init(_ action: Action, at: Instant) {
    self.action = action
    self.at = at
  }
}

extension Lease {
  /// What happens of itself, soonest first: the lease's deadlines, and those that follow from them if nobody pays.
  /// Nothing while it is sealed: it waits for the operator; nor what waits for its driver.
  public var timetable: [Deadline] {
    guard flags.frozen == nil else { return [] }
    var timetable: [Deadline] = []
    func add(_ action: Deadline.Action, _ at: Instant) {
      if at < .distantFuture { timetable.append(Deadline(action, at: at)) }
    }
    switch state {
    case .quoted(_, _, canceling: false): add(.quoteExpires, quoteEnds)
    case .provisioning(let deadline, _): add(.provisionBy, deadline)
    case .active, .grace:
      if case .active = state, let paidUntil { add(.renewBy, paidUntil) }
      if let moneyEnds {
        add(.suspend, moneyEnds)
        if !flags.protected { add(.reclaim, moneyEnds + retention(for: .unpaid)) }
      }
    case .suspended(.limit, _, resuming: false): add(.resume, limitLiftsAt)
    case .suspended(_, let retainedUntil, resuming: false):
      if !flags.protected { add(.reclaim, retainedUntil) }
    case .quoted, .suspended, .reclaiming, .closed: break
    }
    if let until = flags.evictingUntil, !isClosed { add(.evict, until) }
    return timetable.sorted { $0.at < $1.at }
  }

  /// What a payment made now would have to be for the lease to go on: one period and the debt, at the terms that
  /// renewals are quoted at. `nil`: no payment helps, or the price awaits a rate.
  public func costOfGoingOn(at now: Instant) -> Millisatoshi? {
    switch state {
    case .active, .grace, .suspended(.unpaid, _, resuming: false): break
    case .quoted, .provisioning, .suspended, .reclaiming, .closed: return nil
    }
    var renewed = self
    renewed.terms = renewalTerms(at: now)
    guard renewed.terms.isPriced else { return nil }
    let time = terms.price > .zero ? terms.period.microseconds : 0
    guard renewalObstacle(lasting: time, at: now) == nil, maySell(periods: 1, at: now) else { return nil }
    return renewed.renewalAmount(periods: 1, at: now)
  }

  /// How many whole days are left before something is taken from the renter, if nobody does anything; 0 on the last of
  /// them. `nil`: nothing is, as far as is known.
  public func wholeDaysLeft(at now: Instant) -> Int64? {
    timetable.first { $0.action.isLoss }.map { now.wholeDays(until: $0.at) }
  }
}

extension Instant {
  /// Never negative.
  public func wholeDays(until moment: Instant) -> Int64 {
    max(0, moment.microseconds(since: self)) / Seconds.day.microseconds
  }
}
