/// `/.well-known/l402.json`: what is for sale here, and how it is paid for.
public struct DiscoveryDocument: Hashable, Sendable, SnakeCased {
  public var service: String
  public var title: String
  /// `L402`.
  public var scheme: String
  /// Those that are understood in `Authorization`, in any case. The challenge has an `LSAT` line besides where the
  /// request says `Accept-Authenticate: LSAT`.
  public var schemes: [String]
  /// Of the macaroon identifier.
  public var versions: [String]
  /// BOLT 11's currency prefix.
  public var network: String
  public var challengeHeader: String
  /// The form of the `Authorization` header.
  public var authorization: String
  public var capabilities: [String]
  /// Conditions a holder may add.
  public var caveats: [String]
  /// What each of them says; `nil` from a server of before there was one.
  public var caveatVocabulary: [DiscoveryCaveat]?
  /// Those that sell something.
  public var endpoints: [DiscoveryEndpoint]
  public var offers: [DiscoveryOffer]
  /// Where a wish is answered with its price and a challenge, and status 200; `nil` from a server of before there was one.
  public var quote: DiscoveryEndpoint?
  /// Whose key the provider's private messages come from (NIP-17): `npub1…`; absent: none are sent.
  public var nostr: String?
  public var links: [String: String]

  public init(
    service: String, title: String, scheme: String, schemes: [String], versions: [String], network: String,
    challengeHeader: String, authorization: String, capabilities: [String], caveats: [String],
    caveatVocabulary: [DiscoveryCaveat]? = nil, endpoints: [DiscoveryEndpoint], offers: [DiscoveryOffer],
    quote: DiscoveryEndpoint? = nil, nostr: String? = nil, links: [String: String]
  ) {
    self.service = service
    self.title = title
    self.scheme = scheme
    self.schemes = schemes
    self.versions = versions
    self.network = network
    self.challengeHeader = challengeHeader
    self.authorization = authorization
    self.capabilities = capabilities
    self.caveats = caveats
    self.caveatVocabulary = caveatVocabulary
    self.endpoints = endpoints
    self.offers = offers
    self.quote = quote
    self.nostr = nostr
    self.links = links
  }
}

/// A condition of a macaroon, as this server reads it.
public struct DiscoveryCaveat: Hashable, Sendable, Codable {
  public var condition: String
  /// Whether a holder may add it; else it stands in a minted credential alone.
  public var isAddable: Bool
  public var description: String

  public init(condition: String, isAddable: Bool, description: String) {
    self.condition = condition
    self.isAddable = isAddable
    self.description = description
  }

  private enum CodingKeys: String, CodingKey {
    case condition
    case isAddable = "addable"
    case description
  }
}

/// A route that answers `402`, or with a price.
public struct DiscoveryEndpoint: Hashable, Sendable, Codable {
  public var method: String
  public var path: String
  public var description: String

  public init(
    method: String, path: String, description: String
  ) {
    self.method = method
    self.path = path
    self.description = description
  }
}

/// A price tag: the most that a quote can ask for a period.
public struct DiscoveryOffer: Hashable, Sendable, SnakeCased {
  public var id: String
  public var title: String
  public var kind: String
  /// `null` while a price in a currency has no rate.
  @Nullable public var priceMsat: Int64?
  public var price: PriceDocument?
  public var periodSeconds: Int64

  public init(
    id: String, title: String, kind: String, priceMsat: Int64?, price: PriceDocument? = nil, periodSeconds: Int64
  ) {
    self.id = id
    self.title = title
    self.kind = kind
    self.priceMsat = priceMsat
    self.price = price
    self.periodSeconds = periodSeconds
  }
}
