/// What can be rented, as `GET /v1/offers` shows it.
public struct OfferDocument: Hashable, Sendable, SnakeCased {
  /// `[a-z0-9-]{1,63}`.
  public var id: String
  /// `disk` or `compute`.
  public var kind: String
  public var title: String
  public var periodSeconds: Int64
  /// For one period; of a price in a currency, at `exchange_rate`. Where ``priceVaries`` is set it is the most that a quote
  /// can ask. `null` while the currency has no rate: nothing is sold then.
  @Nullable public var priceMsat: Int64?
  /// Only where the price is 0: what is paid instead.
  public var depositMsat: Int64?
  /// What a lease costs at the least once it was made, however soon it is given back.
  public var minimumMsat: Int64?
  /// At so much debt of usage service stops, however much of the grace is left.
  public var debtLimitMsat: Int64?
  /// The offer is tried at several prices. Which one is yours is said by the quote, the `402` itself: the price listed
  /// or a lower one, and it stays yours.
  public var priceVaries: Bool?
  /// Only where the price is one in a currency: what each purchase and renewal is reckoned from.
  public var price: PriceDocument?
  /// What the amounts in bitcoin are reckoned at just now.
  public var exchangeRate: ExchangeRateDocument?
  public var resources: ResourcesDocument
  /// What a container reaches beside itself: `none` or `outbound`, the world. Disks have none of it.
  public var network: String?
  /// Bits per second each way; absent: as many as the host gives.
  public var bandwidthBits: Int64?
  public var meters: [MeterDocument]
  public var policy: PolicyDocument
  /// How many periods can be bought at once.
  public var maxPeriods: Int64
  /// Names a compute lease may run; the first is the default.
  public var images: [String]
  /// How many more fit now.
  public var available: Int64

  public init(
    id: String, kind: String, title: String, periodSeconds: Int64, priceMsat: Int64?, depositMsat: Int64? = nil,
    minimumMsat: Int64? = nil, debtLimitMsat: Int64? = nil, priceVaries: Bool? = nil, price: PriceDocument? = nil,
    exchangeRate: ExchangeRateDocument? = nil,
    resources: ResourcesDocument, network: String? = nil, bandwidthBits: Int64? = nil, meters: [MeterDocument],
    policy: PolicyDocument, maxPeriods: Int64, images: [String], available: Int64
  ) {
    self.id = id
    self.kind = kind
    self.title = title
    self.periodSeconds = periodSeconds
    self.priceMsat = priceMsat
    self.depositMsat = depositMsat
    self.minimumMsat = minimumMsat
    self.debtLimitMsat = debtLimitMsat
    self.priceVaries = priceVaries
    self.price = price
    self.exchangeRate = exchangeRate
    self.resources = resources
    self.network = network
    self.bandwidthBits = bandwidthBits
    self.meters = meters
    self.policy = policy
    self.maxPeriods = maxPeriods
    self.images = images
    self.available = available
  }
}

/// What a lease holds of a host. A disk has `disk_bytes` alone.
public struct ResourcesDocument: Hashable, Sendable, SnakeCased {
  public var diskBytes: Int64
  /// Thousandths of a core.
  public var cpuMillis: Int64?
  public var memoryBytes: Int64?
  public var pids: Int64?

  public init(
    diskBytes: Int64, cpuMillis: Int64? = nil, memoryBytes: Int64? = nil, pids: Int64? = nil
  ) {
    self.diskBytes = diskBytes
    self.cpuMillis = cpuMillis
    self.memoryBytes = memoryBytes
    self.pids = pids
  }
}

/// A price for usage beyond what is included.
public struct MeterDocument: Hashable, Sendable, SnakeCased {
  /// `cpu memory disk egress ingress requests`.
  public var meter: String
  /// So many of the meter's own units are one priced unit.
  public var unit: Int64
  /// The meter's own unit: `microsecond byte_second byte request`.
  public var unitName: String
  /// Free in each period, in the meter's own units.
  public var included: Int64
  /// For one priced unit; `null` as the offer's.
  @Nullable public var priceMsat: Int64?
  /// The same in the offer's currency, where it is priced in that.
  public var price: String?

  public init(
    meter: String, unit: Int64, unitName: String, included: Int64, priceMsat: Int64?, price: String? = nil
  ) {
    self.meter = meter
    self.unit = unit
    self.unitName = unitName
    self.included = included
    self.priceMsat = priceMsat
    self.price = price
  }
}

/// How long each stage of a lease lasts.
public struct PolicyDocument: Hashable, Sendable, SnakeCased {
  /// An invoice can be paid this long.
  public var quoteSeconds: Int64
  /// The renewal notice goes out this long before time runs out.
  public var leadSeconds: Int64
  /// Service goes on this long on credit, after the first period.
  public var graceSeconds: Int64
  /// Data is kept this long while suspended, after the first period.
  public var retentionSeconds: Int64
  /// The grace of a first period, and of what was changed until a period was bought at the new price: none.
  public var firstGraceSeconds: Int64
  /// How long data is kept after a first period; after a change at the most.
  public var firstRetentionSeconds: Int64
  /// Unused for so long, `idle_action` happens.
  public var idleSeconds: Int64?
  /// `notify`, `suspend` or `reclaim`.
  public var idleAction: String?

  public init(
    quoteSeconds: Int64, leadSeconds: Int64, graceSeconds: Int64, retentionSeconds: Int64,
    firstGraceSeconds: Int64 = 0, firstRetentionSeconds: Int64? = nil, idleSeconds: Int64? = nil,
    idleAction: String? = nil
  ) {
    self.quoteSeconds = quoteSeconds
    self.leadSeconds = leadSeconds
    self.graceSeconds = graceSeconds
    self.retentionSeconds = retentionSeconds
    self.firstGraceSeconds = firstGraceSeconds
    self.firstRetentionSeconds = firstRetentionSeconds ?? max(retentionSeconds / 2, 1)
    self.idleSeconds = idleSeconds
    self.idleAction = idleAction
  }
}
