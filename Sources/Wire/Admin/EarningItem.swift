/// What was earned with one offer on one day: `GET /admin/v1/earnings`.
public struct EarningItem: Hashable, Sendable, SnakeCased {
  /// The first moment of the day, UTC.
  public var day: Timestamp
  /// What the leases are rented as now.
  public var offer: String
  /// Charged for time. What was paid ahead is not in it.
  public var timeMsat: Int64
  /// Charged for what was metered.
  public var usageMsat: Int64
  /// Leases that were charged for anything that day.
  public var leases: Int64

  public init(day: Timestamp, offer: String, timeMsat: Int64, usageMsat: Int64, leases: Int64) {
    self.day = day
    self.offer = offer
    self.timeMsat = timeMsat
    self.usageMsat = usageMsat
    self.leases = leases
  }
}
