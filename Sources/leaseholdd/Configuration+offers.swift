import Engine
import Leasing
import Ledger
import Units

extension Offer {
  /// An offer, with the names of the API.
  init(_ yaml: YAMLReader) throws {
    try yaml.allow(
      "id", "kind", "title", "tier", "period_seconds", "price_msat", "deposit_msat", "price", "resources", "meters",
      "policy", "max_periods", "images", "variants", "minimum_msat", "debt_limit_msat", "network", "bandwidth_bits")
    let id = try yaml["id"].string()
    guard (1...63).contains(id.utf8.count),
      id.utf8.allSatisfy({ (97...122).contains($0) || (48...57).contains($0) || $0 == 45 })
    else { throw yaml["id"].fault("1 to 63 of a-z, 0-9 and -") }
    guard let kind = Kind(rawValue: try yaml["kind"].string()) else { throw yaml["kind"].fault("disk or compute") }
    let period = Seconds(try yaml.duration("period", in: 1...(366 * 86_400)))
    let fiat = try yaml["price"].exists ? FiatPrice(yaml["price"]) : nil
    if fiat != nil {
      for key in ["price_msat", "deposit_msat"] where yaml[key].exists {
        throw yaml[key].fault("either price, in a currency, or price_msat")
      }
    }
    let terms = Terms(
      offer: id, kind: kind, tier: Int(try yaml["tier"].integer(in: 0...255, default: 0)),
      resources: try Resources(yaml["resources"], kind: kind), period: period,
      price: fiat != nil ? .zero : Millisatoshi(try yaml["price_msat"].integer(in: 0...Millisatoshi.supply.count)),
      deposit: Millisatoshi(try yaml["deposit_msat"].integer(in: 0...Millisatoshi.supply.count, default: 0)),
      meters: try yaml["meters"].items.map { try MeterPrice($0, isInCurrency: fiat != nil) },
      policy: try Policy(yaml["policy"], period: period),
      maxPeriods: try yaml["max_periods"].integer(in: 1...1_000_000, default: 12), fiat: fiat,
      minimum: yaml["minimum_msat"].exists
        ? Millisatoshi(try yaml["minimum_msat"].integer(in: 0...Millisatoshi.supply.count)) : nil,
      debtLimit: yaml["debt_limit_msat"].exists
        ? Millisatoshi(try yaml["debt_limit_msat"].integer(in: 1...Millisatoshi.supply.count)) : nil,
      network: try ContainerNetwork(yaml, kind: kind))
    if let fault = terms.fault { throw yaml.fault("these terms cannot be: \(fault)") }
    if fiat == nil, terms.price == .zero, terms.deposit == .zero {
      throw yaml["deposit_msat"].fault("an offer without a price needs a deposit")
    }
    let images = try yaml["images"].strings()
    if kind == .compute, images.isEmpty { throw yaml["images"].fault("a compute offer names its images") }
    if fiat != nil, yaml["variants"].exists {
      throw yaml["variants"].fault("variants have prices in msat: an offer priced in a currency has none")
    }
    let variants = try yaml["variants"].items.map { try Variant($0, of: terms) }
    if !variants.isEmpty, let fault = Variant.fault(in: variants) { throw try yaml["variants"].fault(fault) }
    self.init(id: id, title: try yaml["title"].string(default: id), terms: terms, images: images, variants: variants)
  }
}

extension Offer.Variant {
  /// What is left out is the offer's.
  fileprivate init(_ yaml: YAMLReader, of terms: Terms) throws {
    try yaml.allow("name", "share", "price_msat", "deposit_msat")
    self.init(
      name: try yaml["name"].string(), share: Int(try yaml["share"].integer(in: 1...100)),
      price: Millisatoshi(
        try yaml["price_msat"].integer(in: 0...Millisatoshi.supply.count, default: terms.price.count)),
      deposit: Millisatoshi(
        try yaml["deposit_msat"].integer(in: 0...Millisatoshi.supply.count, default: terms.deposit.count)))
    guard (price == .zero) == (terms.price == .zero) else {
      throw yaml["price_msat"].fault("variants have a price, or are all paid by use, as the offer is")
    }
    var own = terms
    own.price = price
    own.deposit = deposit
    if let fault = own.fault { throw yaml.fault("these terms cannot be: \(fault)") }
  }
}

