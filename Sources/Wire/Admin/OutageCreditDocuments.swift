/// The body of `POST /admin/v1/credits`: makes an outage good.
public struct OutageCreditRequest: Hashable, Sendable, SnakeCased {
  /// Names the outage, once for all its leases; absent: its time and host.
  public var label: String?
  public var affectedSince: Timestamp
  public var affectedUntil: Timestamp
  /// Only leases on this host.
  public var host: String?
  /// `true`: gives each lease the time it lost. Either this or ``msat``.
  public var time: Bool?
  /// To each lease that was in service.
  public var msat: Int64?
  /// Why; the renters read it.
  public var reason: String
  /// `true`: says what it would come to, and gives nothing.
  public var dryRun: Bool?

  public init(
    label: String? = nil, affectedSince: Timestamp, affectedUntil: Timestamp, host: String? = nil, time: Bool? = nil,
    msat: Int64? = nil, reason: String, dryRun: Bool? = nil
  ) {
    self.label = label
    self.affectedSince = affectedSince
    self.affectedUntil = affectedUntil
    self.host = host
    self.time = time
    self.msat = msat
    self.reason = reason
    self.dryRun = dryRun
  }
}

/// What renters were given for an outage, or would be: `POST` and `GET /admin/v1/credits`.
public struct OutageCreditItem: Hashable, Sendable, SnakeCased {
  public var label: String
  public var affectedSince: Timestamp
  public var affectedUntil: Timestamp
  public var host: String?
  /// Absent: the time that was lost.
  public var msatEach: Int64?
  public var reason: String
  /// Absent: nothing was given yet, this is what it would come to.
  public var begunAt: Timestamp?
  /// Absent: not everybody was given it yet.
  public var finishedAt: Timestamp?
  /// Leases that were given something.
  public var leases: Int64
  /// What they were given together.
  public var msat: Int64
  /// Only before it is given: suspended leases that come back by it.
  public var returning: Int64?
  /// Labels of other outages that were made good for part of the same time; absent in a list.
  public var overlapping: [String]?

  public init(
    label: String, affectedSince: Timestamp, affectedUntil: Timestamp, host: String?, msatEach: Int64?, reason: String,
    begunAt: Timestamp?, finishedAt: Timestamp?, leases: Int64, msat: Int64, returning: Int64? = nil,
    overlapping: [String]? = nil
  ) {
    self.label = label
    self.affectedSince = affectedSince
    self.affectedUntil = affectedUntil
    self.host = host
    self.msatEach = msatEach
    self.reason = reason
    self.begunAt = begunAt
    self.finishedAt = finishedAt
    self.leases = leases
    self.msat = msat
    self.returning = returning
    self.overlapping = overlapping
  }
}
