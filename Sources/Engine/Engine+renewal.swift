import L402
import Leasing
import Ledger
import Units

/// Time bought again, other terms, and the way out.
extension Engine {
  /// Renews by so many periods: the lease, for the first request that shows a settled payment for it (and again under
  /// the same key); a demand for payment otherwise. Anyone may pay for a friend: a stranger's challenge can do nothing
  /// but pay.
  public func renew(_ id: LeaseID, periods: Int64, _ caller: Caller) async throws -> LeaseRecord {
    let shown = try await payer(of: id, caller)
    let question = StandingQuestion.renewal(of: id, periods: periods, shown: shown)
    var standing = try await store.standing(question)
    if let shown, let paid = standing?.presented, paid.lease == id, paid.mayStillBuy(paid.purpose.isRenewal(periods)) {
      if let record = try await redeemed(by: shown, for: id, caller, where: { $0.isRenewal(periods) }) {
        return record
      }
      standing = try await store.standing(question)
    }
    guard let standing else { throw Refusal.unknownLease }
    throw Refusal.paymentRequired(try await renewalDemand(standing, periods: periods, shown: shown, caller))
  }

  /// Who may be asked to pay: nobody, or the holder of a credential of this lease with `pay`.
  private func payer(of id: LeaseID, _ caller: Caller) async throws -> VerifiedCredential? {
    guard try await credential(of: caller) != nil else { return nil }
    return try await require(.renew, of: id, caller)
  }

  /// The lease, if the credential's payment is a settled one of the wanted kind that nobody has presented yet.
  private func redeemed(
    by shown: VerifiedCredential, for id: LeaseID, _ caller: Caller,
    where isWanted: @Sendable (Settlement.Purpose) -> Bool
  ) async throws -> LeaseRecord? {
    let hash = shown.paymentHash
    guard let record = try await book(shown, of: id) else { return nil }
    let invoice = try await store.transaction { tx in try tx.invoice(hash) }
    guard let invoice, invoice.lease == id, isWanted(invoice.purpose) else { return nil }
    guard invoice.state == .settled else {
      // Paid is paid, also while it is not booked: never a second invoice.
      throw Refusal.unavailable(retryAfter: 1, "the payment has not arrived")
    }
    let key = caller.idempotencyKey
    let now = clock.now()
    guard try await store.transaction({ tx in try tx.redeem(hash, key: key, at: now) }) else { return nil }
    return try await settled(record, within: settings.patience)
  }

  /// A renewal's invoice and macaroon, for whoever asked. The lease is read from the database just before.
  func renewalDemand(
    _ standing: Standing, periods: Int64, shown: VerifiedCredential?, _ caller: Caller
  ) async throws -> PaymentDemand {
    let lease = standing.record.lease
    guard periods >= 1, periods <= lease.terms.maxPeriods else {
      throw Refusal.invalidField("periods", "1 to \(lease.terms.maxPeriods)")
    }
    switch lease.state {
    case .quoted, .provisioning:
      throw Refusal.conflict(code: "not-paid-yet", "the lease is not in service yet")
    case .reclaiming(.retention, _, _, destroying: false), .active, .grace, .suspended:
      break
    case .reclaiming, .closed:
      throw Refusal.leaseClosed
    }
    let now = clock.now()
    guard lease.maySell(periods: periods, at: now) else {
      throw Refusal.invalidField("periods", "no time is sold that far ahead")
    }
    var renewed = lease
    renewed.terms = try self.renewed(lease.terms, seeing: standing.open, at: now)
    guard let amount = renewed.renewalAmount(periods: periods, at: now) else {
      throw Refusal.invalidField("periods", "the price does not fit")
    }
    try allow(shown, amount)
    // At a rate that is frozen nobody is given longer to wait and see than for a purchase.
    let ends = lease.renewalInvoiceEnds(at: now)
    let frozen = renewed.terms.frozenPrice
    let order = InvoiceOrder(
      lease: lease.id, purpose: .renewal(periods: periods), slot: "renewal:\(periods)",
      label: "\(InvoiceRequest.labelPrefix)\(lease.id)/renewal/\(newLeaseID())", amount: amount,
      expiresAt: frozen == nil ? ends : min(ends, now + lease.terms.policy.quote), frozen: frozen, at: now)
    let invoice = try await invoice(for: order, client: caller, seen: standing)
    return try await challenge(
      invoice, lease: lease, periods: periods, shown: shown, known: standing.token(for: invoice))
  }

