import Engine
import HTTPTypes
import L402
import Leasing
import Macaroons
import Testing
import Units
import Wire

@testable import HTTPAPI

/// An offer that is tried at two prices, through the door.
@Suite struct VariantRouteTests {
  static let catalog: Catalog = {
    var catalog = Bench.catalog
    let disk = catalog.offers[0]
    catalog.offers[0] = Offer(
      id: disk.id, title: disk.title, terms: disk.terms,
      variants: [.init(name: "steady", share: 60, price: 10_000), .init(name: "cheap", share: 40, price: 7_000)])
    return catalog
  }()

  /// Asks until the quote is of this price.
  private func rent(at price: Int64, _ door: Door) async throws -> (lease: LeaseDocument, authorization: String) {
    let body = #"{"offer":"disk"}"#
    for _ in 0..<200 {
      let quote = try await door.ask(.post, "/v1/leases", body)
      guard try quote.problem.amountMsat == price else { continue }
      let authorization = try await door.pay(quote)
      let bought = try await door.ask(.post, "/v1/leases", body, authorization: authorization)
      return (try bought.document(LeaseDocument.self), authorization)
    }
    Issue.record("no quote is of \(price)")
    throw CancellationError()
  }

  @Test func theListTellsTheMostAndTheQuoteTellsThePrice() async throws {
    try await Bench.with(catalog: Self.catalog) { bench in
      try await bench.live { door in
        let listed = try await door.ask(.get, "/v1/offers/disk").document(OfferDocument.self)
        #expect(listed.priceMsat == 10_000)
        #expect(listed.priceVaries == true)
        #expect(try await door.ask(.get, "/v1/offers/box").document(OfferDocument.self).priceVaries == nil)
        let list = try await door.ask(.get, "/v1/offers").document(ListDocument<OfferDocument>.self)
        #expect(list.items.first { $0.id == "disk" } == listed)
        let discovery = try await door.ask(.get, "/.well-known/l402.json").document(DiscoveryDocument.self)
        #expect(discovery.offers.first { $0.id == "disk" }?.priceMsat == 10_000)
        #expect(discovery.caveats.contains("leasehold_variant"))
        var seen: Set<Int64> = []
        for _ in 0..<200 where seen.count < 2 {
          let quote = try await door.ask(.post, "/v1/leases", #"{"offer":"disk"}"#).problem
          let amount = try #require(quote.amountMsat)
          #expect(try amount <= #require(listed.priceMsat))
          seen.insert(amount)
          let wire = try #require(quote.macaroon.flatMap { Base64.decode($0) })
          let caveats = try Macaroon(v2: wire).caveats.map { String(decoding: $0.identifier, as: UTF8.self) }
          #expect(caveats.count == 5 && caveats[4] == "leasehold_variant=\(amount == 10_000 ? "steady" : "cheap")")
        }
        #expect(seen == [10_000, 7_000])
      }
    }
  }

  @Test func renterAndProviderSeeWhichOneItIs() async throws {
    try await Bench.with(catalog: Self.catalog) { bench in
      try await bench.live { door in
        let (lease, authorization) = try await rent(at: 7_000, door)
        #expect(lease.variant == "cheap")
        #expect(lease.rate.priceMsat == 7_000)
        let seen = try await door.ask(.get, "/v1/credential", authorization: authorization)
          .document(IntrospectionDocument.self)
        #expect(seen.variant == "cheap")
        #expect(seen.caveats == [])
        let here = "/v1/leases/\(lease.id)"
        let renewal = try await door.ask(.post, here + "/renewals", authorization: authorization)
        #expect(try renewal.problem.amountMsat == 7_000)
        let renewed = try await door.pay(renewal)
        #expect(try await door.ask(.post, here + "/renewals", authorization: renewed).status == 200)
        // What a lender writes into it counts at every route.
        let other = try await door.rent(#"{"offer":"box"}"#)
        let lying = try narrowed(other.authorization, "leasehold_variant=cheap")
        let refused = try await door.ask(.get, "/v1/leases/\(other.lease.id)", authorization: lying)
        #expect(refused.status == 403)
        #expect(try refused.problem.code == "narrowed-variant")

        let provider = "Bearer \(Bench.adminToken)"
        let figures = try await door.ask(.get, "/admin/v1/variants", authorization: provider)
          .document(ListDocument<VariantItem>.self)
        #expect(figures.items.map(\.variant) == ["cheap", "steady"])
        #expect(figures.items.map(\.share) == [40, 60])
        let cheap = try #require(figures.items.first)
        #expect(cheap.offer == "disk")
        #expect(cheap.quoted == 1)
        #expect(cheap.paid == 1)
        #expect(cheap.renewed == 1)
        let metrics = try await door.metrics().text
        for stage in ["quoted", "paid", "renewed"] {
          let line = "leasehold_variant_purchases{offer=\"disk\",stage=\"\(stage)\",variant=\"cheap\"} 1\n"
          #expect(metrics.contains(line), "\(stage)")
        }
        #expect(metrics.contains("leasehold_variant_revenue_msat{offer=\"disk\",variant=\"cheap\"} 0\n"))
        let item = try await door.ask(.get, "/admin/v1/leases/\(lease.id)", authorization: provider)
        #expect(try item.document(AdminLeaseDocument.self).lease.variant == "cheap")
      }
    }
  }
}
