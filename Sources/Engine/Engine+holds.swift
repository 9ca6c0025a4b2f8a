import L402
import Leasing
import Ledger
import Synchronization
import Units

/// Pay on success: a purchase's payment is held by the node while the resource is made, and taken only then.
///
/// What is decided is decided by the lease; here the node is listened to and told. Whatever is not heard is asked for:
/// at the start, by each sweep, and before a quote is canceled.
extension Engine {
  /// The epoch whose master key makes the preimage, when this invoice's payment is to be held; `nil`: an ordinary one.
  ///
  /// Beyond the bound purchases go on with ordinary invoices: an HTLC slot is worth more than the comfort of paying on
  /// success, and money of a failed purchase is credit all the same.
  func holdEpoch(for order: InvoiceOrder, _ tx: any StoreTransaction) throws -> UInt16? {
    guard case .purchase = order.purpose, settings.heldPayments > 0, node is any HoldingNode,
      try tx.undecidedHolds() < settings.heldPayments
    else { return nil }
    return keyring.currentEpoch
  }

  /// Has the node make the invoice. A preimage of ours has its epoch in the label: the same label is the same preimage,
  /// also for a daemon that has newer keys.
  func make(_ order: InvoiceOrder, _ request: InvoiceRequest) async throws -> NodeInvoice {
    guard let epoch = order.holdEpoch else { return try await node.createInvoice(request) }
    guard let node = node as? any HoldingNode, let preimage = keyring.holdPreimage(for: order.label, epoch: epoch)
    else { throw NodeError(.refused, attempted: "make an invoice", words: "the key of its preimage is not at hand") }
    var request = request
    request.label += "/\(epoch)"
    let made = try await node.createHoldInvoice(request, paymentHash: preimage.paymentHash)
    guard made.paymentHash == preimage.paymentHash else {
      throw NodeError(.garbage, attempted: "checking the invoice", words: "its payment hash is not ours")
    }
    return made
  }

  // MARK: Hearing of it

  /// Waits at the node for every open invoice whose payment is to be held, for as long as the task lives. No more of
  /// them are waited for than may be open at once.
  func followHolds() async {
    guard let node = node as? any HoldingNode else { return }
    let watched = WatchedHashes()
    await again("deciding held payments") { try await self.sweepHolds() }
    await withDiscardingTaskGroup { group in
      for await _ in holdsBell.rings() {
        for hash in await openHolds() where watched.insert(hash) {
          group.addTask {
            await self.waitForPayment(of: hash, node)
            watched.remove(hash)
          }
        }
      }
    }
  }

  private func openHolds() async -> [PaymentHash] {
    let found = Mutex<[PaymentHash]>([])
    let limit = settings.heldPayments
    await again("looking for held payments") { [self] in
      let holds = try await store.transaction { tx in try tx.holds(limit: max(limit, 1)) }
      found.withLock { $0 = holds.filter { $0.state != .accepted }.compactMap(\.paymentHash) }
    }
    return found.withLock { $0 }
  }

  private func waitForPayment(of hash: PaymentHash, _ node: any HoldingNode) async {
    var wait = 1
    while !Task.isCancelled {
      do {
        let state = try await node.waitWhileOpen(hash)
        health.nodeAnswered(at: clock.now())
        if try await take(state, of: hash) != .open { return }
      } catch {
        if Task.isCancelled { return }
        if let error = error as? NodeError {
          if error.kind == .unknownInvoice { return }
          if error.kind == .unavailable { health.nodeFailed(at: clock.now()) }
        }
        log.warning(
          "a held payment could not be waited for", metadata: ["error": "\(error)", "retry_seconds": "\(wait)"])
      }
      do { try await Task.sleep(for: .seconds(wait)) } catch { return }
      wait = min(30, wait * 2)
      guard await isUndecided(hash) else { return }
    }
  }

  private func isUndecided(_ hash: PaymentHash) async -> Bool {
    let known = Mutex(true)
    await again("looking for a held payment") { [self] in
      let state = try await store.transaction { tx in try tx.invoice(hash)?.state }
      known.withLock { $0 = state == .open || state == .replaced }
    }
    return known.withLock { $0 }
  }

  /// Asks the node about every payment that is held or may be, those that have arrived first.
  func sweepHolds() async throws {
    let holds = try await store.transaction { tx in try tx.holds(limit: 1_000) }
    try await learnOfEach(holds.compactMap(\.paymentHash))
  }

  // MARK: Taking it in

  /// The payment has arrived: the lease decides whether to make the resource or to send the money back.
  func accept(_ held: HeldPayment, of hash: PaymentHash) async throws {
    enum Answer { case known, stepped(RecordedStep), unwanted(Int64) }
    let answer = try await store.transaction { [self] tx -> Answer in
      guard let id = try tx.invoice(hash)?.lease, let lease = try tx.lockLease(id), let invoice = try tx.invoice(hash)
      else { return .known }
      let eventID = "accepted:\(hash.hex)"
      guard invoice.state != .settled, try !tx.isRecorded(eventID: eventID) else { return .known }
      guard case .quoted(let isHeld, _, _) = lease.state, case .purchase = invoice.purpose, invoice.holdEpoch != nil
      else { return .unwanted(invoice.id) }
      var obstacle: String?
      if held.received < invoice.amount {
        obstacle = "less arrived than was asked"
      } else if isHeld {
        try tx.confirmAllocation(id)
      } else {
        let placed = try tx.allocate(
          lease.terms.resources, for: id, kind: lease.terms.kind, asUnpaidHold: nil,
          pinned: try hostOfDisk(of: id, tx))
        if placed == nil { obstacle = "no capacity is left" }
      }
      let step = try record(
        .accepted(
          Acceptance(
            paymentHash: hash.hex, received: held.received, decideBy: held.decideBy, obstacle: obstacle)),
        for: lease, eventID: eventID, cause: .init(type: "payment", id: hash.hex), at: clock.now())
      try tx.write([step])
      try tx.setInvoiceState(id: invoice.id, .accepted)
      return .stepped(step)
    }
    switch answer {
    case .known:
      break
    case .stepped(let step):
      publish([step.decision.lease])
      log.info(
        "payment held",
        metadata: [
          "lease": "\(step.before.id)", "msat": "\(held.received.count)", "state": "\(step.decision.lease.state.name)",
        ])
    case .unwanted(let invoice):
      // Nothing is waiting for it. Should we die here, the sweep finds it again.
      if case .settled(let settlement) = try await node.cancel(hash) {
        try await book(settlement, advancing: false)
      } else {
        try await store.transaction { tx in try tx.setInvoiceState(id: invoice, .canceled) }
      }
    }
  }

