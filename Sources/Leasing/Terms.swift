import Units

/// What can be rented.
public enum Kind: String, Hashable, Sendable, Codable, CaseIterable {
  case disk
  case compute
}

/// A metered dimension and the unit it is counted in.
public enum Meter: String, Hashable, Sendable, Codable, CaseIterable {
  /// Microseconds of processor time.
  case cpu
  /// Byte-seconds of memory.
  case memory
  /// Byte-seconds of disk.
  case disk
  /// Bytes sent to the renter through doors, and by a container to the world.
  case egress
  /// Bytes received from the renter through doors, and by a container from the world.
  case ingress
  /// Requests answered.
  case requests

  public var unit: String {
    switch self {
    case .cpu: "microsecond"
    case .memory, .disk: "byte_second"
    case .egress, .ingress: "byte"
    case .requests: "request"
    }
  }
}

/// What a lease holds of a host. A disk lease has no processor.
public struct Resources: Hashable, Sendable, Codable {
  public var disk: ByteCount
  /// Thousandths of a core.
  public var cpuMillis: Int64
  public var memory: ByteCount
  public var pids: Int64

  public init(disk: ByteCount, cpuMillis: Int64 = 0, memory: ByteCount = 0, pids: Int64 = 0) {
    self.disk = disk
    self.cpuMillis = cpuMillis
    self.memory = memory
    self.pids = pids
  }
}

extension Resources {
  /// The larger of the two, dimension by dimension.
  public func atLeast(_ other: Resources) -> Resources {
    Resources(
      disk: max(disk, other.disk), cpuMillis: max(cpuMillis, other.cpuMillis), memory: max(memory, other.memory),
      pids: max(pids, other.pids))
  }

  /// What is needed in addition to `held`, dimension by dimension; `nil` when that is enough.
  public func beyond(_ held: Resources) -> Resources? {
    let extra = Resources(
      disk: ByteCount(max(0, disk.count - held.disk.count)), cpuMillis: max(0, cpuMillis - held.cpuMillis),
      memory: ByteCount(max(0, memory.count - held.memory.count)), pids: max(0, pids - held.pids))
    return extra == Resources(disk: ByteCount(0)) ? nil : extra
  }
}

/// What a container reaches beside its own loopback.
public struct ContainerNetwork: Hashable, Sendable, Codable {
  public enum Reach: String, Hashable, Sendable, Codable, CaseIterable {
    /// The world and its names; never the host, what is near it, or another lease.
    case outbound
  }
  public var reach: Reach
  /// Bits per second each way; `nil`: as many as the host gives.
  public var bandwidthBits: Int64?

  public init(_ reach: Reach, bandwidthBits: Int64? = nil) {
    self.reach = reach
    self.bandwidthBits = bandwidthBits
  }
}

/// A price for usage beyond what the offer includes.
public struct MeterPrice: Hashable, Sendable, Codable {
  public var meter: Meter
  /// So many of the meter's units are one priced unit (a GiB of egress: 2^30). At least 1.
  public var unit: Int64
  /// Free in each period, in the meter's own units.
  public var included: Int64
  /// Per priced unit.
  public var price: Millisatoshi
  /// The same in the currency of the terms, where the provider priced it in that: ``price`` is reckoned from it.
  public var fiat: FixedDecimal?

  public init(meter: Meter, unit: Int64, included: Int64, price: Millisatoshi, fiat: FixedDecimal? = nil) {
    self.meter = meter
    self.unit = unit
    self.included = included
    self.price = price
    self.fiat = fiat
  }
}

/// How long each stage of a lease lasts. Fixed on the lease at purchase.
public struct Policy: Hashable, Sendable, Codable {
  /// An invoice can be paid this long; capacity stays reserved for a minute more.
  public var quote: Seconds
  /// A disk or container must be ready this long after payment.
  public var provisioning: Seconds
  /// The renewal notice goes out this long before time runs out.
  public var lead: Seconds
  /// Service goes on this long on credit; none in the first period.
  public var grace: Seconds
  /// Data is kept this long while suspended; half of it in the first period.
  public var retention: Seconds
  /// `nil`: idleness is not looked at.
  public var idle: IdlePolicy?

