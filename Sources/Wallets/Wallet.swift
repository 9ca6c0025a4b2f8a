import BOLT11
import Units

/// Something that pays invoices for the renter.
///
/// A payment is named by its payment hash. Paying the same invoice again must not pay twice: a wallet answers with the
/// preimage it already has, or refuses. Lightning nodes do both; what builds on this relies on it after a crash.
public protocol Wallet: Sendable {
  /// For people: `embedded`, `manual`.
  var name: String { get }

  /// Pays, and waits until the outcome is known.
  ///
  /// - Parameters:
  ///   - invoice: with an amount.
  ///   - maxFee: the most that routing may cost beside the amount.
  /// - Returns: the preimage, 32 bytes; not yet held against the payment hash.
  /// - Throws: ``WalletError``, which says whether money may have moved.
  func pay(_ invoice: Invoice, maxFee: Millisatoshi) async throws(WalletError) -> [UInt8]
}

/// Why there is no preimage.
public enum WalletError: Error, Hashable, Sendable {
  /// The payment was not made and will not be.
  case declined(String)
  /// The wallet was not reached, or gave no answer: the payment may or may not have been made. Ask the payee (the claim
  /// route), or pay the same invoice again.
  case uncertain(String)
}
