import L402
import Macaroons
import Units
import Wire

/// What a keeper of leases may do, and when.
public struct AutopayRules: Hashable, Sendable {
  /// How many periods are bought at a time.
  public var periods: Int64
  /// The most that are bought for one lease, all runs together; `nil` sets no bound.
  public var maxPeriods: Int64?
  /// Nothing is bought for a lease that is paid until then.
  public var until: Instant?
  /// How long before its time runs out a lease is renewed; `nil` for the offer's own lead.
  public var lead: Seconds?
  /// The most for one payment, beside the budget.
  public var limit: Millisatoshi?

  public init(
    periods: Int64 = 1, maxPeriods: Int64? = nil, until: Instant? = nil, lead: Seconds? = nil,
    limit: Millisatoshi? = nil
  ) {
    self.periods = periods
    self.maxPeriods = maxPeriods
    self.until = until
    self.lead = lead
    self.limit = limit
  }
}

/// What is to be done about a lease now.
enum AutopayDecision: Hashable, Sendable {
  /// Buy time: `period` names what is being renewed and is the same however often it is looked at.
  case renew(period: String)
  /// Look again then, or when something happens to the lease.
  case wait(until: Instant, AutopayReason)
  /// Nothing more will be done for it.
  case finished(AutopayReason)
}

/// Why nothing is bought.
public enum AutopayReason: String, Hashable, Sendable, Codable {
  case notDue = "not-due"
  case alreadyPaid = "already-paid"
  case beingMade = "being-made"
  case resuming
  case idle
  case limit
  case suspendedByProvider = "suspended-by-provider"
  case frozen
  case impaired
  case beingEvicted = "being-evicted"
  case enoughPeriods = "enough-periods"
  case farEnough = "far-enough"
  case over
}

extension AutopayRules {
  /// What an offer says that the lease does not.
  struct Terms: Hashable, Sendable {
    var lead: Seconds?
    var deposit: Millisatoshi?
  }

  /// - Parameter record: what was done before.
  func decide(_ lease: LeaseDocument, _ terms: Terms, _ record: AutopayRecord, at now: Instant) -> AutopayDecision {
    if lease.flags.frozen { return .wait(until: now + 600, .frozen) }
    switch lease.state {
    case "quoted", "provisioning": return .wait(until: now + 10, .beingMade)
    case "active" where lease.flags.impaired: return .wait(until: now + 60, .impaired)
    case "active", "grace":
      if lease.flags.evictingUntil != nil { return .wait(until: now + 600, .beingEvicted) }
      return timed(lease, terms, record, at: now)
    case "suspended" where lease.resuming == true: return .wait(until: now + 10, .resuming)
    case "suspended" where lease.cause == "limit": return .wait(until: now + 600, .limit)
    case "suspended" where lease.cause == "idle": return .wait(until: now + 600, .idle)
    case "suspended" where lease.cause == "unpaid": return due(lease, record, at: now)
    case "suspended": return .wait(until: now + 60, .suspendedByProvider)
    // Money still saves what only waits to be destroyed.
    case "reclaiming" where lease.cause == "retention": return due(lease, record, at: now)
    default: return .finished(.over)
    }
  }

  private func timed(_ lease: LeaseDocument, _ terms: Terms, _ record: AutopayRecord, at now: Instant)
    -> AutopayDecision
  {
    guard let paidUntil = lease.paidUntil?.instant else {
      // Metered only: a deposit is topped up when a quarter of it is left.
      guard let deposit = terms.deposit, let balance = lease.balanceMsat, balance <= deposit.count / 4 else {
        return .wait(until: now + 60, .notDue)
      }
      return due(lease, record, at: now)
    }
    if let until, paidUntil >= until { return .finished(.farEnough) }
    let moment = renewal(of: lease.id, paidUntil: paidUntil, period: Seconds(lease.rate.periodSeconds), terms)
    return lease.state == "grace" || now >= moment
      ? due(lease, record, at: now) : .wait(until: moment, .notDue)
  }

  private func due(_ lease: LeaseDocument, _ record: AutopayRecord, at now: Instant) -> AutopayDecision {
    if let until, now >= until { return .finished(.farEnough) }
    let period = lease.paidUntil.map(\.description) ?? "deposit-\(record.renewals)"
    // The server said that this very period was renewed. What it shows now is from before that, or on its way.
    if record.renewedFor == period { return .wait(until: now + 10, .alreadyPaid) }
    if let maxPeriods, record.periods + periods > maxPeriods { return .finished(.enoughPeriods) }
    return .renew(period: period)
  }

  /// When a lease is renewed: at the beginning of its lead, or up to half of the lead later. Where in that half is the
  /// lease's own and the same every time, so that many keepers of many leases do not come all at once, and the other half
  /// is left for trying again.
  func renewal(of lease: String, paidUntil: Instant, period: Seconds, _ terms: Terms) -> Instant {
    let span = leadSpan(period: period, terms)
    let digest = Array(lease.utf8).withUnsafeBytes { Bytes32.sha256($0) }.array
    let share = Int64(digest[0]) << 8 | Int64(digest[1])
    return (paidUntil - span).advanced(byMicroseconds: span.microseconds / 2 / 65_536 * share)
  }

  /// The lead: never over half a period.
  func leadSpan(period: Seconds, _ terms: Terms) -> Seconds {
    let standard = (period / 4).clamped(from: .minute, to: .day * 7)
    return min(lead ?? terms.lead ?? standard, max(period / 2, 1))
  }
}
