import L402
import Leasing
import Ledger
import Macaroons
import TestKit
import Testing
import Units

@testable import Engine

/// Offers that are tried at several prices.
@Suite struct VariantTests {
  static func offer(_ terms: Terms, _ variants: Offer.Variant...) -> Offer {
    Offer(id: terms.offer, title: terms.offer, terms: terms, variants: variants)
  }

  static func terms(_ id: String, gigabytes: Int64 = 1, price: Millisatoshi) -> Terms {
    Terms(
      offer: id, kind: .disk, tier: Int(gigabytes), resources: Resources(disk: ByteCount(gigabytes << 30)),
      period: 3_600, price: price, policy: Catalog.disk.policy, maxPeriods: 24)
  }

  /// `disk` is sold as `a` or `b`; `big` knows `a` and another; `plain` has none.
  static let catalog: Catalog = {
    var catalog = Catalog.of([], room: 400)
    catalog.offers = [
      offer(
        terms("disk", price: 3_600_000), .init(name: "a", share: 50, price: 3_600_000),
        .init(name: "b", share: 50, price: 1_800_000)),
      offer(
        terms("big", gigabytes: 4, price: 14_400_000), .init(name: "a", share: 50, price: 14_400_000),
        .init(name: "c", share: 50, price: 10_800_000)),
      offer(terms("plain", gigabytes: 2, price: 7_200_000)),
    ]
    return catalog
  }()

  static func id(_ number: Int) -> LeaseID {
    LeaseID(
      unixMilliseconds: 1_800_000_000_000 + UInt64(number) / 7,
      random: (UInt64(number), UInt64(number) &* 0x9E37_79B9_7F4A_7C15))
  }

  // MARK: Falling to one

  /// Every id gives the same answer for ever, so the counts are what they are: within four standard deviations of the
  /// stated shares, which chance itself would miss once in sixteen thousand.
  @Test(arguments: [[70, 20, 10], [50, 50], [99, 1], [100], [34, 33, 33]]) func theSharesHold(_ shares: [Int]) {
    let variants = shares.enumerated().map { Offer.Variant(name: "v\($0)", share: $1, price: 1_000) }
    let offer = Offer(id: "disk", title: "", terms: Self.terms("disk", price: 1_000), variants: variants)
    let many = 40_000
    var counts: [String: Int] = [:]
    for number in 0..<many { counts[offer.terms(for: Self.id(number)).variant ?? "", default: 0] += 1 }
    for (number, share) in shares.enumerated() {
      let part = Double(share) / 100
      let bound = 4 * (Double(many) * part * (1 - part)).squareRoot()
      let count = Double(counts["v\(number)"] ?? 0)
      #expect(abs(count - Double(many) * part) <= bound, "\(share)%: \(count) of \(many)")
    }
    #expect(counts.values.reduce(0, +) == many)
    #expect(counts[""] == nil)
  }

  /// Neither the clock nor a stretch of neighbouring ids decides, and one offer's shares say nothing about another's.
  @Test func neighboursAndOffersFallIndependently() {
    func offer(_ id: String) -> Offer {
      Self.offer(
        Self.terms(id, price: 1_000), .init(name: "a", share: 50, price: 1_000),
        .init(name: "b", share: 50, price: 1_000))
    }
    let (one, two) = (offer("one"), offer("two"))
    var same = 0
    var asBefore = 0
    var before: String?
    for number in 0..<20_000 {
      let id = LeaseID(unixMilliseconds: 1_800_000_000_000, random: (1, UInt64(number) << 2))
      let fell = one.terms(for: id).variant
      if fell == two.terms(for: id).variant { same += 1 }
      if fell == before { asBefore += 1 }
      before = fell
    }
    #expect((9_700...10_300).contains(same))
    #expect((9_700...10_300).contains(asBefore))
  }

  @Test func anIdFallsWhereItFellInEveryRelease() {
    let offer = Self.catalog.offers[0]
    #expect((0..<16).map { offer.terms(for: Self.id($0)).variant ?? "" }.joined() == Self.fallen)
  }
  static let fallen = "baaabaaaabaabbba"

