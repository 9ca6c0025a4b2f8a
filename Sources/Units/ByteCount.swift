/// A size in bytes.
public struct ByteCount: Hashable, Comparable, Sendable, Codable, ExpressibleByIntegerLiteral {
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

  public static func mebibytes(_ count: Int64) -> ByteCount { ByteCount(Int64(clamping: Int128(count) << 20)) }

  public static func < (a: ByteCount, b: ByteCount) -> Bool { a.count < b.count }
}
