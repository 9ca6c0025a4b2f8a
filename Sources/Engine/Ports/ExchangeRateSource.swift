import Units

/// Somebody who says what a bitcoin costs in one currency.
///
/// Asked now and then, never while somebody waits for a quote. What it says is believed only as far as
/// ``ExchangeRateLimits`` go.
public protocol ExchangeRateSource: Sendable {
  var currency: Currency { get }
  /// Shown to renters and recorded with every invoice: a host, or `file`. Never a path or a query, which may hold a key.
  var name: String { get }

  /// What it says now. Bounded in time and size.
  ///
  /// - Parameter now: the moment that an answer given now is of.
  func read(at now: Instant) async throws(ExchangeRateError) -> ExchangeRate
}

/// Why there is no rate, in words fit for a log and the operator.
public struct ExchangeRateError: Error, Hashable, Sendable, CustomStringConvertible {
  public var source: String
  public var words: String

  public init(_ source: String, _ words: String) {
    self.source = source
    self.words = words
  }

  public var description: String { "\(source): \(words)" }
}

/// How far rates are believed.
public struct ExchangeRateLimits: Hashable, Sendable {
  /// Nothing is quoted at a rate older than this.
  public var maximumAge: Seconds
  /// A reading further than this from the last one believed is doubted, and nothing is quoted until it is confirmed.
  public var maximumStepPercent: Int64
  /// It is confirmed by further readings near it for so long.
  public var confirmation: Seconds
  /// How often the source is read: when it is worth asking again.
  public var interval: Seconds

  public init(
    maximumAge: Seconds = 600, maximumStepPercent: Int64 = 10, confirmation: Seconds = 300, interval: Seconds = 60
  ) {
    self.maximumAge = maximumAge
    self.maximumStepPercent = maximumStepPercent
    self.confirmation = confirmation
    self.interval = interval
  }
}
