import Engine
import L402
import Ledger
import Units

/// What the store does for many at once, done for one.
extension StoreTransaction {
  public func unpaidAllocations(of client: String) throws -> Int {
    try quoteGround(of: [client], keys: [], offers: [], countingHolds: false, alone: false, at: Instant(unixSeconds: 0))
      .unpaidAllocations[client] ?? 0
  }

  public func lastUse(of lease: LeaseID) throws -> Instant? { try lastUses(of: [lease])[lease] }

  /// Without a token.
  public func openInvoice(id: Int64, paymentHash: PaymentHash, bolt11: String, expiresAt: Instant) throws {
    let opening = InvoiceOpening(id: id, paymentHash: paymentHash, bolt11: bolt11, expiresAt: expiresAt)
    guard try openInvoices([opening]) == [id] else { throw StoreError(.conflict, "no such reservation") }
  }
}
