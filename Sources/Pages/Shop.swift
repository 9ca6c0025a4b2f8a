import Engine
import HTTPTypes
import Hummingbird
import Leasing
import Units

/// The shop window, and the form behind each offer.
extension Pages {
  @Sendable func shop(_ visit: Visit) async throws -> Response {
    let words = words(visit)
    let offers = try await engine.offers.all()
    return page(
      "shop", visit,
      [
        "offers": offers.map { OfferView($0, words).model }, "hasOffers": !offers.isEmpty,
        "example": offers.first?.offer.id ?? "OFFER", "network": engine.settings.network,
      ])
  }

  @Sendable func wishForm(_ visit: Visit) async throws -> Response {
    let availability = try await engine.offers.offer(visit.parameters.get("offer") ?? "")
    var model = OfferView(availability, words(visit)).model
    // Under it a form that is sent twice is one order.
    model["key"] = (0..<3).map { _ in String(UInt64.random(in: .min ... .max), radix: 36) }.joined(separator: "-")
    model["heading"] = availability.offer.title
    return page("rent", visit, model, isSecret: true)
  }
}

/// An offer for people.
struct OfferView {
  let model: [String: Any]

  init(_ availability: OfferAvailability, _ words: Words.Language) {
    let offer = availability.offer
    let terms = offer.terms
    let isMetered = terms.fiat.map { $0.price == .zero } ?? (terms.price == .zero)
    let satoshis = (isMetered ? offer.highestDeposit : offer.highestPrice).satoshisRoundedUp
    let left = availability.available
    model = [
      "id": offer.id, "title": offer.title, "kind": terms.kind.rawValue, "what": words.resources(terms),
      "isCompute": terms.kind == .compute, "isMetered": isMetered, "isPriced": terms.isPriced,
      "atMost": offer.isTriedAtSeveralPrices, "sat": words.number(satoshis), "satValue": satoshis,
      "fiat": terms.fiat.map { "\(isMetered ? $0.deposit : $0.price) \($0.currency.rawValue)" } ?? "",
      "isFiat": terms.fiat != nil, "per": words.span(terms.period.count, saysOne: false),
      "howMany": words.say("how_many", ["period": words.span(terms.period.count, saysOne: true)]),
      "kept": words.say(
        "kept",
        [
          "retention": words.span(terms.policy.retention.count, saysOne: true),
          "first": words.span(terms.policy.firstRetention.count, saysOne: true),
        ]), "isFree": left > 0, "left": words.say("left", ["n": words.number(left)]),
      "canBuy": left > 0 && terms.isPriced, "maxPeriods": terms.maxPeriods, "hasPeriods": terms.maxPeriods > 1,
      "images": offer.images, "hasImages": offer.images.count > 1,
      "ends": words.say("ends_after", ["quote": words.span(terms.policy.quote.count, saysOne: true)]),
      "meters": terms.meters.map { ["text": Self.meter($0, terms, words)] }, "hasMeters": !terms.meters.isEmpty,
    ]
  }

  /// `egress: 10 sat per GiB, 5 GiB included`
  private static func meter(_ meter: MeterPrice, _ terms: Terms, _ words: Words.Language) -> String {
    let price =
      meter.fiat.map { "\($0) \(terms.fiat?.currency.rawValue ?? "")" }
      ?? "\(words.number(meter.price.satoshisRoundedUp)) sat"
    let unit =
      switch meter.meter {
      case .egress, .ingress: words.bytes(meter.unit)
      case .cpu: words.say("meter_unit_cpu", ["n": words.number(meter.unit / 1_000_000)])
      case .memory, .disk: words.say("meter_unit_space", ["n": words.bytes(meter.unit / 3_600)])
      case .requests: words.say("meter_unit_requests", ["n": words.number(meter.unit)])
      }
    return words.say("meter_\(meter.meter.rawValue)", ["price": price, "unit": unit])
  }
}
