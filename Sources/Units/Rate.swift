/// What a running lease costs: an amount per span, kept as an exact fraction.
///
/// An offer's rate is its price over its period. A renewal at another price makes a blended rate (money held over
/// time held), which is why the span is in microseconds and not in periods.
///
/// Two rates are equal when they cost the same, however the fraction is written.
public struct Rate: Sendable, Codable {
  /// The numerator; never negative.
  public let amount: Millisatoshi
  /// The denominator in microseconds; at least one.
  public let microseconds: Int64

  /// - Precondition: `amount >= 0` and `microseconds >= 1`.
  public init(_ amount: Millisatoshi, perMicroseconds microseconds: Int64) {
    precondition(amount >= .zero, "a rate never pays the renter")
    precondition(microseconds >= 1, "a rate is over a span of time")
    self.amount = amount
    self.microseconds = microseconds
  }

  public init(_ amount: Millisatoshi, per span: Seconds) {
    self.init(amount, perMicroseconds: span.microseconds)
  }

  /// Nothing is charged for time: the offer is purely metered.
  public static let free = Rate(.zero, perMicroseconds: 1)

  public var isFree: Bool { amount == .zero }

  /// What is left of a millisatoshi after a charge: a numerator over the rate's `microseconds`, always less than it.
  /// Carrying it from charge to charge makes the total independent of where the charges were cut.
  public typealias Remainder = Int64

  /// The charge for a span, in whole millisatoshis, and the remainder to carry into the next.
  ///
  /// - Precondition: `elapsed >= 0` microseconds, `0 <= remainder < microseconds`. A charge that does not fit 64 bits is the most
  ///   that does.
  public func charge(
    elapsedMicroseconds elapsed: Int64, carrying remainder: Remainder
  ) -> (charge: Millisatoshi, remainder: Remainder) {
    precondition(elapsed >= 0, "time is charged forwards")
    precondition(remainder >= 0 && remainder < microseconds, "a remainder is less than one millisatoshi")
    let product = Int128(elapsed) * Int128(amount.count) + Int128(remainder)
    let (quotient, rest) = product.quotientAndRemainder(dividingBy: Int128(microseconds))
    return (Millisatoshi(Int64(clamping: quotient)), Remainder(rest))
  }

  /// The least number of microseconds after which `balance` has been charged in full; negative when it was spent that
  /// long ago (a debt); `nil` when it lasts for ever (the rate is free) or longer than 64 bits of microseconds.
  public func microsecondsUntilSpent(_ balance: Millisatoshi, carrying remainder: Remainder) -> Int64? {
    guard !isFree else { return nil }
    let wanted = Int128(balance.count) * Int128(microseconds) - Int128(remainder)
    let (quotient, rest) = wanted.quotientAndRemainder(dividingBy: Int128(amount.count))
    return Int64(exactly: rest > 0 ? quotient + 1 : quotient)
  }

  /// What `span` costs from a fresh start, rounded up to a whole millisatoshi; `nil` when it does not fit.
  public func price(ofMicroseconds span: Int64) -> Millisatoshi? {
    let product = Int128(span) * Int128(amount.count)
    let (quotient, rest) = product.quotientAndRemainder(dividingBy: Int128(microseconds))
    return Int64(exactly: rest > 0 ? quotient + 1 : quotient).map(Millisatoshi.init(_:))
  }
}

extension Rate: Hashable {
  public static func == (a: Rate, b: Rate) -> Bool {
    Int128(a.amount.count) * Int128(b.microseconds) == Int128(b.amount.count) * Int128(a.microseconds)
  }

  public func hash(into hasher: inout Hasher) {
    let divisor = amount.count.greatestCommonDivisor(with: microseconds)
    hasher.combine(amount.count / divisor)
    hasher.combine(microseconds / divisor)
  }
}
