import Synchronization
import Units
import Wallets
import Wire

/// Keeps leases alive: looks when something is due or happens, buys time inside the lead, and says what it did.
///
/// It may be killed anywhere and started again, and several may run over one state directory: a lease's turn is taken
/// for each look, each renewal is on disk before it is asked for (``AutopayRecord``, ``Purchase``), and the lease is read
/// again before each, so that one period is bought once.
public final class Autopay: Sendable {
  let client: LeaseholdClient
  let rules: AutopayRules
  let tell: @Sendable (AutopayEvent) -> Void
  private let terms = Mutex<[String: (terms: AutopayRules.Terms, until: Instant)]>([:])

  /// How many leases are watched by their events; the others are looked at each minute.
  static let followed = 64

  /// - Parameter tell: hears what is done; called from any task.
  public init(
    client: LeaseholdClient, rules: AutopayRules, tell: @escaping @Sendable (AutopayEvent) -> Void = { _ in }
  ) {
    self.client = client
    self.rules = rules
    self.tell = tell
  }

  /// Counts bought periods from nothing again.
  public func startOver(_ lease: String) async throws(ClientError) {
    let turn = try await client.state.turn(of: .lease, lease)
    defer { withExtendedLifetime(turn) {} }
    var record = try client.state.autopayRecord(of: lease, at: client.server)
    record.startOver()
    try client.state.save(record)
  }

  /// Each lease once, one after another.
  ///
  /// - Returns: why what was due could not be done, lease by lease.
  public func once(_ leases: [String]) async -> [(lease: String, error: ClientError)] {
    var failures: [(lease: String, error: ClientError)] = []
    for lease in leases {
      let look = await look(at: lease, after: Trouble())
      report(look)
      if let error = look.error {
        failures.append((lease, error))
      } else if look.isLost {
        failures.append((lease, .leaseOver(name: lease, lease: lease)))
      }
    }
    return failures
  }

  /// Until nothing is left to be done for any lease, or the task is cancelled.
  ///
  /// - Parameter leases: `nil` for all that are kept here, and those that come to be.
  /// - Returns: the leases that were lost meanwhile: ended by anybody but their holder.
  @discardableResult
  public func run(_ leases: [String]?) async throws(ClientError) -> [String] {
    let known = Mutex<Set<String>>([])
    func newcomers() throws(ClientError) -> [String] {
      let wanted =
        if let leases { leases } else { try client.state.livingLeases(of: client.server) }
      return known.withLock { known in wanted.filter { known.insert($0).inserted } }
    }
    let first = try newcomers()
    let outcome = await withTaskGroup(of: String?.self, returning: Result<[String], ClientError>.self) { group in
      for (index, lease) in first.enumerated() {
        group.addTask { await self.keep(lease, follows: index < Self.followed) ? lease : nil }
      }
      while leases == nil {
        do { try await Task.sleep(for: .seconds(30)) } catch { return .success([]) }
        do throws(ClientError) {
          for lease in try newcomers() {
            group.addTask { await self.keep(lease, follows: false) ? lease : nil }
          }
        } catch {
          group.cancelAll()
          return .failure(error)
        }
      }
      var lost: [String] = []
      for await lease in group { if let lease { lost.append(lease) } }
      return .success(lost.sorted())
    }
    return try outcome.get()
  }

  /// One lease, until nothing more is to be done for it.
  ///
  /// - Returns: whether it was lost.
  private func keep(_ lease: String, follows: Bool) async -> Bool {
    var trouble = Trouble()
    var told: AutopayEvent?
    while !Task.isCancelled {
      let look = await look(at: lease, after: trouble)
      trouble.failures = look.error == nil ? 0 : trouble.failures + 1
      if !look.deadlines.isEmpty { trouble.deadlines = look.deadlines }
      // Said once, however often it is looked at.
      let isNews =
        look.event.event != .waiting || told?.event != .waiting || told?.reason != look.event.reason
        || told?.paidUntil != look.event.paidUntil
      if isNews { report(look) }
      told = look.event
      guard let next = look.next else { return look.isLost }
      let latest = follows ? client.now() + .hour : client.now() + .minute
      await wait(until: min(next, latest), after: look.version, of: lease, follows: follows && look.error == nil)
    }
    return false
  }

  private func report(_ look: Look) {
    tell(look.event)
  }

  // MARK: Looking

  struct Look: Sendable {
    var event: AutopayEvent
    /// When to look again; `nil` for never.
    var next: Instant?
    var error: ClientError?
    /// Of the lease that was seen.
    var version: Int64 = 0
    /// When it is suspended, and reclaimed, if nobody pays.
    var deadlines: [Instant] = []
    /// It ended, and its holder did not end it.
    var isLost = false
  }

  /// What is known while nothing answers.
  struct Trouble: Sendable {
    /// How many looks went wrong, one after another.
    var failures = 0
    /// As the lease was seen last.
    var deadlines: [Instant] = []

    /// How long it is waited before the next look: from five seconds doubling to ten minutes; and never more than a
    /// quarter of the time until the lease is worse off, down to a second. Where that is not known, a minute at most.
    func delay(at now: Instant) -> Seconds {
      let usual: Int64 = min(deadlines.isEmpty ? 60 : 600, 5 << min(failures, 10))
      guard let deadline = deadlines.filter({ $0 > now }).min() else { return Seconds(usual) }
      return Seconds(min(usual, max(1, deadline.microseconds(since: now) / 4_000_000)))
    }
  }

