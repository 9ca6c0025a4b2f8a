import L402
import Leasing
import Ledger
import Macaroons
import Units

/// Buying a lease: a quote with an invoice, and the lease for whoever comes back paid.
extension Engine {
  /// `201`: the lease, always, when the credential of this very request is shown again. Otherwise a new quote.
  ///
  /// - Parameters:
  ///   - body: the request as it came, for comparing repetitions.
  /// - Throws: ``Refusal/paymentRequired(_:)`` with the quote; the other refusals when there is none.
  public func rent(_ request: LeaseRequest, body: [UInt8], _ caller: Caller) async throws -> LeaseRecord {
    let bodyHash = body.withUnsafeBytes { Bytes32.sha256($0) }.hex
    if let shown = try await credential(of: caller), let id = LeaseID(shown.lease) {
      if let bought = try await boughtLease(id, by: shown, body: bodyHash, caller) { return bought }
    }
    return try await quote(request, bodyHash: bodyHash, caller)
  }

  /// The lease that this credential bought with this body or key; `nil` when the request asks for another.
  private func boughtLease(
    _ id: LeaseID, by shown: VerifiedCredential, body: String, _ caller: Caller
  ) async throws -> LeaseRecord? {
    let scope = "purchase:\(id)"
    let known = try await store.transaction { tx in
      (
        record: try tx.lease(id), body: try tx.idempotent(scope: scope, key: "body")?.bodyHash,
        key: try tx.idempotent(scope: scope, key: "key")?.bodyHash
      )
    }
    guard known.record != nil else { return nil }
    if let key = caller.idempotencyKey {
      guard known.key == key else { return nil }
      guard known.body == body else { throw Refusal.idempotencyConflict }
    } else {
      guard known.body == body else { return nil }
    }
    _ = try await require(.look, of: id, caller)
    guard let record = try await book(shown, of: id) else { return nil }
    if case .quoted = record.lease.state {
      // Paid is paid, also while it is not booked: never a second invoice.
      throw Refusal.unavailable(retryAfter: 1, "the payment has not arrived")
    }
    // Made while the renter waits, if it does not take long; `provisioning` otherwise.
    return try await settled(record, within: settings.patience)
  }

  private func quote(_ request: LeaseRequest, bodyHash: String, _ caller: Caller) async throws -> LeaseRecord {
    let offer = try validated(request)
    // It decides the price, where an offer is tried at several.
    let id = newLeaseID()
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
      let standing = try await store.standing(StandingQuestion(.key(scope: scope, key: key), slot: "purchase"))
    {
      // A repetition under the same key is not a new quote and spends nothing.
      guard standing.bodyHash == bodyHash else { throw Refusal.idempotencyConflict }
      if standing.open == nil { try spendMintBudget(caller) }
      throw Refusal.paymentRequired(try await purchaseDemand(standing, caller))
    }
    // From here on this is the price, whatever becomes of the rate it was reckoned at.
    let terms = try priced(offered, at: clock.now())
    guard let amount = terms.invoiceAmount(periods: request.periods) else {
      throw Refusal.invalidField("periods", "the price does not fit")
    }
    let pinned = try await hostOfDisk(request, caller)
    try spendMintBudget(caller)
    let settings = settings
    let reserve: @Sendable (any StoreTransaction) throws -> LeaseRecord = { [self] tx in
      if let key, let earlier = try tx.idempotent(scope: scope, key: key) {
        guard earlier.bodyHash == bodyHash else { throw Refusal.idempotencyConflict }
        guard let record = try tx.lease(earlier.lease) else { throw Refusal.unknownLease }
        return record
      }
      let now = clock.now()
      guard try tx.available(terms.resources, kind: terms.kind) > 0 else { throw Refusal.noCapacity }
      var placement: Placement?
      if try tx.unpaidHolds(of: caller.party) < settings.unpaidHoldsPerClient {
        placement = try tx.allocate(
          terms.resources, for: id, kind: terms.kind, asUnpaidHold: settings.unpaidShare, pinned: pinned)
      }
      let lease = Lease.quote(id, terms, held: placement != nil, at: now)
      let record = LeaseRecord(lease: lease, request: request, placement: placement)
      var evidence = ["offer": offer.id, "held": String(placement != nil), "client": caller.party]
      evidence["variant"] = terms.variant
      if let frozen = terms.frozenPrice { evidence.merge(frozen.evidence) { given, _ in given } }
      try tx.insert(
        record,
        event: EventRecord(
          id: "quoted:\(id)", lease: id, version: 0, at: now, name: "quoted", feedName: "quoted", from: "",
          to: "quoted", cause: .init(type: "request", id: caller.requestID),
          evidence: evidence))
      try tx.insertIdempotent(
        IdempotencyRecord(scope: "purchase:\(id)", key: "body", bodyHash: bodyHash, lease: id, at: now))
      if let key {
        try tx.insertIdempotent(
          IdempotencyRecord(scope: scope, key: key, bodyHash: bodyHash, lease: id, at: now))
        try tx.insertIdempotent(
          IdempotencyRecord(scope: "purchase:\(id)", key: "key", bodyHash: key, lease: id, at: now))
      }
      return record
    }
    let record: LeaseRecord
    do {
      record = try await store.transaction(reserve)
    } catch let error as StoreError where error.kind == .conflict && key != nil {
      // The same key at the same moment: the other one was first.
      record = try await store.transaction(reserve)
    }
    let lease = record.lease
    publish([lease])
    let demand = try await purchaseDemand(
      Standing(record: record, presented: nil, open: nil, token: nil, bodyHash: bodyHash), caller)
    log.info(
      "lease quoted",
      metadata: ["lease": "\(lease.id)", "offer": "\(offer.id)", "msat": "\(amount.count)", "held": "\(lease.isHeld)"])
    throw Refusal.paymentRequired(demand)
  }

