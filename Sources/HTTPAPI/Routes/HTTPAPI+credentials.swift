import Engine
import HTTPTypes
import Hummingbird
import L402
import Macaroons
import Problems
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
        try minted(try await engine.swap(exchange.lease(), exchange.caller()))
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
        return try minted(
          try await engine.narrow(
            exchange.lease(), caveats: wish.caveats ?? [], withPassword: wish.password ?? false,
            exchange.caller()), .created)
      },
      Endpoint(.delete, "/v1/leases/{lease}/credentials/{token}") { exchange in
        guard let token = TokenID(hex: exchange.parameter("token")) else {
          throw Refusal.invalidField("token", "no such credential of this lease")
        }
        try await engine.revoke(token, of: exchange.lease(), exchange.caller())
        return Response(status: .noContent)
      },
      Endpoint(.post, "/v1/leases/{lease}/credentials/rotate") { exchange in
        try minted(try await engine.rotate(exchange.lease(), exchange.caller()))
      },
    ]
  }

  private func minted(_ swapped: SwappedCredential, _ status: HTTPResponse.Status = .ok) throws -> Response {
    let outline = try PresentedCredential(macaroon: swapped.macaroon, preimage: nil).outline
    let claims = try outline.claims.get()
    return .json(
      MintedCredential(
        macaroon: Base64.encode(swapped.macaroon.wire), token: swapped.token.hex, paymentHash: outline.paymentHash.hex,
        capabilities: claims.capabilities.list, validUntil: Timestamp(Instant(unixSeconds: claims.validUntil)),
        user: swapped.login?.user, password: swapped.login?.password),
      status, headers: [.cacheControl: "no-store"])
  }
}

extension IntrospectionDocument {
  init(_ shown: VerifiedCredential, base: String) {
    let expiry: String =
      switch shown.expiry {
      case .stale: "stale"
      case .narrowed: ProblemCode.narrowedExpired.rawValue
      default: "valid"
      }
    let caveats = shown.holderCaveats.map { String(decoding: $0.identifier, as: UTF8.self) }
    self.init(
      lease: shown.lease, token: shown.token.hex, paymentHash: shown.paymentHash.hex, tier: shown.tier,
      variant: shown.variant, capabilities: shown.capabilities.list.split(separator: ",").map(String.init(_:)),
      expiry: expiry,
      validUntil: Timestamp(Instant(unixSeconds: shown.validUntil)), path: shown.path?.description,
      methods: shown.methods, sources: shown.sources?.map(\.description), maxMsat: shown.maxMsat,
      ports: shown.ports, mintedValidUntil: Timestamp(Instant(unixSeconds: shown.mintedValidUntil)),
      holderValidUntil: shown.holderValidUntil.map { Timestamp(Instant(unixSeconds: $0)) }, caveats: caveats,
      thirdParty: shown.hasThirdParty,
      links: [
        "lease": "\(base)/v1/leases/\(shown.lease)", "credential": "\(base)/v1/leases/\(shown.lease)/credential",
      ])
  }
}
