import Leasing
import Ledger
import Logging
import Units

/// Looks after settlements that nobody told of, or that could not be booked (a reconciliation job).
public struct SettlementSweep: Sendable {
  let store: any Store
  let loop: LeaseLoop
  let nodeWatch: NodeWatch
  let settlements: Settlements
  let bookings: Bookings
  /// Rung when there may be payments to be held that nobody waits for yet.
  let awaited: Bell
  let log: Logger

  /// Tries the unbooked again, and asks the node about invoices that should have been heard of: pushes can be lost.
  public func run() async throws {
    defer { awaited.ring() }
    let unbooked = try await store.transaction { tx in try tx.unbooked(limit: 100) }
    for item in unbooked {
      let hash = item.settlement.paymentHash
      do {
        let booked = try await store.transaction { tx -> RecordedStep? in
          guard let invoice = try tx.invoice(hash) else { return nil }
          // Without the node's word it is booked for nobody, unless that has come in another way.
          guard !item.isWithoutNodesWord || invoice.state == .settled else { return nil }
          let step = try bookings.book(item.settlement, invoice, tx)
          try tx.deleteUnbooked(hash)
          return step
        }
        if let booked { loop.publish([booked.decision.lease]) }
      } catch {
        try Task.checkCancellation()
        try settlements.goPast(error)
        log.error("a settlement is still unbooked", metadata: ["error": "\(error)", "reason": "\(item.reason)"])
      }
    }
    let open = try await store.transaction { tx in try tx.allOpenInvoices(limit: 500) }
    // Also where nothing is open: a node that went away in silence is to be noticed.
    if open.isEmpty { await nodeWatch.ask() }
    try await settlements.learnOfEach(open.compactMap(\.paymentHash))
  }
}
