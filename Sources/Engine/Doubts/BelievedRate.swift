import Units

/// Which rate of a currency is believed, and which is not. Shared by all daemons through the database, so that neither a
/// restart nor another daemon's source forgets what was doubted.
public struct BelievedRate: Hashable, Sendable {
  /// The last rate that was believed.
  public private(set) var accepted: ExchangeRate
  /// A reading that is too far from it, and the readings near that one since. While there is one, nobody knows the price.
  public private(set) var doubted: Doubt?

  public struct Doubt: Hashable, Sendable {
    /// The latest of them.
    public var rate: ExchangeRate
    /// When the first of them was so.
    public var since: Instant

    public init(rate: ExchangeRate, since: Instant) {
      self.rate = rate
      self.since = since
    }
  }

  /// As the store has it.
  public init(accepted: ExchangeRate, doubted: Doubt?) {
    self.accepted = accepted
    self.doubted = doubted
  }

  /// The first reading of a currency is believed: there is nothing to hold it against.
  public init(first reading: ExchangeRate) {
    self.init(accepted: reading, doubted: nil)
  }

  /// Takes a reading in. One no newer than what is known (a file that was not written anew, another daemon that was
  /// slower) says nothing.
  public mutating func take(_ reading: ExchangeRate, _ limits: ExchangeRateLimits) {
    guard reading.readAt > max(accepted.readAt, doubted?.rate.readAt ?? accepted.readAt) else { return }
    if reading.isWithin(percent: limits.maximumStepPercent, of: accepted) {
      accepted = reading
      doubted = nil
    } else if let doubt = doubted, reading.isWithin(percent: limits.maximumStepPercent, of: doubt.rate) {
      if reading.readAt >= doubt.since + limits.confirmation {
        accepted = reading
        doubted = nil
      } else {
        doubted = Doubt(rate: reading, since: doubt.since)
      }
    } else {
      doubted = Doubt(rate: reading, since: reading.readAt)
    }
  }

  /// The operator says that the doubted rate is so.
  ///
  /// - Returns: `false` when none is doubted.
  public mutating func confirm() -> Bool {
    guard let doubt = doubted else { return false }
    accepted = doubt.rate
    doubted = nil
    return true
  }

  /// The rate to quote at, or what stands against it.
  public func rate(at now: Instant, _ limits: ExchangeRateLimits) throws(ExchangeRateTrouble) -> ExchangeRate {
    if let doubt = doubted {
      throw .jumped(since: doubt.since, confirmedAt: doubt.since + limits.confirmation)
    }
    let end = accepted.readAt + limits.maximumAge
    guard now <= end else { throw .old(since: end) }
    return accepted
  }
}

/// Why nothing can be quoted in a currency.
public enum ExchangeRateTrouble: Error, Hashable, Sendable {
  /// No rate was ever read.
  case missing(since: Instant)
  /// The last one believed is older than it may be.
  case old(since: Instant)
  /// The last reading is too far from the last one believed; `confirmedAt`: when further readings may confirm it.
  case jumped(since: Instant, confirmedAt: Instant)

  /// Since when it is so.
  public var since: Instant {
    switch self {
    case .missing(let since), .old(let since), .jumped(let since, _): since
    }
  }

  /// What it is without its moments (a discriminator), for metrics and documents.
  public enum Name: String, Hashable, Sendable, CaseIterable {
    case missing, old, jumped
  }

  public var name: Name {
    switch self {
    case .missing: .missing
    case .old: .old
    case .jumped: .jumped
    }
  }
}
