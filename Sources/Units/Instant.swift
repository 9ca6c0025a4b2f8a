/// A moment: microseconds since 1970-01-01T00:00:00Z, leap seconds ignored.
///
/// The same resolution as PostgreSQL's `timestamptz`, so that a deadline survives the database unchanged.
///
/// Arithmetic saturates: moments and spans come from configuration and from caveats a stranger wrote, and a deadline
/// 300,000 years away is as good as one that does not fit.
public struct Instant: Hashable, Comparable, Sendable, Codable {
  public let microseconds: Int64

  public init(microseconds: Int64) {
    self.microseconds = microseconds
  }

  public init(unixSeconds: Int64) {
    self.microseconds = Seconds(unixSeconds).microseconds
  }

  /// Later than every moment a lease can name.
  public static let distantFuture = Instant(microseconds: Int64.max / 4)

  /// Whole seconds since 1970, rounded towards the past.
  public var unixSeconds: Int64 {
    let (quotient, remainder) = microseconds.quotientAndRemainder(dividingBy: 1_000_000)
    return remainder < 0 ? quotient - 1 : quotient
  }

  /// Whole seconds since 1970, rounded towards the future.
  public var unixSecondsRoundedUp: Int64 {
    let (quotient, remainder) = microseconds.quotientAndRemainder(dividingBy: 1_000_000)
    return remainder > 0 ? quotient + 1 : quotient
  }

  public func advanced(byMicroseconds delta: Int64) -> Instant {
    let (sum, overflow) = microseconds.addingReportingOverflow(delta)
    return Instant(microseconds: overflow ? (delta < 0 ? .min : .max) : sum)
  }

  /// Microseconds from `other` to this moment; negative when `other` is later.
  public func microseconds(since other: Instant) -> Int64 {
    let (difference, overflow) = microseconds.subtractingReportingOverflow(other.microseconds)
    return overflow ? (microseconds < 0 ? .min : .max) : difference
  }

  public static func < (a: Instant, b: Instant) -> Bool { a.microseconds < b.microseconds }
  public static func + (a: Instant, b: Seconds) -> Instant { a.advanced(byMicroseconds: b.microseconds) }
  public static func - (a: Instant, b: Seconds) -> Instant { a + (.zero - b) }
}