  /// Looks at a lease, and renews it if that is due.
  func look(at lease: String, after trouble: Trouble) async -> Look {
    var paidUntil: Instant?
    var trouble = trouble
    do throws(ClientError) {
      let turn = try await client.state.turn(of: .lease, lease)
      defer { withExtendedLifetime(turn) {} }
      return try await lookInTurn(at: lease, &paidUntil, &trouble.deadlines)
    } catch {
      return Look(failed: error, lease: lease, trouble, paidUntil: paidUntil, at: client.now())
    }
  }

  private func lookInTurn(
    at lease: String, _ paidUntil: inout Instant?, _ deadlines: inout [Instant]
  ) async throws(ClientError) -> Look {
    // What may have been paid is found out before anything else is.
    for (_, outcome) in try await client.recover(lease: lease) { _ = try outcome.get() }
    let document = try await client.lease(lease).document
    paidUntil = document.paidUntil?.instant
    deadlines = Self.deadlines(of: document)
    var record = try client.state.autopayRecord(of: lease, at: client.server)
    try settle(&record, document)
    let terms = await terms(of: document.offer)
    let now = client.now()
    var look = Look(event: AutopayEvent(at: now, lease: lease, event: .waiting), version: document.version)
    look.event.paidUntil = document.paidUntil
    look.deadlines = deadlines
    switch rules.decide(document, terms, record, at: now) {
    case .finished(let reason):
      look.event.event = .finished
      look.event.reason = reason
      // A quote that nobody paid was never one.
      look.isLost = reason == .over && document.cause != nil && document.cause != "release"
      if look.isLost { look.event.detail = document.cause.map { "the provider says: \($0)" } }
    case .wait(let moment, let reason):
      look.event.reason = reason
      look.event.nextAt = Timestamp(moment)
      look.next = moment
    case .renew(let period):
      let attempt = record.begin(period, periods: rules.periods, paidUntil: document.paidUntil)
      try client.state.save(record)
      let bought = try await client.renew(lease, attempt, limit: rules.limit)
      record.complete(attempt, msat: bought.amount?.count ?? 0)
      try client.state.save(record)
      look.event.event = .renewed
      look.event.amountMsat = bought.amount?.count
      look.event.periods = attempt.periods
      look.event.paidUntil = bought.answer.document.paidUntil
      look.version = bought.answer.document.version
      look.deadlines = Self.deadlines(of: bought.answer.document)
      // Looked at again at once: what comes next follows from what the lease is then.
      look.next = client.now()
    }
    return look
  }

  private static func deadlines(of document: LeaseDocument) -> [Instant] {
    document.next.filter { ["suspend", "reclaim"].contains($0.action) }.map(\.at.instant)
  }

  /// A renewal whose end was never written down: it went through if nothing of it is unfinished and the time has moved.
  private func settle(_ record: inout AutopayRecord, _ document: LeaseDocument) throws(ClientError) {
    guard let attempt = record.attempt, let before = attempt.paidUntil, let paidUntil = document.paidUntil,
      paidUntil > before
    else { return }
    let path = client.path(document.id, "/renewals")
    guard try !client.state.unfinishedPurchases(of: client.server).contains(where: { $0.path == path }) else { return }
    record.complete(attempt, msat: 0)
    try client.state.save(record)
  }

  /// The offer's lead and deposit, looked up once an hour. Without them the defaults serve.
  private func terms(of offer: String) async -> AutopayRules.Terms {
    let now = client.now()
    if let kept = terms.withLock({ $0[offer] }), kept.until > now { return kept.terms }
    do throws(ClientError) {
      let document = try await client.offer(offer).document
      let found = AutopayRules.Terms(
        lead: Seconds(document.policy.leadSeconds), deposit: document.depositMsat.map { Millisatoshi($0) })
      terms.withLock { $0[offer] = (found, now + .hour) }
      return found
    } catch {
      // An offer may be gone while its leases live.
      return terms.withLock { $0[offer]?.terms } ?? AutopayRules.Terms()
    }
  }
}

extension Autopay.Look {
  init(failed error: ClientError, lease: String, _ trouble: Autopay.Trouble, paidUntil: Instant?, at now: Instant) {
    event = AutopayEvent(at: now, lease: lease, event: error.isRefusal ? .refused : .failed)
    event.detail = "\(error)"
    event.paidUntil = paidUntil.map { Timestamp($0) }
    self.error = error
    guard !error.isHopeless else {
      event.event = .finished
      event.reason = .over
      isLost = true
      return
    }
    var trouble = trouble
    if let paidUntil { trouble.deadlines.append(paidUntil) }
    next = now + trouble.delay(at: now)
    event.nextAt = next.map { Timestamp($0) }
  }
}

extension ClientError {
  /// Nothing was paid, by choice.
  public var isRefusal: Bool {
    switch self {
    case .overBudget, .overLimit, .notApproved, .badChallenge, .paymentRequired, .wallet(.declined): true
    default: false
    }
  }
}

extension LeaseholdClient {
  func renew(
    _ lease: String, _ attempt: AutopayRecord.Attempt, limit: Millisatoshi?
  ) async throws(ClientError) -> Bought {
    try await purchase(
      path(lease, "/renewals"), JSON.encode(RenewRequest(periods: attempt.periods)), lease: lease, limit: limit,
      key: attempt.idempotencyKey, adoptsRoute: true)
  }
}
