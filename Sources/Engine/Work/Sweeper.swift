import Ledger
import Logging
import Units

/// Deletes what nobody needs any more (retention).
public struct Sweeper: Sendable {
  let store: any Store
  let clock: any WallClock
  let settlements: Settlements
  let log: Logger

  /// Deletes what is past its keeping, and asks after invoices that lapsed.
  public func sweep() async throws {
    let now = clock.now()
    let lapsed = try await store.transaction { tx in try tx.lapsedInvoices(before: now - .minute, limit: 500) }
    for invoice in lapsed {
      if let hash = invoice.paymentHash, try await settlements.bookIfSettled(hash) { continue }
      let id = invoice.id
      try await store.transaction { tx in try tx.setInvoiceState(id: id, .expired) }
    }
    // A bounded part at a time, to the end: more may have been asked for and left than one part takes.
    var total = 0
    for _ in 0..<100 {
      let swept = try await store.transaction { tx in try tx.sweep(at: now) }
      total += swept
      if swept < 1_000 { break }
    }
    if total > 0 { log.info("swept", metadata: ["rows": "\(total)"]) }
  }
}
