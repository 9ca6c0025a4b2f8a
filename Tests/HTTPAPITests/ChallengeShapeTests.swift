import HTTPTypes
import L402
import Testing
import Units
import Wire

@testable import HTTPAPI

/// A challenge as it goes over the wire, at the routes that sell and at a door that is shut for want of money.
@Suite struct ChallengeShapeTests {
  @Test func aChallengeHasOneLineAndAllItsFields() async throws {
    try await Bench.with { bench in
      try await bench.live { door in
        let box = try await door.rent(#"{"offer":"box"}"#)
        let here = "/v1/leases/\(box.lease.id)"
        let lapsed = { bench.clock.advance(by: 3_600) }
        let asks: [(String, String?, String?)] = [
          ("/v1/leases", #"{"offer":"disk"}"#, nil), (here + "/renewals", nil, nil),
          (here + "/renewals", nil, box.authorization), (here + "/exec", #"{"command":["true"]}"#, box.authorization),
        ]
        for (index, ask) in asks.enumerated() {
          // For the last of them the money has run out.
          if index == asks.count - 1 { lapsed() }
          for wantsLSAT in [false, true] {
            let headers: HTTPFields = wantsLSAT ? [.acceptAuthenticate: "lsat"] : [:]
            let answer = try await door.ask(.post, ask.0, ask.1, authorization: ask.2, headers: headers)
            #expect(answer.status == 402, "\(ask.0)")
            #expect(answer.headers[.cacheControl] == "no-store")
            #expect(answer.headers[.contentType] == "application/problem+json")
            let problem = try answer.problem
            let macaroon = try #require(problem.macaroon)
            let invoice = try #require(problem.invoice)
            let lines = answer.headers[values: .wwwAuthenticate]
            #expect(
              lines.first
                == "L402 macaroon=\"\(macaroon)\", invoice=\"\(invoice)\", version=\"0\", token=\"\(macaroon)\"")
            #expect(lines.count == (wantsLSAT ? 2 : 1))
            if wantsLSAT { #expect(lines.last == "LSAT macaroon=\"\(macaroon)\", invoice=\"\(invoice)\"") }
            let amount = try #require(problem.amountMsat)
            #expect(amount > 0)
            #expect(problem.priceSats == amount / 1_000)
            #expect(problem.amountSats == problem.priceSats)
            #expect(problem.paymentHash?.utf8.count == 64)
            #expect(problem.expiresAt != nil)
            #expect(problem.lease != nil)
            #expect(problem.state != nil)
            #expect(problem.links?["payment"] != nil)
            // The names clients look for, as they stand in the body.
            for name in [
              "macaroon", "invoice", "paymentHash", "amount_msat", "priceSats", "amountSats", "expires_at", "lease",
              "state", "links",
            ] { #expect(answer.text.contains("\"\(name)\":"), "\(name)") }
          }
        }
      }
    }
  }

  @Test func aFloodIsToldWhenToComeBack() async throws {
    try await Bench.with(mintsPerMinute: 2) { bench in
      try await bench.live { door in
        for status in [402, 402, 429] {
          let answer = try await door.ask(.post, "/v1/leases", #"{"offer":"disk"}"#)
          #expect(answer.status == status)
          guard status == 429 else { continue }
          let wait = try #require(answer.headers[.retryAfter].flatMap { Int($0) })
          #expect((1...60).contains(wait))
          #expect(try answer.problem.code == "too-many-requests")
          #expect(answer.headers[values: .wwwAuthenticate] == [])
        }
      }
    }
  }

  /// What a holder wants to know of a credential, all of it.
  @Test func introspectionTellsEveryBound() async throws {
    try await Bench.with { bench in
      try await bench.live { door in
        let (lease, authorization) = try await door.rent()
        let until = bench.clock.now().unixSeconds + 60
        let caveats = [
          "leasehold_capabilities=read,pay", "leasehold_path=/photos", "leasehold_method=GET,HEAD",
          "leasehold_source=127.0.0.0/8", "leasehold_max_msat=5000", "leasehold_valid_until=\(until)",
        ]
        let shown = try #require(try PresentedCredential.parse(authorization: [authorization]))
        let lent = try narrowed(authorization, caveats)
        func look() async throws -> IntrospectionDocument {
          try await door.ask(.get, "/v1/credential", authorization: lent)
            .document(IntrospectionDocument.self)
        }
        let seen = try await look()
        #expect(seen.lease == lease.id)
        #expect(seen.capabilities == ["read", "pay"])
        #expect(seen.path == "/photos")
        #expect(seen.methods == ["GET", "HEAD"])
        #expect(seen.sources == ["127.0.0.0/8"])
        #expect(seen.maxMsat == 5_000)
        #expect(seen.holderValidUntil?.instant.unixSeconds == until)
        #expect(seen.validUntil.instant.unixSeconds == until)
        #expect(seen.mintedValidUntil.instant > seen.validUntil.instant)
        #expect(seen.caveats == caveats)
        #expect(seen.expiry == "valid")
        #expect(!seen.thirdParty)
        #expect(seen.token == shown.identifier.token.hex)
        #expect(seen.tier == 0)
        bench.clock.advance(by: 60)
        #expect(try await look().expiry == "narrowed-expired")
      }
    }
  }

  @Test func discoverySaysHowToPay() async throws {
    try await Bench.with { bench in
      try await bench.live { door in
        let answer = try await door.ask(.get, "/.well-known/l402.json")
        let seen = try answer.document(DiscoveryDocument.self)
        #expect(seen.scheme == "L402")
        #expect(seen.schemes == ["L402", "LSAT"])
        #expect(seen.versions == ["0"])
        #expect(seen.network == "bcrt")
        #expect(seen.challengeHeader == "WWW-Authenticate")
        #expect(seen.capabilities == ["read", "write", "exec", "control", "pay", "refund"])
        #expect(seen.caveats.contains("leasehold_path"))
        #expect(seen.caveats.contains("services"))
        #expect(Set(seen.offers.map(\.id)) == ["disk", "box"])
        // Each route it names is one that sells.
        for endpoint in seen.endpoints {
          #expect(bench.api.endpoints.contains { $0.path == endpoint.path && $0.method.rawValue == endpoint.method })
        }
      }
    }
  }
}
