import L402
import Leasing
import Ledger
import Logging
import Macaroons
import Units

/// Buying a lease: a quote with an invoice, and the lease for whoever comes back paid.
struct Purchases: Sendable {
  let store: any Store
  let clock: any WallClock
  let wishes: Wishes
  let waitlist: Waitlist
  let credentials: Credentials
  let presented: PresentedPayments
  let waiting: Waiting
  let rates: Rates
  let attachments: Attachments
  let limits: MintLimits
  let quotes: Quotes
  let invoicing: Invoicing
  /// How long who has paid waits for what he bought.
  let patience: Seconds
  let log: Logger

  /// `201`: the lease, always, when the credential of this very request is shown again. Otherwise a new quote.
  ///
  /// - Parameters:
  ///   - diskCredential: of the disk to attach, as an `Authorization` line has it; `nil`: the caller shows it there.
  ///   - place: the secret of a waitlist's entry, whose place is wanted.
  ///   - body: the request as it came, for comparing repetitions.
  /// - Throws: ``Refusal`` when there is neither.
  func rent(
    _ request: LeaseRequest, diskCredential: String? = nil, place: String? = nil, body: [UInt8], _ caller: Caller
  ) async throws -> Sold {
    let bodyHash = body.withUnsafeBytes { Bytes32.sha256($0) }.hex
    if let shown = try await credentials.credential(of: caller), let id = LeaseID(shown.lease) {
      if let bought = try await boughtLease(id, by: shown, place: place, body: bodyHash, caller) {
        return .lease(bought)
      }
    }
    if let place, let demand = try await waitlist.demand(of: place, body: bodyHash, caller) { return .pay(demand) }
    return try await quote(request, diskCredential, bodyHash: bodyHash, caller)
  }

  /// The lease that this credential bought with this body or key; `nil` when the request asks for another.
  private func boughtLease(
    _ id: LeaseID, by shown: VerifiedCredential, place: String?, body: String, _ caller: Caller
  ) async throws -> LeaseRecord? {
    let known = try await store.transaction { tx in (record: try tx.lease(id), asked: try tx.askedWith(id)) }
    guard known.record != nil else { return nil }
    // A place of the waitlist was asked for without a key; its ticket says which purchase it is.
    let isPlace = if let place { try await waitlist.gave(id, to: place) } else { false }
    if !isPlace, let key = caller.idempotencyKey {
      guard known.asked?.key == key else { return nil }
      guard known.asked?.bodyHash == body else { throw Refusal.idempotencyConflict }
    } else {
      guard known.asked?.bodyHash == body else { return nil }
    }
    try await credentials.require(.look, of: id, by: shown, caller)
    guard let record = try await presented.upToDate(shown, of: id) else { return nil }
    if case .quoted = record.lease.state {
      // Paid is paid, also while it is not booked: never a second invoice.
      throw Refusal.unavailable(retryAfter: 1, "the payment has not arrived")
    }
    // Made while the renter waits, if it does not take long; `provisioning` otherwise.
    return try await waiting.whenReady(record, within: patience)
  }

  private func quote(
    _ request: LeaseRequest, _ diskCredential: String?, bodyHash: String, _ caller: Caller
  ) async throws -> Sold {
    let offer = try wishes.offer(of: request)
    // It decides the price, where an offer is tried at several.
    let id = LeaseID.fresh(at: clock.now())
    let offered = offer.terms(for: id)
    let bought = offered.period.microseconds.multipliedReportingOverflow(by: request.periods)
    guard !bought.overflow, bought.partialValue <= Lease.horizon.microseconds else {
      throw Refusal.invalidField("periods", "a lease is sold at most 366 days ahead")
    }
    if let key = caller.idempotencyKey, key.utf8.count < 22 || key.utf8.count > 255 {
      throw Refusal.invalidField("Idempotency-Key", "22 to 255 characters")
    }
    let scope = "client:\(caller.addressText):POST /v1/leases"
    let key = caller.idempotencyKey
    if let key,
      let snapshot = try await store.snapshot(SnapshotQuestion(.key(scope: scope, key: key), slot: .purchase))
    {
      // A repetition under the same key is not a new quote and spends nothing.
      guard snapshot.bodyHash == bodyHash else { throw Refusal.idempotencyConflict }
      if snapshot.open == nil { try limits.spend(for: caller) }
      return .pay(try await purchaseDemand(snapshot, caller))
    }
    // From here on this is the price, whatever becomes of the rate it was reckoned at.
    let terms = try rates.priced(offered, at: clock.now())
    guard let amount = terms.invoiceAmount(periods: request.periods) else {
      throw Refusal.invalidField("periods", "the price does not fit")
    }
    if let perDay = request.spendPerDay {
      let quoted = Lease.quote(id, terms, hasCapacity: false, at: clock.now())
      if perDay < quoted.leastLimit { throw Refusal.rejection(.limitTooLow, of: quoted) }
    }
    let attaching = try await attachments.attachable(request, diskCredential: diskCredential, caller)
    try limits.spend(for: caller)
    let reserved = try await quotes.reserve(
      Quotes.Order(
        id: id, request: request, offer: offer.id, terms: terms, amount: amount, client: caller.party,
        requestID: caller.requestID, bodyHash: bodyHash, key: key.map { IdempotencyKey(scope: scope, key: $0) },
        attaching: attaching))
    return .pay(try await demand(for: reserved, bodyHash: bodyHash, caller))
  }

  private func demand(for reserved: Quotes.Reserved, bodyHash: String, _ caller: Caller) async throws -> PaymentDemand {
    switch reserved {
    case .earlier(let record):
      return try await purchaseDemand(
        LeaseSnapshot(record: record, presented: nil, open: nil, token: nil, bodyHash: bodyHash), caller)
    case .fresh(let record, let order, let reservation):
      let lease = record.lease
      let demand: PaymentDemand
      do {
        demand = try await invoicing.minting.mint(
          order, as: reservation, of: lease, periods: record.request.periods, shown: nil, caller)
      } catch {
        // Nobody was shown an invoice: the capacity is free again for whoever is next.
        if let error = await quotes.forget(lease.id) {
          log.warning("a quote without an invoice was left to lapse", metadata: ["error": "\(error)"])
        }
        throw error
      }
      log.info(
        "lease quoted",
        metadata: [
          "lease": "\(lease.id)", "offer": "\(record.request.offer)", "msat": "\(order.amount.count)",
          "held": "\(lease.hasCapacity)",
        ])
      return demand
    }
  }

  /// The purchase's invoice, for whoever asked for this lease: at the price it was quoted for, whatever the offer says
  /// by now.
  private func purchaseDemand(_ snapshot: LeaseSnapshot, _ caller: Caller) async throws -> PaymentDemand {
    let lease = snapshot.record.lease
    let periods = snapshot.record.request.periods
    let now = clock.now()
    guard lease.mayStillBeBought(at: now), let amount = lease.terms.invoiceAmount(periods: periods) else {
      throw Refusal.conflict(code: .invoiceExpired, "the quote under this key was not paid in time")
    }
    guard case .quoted = lease.state else {
      // Paid already, and asked for again under its key without the credential: only the credential opens it.
      throw Refusal.unauthorized(reason: .credentialRequired, detail: "this purchase is paid; show its credential")
    }
    return try await invoicing.demand(
      for: .purchase(of: lease, amount: amount, at: now), of: lease, periods: periods, shown: nil, caller,
      seen: snapshot)
  }
}
