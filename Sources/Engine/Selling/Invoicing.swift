import L402
import Leasing
import Ledger
import Units

/// The invoice of an order (at-most-one open invoice for each purpose of a lease): the right to mint is reserved in one
/// transaction, the node is asked outside, the invoice recorded in a second, and only then shown.
struct Invoicing: Sendable {
  let store: any Store
  let clock: any WallClock
  let holds: Holds
  /// How much of a pool may be set aside for what nobody has paid yet.
  let unpaidShare: Double
  let challenges: Challenges
  let minting: Minting

  /// The demand for the open invoice of (lease, slot), which is minted if there is none. One that was just read and is
  /// good for this order costs no transaction.
  ///
  /// A second asker waits for the first. One whose daemon died between the two transactions is taken over after half
  /// a minute: nobody has seen its invoice.
  ///
  /// - Parameter shown: what the caller showed of the lease, which its challenge does not reach beyond.
  func demand(
    for order: InvoiceOrder, of lease: Lease, periods: Int64, shown: VerifiedCredential?, _ caller: Caller,
    seen snapshot: LeaseSnapshot? = nil
  ) async throws -> PaymentDemand {
    if let snapshot, snapshot.record.lease.mayBeInvoiced, let open = snapshot.open, open.isGood(for: order) {
      return try await challenges.demand(
        for: open, lease: lease, periods: periods, shown: shown, known: snapshot.token(for: open))
    }
    switch try await reserve(order) {
    case .open(let invoice):
      return try await challenges.demand(for: invoice, lease: lease, periods: periods, shown: shown)
    case .reserved(let order, let id):
      return try await minting.mint(order, as: id, of: lease, periods: periods, shown: shown, caller)
    }
  }

  /// The open invoice of (lease, slot) without any challenge: whoever pays it is given nothing.
  func invoice(for order: InvoiceOrder, _ caller: Caller) async throws -> InvoiceRecord {
    switch try await reserve(order) {
    case .open(let invoice): return invoice
    case .reserved(let order, let id): return try await minting.mintAlone(order, as: id, caller)
    }
  }

  private enum Claim {
    case open(InvoiceRecord)
    /// Ours to mint.
    case reserved(InvoiceOrder, as: Int64)
  }

  private func reserve(_ order: InvoiceOrder) async throws -> Claim {
    for attempt in 0..<200 {
      let (reservation, order) = try await store.transaction { [holds, unpaidShare] tx in
        // Its state may have changed since the price was asked.
        guard let lease = try tx.lockLease(order.lease) else {
          // A quote that could not be given an invoice is gone; the next request makes another.
          throw Refusal.unavailable(retryAfter: 1, "the quote could not be made")
        }
        guard lease.mayBeInvoiced else { throw Refusal.leaseClosed }
        var order = order
        order.holdEpoch = try holds.epoch(for: order, tx)
        let reservation = try tx.reserveInvoice(order)
        if case .reserved(let id) = reservation, let extra = order.extra {
          guard try tx.reserveCapacity(extra, for: order.lease, invoice: id, unpaidShare: unpaidShare) else {
            throw Refusal.noCapacity
          }
        }
        return (reservation, order)
      }
      switch reservation {
      case .open(let invoice): return .open(invoice)
      case .reserved(let id): return .reserved(order, as: id)
      case .busy(let since, let id):
        if clock.now() > since + .minute / 2 {
          try await store.transaction { tx in try tx.dropInvoice(id: id) }
        } else {
          try await Deadlines.shared.sleep(.milliseconds(min(200, 10 * (attempt + 1))))
        }
      }
    }
    throw Refusal.unavailable(retryAfter: 2, "another request is minting this invoice")
  }
}