  @Test func onlyThePriceDiffers() throws {
    let offer = Self.catalog.offers[0]
    for name in ["a", "b"] {
      var terms = offer.terms(for: Self.id(1), soldAs: name)
      #expect(terms.variant == name)
      #expect(terms.price == (name == "a" ? 3_600_000 : 1_800_000))
      terms.price = offer.terms.price
      terms.variant = nil
      #expect(terms == offer.terms)
    }
    #expect(Self.catalog.offers[2].terms(for: Self.id(1), soldAs: "a") == Self.catalog.offers[2].terms)
    #expect(offer.highestPrice == 3_600_000)
    #expect(offer.isTriedAtSeveralPrices)
    #expect(!Self.catalog.offers[2].isTriedAtSeveralPrices)
  }

  @Test(arguments: [
    ([("a", 50), ("b", 49)], Offer.Variant.Fault.sum(99)), ([("a", 50), ("b", 51)], .sum(101)),
    ([("a", 0), ("b", 100)], .share(0)), ([("a", 101)], .share(0)), ([("a", -1), ("b", 101)], .share(0)),
    ([("a", 50), ("a", 50)], .name(1)), ([("", 100)], .name(0)), ([("A", 100)], .name(0)), ([("a=b", 100)], .name(0)),
    ([(String(repeating: "a", count: 64), 100)], .name(0)), ([], .sum(0)),
  ])
  func sharesAndNamesAreChecked(_ variants: [(String, Int)], _ fault: Offer.Variant.Fault) {
    #expect(Offer.Variant.fault(in: variants.map { .init(name: $0.0, share: $0.1, price: 1) }) == fault)
  }

  @Test func whatMayStandInAConfigurationMayStandInACredential() throws {
    let name = String(repeating: "z", count: 61) + "-9"
    let variant = Offer.Variant(name: name, share: 100, price: 1_000)
    #expect(Offer.Variant.fault(in: [variant]) == nil)
    _ = try MasterKeyring(key: .random()).mint(
      paymentHash: PaymentHash(Bytes32 { _ in }), token: TokenID(epoch: 1),
      caveats: MintedCaveats(capabilities: .all, lease: "l", validUntil: 1, variant: name))
  }

  // MARK: Buying

  /// A lease that was sold as this variant, bought and made.
  func buy(
    _ name: String?, _ renter: Renter, _ platform: Platform, offer: String = "disk"
  ) async throws -> Renter.Bought {
    for _ in 0..<200 {
      let demand = try await renter.quote(offer)
      guard try await platform.lease(demand.lease).terms.soldAs == name else { continue }
      let credential = try await renter.pay(demand)
      _ = try await platform.engine.rent(
        LeaseRequest(offer: offer), body: Array("\(offer)/1".utf8), renter.caller(credential)
      ).bought
      try await platform.settle()
      return .init(id: demand.lease, credential: credential, token: try token(of: credential))
    }
    Issue.record("no id falls to \(name ?? "none")")
    throw CancellationError()
  }

  func caveats(_ demand: PaymentDemand) -> [String] { caveats(demand.challenge.macaroon) }

  func caveats(_ macaroon: Macaroon) -> [String] {
    macaroon.caveats.map { String(decoding: $0.identifier, as: UTF8.self) }
  }

  @Test func aPurchaseIsQuotedAtItsVariantAndStaysThere() async throws {
    try await Platform.with(catalog: Self.catalog) { platform in
      let renter = Renter(platform)
      let two = platform.anotherEngine()
      try await two.prepare()
      var seen: Set<String> = []
      for number in 0..<24 {
        let key = "a-key-of-22-characters-\(number)"
        let demand = try await renter.quote(key: key)
        let terms = try await platform.lease(demand.lease).terms
        let name = try #require(terms.variant)
        seen.insert(name)
        #expect(terms.soldAs == name)
        #expect(terms.price == demand.amount)
        #expect(terms.price == (name == "a" ? 3_600_000 : 1_800_000))
        #expect(platform.catalog.offers[0].terms(for: demand.lease).variant == name)
        #expect(caveats(demand)[0] == "services=leasehold:1")
        #expect(caveats(demand)[4...] == ["leasehold_variant=\(name)"])
        // Asked again under its key, here or elsewhere, it is the same purchase at the same price.
        for engine in [platform.engine, two] {
          let again = try await renter.quote(engine: engine, key: key)
          #expect(again.lease == demand.lease)
          #expect(again.challenge.invoice == demand.challenge.invoice)
        }
      }
      #expect(seen == ["a", "b"])
      // What the renter sees of why.
      let bought = try await buy("b", renter, platform)
      let events = try await platform.engine.reader.events(
        of: bought.id, after: 0, limit: 10, renter.caller(bought.credential, method: "GET"))
      #expect(events.first?.evidence["variant"] == "b")
      // A renewal costs what was agreed, and its credential is of the same variant.
      let renewal = try await renter.demand {
        try await platform.engine.renew(bought.id, periods: 1, renter.caller(bought.credential))
      }
      #expect(renewal.amount == 1_800_000)
      #expect(caveats(renewal).contains("leasehold_variant=b"))
      let stranger = Renter(platform, address: "198.51.100.1")
      let gift = try await stranger.demand { try await two.renew(bought.id, periods: 1, stranger.caller()) }
      #expect(gift.amount == 1_800_000)
      #expect(caveats(gift).contains("leasehold_variant=b"))
      _ = try await two.renew(bought.id, periods: 1, stranger.caller(try await stranger.pay(gift))).bought
    }
  }

