import Engine
import HTTPTypes
import Leasing
import TestKit
import Testing
import Units
import Wire

@testable import HTTPAPI

@Suite struct FiatTests {
  private static let dollars: Offer = {
    var terms = Bench.catalog.offers[0].terms
    terms.offer = "dollars"
    terms.price = .zero
    terms.meters = [
      MeterPrice(
        meter: .egress, unit: 1 << 30, included: 0, price: .zero, fiat: FixedDecimal(hundredMillionths: 2_000_000))
    ]
    terms.fiat = FiatPrice(.usd, price: FixedDecimal(hundredMillionths: 499_000_000))
    return Offer(id: "dollars", title: "In dollars", terms: terms)
  }()

  private func with(
    _ body: @escaping @Sendable (Bench, Door, ScriptedRates) async throws -> Void
  ) async throws {
    let rates = ScriptedRates("97123.45")
    var catalog = Bench.catalog
    catalog.offers.append(Self.dollars)
    try await Bench.with(catalog: catalog, rates: [rates]) { bench in
      try await bench.live { door in try await body(bench, door, rates) }
    }
  }

  @Test func documentsSayWhatTheAmountsWereReckonedFrom() async throws {
    try await with { bench, door, rates in
      try await bench.engine.doubts.rates.read(rates)
      let rate = ExchangeRateDocument(
        currency: "USD", perBitcoin: "97123.45", source: "rates.test", readAt: Timestamp(bench.clock.now()))
      let offer = try await door.ask(.get, "/v1/offers/dollars").document(OfferDocument.self)
      #expect(offer.price == PriceDocument(amount: "4.99", currency: "USD"))
      #expect(offer.exchangeRate == rate)
      #expect(offer.priceMsat == 5_137_792)
      #expect(offer.meters.first?.price == "0.02")
      #expect(offer.meters.first?.priceMsat == 20_593)

      let asked = try await door.ask(.post, "/v1/leases", #"{"offer":"dollars","periods":2}"#)
      let problem = try asked.problem
      #expect(asked.status == 402)
      #expect(problem.amountMsat == 10_276_000)
      #expect(problem.price == offer.price)
      #expect(problem.exchangeRate == rate)
      #expect(asked.text.contains(#""exchange_rate":{"currency":"USD","per_bitcoin":"97123.45","source":"rates.test""#))

      // Whatever becomes of the rate: what was quoted is what is bought.
      rates.say("1000")
      bench.clock.advance(by: 60)
      try await bench.engine.doubts.rates.read(rates)
      let authorization = try await door.pay(asked)
      let bought = try await door.ask(
        .post, "/v1/leases", #"{"offer":"dollars","periods":2}"#, authorization: authorization)
      let lease = try bought.document(LeaseDocument.self)
      #expect(bought.status == 201)
      #expect(lease.balanceMsat == 10_276_000)
      #expect(lease.rate == RateDocument(priceMsat: 5_137_792, periodSeconds: 3_600))
      #expect(lease.price == offer.price)
      #expect(lease.exchangeRate == rate)
      let explained = try await door.ask(
        .get, "/v1/leases/\(lease.id)/explain", authorization: authorization)
      #expect(explained.text.contains(#""per_bitcoin":"97123.45 USD""#))
    }
  }

  @Test func withoutARateItIsSaidByNameAndWhen() async throws {
    try await with { bench, door, rates in
      let body = #"{"offer":"dollars"}"#
      let asked = try await door.ask(.post, "/v1/leases", body)
      let problem = try asked.problem
      #expect(asked.status == 503)
      #expect(asked.headers[.retryAfter] == "60")
      #expect(problem.code == "exchange-rate-unavailable")
      #expect(problem.type.hasSuffix(":exchange-rate-unavailable"))
      #expect(problem.detail == "the price is in USD, and no rate is known yet")
      #expect(problem.invoice == nil)
      #expect(asked.headers[.wwwAuthenticate] == nil)
      let offer = try await door.ask(.get, "/v1/offers/dollars")
      #expect(offer.status == 200)
      #expect(offer.text.contains(#""price_msat":null"#))
      #expect(!offer.text.contains("exchange_rate"))
      #expect(try await door.ask(.get, "/.well-known/l402.json").status == 200)
      // Who pays in bitcoin is not concerned.
      #expect(try await door.ask(.post, "/v1/leases", #"{"offer":"disk"}"#).status == 402)

      try await bench.engine.doubts.rates.read(rates)
      #expect(try await door.ask(.post, "/v1/leases", body).status == 402)
      rates.say("200000")
      bench.clock.advance(by: 60)
      try await bench.engine.doubts.rates.read(rates)
      let jumped = try await door.ask(.post, "/v1/leases", body)
      #expect(jumped.status == 503)
      #expect(jumped.headers[.retryAfter] == "300")
      #expect(try jumped.problem.detail?.contains("to be confirmed") == true)
    }
  }

  @Test func theOperatorSeesItAndMayConfirmIt() async throws {
    try await with { bench, door, rates in
      try await bench.engine.doubts.rates.read(rates)
      rates.say("200000")
      bench.clock.advance(by: 60)
      try await bench.engine.doubts.rates.read(rates)
      _ = try await door.ask(.post, "/v1/leases", #"{"offer":"dollars"}"#)
      let metrics = try await door.metrics().text
      for line in [
        #"leasehold_exchange_rate_usable{currency="USD"} 0"#, #"leasehold_exchange_rate_doubted{currency="USD"} 1"#,
        #"leasehold_exchange_rate_age_seconds{currency="USD"} 60"#,
        #"leasehold_exchange_rate_per_bitcoin{currency="USD"} 97123.45"#,
        #"leasehold_exchange_rate_failed_reads_total{currency="USD"} 0"#,
        #"leasehold_exchange_rate_refusals_total{currency="USD",reason="jumped"} 1"#,
      ] {
        #expect(metrics.contains(line + "\n"), "\(line)")
      }
      let admin = "Bearer \(Bench.adminToken)"
      let overview = try await door.ask(.get, "/admin/v1/overview", authorization: admin)
      let item = try #require(try overview.document(OverviewDocument.self).exchangeRates?.first)
      #expect(item.trouble == "jumped")
      #expect(item.doubted?.perBitcoin == "200000")
      #expect(item.rate?.perBitcoin == "97123.45")
      let confirm = "/admin/v1/exchange-rates/USD/confirm"
      #expect(try await door.ask(.post, confirm).status == 401)
      #expect(try await door.ask(.post, "/admin/v1/exchange-rates/GBP/confirm", authorization: admin).status == 422)
      let confirmed = try await door.ask(.post, confirm, authorization: admin)
      #expect(try confirmed.document(ExchangeRateDocument.self).perBitcoin == "200000")
      #expect(try await door.ask(.post, confirm, authorization: admin).status == 409)
      #expect(try await door.ask(.post, "/v1/leases", #"{"offer":"dollars"}"#).status == 402)
    }
  }
}
