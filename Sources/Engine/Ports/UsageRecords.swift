import Leasing
import Ledger
import Units

/// A reading to take in. Counters are cumulative; levels are integrated between readings of the same incarnation.
public struct MeterReading: Hashable, Sendable {
  public enum Value: Hashable, Sendable {
    case counter(Int64)
    /// Bytes held at this moment; becomes byte-seconds.
    case level(Int64)
  }
  public var lease: LeaseID
  public var incarnation: Int64
  public var meter: Meter
  public var value: Value
  public var at: Instant
  public init(lease: LeaseID, incarnation: Int64, meter: Meter, value: Value, at: Instant) {
    self.lease = lease
    self.incarnation = incarnation
    self.meter = meter
    self.value = value
    self.at = at
  }
}

public struct UsageWindow: Hashable, Sendable {
  public var incarnation: Int64
  public var meter: Meter
  public var start: Instant
  public var seconds: Int64
  public var quantity: Int64
  /// `nil` until rated.
  public var charged: Millisatoshi?
  public init(
    incarnation: Int64, meter: Meter, start: Instant, seconds: Int64, quantity: Int64, charged: Millisatoshi?
  ) {
    self.incarnation = incarnation
    self.meter = meter
    self.start = start
    self.seconds = seconds
    self.quantity = quantity
    self.charged = charged
  }
}

/// A lease's closed windows of one meter, with what was used and carried before them.
public struct UnratedUsage: Sendable {
  public var lease: Lease
  public var meter: Meter
  /// In order of time.
  public var windows: [UsageWindow]
  public var allowance: RatingState
  public init(lease: Lease, meter: Meter, windows: [UsageWindow], allowance: RatingState) {
    self.lease = lease
    self.meter = meter
    self.windows = windows
    self.allowance = allowance
  }
}

/// What rating must remember per lease and meter: the allowance used in the current period, and what is left of a
/// millisatoshi.
public struct RatingState: Hashable, Sendable {
  public var period: Int64
  public var used: Int64
  public var remainder: Int64
  public init(period: Int64 = 0, used: Int64 = 0, remainder: Int64 = 0) {
    self.period = period
    self.used = used
    self.remainder = remainder
  }
}

public struct RatedWindow: Hashable, Sendable {
  public var lease: LeaseID
  public var window: UsageWindow
  public var charged: Millisatoshi
  public var allowance: RatingState
  public init(lease: LeaseID, window: UsageWindow, charged: Millisatoshi, allowance: RatingState) {
    self.lease = lease
    self.window = window
    self.charged = charged
    self.allowance = allowance
  }
}
