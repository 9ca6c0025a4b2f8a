import Units

/// Money moving between two accounts. Added, never changed; a correction is another transfer.
public struct Transfer: Hashable, Sendable {
  public let debit: Account
  public let credit: Account
  /// Always positive.
  public let amount: Millisatoshi
  public let cause: Cause

  /// - Precondition: `amount > 0` and the two accounts differ.
  public init(from debit: Account, to credit: Account, _ amount: Millisatoshi, cause: Cause) {
    precondition(amount > .zero, "a transfer moves money")
    precondition(debit != credit, "a transfer moves money somewhere else")
    self.debit = debit
    self.credit = credit
    self.amount = amount
    self.cause = cause
  }

  /// Why money moved.
  public enum Cause: String, Hashable, Sendable, Codable, CaseIterable {
    /// An invoice of ours settled.
    case payment
    /// Time ran.
    case time
    /// Metered usage beyond what is included.
    case usage
    /// A settlement that buys nothing: late, double, after close.
    case overpayment
    /// Unused balance handed back as credit.
    case refund
    /// What an offer takes at the least, beyond the time and usage that were charged.
    case minimum
    /// Debt covered by credit of the same lease.
    case debt
    /// Debt forgiven at close.
    case badDebt = "bad_debt"
    /// Credit nobody fetched.
    case unclaimed
    /// Credit reserved for a payout, or returned from a failed one.
    case payout
    /// A payout's routing fee.
    case fee
    /// Credit of one lease that is spent on another, or on its own time.
    case move
    /// Given for an outage.
    case compensation
  }
}
