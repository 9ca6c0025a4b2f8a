/// A lease, as its holder sees it.
public struct LeaseDocument: Hashable, Sendable, Codable {
  /// 26 lowercase Crockford characters.
  public var id: String
  public var kind: String
  public var offer: String
  /// The variant of the offer whose price it runs at, where the offer is tried at several.
  public var variant: String?
  /// `quoted provisioning active grace suspended reclaiming closed`.
  public var state: String
  /// Why it is suspended, reclaimed or closed.
  public var cause: String?
  /// Suspended, and on its way back.
  public var resuming: Bool?
  public var flags: LeaseFlags
  /// Rises with every write.
  public var version: Int64
  /// Rises when what the driver shall do changes.
  public var generation: Int64
  public var createdAt: Timestamp
  /// When the balance runs out at today's rate; `null` while time stands still.
  @Nullable public var paidUntil: Timestamp?
  /// What is left to use up; never negative.
  public var balanceMsat: Int64
  /// What the next payment covers first.
  public var debtMsat: Int64
  /// What the provider owes the renter.
  public var creditMsat: Int64
  public var rate: RateDocument
  /// Only where the price is one in a currency: what the next renewal is reckoned from.
  public var price: PriceDocument?
  /// The rate frozen with the last purchase, renewal or change: what is charged now was reckoned at it.
  public var exchangeRate: ExchangeRateDocument?
  /// What happens when if nobody does anything, soonest first.
  public var next: [NextAction]
  public var resources: ResourcesDocument
  public var image: String?
  /// The disk lease that is attached.
  public var disk: String?
  public var links: [String: String]

  public init(
    id: String, kind: String, offer: String, variant: String? = nil, state: String, cause: String? = nil,
    resuming: Bool? = nil,
    flags: LeaseFlags, version: Int64, generation: Int64, createdAt: Timestamp, paidUntil: Timestamp? = nil,
    balanceMsat: Int64, debtMsat: Int64, creditMsat: Int64, rate: RateDocument, price: PriceDocument? = nil,
    exchangeRate: ExchangeRateDocument? = nil, next: [NextAction],
    resources: ResourcesDocument, image: String? = nil, disk: String? = nil, links: [String: String]
  ) {
    self.id = id
    self.kind = kind
    self.offer = offer
    self.variant = variant
    self.state = state
    self.cause = cause
    self.resuming = resuming
    self.flags = flags
    self.version = version
    self.generation = generation
    self.createdAt = createdAt
    self.paidUntil = paidUntil
    self.balanceMsat = balanceMsat
    self.debtMsat = debtMsat
    self.creditMsat = creditMsat
    self.rate = rate
    self.price = price
    self.exchangeRate = exchangeRate
    self.next = next
    self.resources = resources
    self.image = image
    self.disk = disk
    self.links = links
  }

  private enum CodingKeys: String, CodingKey {
    case id
    case kind
    case offer
    case variant
    case state
    case cause
    case resuming
    case flags
    case version
    case generation
    case createdAt = "created_at"
    case paidUntil = "paid_until"
    case balanceMsat = "balance_msat"
    case debtMsat = "debt_msat"
    case creditMsat = "credit_msat"
    case rate
    case price
    case exchangeRate = "exchange_rate"
    case next
    case resources
    case image
    case disk
    case links
  }
}

/// What is true beside the state.
public struct LeaseFlags: Hashable, Sendable, Codable {
  /// Sealed by the operator.
  public var frozen: Bool
  /// Not reclaimed when retention ends.
  public var protected: Bool
  /// The resource is at fault; time stands still.
  public var impaired: Bool
  /// The operator ends the lease then.
  @Nullable public var evictingUntil: Timestamp?

  public init(
    frozen: Bool, protected: Bool, impaired: Bool, evictingUntil: Timestamp? = nil
  ) {
    self.frozen = frozen
    self.protected = protected
    self.impaired = impaired
    self.evictingUntil = evictingUntil
  }

  private enum CodingKeys: String, CodingKey {
    case frozen
    case protected
    case impaired
    case evictingUntil = "evicting_until"
  }
}

/// What time costs.
public struct RateDocument: Hashable, Sendable, Codable {
  public var priceMsat: Int64
  public var periodSeconds: Int64

  public init(
    priceMsat: Int64, periodSeconds: Int64
  ) {
    self.priceMsat = priceMsat
    self.periodSeconds = periodSeconds
  }

  private enum CodingKeys: String, CodingKey {
    case priceMsat = "price_msat"
    case periodSeconds = "period_seconds"
  }
}

/// Something that happens of itself.
public struct NextAction: Hashable, Sendable, Codable {
  /// `quote_expires provision_by renew_by suspend reclaim evict`.
  public var action: String
  public var at: Timestamp

  public init(
    action: String, at: Timestamp
  ) {
    self.action = action
    self.at = at
  }

  private enum CodingKeys: String, CodingKey {
    case action
    case at
  }
}
