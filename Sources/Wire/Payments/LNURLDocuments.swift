/// What a wallet that scanned a lease's code is told (LUD-06): how much may be sent, and where it asks for the invoice.
public struct PayRequestDocument: Hashable, Sendable, Codable {
  /// `payRequest`.
  public var tag: String
  /// A URL; the wallet adds `amount`, in millisatoshis, and may add `comment` (LUD-12), which is not kept.
  public var callback: String
  /// Millisatoshis; whole satoshis.
  public var minSendable: Int64
  public var maxSendable: Int64
  /// JSON in a string, as the invoice's hash is of exactly this text.
  public var metadata: String
  /// Characters (LUD-12).
  public var commentAllowed: Int64

  public init(
    tag: String, callback: String, minSendable: Int64, maxSendable: Int64, metadata: String, commentAllowed: Int64
  ) {
    self.tag = tag
    self.callback = callback
    self.minSendable = minSendable
    self.maxSendable = maxSendable
    self.metadata = metadata
    self.commentAllowed = commentAllowed
  }
}

/// The invoice that a wallet asked for (LUD-06).
public struct PayInvoiceDocument: Hashable, Sendable, Codable {
  /// BOLT 11.
  public var pr: String
  /// Always empty; the specification wants it.
  public var routes: [String]
  /// Whether the code is good for one payment only (LUD-11).
  public var disposable: Bool

  public init(pr: String, routes: [String] = [], disposable: Bool) {
    self.pr = pr
    self.routes = routes
    self.disposable = disposable
  }
}

/// Why a wallet gets no invoice, in the words of LNURL (LUD-01).
public struct LNURLErrorDocument: Hashable, Sendable, Codable {
  /// `ERROR`.
  public var status: String
  /// For people.
  public var reason: String

  public init(status: String, reason: String) {
    self.status = status
    self.reason = reason
  }
}