  @Test func aCredentialOpensOnlyALeaseSoldAsItsVariant() async throws {
    try await Platform.with(catalog: Self.catalog) { platform in
      let engine = platform.engine
      let renter = Renter(platform)
      let bought = try await buy("a", renter, platform)
      let plain = try await buy(nil, renter, platform, offer: "plain")
      for (lease, caveat) in [(bought, "leasehold_variant=a"), (plain, "leasehold_path=/a")] {
        try await renter.open(lease.id, try narrowed(lease.credential, caveat))
      }
      // What was sold as none is opened by none that names one, however often it is asked.
      let lying = try narrowed(plain.credential, "leasehold_variant=a")
      for _ in 0..<2 {
        #expect(await refusal { try await renter.open(plain.id, lying) } == "403 narrowed-variant")
        for attempt in [
          await refusal { try await engine.reader.lease(plain.id, renter.caller(lying, method: "GET")) },
          await refusal { try await engine.renew(plain.id, periods: 1, renter.caller(lying)) },
          await refusal { try await engine.change(plain.id, to: "disk", renter.caller(lying)) },
          await refusal { try await engine.swap(plain.id, renter.caller(lying)) },
          await refusal { try await engine.narrow(plain.id, caveats: ["leasehold_path=/"], renter.caller(lying)) },
          await refusal { try await engine.rotate(plain.id, renter.caller(lying)) },
          await refusal { try await engine.release(plain.id, renter.caller(lying, method: "DELETE")) },
          await refusal { try await engine.credentials(of: plain.id, renter.caller(lying, method: "GET")) },
        ] { #expect(attempt == "403 narrowed-variant") }
      }
      // Through a door that remembers the lease as well as through one that reads it.
      engine.doorCache.listenerIsAlive()
      try await renter.open(plain.id, plain.credential)
      #expect(engine.doorCache.view(of: plain.id) != nil)
      #expect(await refusal { try await renter.open(plain.id, lying) } == "403 narrowed-variant")
      #expect(
        await refusal { try await renter.open(bought.id, try narrowed(bought.credential, "leasehold_variant=b")) }
          == "401 caveat-widened")
    }
  }

  // MARK: Changing

  /// Pays for the change and presents it; the credential that comes of it.
  func upgrade(
    _ lease: Renter.Bought, to offer: String, _ renter: Renter, _ platform: Platform
  ) async throws -> (demand: PaymentDemand, credential: String) {
    let demand = try await renter.demand {
      try await platform.engine.change(lease.id, to: offer, renter.caller(lease.credential))
    }
    let credential = try await renter.pay(demand)
    _ = try await platform.engine.change(lease.id, to: offer, renter.caller(credential)).bought
    try await platform.settle()
    return (demand, credential)
  }

  @Test func anUpgradeKeepsTheNameWhereTheNewTierHasIt() async throws {
    try await Platform.with(catalog: Self.catalog) { platform in
      let renter = Renter(platform)
      let lease = try await buy("a", renter, platform)
      let (demand, credential) = try await upgrade(lease, to: "big", renter, platform)
      #expect(demand.amount == 10_800_000)
      #expect(caveats(demand)[0] == "services=leasehold:4" && caveats(demand)[4] == "leasehold_variant=a")
      let terms = try await platform.lease(lease.id).terms
      #expect(terms.offer == "big")
      #expect(terms.variant == "a")
      #expect(terms.soldAs == "a")
      for shown in [credential, lease.credential] { try await renter.open(lease.id, shown) }
    }
  }

