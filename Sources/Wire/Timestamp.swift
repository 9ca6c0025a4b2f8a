import Units

/// A moment as it stands on the wire: RFC 3339 in UTC with microseconds, `2026-11-22T18:00:00.123456Z`.
public struct Timestamp: Hashable, Comparable, Sendable, CustomStringConvertible {
  public var instant: Instant

  public init(_ instant: Instant) {
    self.instant = instant
  }

  /// `nil` for what is no RFC 3339 time.
  public init?(_ text: some StringProtocol) {
    guard let instant = Instant(rfc3339: text) else { return nil }
    self.instant = instant
  }

  public static func < (a: Timestamp, b: Timestamp) -> Bool { a.instant < b.instant }

  public var description: String { instant.rfc3339 }
}

extension Timestamp: Codable {
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    guard let value = Timestamp(try container.decode(String.self)) else {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "is an RFC 3339 time")
    }
    self = value
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}
