/// Part of a millisatoshi, as an exact fraction: nothing at the least, and less than one.
///
/// What was used up and is not a whole millisatoshi yet goes on in it when the rate changes, so that changing saves
/// nothing. Exact while the denominator has at most 62 bits, as that of all sensible periods together has; beyond that
/// it is cut there, which is less than the 2⁶⁰th part of a millisatoshi for each change.
public struct MillisatoshiFraction: Hashable, Sendable, Codable {
  public let numerator: Int64
  public let denominator: Int64

  public static let zero = MillisatoshiFraction()

  private static let bits = 62

  private init() {
    numerator = 0
    denominator = 1
  }

  /// `nil` unless `0 <= numerator < denominator` and the denominator has at most 62 bits.
  public init?(_ numerator: Int64, over denominator: Int64) {
    guard denominator >= 1, denominator < 1 << Self.bits, (0..<denominator).contains(numerator) else { return nil }
    self.init(Int128(numerator), over: Int128(denominator))
  }

  /// - Precondition: `0 <= numerator < denominator`.
  private init(_ numerator: Int128, over denominator: Int128) {
    precondition(numerator >= 0 && numerator < denominator, "part of a millisatoshi is less than one")
    let divisor = numerator.greatestCommonDivisor(with: denominator)
    var (numerator, denominator) = (numerator / divisor, denominator / divisor)
    let excess = Int128.bitWidth - denominator.leadingZeroBitCount - Self.bits
    if excess > 0 {
      denominator >>= excess
      numerator = min(numerator >> excess, denominator - 1)
    }
    self.numerator = Int64(numerator)
    self.denominator = Int64(denominator)
  }

  /// This and the remainder of a rate, told anew for another: the most that is a remainder of the other, and what is
  /// less than one of its parts.
  ///
  /// - Precondition: `0 <= remainder < old.microseconds`, and the sum is less than one, as it is for what ``Rate`` and
  ///   this function return.
  public func carrying(
    _ remainder: Rate.Remainder, of old: Rate, to new: Rate
  ) -> (remainder: Rate.Remainder, rest: MillisatoshiFraction) {
    let parts = Int128(old.microseconds)
    let over = Int128(denominator) * parts
    let sum = MillisatoshiFraction(
      min(Int128(numerator) * parts + Int128(remainder) * Int128(denominator), over - 1), over: over)
    let (whole, rest) = (Int128(sum.numerator) * Int128(new.microseconds)).quotientAndRemainder(
      dividingBy: Int128(sum.denominator))
    return (
      Rate.Remainder(whole),
      MillisatoshiFraction(rest, over: Int128(sum.denominator) * Int128(new.microseconds))
    )
  }
}

extension BinaryInteger {
  /// At least one, so that it can be divided by.
  func greatestCommonDivisor(with other: Self) -> Self {
    var (a, b) = (self, other)
    while b != 0 { (a, b) = (b, a % b) }
    return Swift.max(a, 1)
  }
}