extension YAMLReader {
  fileprivate func fault(_ fault: Offer.Variant.Fault) throws -> ConfigurationFault {
    switch fault {
    case .name(let number): try items[number]["name"].fault("a name of its own: 1 to 63 of a-z, 0-9 and -")
    case .share(let number): try items[number]["share"].fault("1 to 100")
    case .sum(let sum): self.fault("the shares come to \(sum); they share out 100 purchases")
    }
  }
}

extension Resources {
  fileprivate init(_ yaml: YAMLReader, kind: Kind) throws {
    switch kind {
    case .disk:
      try yaml.allow("disk_bytes")
      self.init(disk: ByteCount(try yaml["disk_bytes"].integer(in: (1 << 20)...(1 << 56))))
    case .compute:
      try yaml.allow("cpu_millis", "memory_bytes", "pids", "disk_bytes")
      self.init(
        disk: ByteCount(try yaml["disk_bytes"].integer(in: (1 << 20)...(1 << 56))),
        cpuMillis: try yaml["cpu_millis"].integer(in: 10...1_000_000),
        memory: ByteCount(try yaml["memory_bytes"].integer(in: (4 << 20)...(1 << 50))),
        pids: try yaml["pids"].integer(in: 1...1_000_000))
    }
  }
}

extension MeterPrice {
  /// - Parameter isInCurrency: whether the offer's price is, so that the meter's may be in it too.
  fileprivate init(_ yaml: YAMLReader, isInCurrency: Bool) throws {
    try yaml.allow("meter", "unit", "included", "price_msat", "price")
    let name = try yaml["meter"].string()
    guard let meter = Meter(rawValue: name) else {
      throw yaml["meter"].fault("one of: \(Meter.allCases.map(\.rawValue).joined(separator: ", "))")
    }
    var fiat: FixedDecimal?
    if yaml["price"].exists {
      guard isInCurrency else { throw yaml["price"].fault("the offer has no price in a currency: use price_msat") }
      guard !yaml["price_msat"].exists else { throw yaml["price_msat"].fault("either price or price_msat") }
      fiat = try yaml["price"].decimal()
    }
    self.init(
      meter: meter, unit: try yaml["unit"].integer(in: 1...Int64(1 << 60), default: 1),
      included: try yaml["included"].integer(in: 0...Int64.max / 4, default: 0),
      price: fiat != nil ? .zero : Millisatoshi(try yaml["price_msat"].integer(in: 0...Millisatoshi.supply.count)),
      fiat: fiat)
  }
}

extension Policy {
  fileprivate init(_ yaml: YAMLReader, period: Seconds) throws {
    try yaml.allow(
      "quote_seconds", "provisioning_seconds", "lead_seconds", "grace_seconds", "retention_seconds", "idle")
    let standard = Policy.standard(period: period)
    func seconds(_ key: String, _ low: Int64, _ value: Seconds) throws -> Seconds {
      Seconds(try yaml.duration(key, in: low...(366 * 86_400), default: value.count))
    }
    self.init(
      quote: try seconds("quote", 10, standard.quote),
      provisioning: try seconds("provisioning", 5, standard.provisioning),
      lead: try seconds("lead", 0, standard.lead), grace: try seconds("grace", 0, standard.grace),
      retention: try seconds("retention", 1, standard.retention))
    guard lead <= max(period / 2, 1) else { throw yaml.place(ofDuration: "lead").fault("at most half a period") }
    guard grace <= period else { throw yaml.place(ofDuration: "grace").fault("at most a period") }
    let idle = yaml["idle"]
    if idle.exists {
      try idle.allow("after_seconds", "action", "retention_seconds")
      guard let action = IdlePolicy.Action(rawValue: try idle["action"].string()) else {
        throw idle["action"].fault("notify, suspend or reclaim")
      }
      self.idle = IdlePolicy(
        after: Seconds(try idle.duration("after", in: 60...(366 * 86_400))), action: action,
        retention: Seconds(try idle.duration("retention", in: 60...(366 * 86_400), default: 86_400 * 7)))
    }
  }
}
