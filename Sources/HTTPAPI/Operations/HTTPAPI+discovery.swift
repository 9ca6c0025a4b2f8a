import Engine
import HTTPTypes
import Hummingbird
import L402
import Units
import Wire

/// How programs find out what is sold here and how it is paid for, before they are asked for money.
extension HTTPAPI {
  static let manifestPath = "/.well-known/l402.json"

  var discoveryEndpoints: [Endpoint] {
    [
      Endpoint(.get, Self.manifestPath) { _ in
        .json(discovery, headers: [.cacheControl: "public, max-age=60", .accessControlAllowOrigin: "*"])
      },
      Endpoint(.get, "/llms.txt") { exchange in
        .text(
          guide(exchange.base), "text/plain; charset=utf-8",
          headers: [.cacheControl: "public, max-age=60", .accessControlAllowOrigin: "*"])
      },
    ]
  }

  /// RFC 8288: stands on each `402`, so that who was asked for money finds out what else there is.
  var manifestLink: String { "<\(link(Self.manifestPath))>; rel=\"l402-manifest\"" }

  private static let quoteEndpoint = DiscoveryEndpoint(
    method: "POST", path: "/v1/quotes",
    description: "The price and a challenge for a wish as POST /v1/leases takes it, with status 200.")

  var discovery: DiscoveryDocument {
    DiscoveryDocument(
      service: "leasehold", title: configuration.title, scheme: "L402", schemes: ["L402", "LSAT"], versions: ["0"],
      network: engine.settings.network, challengeHeader: "WWW-Authenticate",
      authorization: "L402 <macaroon>[,<macaroon>...]:<preimage>",
      capabilities: Capabilities.all.list.split(separator: ",").map(String.init(_:)),
      caveats: Condition.allCases.map(\.rawValue) + Condition.Spelling.allCases.map(\.rawValue),
      caveatVocabulary: Condition.allCases.map(\.vocabulary) + Condition.Spelling.allCases.map(\.vocabulary),
      endpoints: [
        DiscoveryEndpoint(method: "POST", path: "/v1/leases", description: "Rent disk or compute by the period."),
        DiscoveryEndpoint(
          method: "GET", path: "/v1/offers/{offer}/lease", description: "The same for clients that can only GET."),
        DiscoveryEndpoint(
          method: "POST", path: "/v1/leases/{lease}/renewals",
          description: "Buy more time. Anyone may pay for a friend."),
        DiscoveryEndpoint(
          method: "POST", path: "/v1/leases/{lease}/changes",
          description: "Another offer of the same kind; an upgrade is paid for."),
      ],
      offers: engine.catalog.offers.map(engine.offers.asOfNow).map {
        DiscoveryOffer(
          id: $0.id, title: $0.title, kind: $0.terms.kind.rawValue,
          priceMsat: $0.terms.isPriced ? $0.highestPrice.count : nil, price: $0.terms.fiat.map(PriceDocument.init(_:)),
          periodSeconds: $0.terms.period.count)
      },
      quote: Self.quoteEndpoint, nostr: configuration.messagesFrom,
      links: [
        "offers": link("/v1/offers"), "openapi": link("/openapi.json"), "credential": link("/v1/credential"),
        "payment": link("/v1/payments/{payment_hash}"), "llms": link("/llms.txt"),
      ])
  }

  /// A wish as a document instead of a refusal, for programs that compare before they buy. It sets aside what a `402` of
  /// `POST /v1/leases` would, within the same limits, and the same key gives the same.
  @Sendable func quote(_ exchange: Exchange) async throws -> Response {
    let wish = try await exchange.requiredDocument(RentRequest.self)
    let request = try Self.request(wish)
    var caller = try exchange.caller()
    // Whoever has paid already is served where leases are sold.
    caller.authorization = []
    let sold = try await engine.rent(
      request, diskCredential: wish.diskCredential, body: Self.canonical(request), caller)
    guard case .pay(let demand) = sold else { throw Problem.invalid("", "a quote shows no credential") }
    let document = QuoteDocument(
      offer: wish.offer, lease: demand.lease.description, amountMsat: demand.amount.count,
      amountSats: demand.amount.satoshisRoundedUp, price: demand.locked.map(PriceDocument.init(_:)),
      exchangeRate: demand.locked.map { ExchangeRateDocument($0.rate) }, expiresAt: Timestamp(demand.expiresAt),
      held: demand.hasCapacity,
      challenge: QuoteChallenge(
        scheme: "L402", macaroon: demand.challenge.token, invoice: demand.challenge.invoice,
        paymentHash: demand.paymentHash.hex, header: demand.challenge.wwwAuthenticate),
      redeem: DiscoveryEndpoint(
        method: "POST", path: "/v1/leases",
        description: "Pay the invoice, then send the same wish with Authorization: L402 <macaroon>:<preimage>."))
    return .json(document, headers: [.cacheControl: "no-store", .link: manifestLink])
  }

