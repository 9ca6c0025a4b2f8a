import Foundation
import HTTPTypes
import L402
import Testing
import Wire

@testable import HTTPAPI

/// How programs find out what is sold, and what it costs, before they are asked for money.
@Suite struct DiscoveryTests {
  @Test func aQuoteIsBoughtWhereLeasesAreSold() async throws {
    try await Bench.with { bench in
      try await bench.live { door async throws in
        let wish = #"{"offer":"disk","periods":2}"#
        let key: HTTPFields = [.idempotencyKey: "one-wish-and-its-quote-1"]
        let answer = try await door.ask(.post, "/v1/quotes", wish, headers: key)
        #expect(answer.status == 200)
        #expect(answer.headers[.cacheControl] == "no-store")
        let quote = try answer.document(QuoteDocument.self)
        #expect(quote.offer == "disk")
        #expect(quote.amountMsat == 20_000)
        #expect(quote.amountSats == 20)
        let challenge = try #require(Challenge(wwwAuthenticate: [quote.challenge.header]))
        #expect(challenge.token == quote.challenge.macaroon)
        #expect(challenge.invoice == quote.challenge.invoice)
        // The same wish under the same key is the same quote, here and where leases are sold.
        let again = try await door.ask(.post, "/v1/quotes", wish, headers: key).document(QuoteDocument.self)
        #expect(again.lease == quote.lease)
        let asked = try await door.ask(.post, "/v1/leases", wish, headers: key)
        #expect(asked.status == 402)
        #expect(try asked.problem.lease == quote.lease)
        let authorization = try await door.pay(quote.challenge.macaroon, quote.challenge.invoice)
        let bought = try await door.ask(
          try #require(HTTPRequest.Method(quote.redeem.method)), quote.redeem.path, wish, authorization: authorization,
          headers: key)
        #expect(bought.status == 201)
        #expect(try bought.document(LeaseDocument.self).id == quote.lease)
      }
    }
  }

  @Test func aQuoteIsRefusedAsAPurchaseIs() async throws {
    try await Bench.with { bench in
      try await bench.live { door async throws in
        #expect(try await door.ask(.post, "/v1/quotes", #"{"offer":"none"}"#).problem.code == "unknown-offer")
        #expect(try await door.ask(.post, "/v1/quotes", #"{"offer":"disk","periods":0}"#).status == 422)
        #expect(try await door.ask(.post, "/v1/quotes").status == 400)
      }
    }
  }

  @Test func whoIsAskedForMoneyFindsTheManifest() async throws {
    try await Bench.with { bench in
      try await bench.live { door async throws in
        let asked = try await door.ask(.post, "/v1/leases", #"{"offer":"disk"}"#)
        let link = try #require(asked.headers[.link])
        #expect(link.hasSuffix("/.well-known/l402.json>; rel=\"l402-manifest\""))
        let manifest = try await door.ask(.get, "/.well-known/l402.json").document(DiscoveryDocument.self)
        #expect(manifest.quote?.path == "/v1/quotes")
        #expect(manifest.nostr == nil, "nobody writes to renters there")
        #expect(manifest.caveatVocabulary?.map(\.condition) == manifest.caveats)
        #expect(manifest.caveatVocabulary?.first { $0.condition == "leasehold_lease" }?.isAddable == false)
        #expect(manifest.caveatVocabulary?.first { $0.condition == "max_sats" }?.isAddable == true)
      }
    }
  }

  @Test func whoseMessagesRentersGetIsSaid() async throws {
    try await Bench.with { bench async throws in
      var configuration = bench.api.configuration
      configuration.messagesFrom = "npub1example"
      let said = HTTPAPI(engine: bench.engine, configuration: configuration).discovery
      let read = try JSON.decode(DiscoveryDocument.self, from: JSON.encode(said))
      #expect(read.nostr == "npub1example")
    }
  }

  @Test func aLanguageModelIsToldHowToRent() async throws {
    try await Bench.with { bench in
      try await bench.live { door async throws in
        let guide = try await door.ask(.get, "/llms.txt")
        #expect(guide.status == 200)
        #expect(guide.headers[.contentType] == "text/plain; charset=utf-8")
        #expect(guide.text.hasPrefix("# "))
        #expect(guide.text.contains("\n> "))
        #expect(guide.text.contains("- `disk`: "))
        #expect(guide.text.contains("/openapi.json"))
      }
    }
  }
}
