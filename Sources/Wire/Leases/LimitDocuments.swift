/// What a lease may spend: `PUT /v1/leases/{lease}/limits`, and in a purchase.
public struct LimitsRequest: Hashable, Sendable, Codable {
  /// On usage in a day, UTC; `null`: whatever is used.
  @Nullable public var spendSatPerDay: Int64?

  public init(spendSatPerDay: Int64?) {
    self.spendSatPerDay = spendSatPerDay
  }

  /// A limit is taken off by who says `null`, and not by who says nothing.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    guard container.contains(.spendSatPerDay) else {
      throw DecodingError.keyNotFound(
        CodingKeys.spendSatPerDay,
        .init(codingPath: decoder.codingPath + [CodingKeys.spendSatPerDay], debugDescription: "required"))
    }
    spendSatPerDay = try container.decodeIfPresent(Int64.self, forKey: .spendSatPerDay)
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
