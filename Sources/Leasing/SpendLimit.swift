import Units

/// What a renter lets a lease spend on usage in a day (a budget with a cap). Days are UTC's.
public struct SpendLimit: Hashable, Sendable, Codable {
  /// Positive.
  public var perDay: Millisatoshi
  /// Which day ``spent`` is of, counted from 1970.
  public var day: Int64
  /// What usage was charged on that day since there is a limit.
  public var spent: Millisatoshi
  /// Told that most of it is spent.
  public var isTold: Bool

  public init(perDay: Millisatoshi, day: Int64 = 0, spent: Millisatoshi = .zero, isTold: Bool = false) {
    self.perDay = perDay
    self.day = day
    self.spent = spent
    self.isTold = isTold
  }

  /// When the next day begins, and with it another ``perDay``.
  public var resetsAt: Instant { Instant(unixSeconds: (day + 1) * Seconds.day.count) }
  /// Most of it: 80 %.
  var isNear: Bool { Int128(spent.count) * 5 >= Int128(perDay.count) * 4 }

  static func day(of moment: Instant) -> Int64 { moment.unixSeconds / Seconds.day.count }

  /// What was spent on another day counts no more.
  mutating func begin(at now: Instant) {
    let today = Self.day(of: now)
    guard today > day else { return }
    self = SpendLimit(perDay: perDay, day: today)
  }
}

extension Lease {
  /// The least a limit may be: what a day of the lease's time costs, and at least a satoshi. Time is not charged while a
  /// lease is suspended: a lower limit would be a way to hold a host's room for next to nothing.
  public var leastLimit: Millisatoshi {
    max(account.rate.price(ofMicroseconds: Seconds.day.microseconds) ?? .supply, Millisatoshi(satoshis: 1))
  }

  /// The renter's limit with what was spent of it on the day of a moment.
  public func limit(at now: Instant) -> SpendLimit? {
    var limit = limit
    limit?.begin(at: now)
    return limit
  }

  /// Whether the renter's own limit is reached, as of a moment.
  func isAtLimit(at now: Instant) -> Bool {
    guard let limit = limit(at: now) else { return false }
    return limit.spent >= max(limit.perDay, leastLimit)
  }

  /// When a lease that its renter's limit has suspended comes back by itself.
  var limitLiftsAt: Instant {
    guard let limit, limit.spent >= max(limit.perDay, leastLimit) else { return createdAt }
    return limit.resetsAt
  }
}

extension Step {
  /// The renter sets a limit, another, or none: what a raised one allows is served again at once.
  mutating func limited(_ perDay: Millisatoshi?) throws(Rejection) {
    switch lease.state {
    case .reclaiming: throw .leaseReclaiming
    case .closed: throw .leaseClosed
    case .quoted, .provisioning, .active, .grace, .suspended: break
    }
    if let perDay {
      guard perDay >= lease.leastLimit else { throw .limitTooLow }
      guard lease.limit?.perDay != perDay else { return }
      lease.limit = SpendLimit(
        perDay: perDay, day: lease.limit?.day ?? SpendLimit.day(of: now), spent: lease.limit?.spent ?? .zero)
    } else {
      lease.limit = nil
    }
    if case .suspended(.limit, let retainedUntil, resuming: false) = lease.state, !lease.flags.isSealed,
      !lease.isAtLimit(at: now)
    {
      liftLimit(retainedUntil: retainedUntil)
    } else {
      holdToLimit()
    }
  }

  /// Usage was charged.
  mutating func countSpent(_ amount: Millisatoshi) {
    guard lease.limit != nil, amount > .zero else { return }
    lease.limit?.begin(at: now)
    let sum = lease.limit?.spent.addingReportingOverflow(amount)
    lease.limit?.spent = sum ?? .supply
    holdToLimit()
  }

  /// Tells when most of it is spent, and suspends when all of it is: by the renter's own wish, so that no debt grows.
  mutating func holdToLimit() {
    guard let limit = lease.limit else { return }
    switch lease.state {
    case .active, .grace: break
    case .quoted, .provisioning, .suspended, .reclaiming, .closed: return
    }
    guard !lease.standsStill else { return }
    if lease.isAtLimit(at: now) {
      suspend(.limit)
      // Money does not lift it: the wallet is not asked for any.
      effects.removeAll { $0 == .pull }
      lease.limit?.isTold = true
      notify(.limitReached, deadline: limit.resetsAt, payable: false)
    } else if limit.isNear, !limit.isTold, limit.day == SpendLimit.day(of: now) {
      lease.limit?.isTold = true
      notify(.limitNear, deadline: limit.resetsAt, payable: false)
    }
  }

  /// Another day has begun, or the limit was raised.
  mutating func liftLimit(retainedUntil: Instant) {
    lease.limit?.begin(at: now)
    if lease.isPaidUp {
      resume(.limit, retainedUntil: retainedUntil)
    } else {
      awaitPayment()
    }
  }
}
