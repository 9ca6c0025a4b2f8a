import BOLT11
import Units

/// Something that pays invoices for the renter.
///
/// A payment is named by its payment hash. Paying the same invoice again must not pay twice: a wallet answers with the
/// preimage it already has, or refuses. Lightning nodes do both; what builds on this still asks ``outcome(of:)`` before it
/// tries again.
public protocol Wallet: Sendable {
  /// For people: `embedded`, `manual`, `lnd`.
  var name: String { get }

  /// Whether a payment may cost more than its amount.
  var routes: Bool { get }

  /// Pays, and waits until the outcome is known. With a hold invoice that is when the payee has decided, which may take
  /// as long as it takes to make what is bought.
  ///
  /// - Parameters:
  ///   - invoice: with an amount.
  ///   - maxFee: the most that routing may cost beside the amount.
  /// - Returns: the payment; its preimage is not yet held against the payment hash.
  /// - Throws: ``WalletError``, which says whether money may have moved.
  func pay(_ invoice: Invoice, maxFee: Millisatoshi) async throws(WalletError) -> Payment

  /// What the wallet knows of an invoice that it may have been asked to pay before. Moves no money.
  func outcome(of invoice: Invoice) async throws(WalletError) -> PaymentOutcome
}

/// An invoice that was paid.
public struct Payment: Hashable, Sendable, CustomStringConvertible, CustomReflectable {
  /// 32 bytes.
  public var preimage: [UInt8]
  /// What it cost beside the amount; `nil` where the wallet does not say.
  public var fee: Millisatoshi?

  public init(preimage: [UInt8], fee: Millisatoshi? = nil) {
    self.preimage = preimage
    self.fee = fee
  }

  /// Never the preimage.
  public var description: String { "Payment(fee: \(fee.map { "\($0.count) msat" } ?? "unknown"))" }
  /// Empty: reflection shows no secret.
  public var customMirror: Mirror { Mirror(self, children: []) }
}

/// What became of an earlier attempt.
public enum PaymentOutcome: Hashable, Sendable {
  /// It was never tried, or failed for good: nothing left the wallet, and nothing will.
  case unpaid
  /// The wallet keeps no such account; asking it to pay again is safe.
  case unknown
  /// Under way: it may still arrive. Nobody may pay for the same thing again meanwhile.
  case pending
  case paid(Payment)
}

/// Why there is no preimage.
public enum WalletError: Error, Hashable, Sendable {
  /// The payment was not made and will not be.
  case declined(String)
  /// The wallet was not reached, so that it has not heard of the payment.
  case unreachable(String)
  /// The wallet gave no answer that can be used: the payment may or may not have been made. Ask the payee (the claim
  /// route) and the wallet (``Wallet/outcome(of:)``) before anything else.
  case uncertain(String)
}
