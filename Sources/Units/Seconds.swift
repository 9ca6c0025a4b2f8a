/// A span of whole seconds, as a provider writes it in an offer. Arithmetic saturates, as that of ``Instant``.
public struct Seconds: Hashable, Comparable, Sendable, Codable, ExpressibleByIntegerLiteral {
  public let count: Int64

  public init(_ count: Int64) {
    self.count = count
  }

  public init(integerLiteral value: Int64) {
    self.count = value
  }

  public init(from decoder: any Decoder) throws {
    count = try decoder.singleValueContainer().decode(Int64.self)
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(count)
  }

  public static let zero = Seconds(0)
  public static let minute = Seconds(60)
  public static let hour = Seconds(3_600)
  public static let day = Seconds(86_400)

  public var microseconds: Int64 { (self * 1_000_000).count }

  public func clamped(from low: Seconds, to high: Seconds) -> Seconds {
    Swift.min(Swift.max(self, low), high)
  }

  public static func < (a: Seconds, b: Seconds) -> Bool { a.count < b.count }
  public static func + (a: Seconds, b: Seconds) -> Seconds {
    let (sum, overflow) = a.count.addingReportingOverflow(b.count)
    return Seconds(overflow ? (b.count < 0 ? .min : .max) : sum)
  }
  public static func - (a: Seconds, b: Seconds) -> Seconds {
    let (difference, overflow) = a.count.subtractingReportingOverflow(b.count)
    return Seconds(overflow ? (b.count < 0 ? .max : .min) : difference)
  }
  public static func * (a: Seconds, b: Int64) -> Seconds {
    let (product, overflow) = a.count.multipliedReportingOverflow(by: b)
    return Seconds(overflow ? ((a.count < 0) == (b < 0) ? .max : .min) : product)
  }
  public static func / (a: Seconds, b: Int64) -> Seconds { Seconds(a.count / b) }
}
