import L402
import Leasing
import Ledger
import Units

/// Has renters' wallets pay for time (pull payments).
///
/// The invoice and the request are written down before a wallet is asked, and whatever became of a request is looked up
/// before another is made. As long as an invoice that a wallet was asked to pay can be paid it is asked for no other one,
/// and an invoice settles once: so nothing is paid twice, whoever dies, repeats or lies. Only our own node's settlement
/// counts as paid, and it counts whoever hears of it.
struct Pulls: Sendable {
  /// How often one reminder has the wallet asked or looked after, with waits between of 2, 4, 8, 16 and 32 seconds.
  static let tries = 6
  /// A wallet is not asked for what lapses sooner.
  static let shortest: Seconds = 15
  /// A wallet that reads a request later than this does nothing.
  static let patience: Seconds = 90

  let store: any Store
  let clock: any WallClock
  let keys: KeyEpochs
  let wallets: (any RenterWallets)?
  let renewals: Renewals
  let settlements: Settlements
  /// Which daemon this is, and what the provider lets be asked for.
  let settings: Settings
  let tally = PullTally()

  /// What a wallet is asked to pay.
  private struct Bill {
    var hash: PaymentHash
    var invoice: String
    var amount: Millisatoshi
    var expiresAt: Instant
  }

  private struct Asking {
    var claim: ClaimedEffect
    var grant: WalletGrant
    var uri: String
    var wallets: any RenterWallets
  }

  func pull(_ claim: ClaimedEffect, _ record: LeaseRecord) async throws -> EffectOutcome {
    let outcome = try await attempt(claim, record)
    switch outcome {
    case .done: tally.count(.paid)
    case .decided: tally.count(.failed)
    case .event, .stale, .later: break
    }
    return outcome
  }

  private func attempt(_ claim: ClaimedEffect, _ record: LeaseRecord) async throws -> EffectOutcome {
    let id = record.lease.id
    guard let wallets, record.lease.wantsPull(at: clock.now()),
      let (grant, last) = try await store.transaction({ tx in
        try tx.walletGrant(of: id).map { ($0, try tx.lastWalletPull(of: id)) }
      })
    else { return .stale }
    guard let uri = grant.uri(with: keys.keyring) else {
      return failed("the grant cannot be read any more: set the wallet again")
    }
    let asking = Asking(claim: claim, grant: grant, uri: uri, wallets: wallets)
    switch try await look(after: last, asking) {
    case .over(let outcome): return outcome
    case .again(let bill): return try await ask(for: bill, asking)
    case .new:
      guard let bill = try await mint(for: record, claim) else { return .stale }
      return try await ask(for: bill, asking)
    }
  }

  // MARK: What became of the last request

  private enum Look {
    case over(EffectOutcome)
    /// Nothing was paid for this one yet, and it can still be.
    case again(Bill)
    /// Nothing is open: another invoice may be asked for.
    case new
  }

  private func look(after last: WalletPull?, _ asking: Asking) async throws -> Look {
    guard let last else { return .new }
    let hash = last.paymentHash
    guard let invoice = try await store.transaction({ tx in try tx.invoice(hash) }), invoice.mayStillSettle else {
      return .new
    }
    // Ours is the word that counts, and it may not have reached us.
    if try await settlements.bookIfSettled(hash) { return .over(.done) }
    let now = clock.now()
    if last.refused != nil || invoice.expiresAt <= now { return .new }
    let word: WalletWord
    do throws(WalletFault) {
      word = try await asking.wallets.lookUp(hash, in: asking.uri)
    } catch {
      return .over(wait(asking.claim, error.words))
    }
    switch word {
    case .paid:
      if try await settlements.bookIfSettled(hash) { return .over(.done) }
      return .over(wait(asking.claim, "it says that it has paid, and nothing has arrived"))
    case .pending: return .over(wait(asking.claim, "its payment is under way"))
    case .unclear(let words): return .over(wait(asking.claim, words))
    case .failed(let words), .refused(let words):
      // Asked again with the next reminder.
      if last.turn == asking.claim.key { return .over(failed(words)) }
    case .unknown: break
    }
    guard let bolt11 = invoice.bolt11, invoice.expiresAt > now + Self.shortest else {
      return .over(.later(invoice.expiresAt + 1, "another invoice once this one cannot be paid any more"))
    }
    return .again(Bill(hash: hash, invoice: bolt11, amount: invoice.amount, expiresAt: invoice.expiresAt))
  }

  // MARK: Asking

  /// The lease's open renewal invoice; `nil` where nothing is sold now.
  private func mint(for record: LeaseRecord, _ claim: ClaimedEffect) async throws -> Bill? {
    let id = record.lease.id
    var caller = Caller(
      authorization: [], method: "POST", address: nil, addressText: "wallet", requestID: "pull \(claim.key)")
    caller.isWallet = true
    do {
      guard let snapshot = try await store.snapshot(.renewal(of: id, periods: 1, shown: nil)) else { return nil }
      let demand = try await renewals.demand(snapshot, periods: 1, shown: nil, caller)
      return Bill(
        hash: demand.paymentHash, invoice: demand.challenge.invoice, amount: demand.amount,
        expiresAt: demand.expiresAt)
    } catch let refusal as Refusal {
      switch refusal {
      case .unavailable, .tooManyRequests, .tooManyAtOnce, .noExchangeRate: throw refusal
      case .unknownOffer, .unknownLease, .unknownPayment, .invalidField, .leaseClosed, .noCapacity, .full,
        .unknownWaitlistEntry,
        .idempotencyConflict, .unauthorized, .forbidden, .invoiceRefused, .conflict, .unanswered:
        return nil
      }
    }
  }

