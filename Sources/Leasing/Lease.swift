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
  /// Time has been bought a second time: grace and full retention apply.
  public var renewed: Bool
  /// Reminders already sent since the last payment.
  public var reminded: Reminders
  /// The last daemon outage this lease has taken account of.
  public var lastOutage: Outage?
  public var closedCreditUntil: Instant?

  public struct Outage: Hashable, Sendable, Codable {
    public var from: Instant
    public var to: Instant
    public init(from: Instant, to: Instant) {
      self.from = from
      self.to = to
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
      }
    }
  }

  /// Everything at once, for the store.
  public init(
    id: LeaseID, terms: Terms, state: State, flags: Flags, account: LeaseAccount, version: Int64, generation: Int64,
    createdAt: Instant, activatedAt: Instant?, renewed: Bool, reminded: Reminders, lastOutage: Outage?,
    closedCreditUntil: Instant?
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
    self.reminded = reminded
    self.lastOutage = lastOutage
    self.closedCreditUntil = closedCreditUntil
  }

  /// A new quote, sold as the variant that its terms are of. The hold outlasts the invoice by a minute.
  ///
  /// - Precondition: the terms have a price in bitcoin by now.
  public static func quote(_ id: LeaseID, _ terms: Terms, held: Bool, at now: Instant) -> Lease {
    precondition(terms.isPriced, "a price in a currency is reckoned in bitcoin before it is quoted")
    var terms = terms
    terms.soldAs = terms.variant
    return Lease(
      id: id, terms: terms,
      state: .quoted(held: held, until: now + terms.policy.quote + .minute, canceling: false),
      flags: Flags(), account: LeaseAccount(rate: terms.rate), version: 0, generation: 0, createdAt: now,
      activatedAt: nil, renewed: false, reminded: [], lastOutage: nil, closedCreditUntil: nil)
  }

  /// When the balance runs out at today's rate; while time stands still, `nil`.
  public var paidUntil: Instant? { account.paidUntil }

  public var isClosed: Bool {
    if case .closed = state { true } else { false }
  }
}
