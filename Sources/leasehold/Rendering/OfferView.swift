import Wire

/// Offers for people.
enum OfferView {
  static func table(_ offers: [OfferDocument]) -> String {
    guard !offers.isEmpty else { return "nothing is on offer\n" }
    var table = Table([
      ("OFFER", .left), ("KIND", .left), ("PRICE", .right), ("LEFT", .right), ("RESOURCES", .left), ("TITLE", .left),
    ])
    for offer in offers {
      table.add([
        offer.id, offer.kind, price(offer), "\(offer.available)",
        Human.resources(offer.resources), offer.title,
      ])
    }
    return table.text
  }

  /// What a quote can ask at the most.
  private static func price(_ offer: OfferDocument) -> String {
    (offer.priceVaries == true ? "at most " : "")
      + Human.price(offer.priceMsat, in: offer.price, per: offer.periodSeconds)
  }

  static func facts(_ offer: OfferDocument) -> String {
    Table.facts(
      [
        ("offer", offer.id), ("title", offer.title), ("kind", offer.kind),
        ("price", price(offer)),
        ("rate", offer.exchangeRate.map { Human.rate($0) }),
        ("deposit", offer.depositMsat.map { Human.sats($0) }),
        ("resources", Human.resources(offer.resources)),
        ("left", "\(offer.available)"),
        ("images", offer.images.isEmpty ? nil : offer.images.joined(separator: ", ")),
        ("buys at once", "up to \(offer.maxPeriods) periods"),
        ("notice", Human.span(offer.policy.leadSeconds) + " before time runs out"),
        ("grace", Human.span(offer.policy.graceSeconds) + ", then suspended"),
        ("data kept", Human.span(offer.policy.retentionSeconds) + " while suspended"),
      ]
        + offer.meters.map { meter in
          (
            "meter",
            "\(meter.meter): \(price(meter, offer)) per \(meter.unit) \(meter.unitName), \(meter.included) included"
          )
        })
  }

  private static func price(_ meter: MeterDocument, _ offer: OfferDocument) -> String {
    let sats = meter.priceMsat.map { Human.sats($0) }
    guard let price = meter.price, let currency = offer.price?.currency else { return sats ?? "-" }
    return "\(price) \(currency)" + (sats.map { " (now \($0))" } ?? "")
  }
}