  /// The purchase's invoice, for whoever asked for this lease: at the price it was quoted for, whatever the offer says
  /// by now.
  private func purchaseDemand(_ standing: Standing, _ caller: Caller) async throws -> PaymentDemand {
    let lease = standing.record.lease
    let periods = standing.record.request.periods
    let now = clock.now()
    guard lease.mayStillBeBought(at: now), let amount = lease.terms.invoiceAmount(periods: periods) else {
      throw Refusal.conflict(code: "invoice-expired", "the quote under this key was not paid in time")
    }
    guard case .quoted = lease.state else {
      // Paid already, and asked for again under its key without the credential: only the credential opens it.
      throw Refusal.unauthorized(reason: "credential-required", detail: "this purchase is paid; show its credential")
    }
    let order = InvoiceOrder(
      lease: lease.id, purpose: .purchase, slot: "purchase",
      label: "\(InvoiceRequest.labelPrefix)\(lease.id)/purchase", amount: amount,
      expiresAt: lease.createdAt + lease.terms.policy.quote, frozen: lease.terms.frozenPrice, at: now)
    let invoice = try await invoice(for: order, client: caller, seen: standing)
    return try await challenge(
      invoice, lease: lease, periods: periods, shown: nil, known: standing.token(for: invoice))
  }

  // MARK: Checking what is asked for

  private func validated(_ request: LeaseRequest) throws -> Offer {
    guard let offer = catalog.offer(request.offer) else { throw Refusal.unknownOffer(request.offer) }
    guard request.periods >= 1, request.periods <= offer.terms.maxPeriods else {
      throw Refusal.invalidField("periods", "1 to \(offer.terms.maxPeriods)")
    }
    switch offer.terms.kind {
    case .disk:
      guard request.image == nil, request.command.isEmpty, request.environment.isEmpty, request.ports.isEmpty,
        request.sshKey == nil, request.disk == nil
      else { throw Refusal.invalidField("offer", "a disk has no image, command, env, ports, ssh_key or disk") }
    case .compute:
      _ = try image(for: request, offer)
      guard request.ports.isEmpty else { throw Refusal.invalidField("ports", "this provider opens no ports") }
      guard request.sshKey == nil else { throw Refusal.invalidField("ssh_key", "this provider injects no keys") }
      try checkCommand(request.command, field: "command")
      try checkEnvironment(request.environment)
    }
    return offer
  }

  func image(for request: LeaseRequest, _ offer: Offer) throws -> ImageReference {
    guard let name = request.image ?? offer.images.first, let image = catalog.image(name),
      offer.images.contains(image.name)
    else { throw Refusal.invalidField("image", "one of: \(offer.images.joined(separator: ", "))") }
    return image
  }

