import Units

/// What is told while something is going on.
public enum ClientEvent: Sendable {
  /// An invoice is about to be paid.
  case paying(msat: Int64, purpose: String)
  case paid(msat: Int64)
  /// A person is asked to pay this.
  case payByHand(invoice: String, msat: Int64, expiresAt: Instant)
  /// The money has arrived and is held until what was bought is made.
  case held
  /// An earlier run left this payment; it is gone on with.
  case recovering(paymentHash: String?)
  /// A credential that had gone stale was exchanged.
  case swapped(lease: String)
  /// The server asks for patience, and says why. Told once, however often it is asked again.
  case waiting(reason: String)
  /// So many bytes of a log are kept no longer; `nil`: it was begun anew, and is told from its beginning.
  case logGap(bytes: Int64?)
}
