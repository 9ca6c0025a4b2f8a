import L402
import Leasing
import Ledger
import Units

/// Time bought again.
struct Renewals: Sendable {
  let store: any Store
  let clock: any WallClock
  let credentials: Credentials
  let redemptions: Redemptions
  let rates: Rates
  let invoicing: Invoicing

  /// Renews by so many periods: the lease, for the first request that shows a settled payment for it, for any under the
  /// same key, and where neither has one for a repetition soon after (its answer may have been lost); a demand for
  /// payment otherwise. Anyone may pay for a friend: a stranger's challenge can do nothing
  /// but pay.
  func renew(_ id: LeaseID, periods: Int64, _ caller: Caller) async throws -> Sold {
    let shown = try await credentials.requireIfShown(.renew, of: id, caller)
    let question = SnapshotQuestion.renewal(of: id, periods: periods, shown: shown)
    var snapshot = try await store.snapshot(question)
    if let shown, let paid = snapshot?.presented, paid.lease == id, paid.mayStillBuy(paid.purpose.isRenewal(periods)) {
      if let record = try await redemptions.redeemed(by: shown, for: id, caller, where: { $0.isRenewal(periods) }) {
        return .lease(record)
      }
      snapshot = try await store.snapshot(question)
    }
    guard let snapshot else { throw Refusal.unknownLease }
    return .pay(try await demand(snapshot, periods: periods, shown: shown, caller))
  }

  /// A renewal's invoice and macaroon, for whoever asked. The lease is read from the database just before.
  func demand(
    _ snapshot: LeaseSnapshot, periods: Int64, shown: VerifiedCredential?, _ caller: Caller
  ) async throws -> PaymentDemand {
    let lease = snapshot.record.lease
    guard periods >= 1, periods <= lease.terms.maxPeriods else {
      throw Refusal.invalidField("periods", "1 to \(lease.terms.maxPeriods)")
    }
    let now = clock.now()
    let time = lease.terms.price > .zero ? (lease.terms.period * periods).microseconds : 0
    try lease.refuseRenewing(by: time, at: now)
    guard lease.maySell(periods: periods, at: now) else {
      throw Refusal.invalidField("periods", "no time is sold that far ahead")
    }
    var renewed = lease
    renewed.terms = try rates.renewed(lease.renewalTerms(at: now), seeing: snapshot.open, at: now)
    guard let amount = renewed.renewalAmount(periods: periods, at: now) else {
      throw Refusal.invalidField("periods", "the price does not fit")
    }
    try shown?.allow(amount)
    // At a rate that is locked nobody is given longer to wait and see than for a purchase.
    let ends = lease.renewalInvoiceEnds(at: now)
    let locked = renewed.terms.lockedPrice
    let order = InvoiceOrder(
      lease: lease.id, purpose: .renewal(periods: periods), slot: .renewal(periods: periods),
      label: "\(InvoiceRequest.labelPrefix)\(lease.id)/renewal/\(uniqueLabel(at: now))", amount: amount,
      expiresAt: locked == nil ? ends : min(ends, now + lease.terms.policy.quote), locked: locked, at: now)
    return try await invoicing.demand(for: order, of: lease, periods: periods, shown: shown, caller, seen: snapshot)
  }
}

extension Lease {
  /// Nobody is asked for money that would buy nothing.
  ///
  /// - Parameter microseconds: how much more would be bought.
  func refuseRenewing(by microseconds: Int64, at now: Instant) throws(Refusal) {
    if let obstacle = renewalObstacle(lasting: microseconds, at: now) { throw Refusal.rejection(obstacle, of: self) }
    switch state {
    case .quoted, .provisioning: throw Refusal.rejection(.notPaidYet)
    case .reclaiming(.retention, _, _, destroying: false), .active, .grace, .suspended: break
    case .reclaiming, .closed: throw Refusal.leaseClosed
    }
  }
}

extension VerifiedCredential {
  /// - Throws: where its holder was given it for less than this.
  func allow(_ amount: Millisatoshi) throws(Refusal) {
    if let bound = maxMsat, amount.count > bound { throw Refusal.permission(.amount) }
  }
}

extension InvoiceRecord {
  /// Whether presenting it may still bring something: what settled and is of the wanted kind, or has not been booked.
  fileprivate func mayStillBuy(_ isWanted: Bool) -> Bool {
    state != .settled || isWanted
  }
}

extension LeaseSnapshot {
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