  private func ask(for bill: Bill, _ asking: Asking) async throws -> EffectOutcome {
    switch try await takeDown(bill, asking) {
    case .moot: return .stale
    case .tooMuch(let words, let until):
      guard let until else { return failed(words) }
      return .later(until, words)
    case .asked: tally.count(.asked)
    }
    let word: WalletWord
    do throws(WalletFault) {
      word = try await asking.wallets.pay(
        bill.invoice, from: asking.uri, until: min(bill.expiresAt, clock.now() + Self.patience))
    } catch {
      guard error.kind == .silent else {
        let (hash, words) = (bill.hash, error.words)
        try await store.transaction { tx in try tx.refuseWalletPull(hash, because: words) }
        return error.kind == .unfit ? failed(words) : wait(asking.claim, words)
      }
      return wait(asking.claim, error.words)
    }
    switch word {
    case .paid:
      if try await settlements.bookIfSettled(bill.hash) { return .done }
      return wait(asking.claim, "it says that it has paid, and nothing has arrived")
    case .refused(let words): return failed(words, refusing: bill.hash)
    case .pending, .unknown: return wait(asking.claim, "its payment is under way")
    case .failed(let words), .unclear(let words): return wait(asking.claim, words)
    }
  }

  private enum Taken {
    case asked
    case moot
    /// - Parameter until: when the budget allows it, if that is in time.
    case tooMuch(String, until: Instant?)
  }

  /// Writes the request down, if the budgets allow it, before it is made. The lease's lock keeps others out, and whoever
  /// has lost his claim meanwhile makes none.
  private func takeDown(_ bill: Bill, _ asking: Asking) async throws -> Taken {
    let (claim, grant, owner) = (asking.claim, asking.grant, settings.daemon)
    return try await store.transaction { [clock, settings] tx in
      guard let lease = try tx.lockLease(claim.lease), try tx.ownsClaim(claim.id, owner: owner),
        try tx.walletGrant(of: claim.lease) == grant
      else { return .moot }
      let now = clock.now()
      guard lease.wantsPull(at: now), bill.expiresAt > now else { return .moot }
      func pulled(since moment: Instant) throws -> [PulledAmount] {
        try tx.walletPulls(of: claim.lease, since: moment, besides: bill.hash)
      }
      let day = try pulled(since: now - .day)
      guard day.total + bill.amount <= settings.pulls.maxPerDay else {
        return .tooMuch("the provider asks for no more than that in a day", until: nil)
      }
      let all = try pulled(since: grant.createdAt - Seconds(1))
      if let total = grant.budget.total, all.total + bill.amount > total {
        return .tooMuch("the budget is spent", until: nil)
      }
      guard let counts = grant.budget.moment(for: bill.amount, at: now, beside: all) else {
        return .tooMuch("the budget is spent", until: nil)
      }
      let early = min(lease.terms.policy.lead, grant.budget.every)
      guard counts <= now + early else {
        return .tooMuch(
          "the budget is spent", until: counts - early < bill.expiresAt - Self.shortest ? counts - early : nil)
      }
      try tx.writeWalletPull(
        WalletPull(
          paymentHash: bill.hash, lease: claim.lease, amount: bill.amount, askedAt: now, countsAt: counts,
          turn: claim.key))
      return .asked
    }
  }

  // MARK: What it comes to

  private func wait(_ claim: ClaimedEffect, _ words: String) -> EffectOutcome {
    guard claim.attempts < Self.tries - 1 else { return failed(words) }
    return .later(clock.now() + Seconds(2 << Int64(claim.attempts)), words)
  }

  private func failed(_ words: String, refusing hash: PaymentHash? = nil) -> EffectOutcome {
    .decided { tx, _, _ in
      if let hash { try tx.refuseWalletPull(hash, because: words) }
      return .pullFailed(reason: words)
    }
  }
}

extension InvoiceRecord {
  fileprivate var mayStillSettle: Bool {
    switch state {
    case .open, .replaced, .accepted: true
    case .reserved, .settled, .canceled, .expired: false
    }
  }
}

extension WalletBudget {
  /// When so much would count that is asked for now: at once, or as soon as so much of what was asked for before counts no
  /// more; `nil`: it never fits. In no span does what counts exceed the budget, whatever was asked for, and in which order.
  ///
  /// It may be asked for a lead before that, when the lease wants it. Otherwise a renewal that came late, with its second
  /// reminder say, would have the next one come as late, and a budget of one renewal a period would fall behind a little more
  /// each time. What is asked for early counts when it is allowed and not when it is asked for, so that nothing is gained by
  /// it: after any number of spans no more was asked for than a lead's worth ahead.
  func moment(for amount: Millisatoshi, at now: Instant, beside pulled: [PulledAmount]) -> Instant? {
    guard amount <= self.amount else { return nil }
    let recent = pulled.filter { $0.countsAt > now - every }.sorted { $0.countsAt < $1.countsAt }
    var left = recent.total
    var moment = now
    for pulled in recent where left + amount > self.amount {
      left = left - pulled.amount
      moment = pulled.countsAt + every
    }
    return moment
  }
}
