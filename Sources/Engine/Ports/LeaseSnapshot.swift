import L402
import Leasing
import Ledger

/// What is asked about a lease, so that a challenge can be given or a door opened.
public struct SnapshotQuestion: Hashable, Sendable {
  public enum Subject: Hashable, Sendable {
    case lease(LeaseID)
    /// The lease that was quoted under an idempotency key.
    case key(scope: String, key: String)
  }
  public var subject: Subject
  /// A payment whose invoice is wanted too.
  public var paymentHash: PaymentHash?
  /// The open invoice of this slot is wanted, and the token minted for its payment from ``parent``.
  public var slot: InvoiceSlot
  public var parent: TokenID?

  public init(_ subject: Subject, paymentHash: PaymentHash? = nil, slot: InvoiceSlot, parent: TokenID? = nil) {
    self.subject = subject
    self.paymentHash = paymentHash
    self.slot = slot
    self.parent = parent
  }
}

/// How a lease stands, as of one moment.
public struct LeaseSnapshot: Sendable {
  public var record: LeaseRecord
  /// The invoice of the payment that was asked about, whichever lease's it is.
  public var presented: InvoiceRecord?
  /// The open invoice of the slot.
  public var open: InvoiceRecord?
  /// The newest unrevoked token minted for that invoice from the parent.
  public var token: TokenID?
  /// Of the request under the key.
  public var bodyHash: String?

  public init(
    record: LeaseRecord, presented: InvoiceRecord?, open: InvoiceRecord?, token: TokenID?, bodyHash: String?
  ) {
    self.record = record
    self.presented = presented
    self.open = open
    self.token = token
    self.bodyHash = bodyHash
  }
}
