/// A lease, as its holder sees it.
public struct LeaseDocument: Hashable, Sendable, SnakeCased {
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
  /// What is left to use up; never negative. Not told, as the next two, to the holder of a credential narrowed to a path.
  public var balanceMsat: Int64?
  /// What the next payment covers first.
  public var debtMsat: Int64?
  /// What the provider owes the renter.
  public var creditMsat: Int64?
  public var rate: RateDocument
  /// Only where the price is one in a currency: what the next renewal is reckoned from.
  public var price: PriceDocument?
  /// The rate locked with the last purchase, renewal or change: what is charged now was reckoned at it.
  public var exchangeRate: ExchangeRateDocument?
  /// Only where other terms were announced: what a renewal costs from some moment on.
  public var renewalTerms: RenewalTermsDocument?
  /// Whole days until something is taken from the renter, if nobody does anything; 0 on the last of them; `null`: nothing
  /// is, as far as is known.
  @Nullable public var daysRemaining: Int64?
  /// What happens when if nobody does anything, soonest first.
  public var next: [NextAction]
  /// Only where the renter has set any. Not told, as balances are not, to the holder of a credential narrowed to a path.
  public var limits: LimitsDocument?
  public var resources: ResourcesDocument
  public var image: String?
  /// The disk lease that is attached.
  public var disk: String?
  /// Ports that the renter declared; absent where none were.
  public var ports: [PortDocument]?
  /// How the command of a container in service stands, where its host says so.
  public var container: ContainerDocument?
  /// Only of one that was paid for and could not be made: why. What was paid went back, or is its credit.
  public var failure: FailureDocument?
  /// Only in the answer to the purchase: what was shown there, for clients that do not let go of it. A secret.
  public var credential: String?
  /// Only in the answer to a purchase that asked for one: see ``AddressDocument``. A secret.
  public var address: String?
  /// Only in the answer to a purchase that named some: those that were made, with what is told of each once.
  public var contacts: [ContactDocument]?
  public var links: [String: String]

  public init(
    id: String, kind: String, offer: String, variant: String? = nil, state: String, cause: String? = nil,
    resuming: Bool? = nil,
    flags: LeaseFlags, version: Int64, generation: Int64, createdAt: Timestamp, paidUntil: Timestamp? = nil,
    balanceMsat: Int64?, debtMsat: Int64?, creditMsat: Int64?, rate: RateDocument, price: PriceDocument? = nil,
    exchangeRate: ExchangeRateDocument? = nil, renewalTerms: RenewalTermsDocument? = nil, daysRemaining: Int64? = nil,
    next: [NextAction], limits: LimitsDocument? = nil, resources: ResourcesDocument, image: String? = nil,
    disk: String? = nil,
    container: ContainerDocument? = nil,
    links: [String: String]
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
    self.renewalTerms = renewalTerms
    self.daysRemaining = daysRemaining
    self.next = next
    self.limits = limits
    self.resources = resources
    self.image = image
    self.disk = disk
    self.container = container
    self.links = links
  }

  /// For whoever may look at the lease and not into its purse.
  public mutating func hideMoney() {
    (balanceMsat, debtMsat, creditMsat, limits) = (nil, nil, nil, nil)
    // Debt is part of what it costs to go on.
    next = next.map { NextAction(action: $0.action, at: $0.at) }
  }
}

/// How a container's command stands.
public struct ContainerDocument: Hashable, Sendable, SnakeCased {
  /// `running`; `stopped` by somebody; `ended` by itself.
  public var state: String
  /// What it ended with, where that is known: 128 + signal when it was killed.
  public var exitCode: Int32?
  /// Killed for having used all of its memory.
  public var outOfMemory: Bool?
  /// `on-failure` or `always`: so it is started again when it ends; absent: it is not.
  public var restart: String?
  /// How often that was so far; absent where ``restart`` is.
  public var restarts: Int64?
  /// When it is started again, as far as is known.
  public var restartsAt: Timestamp?

  public init(
    state: String, exitCode: Int32? = nil, outOfMemory: Bool? = nil, restart: String? = nil, restarts: Int64? = nil,
    restartsAt: Timestamp? = nil
  ) {
    self.state = state
    self.exitCode = exitCode
    self.outOfMemory = outOfMemory
    self.restart = restart
    self.restarts = restarts
    self.restartsAt = restartsAt
  }
}

/// What renewals that are quoted from some moment on are quoted at. Time that was bought before keeps its price.
public struct RenewalTermsDocument: Hashable, Sendable, SnakeCased {
  public var from: Timestamp
  /// For one period; `null` while a price in a currency has no rate.
  @Nullable public var priceMsat: Int64?
  public var periodSeconds: Int64
  public var price: PriceDocument?

  public init(from: Timestamp, priceMsat: Int64?, periodSeconds: Int64, price: PriceDocument? = nil) {
    self.from = from
    self.priceMsat = priceMsat
    self.periodSeconds = periodSeconds
    self.price = price
  }
}

/// What is true beside the state.
public struct LeaseFlags: Hashable, Sendable, SnakeCased {
  /// Sealed by the operator.
  public var frozen: Bool
  /// Not reclaimed when retention ends.
  public var protected: Bool
  /// The resource is at fault; time stands still.
  public var impaired: Bool
  /// The operator ends the lease then.
  @Nullable public var evictingUntil: Timestamp?
  /// Why the operator sealed it, in the operator's words.
  public var frozenReason: String?
  /// Why the operator suspended it.
  public var suspensionReason: String?
  /// Why the operator ends it.
  public var evictionReason: String?

  public init(
    frozen: Bool, protected: Bool, impaired: Bool, evictingUntil: Timestamp? = nil, frozenReason: String? = nil,
    suspensionReason: String? = nil, evictionReason: String? = nil
  ) {
    self.frozen = frozen
    self.protected = protected
    self.impaired = impaired
    self.evictingUntil = evictingUntil
    self.frozenReason = frozenReason
    self.suspensionReason = suspensionReason
    self.evictionReason = evictionReason
  }
}

/// What time costs.
public struct RateDocument: Hashable, Sendable, SnakeCased {
  public var priceMsat: Int64
  public var periodSeconds: Int64

  public init(
    priceMsat: Int64, periodSeconds: Int64
  ) {
    self.priceMsat = priceMsat
    self.periodSeconds = periodSeconds
  }
}
