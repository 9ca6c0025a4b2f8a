import Ledger
import Units

/// One renter's hold on one resource, from quote to close.
public struct Lease: Hashable, Sendable {
  public let id: LeaseID
  public var terms: Terms
  public var state: State
  public var flags: Flags
  public var account: LeaseAccount
  /// Rises with every write.
  public var version: Int64
  /// Rises when what the driver shall do changes. Effects and their outcomes carry it.
  public var generation: Int64
  public let createdAt: Instant
  /// When time was first charged; periods of metered allowances count from it.
  public var activatedAt: Instant?
  /// Where periods of metered allowances are counted from since the terms got a period of another length: the allowance
  /// that had begun lasts as long as it was to. `nil`: from ``activatedAt``.
  public var nextAllowance: NextAllowance?
  /// A period was bought again at the present terms: grace and full retention apply.
  public var renewed: Bool
  /// What was paid for time or usage at the present terms since they began, beyond what they began with and beyond
  /// debts: a period's worth of it makes ``renewed``.
  public var boughtAgain: Millisatoshi
  /// All that time and usage have cost so far.
  public var consumed: Millisatoshi
  /// The change whose size the driver has not confirmed yet; it is undone when the driver refuses.
  public var pendingChange: PendingChange?
  /// Data is kept no longer than this, until a period at the present terms was bought: a change to an offer that keeps
  /// it longer does not bring that with it.
  public var retentionBound: Seconds?
  /// Reminders already sent since the last payment.
  public var reminded: Reminders
  /// The last daemon outage this lease has taken account of.
  public var lastOutage: Outage?
  public var closedCreditUntil: Instant?
  /// What the renter lets it spend on usage; `nil`: whatever is used.
  public var limit: SpendLimit?
  /// Terms that the next renewals are quoted at; `nil`: those it has.
  public var announced: Announcement?

  public struct NextAllowance: Hashable, Sendable, Codable {
    public var number: Int64
    /// When it begins; until then the one before it counts.
    public var at: Instant

    public init(number: Int64, at: Instant) {
      self.number = number
      self.at = at
    }
  }

  public struct Outage: Hashable, Sendable, Codable {
    public var from: Instant
    public var to: Instant
    /// The wall clock leapt over it: none of it went by.
    public var leapt: Bool?

    public init(from: Instant, to: Instant, leapt: Bool? = nil) {
      self.from = from
      self.to = to
      self.leapt = leapt
    }
  }

  /// What a lease was before a change, for as long as the driver may still refuse its size.
  public struct PendingChange: Hashable, Sendable, Codable {
    public var terms: Terms
    public var rate: Rate
    public var renewed: Bool
    public var boughtAgain: Millisatoshi
    public var retentionBound: Seconds?
    public var announced: Announcement?
    /// What was paid for the change; it becomes credit when the change is undone.
    public var paid: Millisatoshi

    init(_ lease: Lease) {
      terms = lease.terms
      rate = lease.account.rate
      renewed = lease.renewed
      boughtAgain = lease.boughtAgain
      retentionBound = lease.retentionBound
      announced = lease.announced
      paid = .zero
    }
  }

  /// A set of ``Notice/Kind``.
  public struct Reminders: OptionSet, Hashable, Sendable, Codable {
    public let rawValue: Int16
    public init(rawValue: Int16) { self.rawValue = rawValue }

    public init(_ kind: Notice.Kind) {
      switch kind {
      case .renewal: self.init(rawValue: 1 << 0)
      case .renewalHalf: self.init(rawValue: 1 << 1)
      case .renewalTenth: self.init(rawValue: 1 << 2)
      case .expired: self.init(rawValue: 1 << 3)
      case .suspension: self.init(rawValue: 1 << 4)
      case .reclaim: self.init(rawValue: 1 << 5)
      case .eviction: self.init(rawValue: 1 << 6)
      case .idle: self.init(rawValue: 1 << 7)
      case .terms: self.init(rawValue: 1 << 8)
      case .compensation: self.init(rawValue: 1 << 9)
      case .pull: self.init(rawValue: 1 << 10)
      case .limitNear: self.init(rawValue: 1 << 11)
      case .limitReached: self.init(rawValue: 1 << 12)
      case .place: self.init(rawValue: 1 << 13)
      }
    }
  }

  /// Everything at once, for the store.
  public init(
    id: LeaseID, terms: Terms, state: State, flags: Flags, account: LeaseAccount, version: Int64, generation: Int64,
    createdAt: Instant, activatedAt: Instant?, renewed: Bool, boughtAgain: Millisatoshi = .zero,
    consumed: Millisatoshi = .zero, pendingChange: PendingChange? = nil, retentionBound: Seconds? = nil,
    reminded: Reminders, lastOutage: Outage?, closedCreditUntil: Instant?, announced: Announcement? = nil,
    nextAllowance: NextAllowance? = nil, limit: SpendLimit? = nil
  ) {
    self.id = id
    self.terms = terms
    self.state = state
    self.flags = flags
    self.account = account
    self.version = version
    self.generation = generation
    self.createdAt = createdAt
    self.activatedAt = activatedAt
    self.renewed = renewed
    self.boughtAgain = boughtAgain
    self.consumed = consumed
    self.pendingChange = pendingChange
    self.retentionBound = retentionBound
    self.reminded = reminded
    self.lastOutage = lastOutage
    self.closedCreditUntil = closedCreditUntil
    self.announced = announced
    self.nextAllowance = nextAllowance
    self.limit = limit
  }

  /// A new quote, sold as the variant that its terms are of. Capacity stays reserved for a minute longer than the invoice.
  ///
  /// - Precondition: the terms have a price in bitcoin by now.
  public static func quote(_ id: LeaseID, _ terms: Terms, hasCapacity: Bool, at now: Instant) -> Lease {
    precondition(terms.isPriced, "a price in a currency is reckoned in bitcoin before it is quoted")
    var terms = terms
    terms.soldAs = terms.variant
    return Lease(
      id: id, terms: terms,
      state: .quoted(hasCapacity: hasCapacity, until: now + terms.policy.quote + .minute, canceling: false),
      flags: Flags(), account: LeaseAccount(rate: terms.rate), version: 0, generation: 0, createdAt: now,
      activatedAt: nil, renewed: false, reminded: [], lastOutage: nil, closedCreditUntil: nil)
  }

  /// When the balance runs out at today's rate; while time stands still, `nil`.
  public var paidUntil: Instant? { account.paidUntil }
}