  /// The node's word that nothing will come of an invoice any more. Ordinary invoices are left to their lapsing.
  func holdIsGone(_ hash: PaymentHash, _ state: InvoiceRecord.State, reason: String) async throws {
    let written = try await store.transaction { [self] tx -> RecordedStep? in
      guard let known = try tx.invoice(hash), known.holdEpoch != nil, let lease = try tx.lockLease(known.lease),
        let invoice = try tx.invoice(hash), invoice.state != .settled
      else { return nil }
      let cause = EventRecord.Cause(type: "payment", id: hash.hex)
      var step: RecordedStep?
      switch lease.state {
      case .provisioning(_, let hold?) where hold.paymentHash == hash.hex:
        step = try record(
          .holdCanceled(paymentHash: hash.hex, reason: reason), for: lease, eventID: "hold-canceled:\(hash.hex)",
          cause: cause, at: clock.now())
        try tx.setInvoiceState(id: invoice.id, .canceled)
      case .quoted where state == .canceled:
        step = try record(
          .quoteCanceled, for: lease, eventID: "quote-canceled:\(hash.hex)", cause: cause, at: clock.now())
        try tx.setInvoiceState(id: invoice.id, .canceled)
      case .quoted, .provisioning, .active, .grace, .suspended, .reclaiming, .closed:
        try tx.setInvoiceState(id: invoice.id, invoice.state == .accepted ? .canceled : state)
      }
      if let step { try tx.write([step]) }
      return step
    }
    guard let written else { return }
    publish([written.decision.lease])
    log.info(
      "held payment gone",
      metadata: [
        "lease": "\(written.before.id)", "state": "\(written.decision.lease.state.name)", "reason": "\(reason)",
      ])
  }

  /// Whether a payment that had arrived for a quote is the lease's now.
  func learnOfHold(of id: LeaseID) async throws -> Bool {
    let open = try await store.transaction { tx in try tx.openInvoices(of: id) }
    var arrived = false
    for invoice in open where invoice.holdEpoch != nil {
      if let hash = invoice.paymentHash, try await learn(of: hash) == .accepted { arrived = true }
    }
    guard arrived, let lease = try await store.transaction({ tx in try tx.lease(id)?.lease }) else { return false }
    if case .quoted = lease.state { return false }
    return true
  }

  // MARK: Taking the money

  /// Tells the node the preimage: the resource is made, and that is committed.
  ///
  /// Done twice it is one payment: the node takes it once, and it is booked once. Whether it was taken or came too late
  /// only the node knows; until it says so this is tried again.
  func settleHold(_ hex: String, of record: LeaseRecord) async throws -> Outcome {
    guard case .provisioning(_, let hold?) = record.lease.state, hold.isSettling, hold.paymentHash == hex,
      let hash = PaymentHash(hex: hex)
    else { return .stale }
    guard let invoice = try await store.transaction({ tx in try tx.invoice(hash) }), let epoch = invoice.holdEpoch
    else {
      throw StoreError(.invariant, "a held payment has no invoice")
    }
    guard let holding = node as? any HoldingNode else {
      throw NodeError(.unavailable, attempted: "take a held payment", words: "the configured node holds no payments")
    }
    guard let preimage = keyring.holdPreimage(for: invoice.label, epoch: epoch), preimage.paymentHash == hash else {
      return try await sendBack(hash, reason: "the master key of its preimage has been retired")
    }
    do throws(NodeError) {
      try await holding.settleHold(preimage)
    } catch {
      switch error.kind {
      case .unknownInvoice, .invoiceExpired: break
      case .unavailable, .labelTaken, .cannotCancel, .cannotPay, .garbage, .refused: throw error
      }
    }
    switch try await learn(of: hash) {
    case .settled, .gone:
      return .done
    case .unknown:
      try await holdIsGone(hash, .canceled, reason: "the node knows it no longer")
      return .done
    case .open, .accepted:
      throw NodeError(.unavailable, attempted: "take a held payment", words: "the node still holds it")
    }
  }

  private func sendBack(_ hash: PaymentHash, reason: String) async throws -> Outcome {
    if case .settled(let settlement) = try await node.cancel(hash) {
      try await book(settlement, advancing: false)
    } else {
      try await holdIsGone(hash, .canceled, reason: reason)
    }
    return .done
  }
}

/// The payments that somebody of this daemon waits for.
private final class WatchedHashes: Sendable {
  private let hashes = Mutex<Set<PaymentHash>>([])

  /// Whether it was not there yet.
  func insert(_ hash: PaymentHash) -> Bool { hashes.withLock { $0.insert(hash).inserted } }
  func remove(_ hash: PaymentHash) { hashes.withLock { _ = $0.remove(hash) } }
}
