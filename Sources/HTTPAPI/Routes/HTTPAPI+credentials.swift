import Engine
import HTTPTypes
import Hummingbird
import L402
import Macaroons
import Units
import Wire

extension HTTPAPI {
  var credentialEndpoints: [Endpoint] {
    [
      Endpoint(.get, "/v1/credential") { exchange in
        let shown = try await engine.introspect(exchange.caller())
        return .json(IntrospectionDocument(shown, base: configuration.publicURL))
      },
      Endpoint(.post, "/v1/leases/{lease}/credential") { exchange in
        minted(try await engine.swap(exchange.lease(), exchange.caller()))
      },
      Endpoint(.get, "/v1/leases/{lease}/credentials") { exchange in
        let limit = try exchange.limit()
        let after = try exchange.query("cursor")
        let all = try await engine.credentials(of: exchange.lease(), exchange.caller()).map(CredentialItem.init(_:))
        var rest = all[...]
        if let after {
          guard let index = all.firstIndex(where: { $0.token == after }) else {
            throw Problem.invalid("cursor", "is none of ours")
          }
          rest = all[(index + 1)...]
        }
        let page = Array(rest.prefix(limit))
        return .json(ListDocument(items: page, nextCursor: rest.count > page.count ? page.last?.token : nil))
      },
      Endpoint(.post, "/v1/leases/{lease}/credentials") { exchange in
        let wish = try await exchange.requiredDocument(NarrowRequest.self)
        return minted(
          try await engine.narrow(exchange.lease(), caveats: wish.caveats, exchange.caller()), .created)
      },
      Endpoint(.delete, "/v1/leases/{lease}/credentials/{token}") { exchange in
        guard let token = TokenID(hex: exchange.parameter("token")) else {
          throw Refusal.invalidField("token", "no such credential of this lease")
        }
        try await engine.revoke(token, of: exchange.lease(), exchange.caller())
        return Response(status: .noContent)
      },
      Endpoint(.post, "/v1/leases/{lease}/credentials/rotate") { exchange in
        minted(try await engine.rotate(exchange.lease(), exchange.caller()))
      },
    ]
  }

  private func minted(_ swapped: SwappedCredential, _ status: HTTPResponse.Status = .ok) -> Response {
    let caveats = swapped.macaroon.caveats.map { String(decoding: $0.identifier, as: UTF8.self) }
    func last(_ condition: Condition) -> Substring? {
      caveats.last { $0.hasPrefix(condition.rawValue + "=") }?.dropFirst(condition.rawValue.utf8.count + 1)
    }
    let seconds = caveats.filter { $0.hasPrefix(Condition.validUntil.rawValue + "=") }
      .compactMap { Int64($0.dropFirst(Condition.validUntil.rawValue.utf8.count + 1)) }.min()
    return .json(
      MintedCredential(
        macaroon: Base64.encode(swapped.macaroon.wire), token: swapped.token.hex,
        paymentHash: Identifier(swapped.macaroon.identifier[...])?.paymentHash.hex ?? "",
        capabilities: last(.capabilities).map(String.init(_:)) ?? "",
        validUntil: Timestamp(Instant(unixSeconds: seconds ?? 0))), status)
  }
}

extension IntrospectionDocument {
  fileprivate init(_ shown: VerifiedCredential, base: String) {
    let expiry: String =
      switch shown.expiry {
      case .stale: "stale"
      case .narrowed: "narrowed-expired"
      default: "valid"
      }
    let caveats = shown.holderCaveats.map { String(decoding: $0.identifier, as: UTF8.self) }
    let source = Condition.source.caveat("")
    let sources = caveats.last { $0.hasPrefix(source) }?.dropFirst(source.utf8.count)
    self.init(
      lease: shown.lease, token: shown.token.hex, paymentHash: shown.paymentHash.hex, tier: shown.tier,
      variant: shown.variant, capabilities: shown.capabilities.list.split(separator: ",").map(String.init(_:)),
      expiry: expiry,
      validUntil: Timestamp(Instant(unixSeconds: shown.validUntil)), path: shown.path?.description,
      methods: shown.methods, sources: sources?.split(separator: ",").map(String.init(_:)), maxMsat: shown.maxMsat,
      mintedValidUntil: Timestamp(Instant(unixSeconds: shown.mintedValidUntil)),
      holderValidUntil: shown.holderValidUntil.map { Timestamp(Instant(unixSeconds: $0)) }, caveats: caveats,
      thirdParty: shown.hasThirdParty,
      links: [
        "lease": "\(base)/v1/leases/\(shown.lease)", "credential": "\(base)/v1/leases/\(shown.lease)/credential",
      ])
  }
}