  private func allow(_ shown: VerifiedCredential?, _ amount: Millisatoshi) throws {
    if let bound = shown?.maxMsat, amount.count > bound { throw Refusal.permission(.amount) }
  }

  // MARK: Changing terms

  /// Changes to another offer of the same kind. What costs nothing now happens now; an upgrade is paid for first.
  public func change(_ id: LeaseID, to offerID: String, _ caller: Caller) async throws -> LeaseRecord {
    let shown = try await require(.change, of: id, caller)
    guard let offer = catalog.offer(offerID) else { throw Refusal.unknownOffer(offerID) }
    let isWanted: @Sendable (Settlement.Purpose) -> Bool = {
      if case .change(let paid) = $0 { paid.offer == offerID } else { false }
    }
    if let record = try await redeemed(by: shown, for: id, caller, where: isWanted) { return record }
    guard let record = try await store.transaction({ tx in try tx.lease(id) }) else { throw Refusal.unknownLease }
    let lease = record.lease
    guard offer.terms.kind == lease.terms.kind else {
      throw Refusal.invalidField("offer", "the lease is of another kind")
    }
    switch lease.state {
    case .active, .grace: break
    case .suspended: throw Refusal.conflict(code: "lease-suspended", "resume the lease first")
    case .quoted, .provisioning: throw Refusal.conflict(code: "not-paid-yet", "the lease is not in service yet")
    case .reclaiming, .closed: throw Refusal.leaseClosed
    }
    if lease.terms.offer == offer.terms.offer { return record }
    let now = clock.now()
    let terms = try priced(offer.terms(for: id, soldAs: lease.terms.soldAs), at: now)
    guard terms.price > .zero, lease.terms.price > .zero else {
      throw Refusal.conflict(code: "purely-metered", "a purely metered lease does not change")
    }
    guard let amount = lease.changeAmount(to: terms, at: now) else {
      throw Refusal.invalidField("offer", "the price does not fit")
    }
    if amount == .zero {
      guard lease.timeLeft(on: terms, at: now) <= Lease.horizon.microseconds else {
        throw Refusal.invalidField("offer", "the balance would last longer than 366 days")
      }
      let handled = try await handle(
        .changed(terms), for: id, eventID: "change:\(caller.requestID)",
        cause: .init(type: "request", id: caller.requestID)
      ) { tx, _ in
        guard try tx.reallocate(id, to: terms.resources) else { throw Refusal.noCapacity }
      }
      return LeaseRecord(lease: handled.lease, request: record.request, placement: record.placement)
    }
    try allow(shown, amount)
    let order = InvoiceOrder(
      lease: id, purpose: .change(terms), slot: "change:\(terms.offer)",
      label: "\(InvoiceRequest.labelPrefix)\(id)/change/\(newLeaseID())", amount: amount,
      expiresAt: min(lease.renewalInvoiceEnds(at: now), now + terms.policy.quote),
      extra: terms.resources.beyond(lease.terms.resources), frozen: terms.frozenPrice, at: now)
    let invoice = try await invoice(for: order, client: caller)
    throw Refusal.paymentRequired(try await challenge(invoice, lease: lease, periods: 1, shown: shown))
  }

  // MARK: Giving it back

  /// Releases the lease: what is left of the balance becomes credit once the last usage is rated.
  public func release(_ id: LeaseID, _ caller: Caller) async throws -> LeaseRecord {
    let shown = try await require(.release, of: id, caller)
    _ = try await book(shown, of: id)
    try await handle(
      .released, for: id, eventID: "release:\(caller.requestID)", cause: .init(type: "request", id: caller.requestID))
    guard let record = try await store.transaction({ tx in try tx.lease(id) }) else { throw Refusal.unknownLease }
    return record
  }
}

extension Lease {
  /// How many microseconds the balance would last on other terms.
  fileprivate func timeLeft(on terms: Terms, at now: Instant) -> Int64 {
    var account = charged(to: now).account
    account.setRate(terms.rate)
    return account.microsecondsLeft ?? .max
  }
}

extension InvoiceRecord {
  /// Whether presenting it may still bring something: what settled and is of the wanted kind, or has not been booked.
  fileprivate func mayStillBuy(_ isWanted: Bool) -> Bool {
    state != .settled || isWanted
  }
}

extension Standing {
  /// The recorded token, if it is one for this very invoice.
  func token(for invoice: InvoiceRecord) -> TokenID? {
    invoice.id == open?.id ? token : nil
  }
}

extension Settlement.Purpose {
  func isRenewal(_ periods: Int64) -> Bool {
    if case .renewal(let bought) = self { bought == periods } else { false }
  }
}
