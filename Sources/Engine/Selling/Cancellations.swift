import L402
import Leasing
import Ledger
import Units

/// Making sure that invoices of a lease can settle no more.
struct Cancellations: Sendable {
  let store: any Store
  let node: any LightningNode
  let clock: any WallClock
  let bookings: Bookings
  let settlements: Settlements

  /// Cancels every open invoice of a lease.
  ///
  /// - Returns: when to try again, where the node cannot cancel and one may still be paid; `nil` when none can settle.
  func cancelInvoices(of id: LeaseID) async throws -> Instant? {
    let open = try await store.transaction { tx in try tx.openInvoices(of: id) }
    var later: Instant?
    for invoice in open {
      guard let hash = invoice.paymentHash else {
        // Nobody has seen it.
        try await store.transaction { tx in try tx.dropInvoice(id: invoice.id) }
        continue
      }
      do throws(NodeError) {
        let state = try await node.cancel(hash)
        switch state {
        case .settled(let settlement): try await bookLate(settlement)
        case .canceled, .open: try await mark(invoice, .canceled)
        case .accepted:
          throw NodeError(.unavailable, attempted: "canceling an invoice", words: "its payment is still held")
        case .expired: try await mark(invoice, invoice.state == .accepted ? .canceled : .expired)
        }
      } catch {
        switch error.kind {
        case .unknownInvoice:
          try await mark(invoice, invoice.state == .accepted ? .canceled : .expired)
        case .cannotCancel:
          let gone = invoice.expiresAt + .minute
          if clock.now() < gone {
            later = max(later ?? gone, gone)
          } else if try await !settlements.bookIfSettled(hash) {
            try await mark(invoice, .expired)
          }
        case .unavailable, .labelTaken, .cannotPay, .invoiceExpired, .garbage, .refused:
          throw error
        }
      }
    }
    return later
  }

  private func bookLate(_ settlement: NodeSettlement) async throws(NodeError) {
    do {
      try await bookings.book(settlement, advancing: false)
    } catch {
      throw NodeError(.unavailable, attempted: "booking a settlement", words: "\(error)")
    }
  }

  private func mark(_ invoice: InvoiceRecord, _ state: InvoiceRecord.State) async throws(NodeError) {
    let id = invoice.id
    do {
      try await store.transaction { tx in try tx.setInvoiceState(id: id, state) }
    } catch {
      throw NodeError(.unavailable, attempted: "recording a canceled invoice", words: "\(error)")
    }
  }
}
