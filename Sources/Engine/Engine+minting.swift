import BOLT11
import L402
import Leasing
import Ledger
import Units

/// Minting: the right to mint is reserved in one transaction, the node is asked outside, the invoice recorded in a
/// second, and only then shown.
extension Engine {
  /// The open invoice of (lease, slot), minted if there is none. One that was just read and is good for this order
  /// costs no transaction.
  ///
  /// A second asker waits for the first. One whose daemon died between the two transactions is taken over after half
  /// a minute: nobody has seen its invoice.
  func invoice(
    for order: InvoiceOrder, client caller: Caller, seen standing: Standing? = nil
  ) async throws -> InvoiceRecord {
    if let standing, standing.record.lease.mayBeInvoiced, let open = standing.open, open.isGood(for: order) {
      return open
    }
    let share = settings.unpaidShare
    for attempt in 0..<200 {
      let (reservation, order) = try await store.transaction { [self] tx in
        // Its state may have changed since the price was asked.
        guard let lease = try tx.lockLease(order.lease), lease.mayBeInvoiced else { throw Refusal.leaseClosed }
        var order = order
        order.holdEpoch = try holdEpoch(for: order, tx)
        let reservation = try tx.reserveInvoice(order)
        if case .reserved(let id) = reservation, let extra = order.extra {
          guard try tx.hold(extra, for: order.lease, invoice: id, unpaidShare: share) else { throw Refusal.noCapacity }
        }
        return (reservation, order)
      }
      switch reservation {
      case .open(let invoice):
        return invoice
      case .reserved(let id):
        return try await mint(order, as: id, client: caller)
      case .busy(let since, let id):
        if clock.now() > since + .minute / 2 {
          try await store.transaction { tx in try tx.dropInvoice(id: id) }
        } else {
          try await Task.sleep(for: .milliseconds(min(200, 10 * (attempt + 1))))
        }
      }
    }
    throw Refusal.unavailable(retryAfter: 2, "another request is minting this invoice")
  }

  /// An invoice of a node that keeps play money for whoever asks. It lasts as a challenge does, and costs as much of the
  /// asker's budget.
  public func walletInvoice(
    of node: any SelfPayingNode, _ amount: Millisatoshi, _ caller: Caller
  ) async throws -> NodeInvoice {
    try spendMintBudget(caller)
    return try await node.createInvoice(
      InvoiceRequest(
        label: "wallet/\(Preimage.random().paymentHash.hex)", amount: amount, description: "to a wallet",
        expiry: .hour))
  }

  /// Refuses before the node is asked.
  func spendMintBudget(_ caller: Caller) throws {
    if let wait = budget.take(caller.address, at: clock.now()) {
      throw Refusal.tooManyRequests(retryAfter: wait)
    }
  }

  private func mint(_ order: InvoiceOrder, as id: Int64, client caller: Caller) async throws -> InvoiceRecord {
    let expiry = Seconds(max(1, order.expiresAt.microseconds(since: order.at) / 1_000_000))
    do {
      // A quote has spent it before it took capacity.
      if order.purpose != .purchase { try spendMintBudget(caller) }
      let made = try await make(
        order,
        InvoiceRequest(
          label: order.label, amount: order.amount, description: "Leasehold \(order.slot) \(order.lease)",
          expiry: expiry))
      health.nodeAnswered(at: clock.now())
      try check(made, against: order)
      let expiresAt = min(made.expiresAt, order.expiresAt)
      try await store.transaction { tx in
        try tx.openInvoice(
          id: id, paymentHash: made.paymentHash, bolt11: made.bolt11, expiresAt: expiresAt)
      }
      if order.holdEpoch != nil { holdsBell.ring() }
      return InvoiceRecord(
        id: id, lease: order.lease, purpose: order.purpose, slot: order.slot, label: order.label,
        amount: order.amount, createdAt: order.at, expiresAt: expiresAt, state: .open, paymentHash: made.paymentHash,
        bolt11: made.bolt11, holdEpoch: order.holdEpoch, frozen: order.frozen)
    } catch {
      // The reservation is given up whatever went wrong, also when this task was cancelled; where even that fails,
      // it lapses.
      await giveUp(id)
      if let error = error as? NodeError { throw nodeTrouble(error) }
      throw error
    }
  }

  private func giveUp(_ id: Int64) async {
    let store = store
    let log = log
    await Task {
      do {
        try await store.transaction { tx in try tx.dropInvoice(id: id) }
      } catch {
        log.warning("an invoice reservation was left to lapse", metadata: ["error": "\(error)"])
      }
    }.value
  }

  func nodeTrouble(_ error: NodeError) -> Refusal {
    log.warning(
      "the Lightning node failed",
      metadata: ["node": "\(node.name)", "kind": "\(error.kind.rawValue)", "attempted": "\(error.attempted)"])
    if error.kind == .unavailable { health.nodeFailed(at: clock.now()) }
    return .unavailable(retryAfter: 5, "the Lightning node cannot make an invoice now")
  }

  /// An invoice the node hands us is checked before a renter sees it: chain, amount, hash, expiry.
  private func check(_ made: NodeInvoice, against order: InvoiceOrder) throws {
    func garbage(_ words: String) -> NodeError {
      NodeError(.garbage, attempted: "checking the invoice", words: words)
    }
    let invoice: Invoice
    do {
      invoice = try Invoice.parse(made.bolt11)
    } catch {
      throw garbage("it does not parse: \(error)")
    }
    guard invoice.network.rawValue == settings.network else { throw garbage("it is for another chain") }
    guard invoice.amount == order.amount else { throw garbage("its amount is not what was asked") }
    guard invoice.paymentHash == made.paymentHash.bytes.array else { throw garbage("its payment hash differs") }
    guard invoice.expiresAt > clock.now() else { throw garbage("it has expired already") }
  }
}

extension Lease {
  /// Whether an invoice of it can still buy anything. Once all were canceled there are no new ones: what is paid may
  /// be about to be destroyed.
  var mayBeInvoiced: Bool {
    switch state {
    case .quoted(_, _, let canceling): !canceling
    case .provisioning, .active, .grace, .suspended: true
    case .reclaiming(.retention, _, invoicesCanceled: false, destroying: false): true
    case .reclaiming, .closed: false
    }
  }
}
