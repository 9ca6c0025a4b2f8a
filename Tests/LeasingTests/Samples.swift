import Leasing
import Ledger
import Units

extension Instant {
  /// Where the tests' time begins.
  static let start = Instant(unixSeconds: 1_700_000_000)
}

extension LeaseID {
  static let sample = LeaseID(unixMilliseconds: 1_700_000_000_000, random: (1, 2))
}

extension Terms {
  /// An hour for 3,600 sat: a satoshi a second. Grace 150 s, retention an hour, lead 900 s.
  static let hourly = Terms(
    offer: "disk-hourly", kind: .disk, resources: Resources(disk: .mebibytes(64)), period: .hour,
    price: Millisatoshi(satoshis: 3_600), policy: .standard(period: .hour), maxPeriods: 24)

  /// Twice as large, twice as dear.
  static let large = Terms(
    offer: "disk-large", kind: .disk, resources: Resources(disk: .mebibytes(128)), period: .hour,
    price: Millisatoshi(satoshis: 7_200), policy: .standard(period: .hour), maxPeriods: 24)

  /// Nothing for time; a deposit of 1,000 sat for what is used.
  static let metered = Terms(
    offer: "metered", kind: .disk, resources: Resources(disk: .mebibytes(64)), period: .hour, price: .zero,
    deposit: Millisatoshi(satoshis: 1_000),
    meters: [MeterPrice(meter: .egress, unit: 1 << 30, included: 0, price: 5_000)],
    policy: .standard(period: .hour), maxPeriods: 1)

  func idle(_ action: IdlePolicy.Action) -> Terms {
    var terms = self
    terms.policy.idle = IdlePolicy(after: 600, action: action, retention: 1_800)
    return terms
  }
}

extension Lease {
  static func quoted(_ terms: Terms = .hourly, hasCapacity: Bool = true) -> Lease {
    .quote(.sample, terms, hasCapacity: hasCapacity, at: .start)
  }
}

extension Settlement {
  static func purchase(_ terms: Terms = .hourly) -> Settlement {
    Settlement(paymentHash: "p", amount: terms.invoiceAmount(periods: 1) ?? .zero, purpose: .purchase)
  }

  static func renewal(_ amount: Millisatoshi, periods: Int64 = 1) -> Settlement {
    Settlement(paymentHash: "r", amount: amount, purpose: .renewal(periods: periods))
  }
}

/// A lease that is talked to: each event is said at a moment, and what was decided is what is asked about.
struct Conversation {
  var lease: Lease
  var now: Instant
  var transfers: [Transfer] = []

  init(_ terms: Terms = .hourly) {
    lease = .quoted(terms)
    now = .start
  }

  /// Active since the start, one period paid.
  static func active(_ terms: Terms = .hourly) throws -> Conversation {
    var talk = Conversation(terms)
    try talk.say(.settled(.purchase(terms)))
    try talk.say(.provisioned(generation: talk.lease.generation))
    return talk
  }

  /// Active since the start, two periods paid: past its first, with grace and full retention to come.
  static func renewed(_ terms: Terms = .hourly) throws -> Conversation {
    var talk = try active(terms)
    try talk.say(.settled(.renewal(terms.price > .zero ? terms.price : terms.deposit)))
    return talk
  }

  /// Says an event so many seconds after the last one.
  @discardableResult
  mutating func say(_ event: Event, after seconds: Seconds = 0) throws(Rejection) -> [Effect] {
    now = now + seconds
    let decision = try lease.step(event, at: now)
    lease = decision.lease
    transfers += decision.transfers
    return decision.effects
  }

  /// Lets time pass to `wakesAt` and wakes the lease there.
  @discardableResult
  mutating func wake() throws -> [Effect] {
    if let next = lease.wakesAt, next < .distantFuture { now = max(now, next) }
    return try say(.woke)
  }

  /// Answers the newest effect of the resource lane as the driver would.
  @discardableResult
  mutating func resumed() throws -> [Effect] { try say(.resumed(generation: lease.generation)) }

  func charged(_ account: Account) -> Millisatoshi {
    transfers.reduce(into: .zero) { sum, transfer in
      if transfer.credit == account { sum += transfer.amount }
      if transfer.debit == account { sum -= transfer.amount }
    }
  }
}

extension [Effect] {
  var names: [String] { map(\.name) }
  var notices: [Notice.Kind] {
    compactMap { if case .notice(let notice) = $0 { notice.kind } else { nil } }
  }
}
