import Units

/// What was earned with one offer on one day, UTC: charged for time and usage, not what was paid ahead.
public struct Earning: Hashable, Sendable {
  /// Its first moment.
  public var day: Instant
  /// What the leases are rented as now: one that changed its offer takes along what it earned before.
  public var offer: String
  public var time: Millisatoshi
  public var usage: Millisatoshi
  /// Leases that were charged for anything that day.
  public var leases: Int64

  public init(day: Instant, offer: String, time: Millisatoshi, usage: Millisatoshi, leases: Int64) {
    self.day = day
    self.offer = offer
    self.time = time
    self.usage = usage
    self.leases = leases
  }
}
