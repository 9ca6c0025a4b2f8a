import Engine
import Wire

extension HTTPAPI {
  var offerEndpoints: [Endpoint] {
    [
      Endpoint(.get, "/v1/offers") { exchange in
        let limit = try exchange.limit()
        let after = try exchange.query("cursor")
        let offers = try await engine.offers.all().map(OfferDocument.init(_:)).sorted { $0.id < $1.id }
        let rest = offers.filter { offer in after.map { offer.id > $0 } ?? true }
        let page = Array(rest.prefix(limit))
        return .json(
          ListDocument(items: page, nextCursor: rest.count > page.count ? page.last?.id : nil))
      },
      Endpoint(.get, "/v1/offers/{offer}") { exchange in
        .json(OfferDocument(try await engine.offers.offer(exchange.parameter("offer"))))
      },
    ]
  }
}
