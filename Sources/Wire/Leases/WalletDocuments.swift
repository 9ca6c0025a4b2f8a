/// `PUT /v1/leases/{lease}/wallet`.
public struct WalletGrantRequest: Hashable, Sendable, SnakeCased {
  /// `nostr+walletconnect://…`: a secret.
  public var nwc: String
  /// In any span of ``everySeconds``; what is asked for up to a lead early counts when it is allowed.
  public var budgetMsat: Int64
  /// Absent: a period of the lease.
  public var everySeconds: Int64?
  /// Absent: no bound in all.
  public var totalMsat: Int64?

  public init(nwc: String, budgetMsat: Int64, everySeconds: Int64? = nil, totalMsat: Int64? = nil) {
    self.nwc = nwc
    self.budgetMsat = budgetMsat
    self.everySeconds = everySeconds
    self.totalMsat = totalMsat
  }
}

/// The wallet that is asked for a lease's renewals, without what is secret of it; everything absent: none is.
public struct WalletGrantDocument: Hashable, Sendable, SnakeCased {
  /// Its public key; 64 hex digits.
  public var wallet: String?
  public var relays: [String]?
  public var budgetMsat: Int64?
  public var everySeconds: Int64?
  public var totalMsat: Int64?
  /// In the span that ends now: what was paid and what may still be.
  public var spentMsat: Int64?
  public var spentInAllMsat: Int64?
  public var createdAt: Timestamp?
  public var last: Request?

  /// What it was asked for last.
  public struct Request: Hashable, Sendable, SnakeCased {
    public var askedAt: Timestamp
    public var amountMsat: Int64
    /// `asked`, `paid` or `refused`.
    public var state: String
    public var detail: String?

    public init(askedAt: Timestamp, amountMsat: Int64, state: String, detail: String? = nil) {
      self.askedAt = askedAt
      self.amountMsat = amountMsat
      self.state = state
      self.detail = detail
    }
  }

  public init() {}
}
