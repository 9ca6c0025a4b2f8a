import L402
import Units

/// Renters' own wallets, asked over the net to pay (Nostr Wallet Connect, NIP-47).
///
/// A wallet is a stranger's: it may be away, slow, and lie. What it says is never evidence of a payment; what our own node
/// settles is.
public protocol RenterWallets: Sendable {
  /// Reads a grant without asking anybody.
  ///
  /// - Throws: `.unfit`, in words that do not repeat what is secret in it.
  func outline(of uri: String) throws(WalletFault) -> WalletOutline
  /// Asks whether the wallet can do what will be asked of it, at most some seconds.
  ///
  /// - Throws: `.unfit` where it cannot, `.unreachable` where its relays cannot be asked.
  func introduce(_ uri: String) async throws(WalletFault)
  /// Asks it to pay an invoice, one request each call. A wallet that reads it after `until` does nothing.
  func pay(_ invoice: String, from uri: String, until: Instant) async throws(WalletFault) -> WalletWord
  /// Asks what became of an invoice.
  func lookUp(_ paymentHash: PaymentHash, in uri: String) async throws(WalletFault) -> WalletWord
}

/// What of a grant may be shown.
public struct WalletOutline: Hashable, Sendable {
  /// The wallet's public key; 64 hex digits.
  public var wallet: String
  /// Scheme, name and port of each relay.
  public var relays: [String]

  public init(wallet: String, relays: [String]) {
    self.wallet = wallet
    self.relays = relays
  }
}

/// What a wallet says. Words are a stranger's, at most 200 characters.
public enum WalletWord: Hashable, Sendable {
  /// It has paid, it says.
  case paid
  case pending
  /// It has tried, or let it lapse, and will not send anything for it any more.
  case failed(String)
  /// It knows nothing of such an invoice.
  case unknown
  /// It positively did nothing, and will not.
  case refused(String)
  /// Anything else.
  case unclear(String)
}

public struct WalletFault: Error, Hashable, Sendable, CustomStringConvertible {
  public enum Kind: Hashable, Sendable {
    /// Nobody has heard of the request.
    case unreachable
    /// It was sent, and nothing came back.
    case silent
    /// The grant or the wallet cannot be used, now or later.
    case unfit
  }
  public var kind: Kind
  /// For people.
  public var words: String

  public init(_ kind: Kind, _ words: String) {
    self.kind = kind
    self.words = words
  }

  public var description: String { words }
}