  public init(
    quote: Seconds, provisioning: Seconds, lead: Seconds, grace: Seconds, retention: Seconds, idle: IdlePolicy? = nil
  ) {
    self.quote = quote
    self.provisioning = provisioning
    self.lead = lead
    self.grace = grace
    self.retention = retention
    self.idle = idle
  }

  /// Grace in a first period: none.
  public var firstGrace: Seconds { .zero }

  /// How long data is kept after a first period.
  public var firstRetention: Seconds { max(retention / 2, 1) }

  /// The defaults for a period, from the table of timers.
  public static func standard(period: Seconds) -> Policy {
    Policy(
      quote: 600,
      provisioning: 600,
      lead: min((period / 4).clamped(from: .minute, to: .day * 7), max(period / 2, 1)),
      grace: min((period / 24).clamped(from: .minute, to: .day), period),
      retention: period.clamped(from: .hour, to: .day * 14))
  }
}

/// What happens to a lease nobody uses.
public struct IdlePolicy: Hashable, Sendable, Codable {
  public enum Action: String, Hashable, Sendable, Codable, CaseIterable {
    case notify, suspend, reclaim
  }
  public var after: Seconds
  public var action: Action
  /// An idle suspension lasts at most this long.
  public var retention: Seconds

  public init(after: Seconds, action: Action, retention: Seconds) {
    self.after = after
    self.action = action
    self.retention = retention
  }
}

/// What was agreed at purchase. A changed offer changes no lease.
public struct Terms: Hashable, Sendable, Codable {
  public var offer: String
  public var kind: Kind
  /// The tier named in the credential's `services` caveat.
  public var tier: Int
  public var resources: Resources
  public var period: Seconds
  public var price: Millisatoshi
  /// Purely metered offers (price 0) are bought by a deposit.
  public var deposit: Millisatoshi
  public var meters: [MeterPrice]
  public var policy: Policy
  public var maxPeriods: Int64
  /// The variant of the offer that ``price`` and ``deposit`` are of; `nil`: the offer has none.
  public var variant: String?
  /// The variant the lease was sold as, which it keeps whatever it changes to: its credentials say so, and who holds
  /// one is not shut out by somebody's upgrade. `nil`: it was sold as none. Set by ``Lease/quote(_:_:hasCapacity:at:)``.
  public internal(set) var soldAs: String?
  /// Where the price is one in a currency: that price, and the rate that ``price`` was reckoned at.
  public var fiat: FiatPrice?
  /// What the lease costs at the least once it was made, however soon the renter gives it back; `nil`: nothing.
  public var minimum: Millisatoshi?
  /// At so much debt of usage service stops, however much of the grace is left; `nil`: what a period costs, or the
  /// deposit.
  public var debtLimit: Millisatoshi?
  /// Of a container; `nil`: none but its own loopback.
  public var network: ContainerNetwork?

  public init(
    offer: String, kind: Kind, tier: Int = 0, resources: Resources, period: Seconds, price: Millisatoshi,
    deposit: Millisatoshi = .zero, meters: [MeterPrice] = [], policy: Policy, maxPeriods: Int64,
    variant: String? = nil, fiat: FiatPrice? = nil, minimum: Millisatoshi? = nil, debtLimit: Millisatoshi? = nil,
    network: ContainerNetwork? = nil
  ) {
    self.offer = offer
    self.kind = kind
    self.tier = tier
    self.resources = resources
    self.period = period
    self.price = price
    self.deposit = deposit
    self.meters = meters
    self.policy = policy
    self.maxPeriods = maxPeriods
    self.variant = variant
    self.fiat = fiat
    self.minimum = minimum
    self.debtLimit = debtLimit
    self.network = network
  }

  /// The bound of a debt of usage.
  public var mostDebt: Millisatoshi { debtLimit ?? max(price, deposit, 1) }

  public var rate: Rate {
    price == .zero ? .free : Rate(price, per: period)
  }

  /// The amount of a first invoice, or of a renewal without debt, in whole satoshis; `nil` when it does not fit.
  public func invoiceAmount(periods: Int64) -> Millisatoshi? {
    let whole = price == .zero ? deposit : price.multipliedReportingOverflow(by: periods)
    return whole.flatMap(\.roundedUpToInvoice)
  }
}
