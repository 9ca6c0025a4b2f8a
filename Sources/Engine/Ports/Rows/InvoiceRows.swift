import L402
import Ledger
import Units

/// Invoices of ours and the payments that settled them.
public protocol InvoiceRows: AnyObject {
  /// Reserves the right to mint for (lease, purpose): unique while one is reserved or open.
  func reserveInvoice(_ draft: InvoiceOrder) throws -> InvoiceReservation
  /// The node could not make it: the reservation is given up.
  func dropInvoice(id: Int64) throws
  func invoice(_ paymentHash: PaymentHash) throws -> InvoiceRecord?
  /// Those that can still settle: reserved, open, replaced, accepted.
  func openInvoices(of lease: LeaseID) throws -> [InvoiceRecord]
  /// Open ones whose expiry passed before `moment`, for the sweep; oldest first.
  func lapsedInvoices(before moment: Instant, limit: Int) throws -> [InvoiceRecord]
  /// The invoices made for holding that are not decided yet. Whoever asks is alone in asking until the transaction ends,
  /// so that a bound holds.
  func holdCounts(beside lease: LeaseID) throws -> HoldCounts
  /// How many payments are held now.
  func heldPayments() throws -> Int
  /// Those invoices, the ones whose payment has arrived first.
  func holds(limit: Int) throws -> [InvoiceRecord]
  /// Any that can still settle, for the sweep against lost settlements; accepted ones first, then by expiry.
  func allOpenInvoices(limit: Int) throws -> [InvoiceRecord]
  /// What has settled stays so, and what is accepted does not expire.
  func setInvoiceState(id: Int64, _ state: InvoiceRecord.State) throws
  /// Books a settlement once: `false` when this payment hash is booked already. Marks the invoice settled and keeps the
  /// preimage for the claim.
  func insertPayment(_ settlement: NodeSettlement, lease: LeaseID, at now: Instant) throws -> Bool
  /// Marks a settled renewal or change as presented: `true` for the first caller, and again for the same key.
  func redeem(_ paymentHash: PaymentHash, key: String?, at now: Instant, repeatedSince: Instant) throws -> Bool
  func preimage(of paymentHash: PaymentHash) throws -> Preimage?
  func cursor(of node: String) throws -> String?
  func setCursor(_ cursor: String, of node: String, at now: Instant) throws
  /// How far settlements are taken in: for metrics and doctors.
  func settlementMarks(of node: String) throws -> SettlementMarks
  /// What a daemon last wrote of how the node answers, and when; `nil`: none ever had anything to say.
  func nodeTrouble(of node: String) throws -> (trouble: NodeTrouble, seenAt: Instant)?
  func setNodeTrouble(_ trouble: NodeTrouble, of node: String, at now: Instant) throws
  /// A settlement of ours that could not be booked; kept for retrying, shown, and its lease shielded meanwhile.
  func insertUnbooked(_ settlement: NodeSettlement, lease: LeaseID?, reason: String, at now: Instant) throws
  /// Those that nobody has dealt with, oldest first.
  func unbooked(limit: Int) throws -> [UnbookedSettlement]
  func unbooked(of lease: LeaseID) throws -> [UnbookedSettlement]
  /// Dealt with or not.
  func unbooked(_ paymentHash: PaymentHash) throws -> UnbookedSettlement?
  /// Newest first, those that were dealt with too.
  func allUnbooked(limit: Int) throws -> [UnbookedSettlement]
  /// Somebody has dealt with it: it is kept, and not counted. `false` when there is none, or it was before.
  func resolveUnbooked(_ paymentHash: PaymentHash, resolution: String, at now: Instant) throws -> Bool
  func settlementRecords(of hashes: [PaymentHash]) throws -> SettlementRecords
  func deleteUnbooked(_ paymentHash: PaymentHash) throws
  /// Those of `leases` of which a settlement is not booked yet.
  func shielded(_ leases: [LeaseID]) throws -> Set<LeaseID>
}
