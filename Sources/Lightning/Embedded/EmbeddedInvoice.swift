import L402
import Units

/// An invoice of the embedded node.
struct EmbeddedInvoice: Hashable, Sendable {
  var label: String
  var paymentHash: PaymentHash
  /// `nil` when somebody else keeps it until the invoice is settled: a hold invoice.
  var preimage: Preimage?
  var bolt11: String
  var amount: Millisatoshi
  var expiresAt: Instant
  var outcome: Outcome = .unpaid

  enum Outcome: Hashable, Sendable {
    /// Open, or expired: the clock says which. Can transition to: accepted (hold invoices), settled, canceled.
    case unpaid
    /// Hold invoices: the payment has arrived, and is sent back at ``EmbeddedBook/heldFor`` after this moment unless it
    /// is taken. Can transition to: settled, canceled.
    case accepted(at: Instant, received: Millisatoshi)
    /// For ever. `index` counts settlements from 1.
    case settled(index: Int, preimage: Preimage, received: Millisatoshi, at: Instant)
    /// For ever.
    case canceled(at: Instant)
  }
}
