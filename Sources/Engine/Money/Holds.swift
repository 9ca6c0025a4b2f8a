import L402
import Leasing
import Ledger
import Logging
import Units

/// Pay on success (hold invoices): a purchase's payment is held by the node while the resource is made, and taken only
/// then. This is what the books say of it; what is decided is decided by the lease.
struct Holds: Sendable {
  let store: any Store
  let node: any LightningNode
  let clock: any WallClock
  let loop: LeaseLoop
  let keys: KeyEpochs
  let bookings: Bookings
  let settings: Settings
  let log: Logger

  /// The epoch whose master key makes the preimage, when this invoice's payment is to be held; `nil`: an ordinary one.
  ///
  /// Beyond the bound purchases go on with ordinary invoices: an HTLC slot is worth more than the comfort of paying on
  /// success, and money of a failed purchase is credit all the same.
  func epoch(for order: InvoiceOrder, _ tx: any InvoiceRows) throws -> UInt16? {
    guard case .purchase = order.purpose, settings.heldPayments > 0, node is any HoldingNode else { return nil }
    return settings.mayHold(try tx.holdCounts(beside: order.lease)) ? keys.keyring.currentEpoch : nil
  }

  /// How many open invoices are waited for at the node, at the most.
  var watched: Int { settings.watchedHolds }

  /// Has the node make the invoice. A preimage of ours has its epoch in the label: the same label is the same preimage,
  /// also for a daemon that has newer keys.
  func make(_ order: InvoiceOrder, _ request: InvoiceRequest) async throws -> NodeInvoice {
    guard let epoch = order.holdEpoch else { return try await node.createInvoice(request) }
    guard let node = node as? any HoldingNode, let preimage = keys.keyring.holdPreimage(for: order.label, epoch: epoch)
    else { throw NodeError(.refused, attempted: "make an invoice", words: "the key of its preimage is not at hand") }
    var request = request
    request.label += "/\(epoch)"
    let made = try await node.createHoldInvoice(request, paymentHash: preimage.paymentHash)
    guard made.paymentHash == preimage.paymentHash else {
      throw NodeError(.garbage, attempted: "checking the invoice", words: "its payment hash is not ours")
    }
    return made
  }

  /// The payment has arrived: the lease decides whether to make the resource or to send the money back.
  func accept(_ held: HeldPayment, of hash: PaymentHash) async throws {
    enum Answer { case known, stepped(RecordedStep), unwanted(Int64) }
    let answer = try await store.transaction { tx -> Answer in
      guard let id = try tx.invoice(hash)?.lease, let lease = try tx.lockLease(id), let invoice = try tx.invoice(hash)
      else { return .known }
      let eventID = EventID(.accepted, hash.hex)
      guard invoice.state != .settled, try !tx.isRecorded(eventID: eventID) else { return .known }
      guard case .quoted(let hasCapacity, _, _) = lease.state, case .purchase = invoice.purpose,
        invoice.holdEpoch != nil
      else { return .unwanted(invoice.id) }
      var obstacle: String?
      if held.received < invoice.amount {
        obstacle = "less arrived than was asked"
      } else if hasCapacity {
        try tx.confirmAllocation(id)
      } else {
        let placed = try tx.allocate(
          lease.terms.resources, for: id, kind: lease.terms.kind, asUnpaid: nil,
          pinned: try tx.hostOfDisk(of: id))
        if placed == nil { obstacle = "no capacity is left" }
      }
      let step = try loop.decided(
        .accepted(
          Acceptance(
            paymentHash: hash.hex, received: held.received, decideBy: held.decideBy, obstacle: obstacle)),
        for: lease, eventID: eventID, cause: .init(type: .payment, id: hash.hex), at: clock.now())
      try tx.write([step])
      try tx.setInvoiceState(id: invoice.id, .accepted)
      return .stepped(step)
    }
    switch answer {
    case .known:
      break
    case .stepped(let step):
      loop.publish([step.decision.lease])
      log.info(
        "payment held",
        metadata: [
          "lease": "\(step.before.id)", "msat": "\(held.received.count)", "state": "\(step.decision.lease.state.name)",
        ])
    case .unwanted(let invoice):
      // Nothing is waiting for it. Should we die here, the sweep finds it again.
      if case .settled(let settlement) = try await node.cancel(hash) {
        try await bookings.book(settlement, advancing: false)
      } else {
        try await store.transaction { tx in try tx.setInvoiceState(id: invoice, .canceled) }
      }
    }
  }

  /// The node's word that nothing will come of an invoice any more. Ordinary invoices are left to their lapsing.
  func isGone(_ hash: PaymentHash, _ state: InvoiceRecord.State, reason: String) async throws {
    let written = try await store.transaction { tx -> RecordedStep? in
      guard let known = try tx.invoice(hash), known.holdEpoch != nil, let lease = try tx.lockLease(known.lease),
        let invoice = try tx.invoice(hash), invoice.state != .settled
      else { return nil }
      let cause = EventRecord.Cause(type: .payment, id: hash.hex)
      var step: RecordedStep?
      switch lease.state {
      case .provisioning(_, let hold?) where hold.paymentHash == hash.hex:
        step = try loop.decided(
          .holdCanceled(paymentHash: hash.hex, reason: reason), for: lease, eventID: EventID(.holdCanceled, hash.hex),
          cause: cause, at: clock.now())
        try tx.setInvoiceState(id: invoice.id, .canceled)
      case .quoted where state == .canceled:
        step = try loop.decided(
          .quoteCanceled, for: lease, eventID: EventID(.quoteCanceled, hash.hex), cause: cause, at: clock.now())
        try tx.setInvoiceState(id: invoice.id, .canceled)
      case .quoted, .provisioning, .active, .grace, .suspended, .reclaiming, .closed:
        try tx.setInvoiceState(id: invoice.id, invoice.state == .accepted ? .canceled : state)
      }
      if let step { try tx.write([step]) }
      return step
    }
    guard let written else { return }
    loop.publish([written.decision.lease])
    log.info(
      "held payment gone",
      metadata: [
        "lease": "\(written.before.id)", "state": "\(written.decision.lease.state.name)", "reason": "\(reason)",
      ])
  }
}
