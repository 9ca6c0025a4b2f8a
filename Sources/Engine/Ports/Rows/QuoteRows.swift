import Leasing
import Ledger
import Units

/// New quotes, many at once.
public protocol QuoteRows: AnyObject {
  /// What must be known before they are made. Whoever asks is alone in asking for these clients until the transaction
  /// ends, so that bounds hold; the capacity is read and not locked.
  ///
  /// - Parameters:
  ///   - keys: of the quotes that have one.
  ///   - offers: that somebody may wait for.
  ///   - countingHolds: whether undecided hold invoices are counted, which one asks at a time.
  ///   - alone: locks the capacity as well, for who was overtaken before.
  func quoteGround(
    of clients: Set<String>, keys: [IdempotencyKey], offers: Set<String>, countingHolds: Bool, alone: Bool,
    at now: Instant
  ) throws -> QuoteGround
  /// Takes the lowest free uid slots of hosts of this capacity.
  ///
  /// - Returns: a placement for each of `hosts`, in their order; `nil` where its host has no more uids.
  func takePlaces(on hosts: [String], of capacity: Capacity) throws -> [Placement?]
  /// Writes quotes with the reservation of their invoices, and takes what is reserved for them from the capacity, last and if it is
  /// still there. `unpaidShare` of a pool is what unpaid quotes may take together.
  ///
  /// - Returns: the ids of the invoices, by their leases.
  /// - Throws: `.conflict` when capacity or a key was taken meanwhile: nothing was written, ask again.
  @discardableResult
  func insertQuotes(_ quotes: [QuoteDraft], of capacity: Capacity, unpaidShare: Double) throws -> [LeaseID: Int64]
  /// With what a lease was asked for; `nil` when there is none.
  func askedWith(_ lease: LeaseID) throws -> AskedWith?
  /// Nodes have made them: reservations become open, and their tokens are recorded.
  ///
  /// - Returns: those that were; the others' reservations were given up meanwhile, and their tokens are nowhere.
  func openInvoices(_ openings: [InvoiceOpening]) throws -> Set<Int64>
}
