import Engine
import Leasing
import Units
import Wire

extension OfferDocument {
  init(_ availability: OfferAvailability) {
    let offer = availability.offer
    let terms = offer.terms
    self.init(
      id: offer.id, kind: terms.kind.rawValue, title: offer.title, periodSeconds: terms.period.count,
      priceMsat: terms.isPriced ? offer.highestPrice.count : nil,
      depositMsat: terms.isPriced && terms.price == .zero ? offer.highestDeposit.count : nil,
      minimumMsat: terms.minimum?.count,
      debtLimitMsat: terms.meters.isEmpty || !terms.isPriced ? nil : terms.mostDebt.count,
      priceVaries: offer.isTriedAtSeveralPrices ? true : nil,
      price: terms.fiat.map(PriceDocument.init(_:)), exchangeRate: terms.fiat?.rate.map(ExchangeRateDocument.init(_:)),
      resources: ResourcesDocument(terms.resources, kind: terms.kind),
      network: terms.kind == .compute ? terms.network?.reach.rawValue ?? "none" : nil,
      bandwidthBits: terms.network?.bandwidthBits,
      meters: terms.meters.map {
        MeterDocument(
          meter: $0.meter.rawValue, unit: $0.unit, unitName: $0.meter.unit, included: $0.included,
          priceMsat: $0.fiat == nil || terms.isPriced ? $0.price.count : nil, price: $0.fiat?.description)
      },
      policy: PolicyDocument(
        quoteSeconds: terms.policy.quote.count, leadSeconds: terms.policy.lead.count,
        graceSeconds: terms.policy.grace.count, retentionSeconds: terms.policy.retention.count,
        firstGraceSeconds: terms.policy.firstGrace.count, firstRetentionSeconds: terms.policy.firstRetention.count,
        idleSeconds: terms.policy.idle?.after.count, idleAction: terms.policy.idle?.action.rawValue),
      maxPeriods: terms.maxPeriods, images: offer.images, available: availability.available)
  }
}

extension ResourcesDocument {
  init(_ resources: Resources, kind: Kind) {
    switch kind {
    case .disk:
      self.init(diskBytes: resources.disk.count)
    case .compute:
      self.init(
        diskBytes: resources.disk.count, cpuMillis: resources.cpuMillis, memoryBytes: resources.memory.count,
        pids: resources.pids)
    }
  }
}
