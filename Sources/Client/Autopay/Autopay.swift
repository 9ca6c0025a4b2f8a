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
      let look = await look(at: lease, failures: 0)
      report(look)
      if let error = look.error { failures.append((lease, error)) }
    }
    return failures
  }

  /// Until nothing is left to be done for any lease, or the task is cancelled.
  ///
  /// - Parameter leases: `nil` for all that are kept here, and those that come to be.
  public func run(_ leases: [String]?) async throws(ClientError) {
    let known = Mutex<Set<String>>([])
    func newcomers() throws(ClientError) -> [String] {
      let wanted =
        if let leases { leases } else { try client.state.livingLeases(of: client.server) }
      return known.withLock { known in wanted.filter { known.insert($0).inserted } }
    }
    let first = try newcomers()
    let failure = await withTaskGroup(of: Void.self, returning: ClientError?.self) { group in
      for (index, lease) in first.enumerated() {
        group.addTask { await self.keep(lease, follows: index < Self.followed) }
      }
      while leases == nil {
        do { try await Task.sleep(for: .seconds(30)) } catch { return nil }
        do throws(ClientError) {
          for lease in try newcomers() { group.addTask { await self.keep(lease, follows: false) } }
        } catch {
          group.cancelAll()
          return error
        }
      }
      return nil
    }
    if let failure { throw failure }
  }

  /// One lease, until nothing more is to be done for it.
  private func keep(_ lease: String, follows: Bool) async {
    var failures = 0
    var told: AutopayEvent?
    while !Task.isCancelled {
      let look = await look(at: lease, failures: failures)
      failures = look.error == nil ? 0 : failures + 1
      // Said once, however often it is looked at.
      let isNews =
        look.event.event != .waiting || told?.event != .waiting || told?.reason != look.event.reason
        || told?.paidUntil != look.event.paidUntil
      if isNews { report(look) }
      told = look.event
      guard let next = look.next else { return }
      let latest = follows ? client.now() + .hour : client.now() + .minute
      await wait(until: min(next, latest), after: look.version, of: lease, follows: follows && look.error == nil)
    }
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
  }

  /// Looks at a lease, and renews it if that is due.
  ///
  /// - Parameter failures: how many looks before this one went wrong, one after another.
  func look(at lease: String, failures: Int) async -> Look {
    var paidUntil: Instant?
    do throws(ClientError) {
      let turn = try await client.state.turn(of: .lease, lease)
      defer { withExtendedLifetime(turn) {} }
      return try await lookInTurn(at: lease, &paidUntil)
    } catch {
      return Look(failed: error, lease: lease, failures: failures, paidUntil: paidUntil, at: client.now())
    }
  }

  private func lookInTurn(at lease: String, _ paidUntil: inout Instant?) async throws(ClientError) -> Look {
    // What may have been paid is found out before anything else is.
    for (_, outcome) in try await client.recover(lease: lease) { _ = try outcome.get() }
    let document = try await client.lease(lease).document
    paidUntil = document.paidUntil?.instant
    var record = try client.state.autopayRecord(of: lease, at: client.server)
    try settle(&record, document)
    let terms = await terms(of: document.offer)
    let now = client.now()
    var look = Look(event: AutopayEvent(at: now, lease: lease, event: .waiting), version: document.version)
    look.event.paidUntil = document.paidUntil
    switch rules.decide(document, terms, record, at: now) {
    case .finished(let reason):
      look.event.event = .finished
      look.event.reason = reason
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
      // Looked at again at once: what comes next follows from what the lease is then.
      look.next = client.now()
    }
    return look
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
  /// Back-off: from five seconds doubling to ten minutes, but while time is left never more than a quarter of it.
  init(failed error: ClientError, lease: String, failures: Int, paidUntil: Instant?, at now: Instant) {
    event = AutopayEvent(at: now, lease: lease, event: error.isRefusal ? .refused : .failed)
    event.detail = "\(error)"
    event.paidUntil = paidUntil.map { Timestamp($0) }
    self.error = error
    guard !error.isForGood else {
      event.event = .finished
      event.reason = .over
      return
    }
    var delay: Int64 = min(600, 5 << min(failures, 10))
    if let paidUntil, paidUntil > now { delay = min(delay, max(5, paidUntil.microseconds(since: now) / 4_000_000)) }
    next = now + Seconds(delay)
    event.nextAt = next.map { Timestamp($0) }
  }
}

extension ClientError {
  /// Nothing was paid, by choice.
  public var isRefusal: Bool {
    switch self {
    case .overBudget, .overLimit, .badChallenge, .paymentRequired, .wallet(.declined): true
    default: false
    }
  }

  /// The lease is over, or not ours.
  var isForGood: Bool {
    switch self {
    case .noCredential, .unknownLease: true
    case .problem(let problem): problem.status == 404 || problem.status == 410
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