  /// What a language model is told of this server (https://llmstxt.org): Markdown, a title, a summary, links.
  private func guide(_ base: String) -> String {
    let offers = engine.catalog.offers.map(engine.offers.asOfNow).map { offer in
      let price =
        offer.terms.isPriced
        ? "at most \(offer.highestPrice.satoshisRoundedUp) sat a period" : "priced when it is asked for"
      return "- `\(offer.id)`: \(offer.title.onOneLine) (\(offer.terms.kind.rawValue)), \(price) of "
        + "\(offer.terms.period.count) seconds"
    }
    return """
      # \(configuration.title.onOneLine)

      > Disks and containers by the period, paid over Lightning. There is no account: a request is answered `402 Payment \
      Required` with an invoice and a macaroon (L402); whoever pays holds the lease.

      Amounts are millisatoshis (`msat`) unless a field says `sats`. A lease whose time runs out is suspended, and later \
      erased: `next` in its document says when, and what it costs to go on.

      ## Offers

      \(offers.joined(separator: "\n"))

      ## Renting

      1. `POST \(base)/v1/leases` with `{"offer": "<id>"}`: `402`, with `invoice` and `macaroon` in its body and in its \
      `WWW-Authenticate` line. `POST \(base)/v1/quotes` says the same with status 200.
      2. Pay the invoice; its preimage is the proof.
      3. The same request again, with `Authorization: L402 <macaroon>:<preimage>`: `201` and the lease.
      4. With that header use it: files at `\(base)/dav/<lease>/` (WebDAV), commands at `POST \(base)/v1/leases/<lease>/exec`.
      5. `POST \(base)/v1/leases/<lease>/renewals` buys more time, in the same way.

      ## Machine-readable

      - [Interface](\(base)/openapi.json): OpenAPI 3.1
      - [Manifest](\(base)\(Self.manifestPath)): offers, prices, caveats
      - [Offers](\(base)/v1/offers): with what is left of them

      """
  }
}

extension String {
  /// A provider's words cannot begin a line of their own.
  fileprivate var onOneLine: String { split(whereSeparator: \.isNewline).joined(separator: " ") }
}

extension Condition {
  fileprivate var vocabulary: DiscoveryCaveat {
    let words: (isAddable: Bool, description: String) =
      switch self {
      case .services: (false, "leasehold:<tier>: minted; a change of offer sells another tier")
      case .capabilities: (true, "what may be done, out of the capabilities, by commas")
      case .lease: (false, "the lease that was bought")
      case .validUntil: (true, "unix seconds; the credential ends when the clock reaches it")
      case .variant: (false, "the variant of an offer that was sold")
      case .path: (true, "this file or folder and what is beneath it")
      case .method: (true, "HTTP methods, by commas")
      case .source: (true, "addresses and prefixes (CIDR), by commas")
      case .maxMsat: (true, "the most that one invoice under it asks, in millisatoshis")
      case .port: (true, "ports of the container, by commas: these and nothing else")
      }
    return DiscoveryCaveat(condition: rawValue, isAddable: words.isAddable, description: words.description)
  }
}

extension Condition.Spelling {
  fileprivate var vocabulary: DiscoveryCaveat {
    let words =
      switch self {
      case .validUntil: "unix seconds, or milliseconds when over 100000000000; as \(condition.rawValue)"
      case .method: "as \(condition.rawValue)"
      case .pathPrefix: "whole segments; as \(condition.rawValue)"
      case .maxSats: "whole satoshis; as \(condition.rawValue)"
      }
    return DiscoveryCaveat(condition: rawValue, isAddable: true, description: words)
  }
}
