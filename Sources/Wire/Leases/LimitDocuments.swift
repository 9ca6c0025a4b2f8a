/// What a lease may spend: `PUT /v1/leases/{lease}/limits`, and in a purchase.
public struct LimitsRequest: Hashable, Sendable, Codable {
  /// On usage in a day, UTC; `null`: whatever is used.
  @Nullable public var spendSatPerDay: Int64?

  public init(spendSatPerDay: Int64?) {
    self.spendSatPerDay = spendSatPerDay
  }

  private enum CodingKeys: String, CodingKey {
    case spendSatPerDay = "spend_sat_per_day"
  }
}

/// What a lease may spend, and has.
public struct LimitsDocument: Hashable, Sendable, Codable {
  /// On usage in a day, UTC.
  public var spendSatPerDay: Int64
  /// Of that, today.
  public var spentMsat: Int64
  /// When the day is over. A lease that was suspended for it comes back then.
  public var resetsAt: Timestamp

  public init(spendSatPerDay: Int64, spentMsat: Int64, resetsAt: Timestamp) {
    self.spendSatPerDay = spendSatPerDay
    self.spentMsat = spentMsat
    self.resetsAt = resetsAt
  }

  private enum CodingKeys: String, CodingKey {
    case spendSatPerDay = "spend_sat_per_day"
    case spentMsat = "spent_msat"
    case resetsAt = "resets_at"
  }
}