  /// The new tier does not know the name: the id decides the price, and nobody who holds a credential is shut out, for
  /// the name in it says what the lease was sold as, not what it costs today.
  @Test func anUpgradeToATierWithoutTheNameShutsNobodyOut() async throws {
    try await Platform.with(catalog: Self.catalog) { platform in
      let engine = platform.engine
      let renter = Renter(platform)
      let lease = try await buy("b", renter, platform)
      let friend = try minted(
        try await engine.narrow(
          lease.id, caveats: ["leasehold_capabilities=read,pay"], renter.caller(lease.credential)),
        like: lease.credential)
      let offline = try narrowed(lease.credential, "leasehold_path=/photos", "leasehold_variant=b")
      let falls = try #require(platform.catalog.offers[1].terms(for: lease.id).variant)
      let two = platform.anotherEngine()
      try await two.prepare()
      let asked = try await renter.demand { try await two.change(lease.id, to: "big", renter.caller(lease.credential)) }
      let (demand, credential) = try await upgrade(lease, to: "big", renter, platform)
      #expect(asked.challenge.invoice == demand.challenge.invoice)
      #expect(caveats(demand)[0] == "services=leasehold:4" && caveats(demand)[4] == "leasehold_variant=b")
      var terms = try await platform.lease(lease.id).terms
      #expect(terms.variant == falls)
      #expect(terms.soldAs == "b")
      #expect(terms.tier == 4)
      #expect(terms.price == (falls == "a" ? 14_400_000 : 10_800_000))
      func everyoneGetsIn() async throws {
        for engine in [engine, two] {
          try await renter.open(lease.id, lease.credential, engine: engine)
          try await renter.open(lease.id, credential, engine: engine)
          try await renter.open(lease.id, friend, .read, method: "GET", engine: engine)
          try await renter.open(lease.id, offline, path: "/photos/1", engine: engine)
        }
      }
      try await everyoneGetsIn()
      for old in [lease.credential, friend, offline] {
        let swapped = try await engine.swap(lease.id, renter.caller(old))
        #expect(caveats(swapped.macaroon)[0] == "services=leasehold:4")
        #expect(caveats(swapped.macaroon)[4] == "leasehold_variant=b")
        try await renter.open(lease.id, try minted(swapped, like: old), .read, path: "/photos/1", method: "GET")
      }
      let renewal = try await renter.demand {
        try await engine.renew(lease.id, periods: 1, renter.caller(lease.credential))
      }
      #expect(renewal.amount == terms.price && caveats(renewal)[4] == "leasehold_variant=b")
      try await renter.open(lease.id, try await renter.pay(renewal))
      try await platform.settle()

      // To an offer without variants, and home again, to the price it was sold at.
      _ = try await engine.change(lease.id, to: "plain", renter.caller(lease.credential)).bought
      try await platform.settle()
      terms = try await platform.lease(lease.id).terms
      #expect(terms.offer == "plain")
      #expect(terms.variant == nil)
      #expect(terms.soldAs == "b")
      try await everyoneGetsIn()
      _ = try await engine.change(lease.id, to: "disk", renter.caller(lease.credential)).bought
      try await platform.settle()
      terms = try await platform.lease(lease.id).terms
      #expect(terms.variant == "b")
      #expect(terms.price == 1_800_000)
      try await everyoneGetsIn()
      #expect(try await engine.operator.audit().findings == [])
    }
  }

  @Test func whatWasSoldAsNoneChangesToTheVariantOfItsId() async throws {
    try await Platform.with(catalog: Self.catalog) { platform in
      let renter = Renter(platform)
      let lease = try await buy(nil, renter, platform, offer: "plain")
      _ = try await platform.engine.change(lease.id, to: "disk", renter.caller(lease.credential)).bought
      try await platform.settle()
      let terms = try await platform.lease(lease.id).terms
      #expect(terms.variant == platform.catalog.offers[0].terms(for: lease.id).variant)
      #expect(terms.soldAs == nil)
      try await renter.open(lease.id, lease.credential)
      let renewal = try await renter.demand {
        try await platform.engine.renew(lease.id, periods: 1, renter.caller(lease.credential))
      }
      #expect(renewal.amount == terms.price)
      #expect(!caveats(renewal).contains { $0.hasPrefix("leasehold_variant") })
    }
  }

  // MARK: Figures
}
