/// An amount of bitcoin, in thousandths of a satoshi. May be negative: a lease in grace owes.
///
/// Arithmetic saturates, as that of ``Instant``: no number that somebody sends may stop the daemon. Amounts of ours stay
/// below ``supply``, a quarter of what fits, so that a saturated one is no amount: the ledger's constraints refuse it,
/// and a lease whose balance is not that of the ledger is set aside. Where a limit has to be told from an amount, ask
/// with ``addingReportingOverflow(_:)`` and ``multipliedReportingOverflow(by:)``.
public struct Millisatoshi: Hashable, Comparable, Sendable, Codable, ExpressibleByIntegerLiteral {
  public let count: Int64

  public init(_ count: Int64) {
    self.count = count
  }

  public init(integerLiteral value: Int64) {
    self.count = value
  }

  public init(satoshis: Int64) {
    let (product, overflow) = satoshis.multipliedReportingOverflow(by: 1_000)
    self.count = overflow ? (satoshis < 0 ? .min : .max) : product
  }

  public init(from decoder: any Decoder) throws {
    count = try decoder.singleValueContainer().decode(Int64.self)
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(count)
  }

  public static let zero = Millisatoshi(0)
  /// All the bitcoin there will ever be. No invoice asks for more, no lease owes more.
  public static let supply = Millisatoshi(satoshis: 2_100_000_000_000_000)

  /// The least whole number of satoshis that is not below this amount. Invoices are in whole satoshis.
  public var roundedUpToSatoshi: Millisatoshi {
    let (quotient, remainder) = count.quotientAndRemainder(dividingBy: 1_000)
    return Millisatoshi(satoshis: remainder > 0 ? quotient + 1 : quotient)
  }

  /// ``roundedUpToSatoshi``, or `nil` when that is more than there is.
  public var roundedUpToInvoice: Millisatoshi? {
    self <= .supply ? max(roundedUpToSatoshi, Millisatoshi(satoshis: 1)) : nil
  }

  /// Whole satoshis, rounded up.
  public var satoshisRoundedUp: Int64 { roundedUpToSatoshi.count / 1_000 }

  /// The sum, or `nil` when it does not fit.
  public func addingReportingOverflow(_ other: Millisatoshi) -> Millisatoshi? {
    let (sum, overflow) = count.addingReportingOverflow(other.count)
    return overflow ? nil : Millisatoshi(sum)
  }

  /// The product, or `nil` when it does not fit.
  public func multipliedReportingOverflow(by factor: Int64) -> Millisatoshi? {
    let (product, overflow) = count.multipliedReportingOverflow(by: factor)
    return overflow ? nil : Millisatoshi(product)
  }

  public static func < (a: Millisatoshi, b: Millisatoshi) -> Bool { a.count < b.count }
  public static func + (a: Millisatoshi, b: Millisatoshi) -> Millisatoshi {
    let (sum, overflow) = a.count.addingReportingOverflow(b.count)
    return Millisatoshi(overflow ? (b.count < 0 ? .min : .max) : sum)
  }
  public static func - (a: Millisatoshi, b: Millisatoshi) -> Millisatoshi {
    let (difference, overflow) = a.count.subtractingReportingOverflow(b.count)
    return Millisatoshi(overflow ? (b.count < 0 ? .max : .min) : difference)
  }
  public static prefix func - (a: Millisatoshi) -> Millisatoshi { .zero - a }
  public static func += (a: inout Millisatoshi, b: Millisatoshi) { a = a + b }
  public static func -= (a: inout Millisatoshi, b: Millisatoshi) { a = a - b }
}