  /// The host of the disk to attach. A disk is attached by whoever may write all of it: the request shows the disk's
  /// own credential.
  private func hostOfDisk(_ request: LeaseRequest, _ caller: Caller) async throws -> String? {
    guard let disk = request.disk else { return nil }
    let shown = try await require(.attachDisk, of: disk, caller)
    guard shown.path == nil else { throw Refusal.permission(.path) }
    let record = try await store.transaction { tx in try tx.lease(disk) }
    guard let record, record.lease.terms.kind == .disk, let placement = record.placement else {
      throw Refusal.invalidField("disk", "no such disk lease")
    }
    guard DoorView(record.lease).standing == .serving else {
      throw Refusal.invalidField("disk", "the disk is not in service")
    }
    return placement.host
  }

  func checkCommand(_ command: [String], field: String) throws {
    let bytes = command.reduce(0) { $0 + $1.utf8.count }
    guard command.count <= 256, bytes <= 65_536, !command.contains(where: { $0.utf8.contains(0) }) else {
      throw Refusal.invalidField(field, "at most 256 words and 64 KiB, without NUL")
    }
    // Nothing has the empty name; a driver would only say that it cannot be started.
    guard command.first != "" else { throw Refusal.invalidField(field, "its first word names a program") }
  }

  func checkEnvironment(_ environment: [String: String]) throws {
    func isName(_ name: String) -> Bool {
      guard let first = name.utf8.first, first < 48 || first > 57 else { return false }
      return name.utf8.allSatisfy {
        ($0 >= 48 && $0 <= 57) || ($0 >= 65 && $0 <= 90) || ($0 >= 97 && $0 <= 122) || $0 == 95
      }
    }
    let bytes = environment.reduce(0) { $0 + $1.key.utf8.count + $1.value.utf8.count }
    guard environment.count <= 128, bytes <= 65_536,
      environment.allSatisfy({ isName($0.key) && !$0.value.utf8.contains(0) })
    else { throw Refusal.invalidField("env", "at most 128 names of letters, digits and _, and 64 KiB") }
  }

  // MARK: Paid is paid

  /// The lease of a genuine credential, with the credential's payment booked if the node says it settled.
  func book(_ shown: VerifiedCredential, of id: LeaseID) async throws -> LeaseRecord? {
    let standing = try await store.standing(.renewal(of: id, periods: 1, shown: shown))
    guard let invoice = standing?.presented, invoice.lease == id else { return standing?.record }
    switch invoice.state {
    case .settled, .reserved:
      return standing?.record
    case .open, .replaced, .accepted, .canceled, .expired:
      guard try await bookIfSettled(shown.paymentHash) else { return standing?.record }
      return try await store.transaction { tx in try tx.lease(id) }
    }
  }

  /// Waits until the lease is no longer on its way to serving.
  func settled(_ record: LeaseRecord, within patience: Seconds) async throws -> LeaseRecord {
    guard record.lease.isOnItsWay else { return record }
    let id = record.lease.id
    let store = store
    let watch = watch
    return try await withThrowingTaskGroup(of: LeaseRecord?.self) { group in
      group.addTask {
        for await _ in watch.changes(of: id) {
          let now = try await store.transaction { tx in try tx.lease(id) }
          if let now, !now.lease.isOnItsWay { return now }
        }
        return nil
      }
      group.addTask {
        try await Task.sleep(for: .seconds(patience.count))
        return nil
      }
      let first = try await group.next()
      group.cancelAll()
      if let first, let first { return first }
      return try await store.transaction { tx in try tx.lease(id) } ?? record
    }
  }
}

extension Lease {
  /// Not given up: an unpaid quote whose invoice has not run out, or what became of one.
  fileprivate func mayStillBeBought(at now: Instant) -> Bool {
    switch state {
    case .quoted(_, _, let canceling): !canceling && now < createdAt + terms.policy.quote
    case .provisioning, .active, .grace, .suspended, .reclaiming: true
    case .closed: false
    }
  }

  /// Something is being made or thawed, and its outcome is near.
  var isOnItsWay: Bool {
    switch state {
    case .provisioning: true
    case .suspended(_, _, let resuming): resuming
    case .active, .grace: flags.frozen?.thawing ?? false
    case .quoted, .reclaiming, .closed: false
    }
  }
}
