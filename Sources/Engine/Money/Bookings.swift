import L402
import Leasing
import Ledger
import Logging
import Units

/// Settlements of the node's, put into the books: each once, however often it is told (an idempotent consumer).
struct Bookings: Sendable {
  let store: any Store
  /// Whose cursor moves.
  let nodeName: String
  let clock: any WallClock
  let loop: LeaseLoop
  let health: Health
  let unbooked: Unbooked
  let log: Logger

  /// Books a settlement and, in the same transaction, moves the node's cursor past it.
  func book(_ settlement: NodeSettlement, advancing: Bool) async throws {
    let name = nodeName
    do {
      let booked = try await store.transaction { tx -> (step: RecordedStep, made: Instant)? in
        if advancing { try tx.setCursor(settlement.cursor, of: name, at: clock.now()) }
        guard let invoice = try tx.invoice(settlement.paymentHash) else {
          try unbooked.keepIfOurs(settlement, tx)
          return nil
        }
        return try book(settlement, invoice, tx).map { ($0, invoice.createdAt) }
      }
      if let booked {
        health.nodeServed(invoiceMade: booked.made, at: clock.now())
      }
      if let booked = booked?.step {
        loop.publish([booked.decision.lease])
        log.info(
          "payment booked",
          metadata: [
            "lease": "\(booked.before.id)", "msat": "\(settlement.received.count)",
            "state": "\(booked.decision.lease.state.name)",
          ])
      }
    } catch let error as StoreError where error.kind == .unavailable || error.kind == .outcomeUnknown {
      throw error
    } catch is CancellationError {
      throw CancellationError()
    } catch {
      log.error("a settlement could not be booked", metadata: ["error": "\(error)"])
      try await store.transaction { tx in
        let now = clock.now()
        if advancing { try tx.setCursor(settlement.cursor, of: name, at: now) }
        let invoice = try tx.invoice(settlement.paymentHash)
        try tx.insertUnbooked(settlement, lease: invoice?.lease, reason: "\(error)", at: now)
      }
    }
  }

  /// The same within a transaction.
  ///
  /// - Returns: the step of its lease; `nil`: it was booked before.
  func book(
    _ settlement: NodeSettlement, _ invoice: InvoiceRecord, _ tx: any InvoiceRows & LeaseRows & CapacityRows
  ) throws -> RecordedStep? {
    guard let lease = try tx.lockLease(invoice.lease) else {
      throw StoreError(.invariant, "an invoice has no lease")
    }
    let now = clock.now()
    guard try tx.insertPayment(settlement, lease: lease.id, at: now) else { return nil }
    guard settlement.received >= invoice.amount else {
      throw StoreError(.invariant, "the node says it settled for less than it asked")
    }
    var purpose = invoice.purpose
    var capacityFound = true
    switch invoice.purpose {
    case .purchase:
      guard case .quoted(let hasCapacity, _, _) = lease.state else { break }
      if hasCapacity {
        try tx.confirmAllocation(lease.id)
      } else {
        let placed = try tx.allocate(
          lease.terms.resources, for: lease.id, kind: lease.terms.kind, asUnpaid: nil,
          pinned: try tx.hostOfDisk(of: lease.id))
        capacityFound = placed != nil
      }
    case .change(let terms):
      // If there is no room for it any more the money is credit.
      if lease.takesPaidChange, try !tx.reallocate(lease.id, to: lease.resources(changingTo: terms)) {
        purpose = .purchase
      }
    case .renewal, .topUp:
      break
    }
    // Of the lease as it is now: it may have been changed since the invoice was made.
    let quoted = lease.renewalTerms(at: invoice.createdAt)
    let renewed = quoted.renewed(at: invoice.locked)
    let step = try loop.decided(
      .settled(
        Settlement(
          paymentHash: settlement.paymentHash.hex, amount: invoice.amount,
          excess: settlement.received - invoice.amount, purpose: purpose, capacityFound: capacityFound,
          terms: quoted.fiat == nil && quoted == lease.terms ? nil : renewed, isForTheseTerms: renewed != nil)),
      for: lease, eventID: EventID(.settled, settlement.paymentHash.hex),
      cause: .init(type: .payment, id: settlement.paymentHash.hex), evidence: invoice.locked?.evidence ?? [:], at: now)
    try tx.write([step])
    return step
  }
}

extension LeaseRows {
  /// An attached disk is on the host of its container.
  func hostOfDisk(of id: LeaseID) throws -> String? {
    guard let disk = try lease(id)?.request.disk else { return nil }
    return try lease(disk)?.placement?.host
  }
}
