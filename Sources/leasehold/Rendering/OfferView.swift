import Wire

/// Offers for people.
enum OfferView {
  static func table(_ offers: [OfferDocument]) -> String {
    guard !offers.isEmpty else { return "nothing is on offer\n" }
    var table = Table(
      [
        ("OFFER", .left), ("KIND", .left), ("PRICE", .right), ("LEFT", .right), ("RESOURCES", .left), ("TITLE", .left),
      ], leavingOut: ["KIND", "TITLE"])
    for offer in offers {
      table.add([
        offer.id, offer.kind, cost(offer), "\(offer.available)",
        Human.resources(offer.resources), offer.title,
      ])
    }
    return table.text
  }

  /// Time, and what is used beside it; where time costs nothing, what is used and what is paid in advance.
  static func cost(_ offer: OfferDocument) -> String {
    let meters = offer.meters.map { "\($0.meter) \(price($0, offer))" }
    guard offer.priceMsat == 0 else { return ([price(offer)] + meters).joined(separator: " + ") }
    return meters.isEmpty ? "free" : meters.joined(separator: " + ")
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
        ("price", offer.priceMsat == 0 && !offer.meters.isEmpty ? "by use alone" : price(offer)),
        ("rate", offer.exchangeRate.map { Human.rate($0) }),
        ("deposit", offer.depositMsat.map { Human.sats($0) }),
        ("resources", Human.resources(offer.resources)),
        ("network", offer.network.map { network($0, offer.bandwidthBits) }),
        ("left", "\(offer.available)"),
        ("images", offer.images.isEmpty ? nil : offer.images.joined(separator: ", ")),
        ("buys at once", "up to \(offer.maxPeriods) periods"),
        ("notice", Human.span(offer.policy.leadSeconds) + " before time runs out"),
        ("at the least", offer.minimumMsat.map { Human.sats($0) + ", however soon it is given back" }),
        (
          "grace",
          "\(Human.span(offer.policy.graceSeconds)), \(first(offer.policy.firstGraceSeconds)); then suspended"
        ),
        (
          "data kept",
          "\(Human.span(offer.policy.retentionSeconds)), \(first(offer.policy.firstRetentionSeconds)); while suspended"
        ),
        ("debt of usage", offer.debtLimitMsat.map { "up to " + Human.sats($0) + ", then suspended" }),
      ]
        + offer.meters.map { meter in
          (
            "meter",
            "\(meter.meter): \(price(meter, offer)), "
              + (meter.included > 0 ? Human.quantity(meter.included, meter.unitName) : "nothing") + " included"
          )
        })
  }

  private static func network(_ reach: String, _ bits: Int64?) -> String {
    guard reach == "outbound" else { return "none of its own; its ports are reached through the gateway" }
    let limit = bits.map { $0 % 1_000_000 == 0 ? "\($0 / 1_000_000) Mbit/s" : "\($0 / 1_000) kbit/s" }
    return "out into the world" + (limit.map { ", \($0) each way" } ?? "")
  }

  /// What a first period has of it, and what was changed until a period was bought at the new price.
  private static func first(_ seconds: Int64) -> String {
    "\(seconds == 0 ? "none" : Human.span(seconds)) in the first period"
  }

  private static func price(_ meter: MeterDocument, _ offer: OfferDocument) -> String {
    let sats = Measure.price(meter)
    guard let price = meter.price, let currency = offer.price?.currency else { return sats ?? "-" }
    return "\(price) \(currency) per \(Human.quantity(meter.unit, meter.unitName))"
      + (sats.map { " (now \($0))" } ?? "")
  }
}
