import Units

/// A BOLT 11 invoice whose checksum, fields and signature have been checked.
///
/// Only ``parse(_:)`` and ``InvoiceDraft/sign(with:)`` make one, so that holding one is knowing it to be genuine: the
/// payee named here signed exactly this. Whether it is *expired* is a question of time: ``isExpired(at:)``.
public struct Invoice: Sendable {
  /// The invoice as it is handed to a wallet, in lower case. (QR codes are smaller in upper case, which every reader
  /// takes too.)
  public let text: String

  public let network: Network

  /// At least one millisatoshi; `nil` leaves the amount to the payer.
  public let amount: Millisatoshi?

  /// When it was made, to the second.
  public let timestamp: Instant

  /// 32 bytes: the SHA-256 of the preimage that proves payment.
  public let paymentHash: [UInt8]

  /// 32 bytes the payer shows to the payee, so that nodes in between cannot probe for the invoice.
  public let paymentSecret: [UInt8]

  /// What is paid for, in words or as a hash of words told elsewhere.
  public let subject: Subject

  /// How long after ``timestamp`` it may be paid; one hour where it does not say.
  public let expiry: Seconds

  /// The blocks the payee wants on the last hop; 18 where it does not say.
  public let minFinalCLTV: Int64

  public let routeHints: [RouteHint]
  public let fallbacks: [Fallback]
  public let features: Features

  /// Bytes the payer attaches to the payment unread (field `m`).
  public let metadata: [UInt8]?

  /// Who signed, and is paid.
  public let payee: NodeID

  /// Whether the payee is written in the invoice (field `n`), not only recovered from the signature.
  public let namesPayee: Bool

  /// What an invoice is for.
  public enum Subject: Hashable, Sendable {
    /// At most 639 bytes of UTF-8 (field `d`).
    case description(String)
    /// The SHA-256 of a longer description, 32 bytes (field `h`).
    case descriptionHash([UInt8])
  }

  static let defaultExpiry = Seconds.hour
  static let defaultMinFinalCLTV: Int64 = 18

  /// The words, if it carries them.
  public var description: String? {
    switch subject {
    case .description(let text): text
    case .descriptionHash: nil
    }
  }

  /// The hash of the words, if it carries that instead.
  public var descriptionHash: [UInt8]? {
    switch subject {
    case .description: nil
    case .descriptionHash(let hash): hash
    }
  }

  /// The moment from which it may no longer be paid.
  public var expiresAt: Instant {
    // An expiry may be any number its author liked.
    let latest = (Instant.distantFuture - Seconds(timestamp.unixSeconds)).unixSeconds
    return expiry.count > latest ? .distantFuture : timestamp + expiry
  }

  public func isExpired(at now: Instant) -> Bool { now >= expiresAt }
}

extension Invoice: Hashable {
  /// The text decides: it is signed whole.
  public static func == (a: Invoice, b: Invoice) -> Bool { a.text == b.text }
  public func hash(into hasher: inout Hasher) { hasher.combine(text) }
}

extension Invoice: CustomDebugStringConvertible, CustomReflectable {
  /// Network, amount and payment hash: an invoice in a log could be paid, and probed for, by whoever reads the log.
  public var debugDescription: String {
    let amount = amount.map { "\($0.count) msat" } ?? "any amount"
    return "Invoice(\(network.rawValue), \(amount), \(Hex.text(of: paymentHash)))"
  }
  public var customMirror: Mirror { Mirror(self, children: ["paymentHash": Hex.text(of: paymentHash)]) }
}
