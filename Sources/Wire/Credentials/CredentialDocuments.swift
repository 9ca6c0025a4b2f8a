/// A macaroon that was minted anew. The holder's preimage goes on serving.
public struct MintedCredential: Hashable, Sendable, SnakeCased {
  /// Standard base64, padded.
  public var macaroon: String
  /// Its name: 64 lowercase hex digits.
  public var token: String
  /// Whose preimage completes it.
  public var paymentHash: String
  public var capabilities: String
  public var validUntil: Timestamp
  /// Where a password was asked for: what a client is given that knows no other way in.
  public var user: String?
  public var password: String?

  public init(
    macaroon: String, token: String, paymentHash: String, capabilities: String, validUntil: Timestamp,
    user: String? = nil, password: String? = nil
  ) {
    self.macaroon = macaroon
    self.token = token
    self.paymentHash = paymentHash
    self.capabilities = capabilities
    self.validUntil = validUntil
    self.user = user
    self.password = password
  }
}

/// A credential of a lease, by its name. The macaroon itself is kept nowhere.
public struct CredentialItem: Hashable, Sendable, SnakeCased {
  public var token: String
  /// What it was minted from.
  @Nullable public var parent: String?
  public var paymentHash: String
  /// As minted.
  public var capabilities: String
  public var createdAt: Timestamp
  @Nullable public var revokedAt: Timestamp?

  public init(
    token: String, parent: String? = nil, paymentHash: String, capabilities: String, createdAt: Timestamp,
    revokedAt: Timestamp? = nil
  ) {
    self.token = token
    self.parent = parent
    self.paymentHash = paymentHash
    self.capabilities = capabilities
    self.createdAt = createdAt
    self.revokedAt = revokedAt
  }
}

/// What a credential is and how far it reaches: `GET /v1/credential`.
public struct IntrospectionDocument: Hashable, Sendable, SnakeCased {
  public var lease: String
  public var token: String
  public var paymentHash: String
  public var tier: Int
  /// The variant that the lease must have been sold as, for it to open anything.
  public var variant: String?
  /// After all narrowing.
  public var capabilities: [String]
  /// `valid`, `stale` (swapped free of charge while the lease is paid up) or `narrowed-expired` (nothing helps).
  public var expiry: String
  /// The least of all bounds.
  public var validUntil: Timestamp
  public var path: String?
  public var methods: [String]?
  /// The addresses it may be shown from.
  public var sources: [String]?
  /// Bounds one invoice.
  public var maxMsat: Int64?
  /// Of the container: these and nothing else of the lease.
  public var ports: [UInt16]?
  /// Until when it serves without a swap, and the holder's own bound, which nothing moves.
  public var mintedValidUntil: Timestamp
  public var holderValidUntil: Timestamp?
  /// The holder's own, as they stand.
  public var caveats: [String]
  public var thirdParty: Bool
  public var links: [String: String]

  public init(
    lease: String, token: String, paymentHash: String, tier: Int, variant: String? = nil, capabilities: [String],
    expiry: String,
    validUntil: Timestamp, path: String? = nil, methods: [String]? = nil, sources: [String]? = nil,
    maxMsat: Int64? = nil, ports: [UInt16]? = nil, mintedValidUntil: Timestamp, holderValidUntil: Timestamp? = nil,
    caveats: [String],
    thirdParty: Bool, links: [String: String]
  ) {
    self.lease = lease
    self.token = token
    self.paymentHash = paymentHash
    self.tier = tier
    self.variant = variant
    self.capabilities = capabilities
    self.expiry = expiry
    self.validUntil = validUntil
    self.path = path
    self.methods = methods
    self.sources = sources
    self.maxMsat = maxMsat
    self.ports = ports
    self.mintedValidUntil = mintedValidUntil
    self.holderValidUntil = holderValidUntil
    self.caveats = caveats
    self.thirdParty = thirdParty
    self.links = links
  }
}
