import Leasing
import Ledger
import TestKit
import Testing
import Units

@testable import Engine

/// An offer whose price is changed in the configuration while leases of it run.
@Suite struct AnnouncementTests {
  private static let dearer: Catalog = {
    var terms = Catalog.disk
    terms.price = terms.price + terms.price
    return Catalog.of([terms, Catalog.bigDisk], room: 10)
  }()

  /// What is asked for a renewal of one period.
  private func renewal(_ renter: Renter, _ id: LeaseID, _ credential: String, _ engine: Engine) async throws
    -> PaymentDemand
  {
    try await renter.demand { try await engine.renew(id, periods: 1, renter.caller(credential)) }
  }

  /// Quoted at the old price before the new one is announced, paid after.
  @Test func whoWasQuotedBeforeIsToldAsServiceBegins() async throws {
    try await Platform.with { platform in
      let renter = Renter(platform)
      try await platform.engine.selling.announcements.announce()
      let quote = try await renter.quote()
      let later = platform.anotherEngine(catalog: Self.dearer)
      try await later.prepare()
      try await later.selling.announcements.announce()
      try await platform.settle(later)
      #expect(platform.channel.notices(about: quote.lease).isEmpty)
      platform.clock.advance(by: 60)
      _ = try await renter.pay(quote)
      try await later.money.settlementSweep.run()
      try await platform.settle(later)
      let lease = try await platform.lease(quote.lease)
      #expect(lease.terms.price == 3_600_000)
      #expect(lease.announced?.terms.price == 7_200_000)
      let told = platform.channel.notices(about: quote.lease).filter { $0.kind == .terms }
      #expect(told.map(\.amount) == [7_200_000])
      #expect(told.map(\.deadline) == [platform.clock.now() + 900])
    }
  }

  /// Two daemons of one database, each started again and again.
  @Test func theNewerConfigurationWinsWhicheverStartsLast() async throws {
    try await Platform.with { platform in
      let id = try #require(try await platform.makeActive(1).first)
      let written = platform.clock.now()
      platform.clock.advance(by: 60)
      func start(_ catalog: Catalog?, _ age: Seconds) async throws {
        let engine = platform.anotherEngine(catalog: catalog) { $0.configurationWrittenAt = written + age }
        try await engine.prepare()
        try await engine.selling.announcements.announce()
        try await platform.settle(engine)
      }
      func told() async throws -> (price: Millisatoshi?, notices: Int) {
        (
          try await platform.lease(id).announced?.terms.price,
          platform.channel.notices(about: id).count { $0.kind == .terms }
        )
      }
      try await start(nil, 0)
      for _ in 0..<3 {
        try await start(Self.dearer, 10)
        try await start(nil, 0)
        #expect(try await told() == (7_200_000, 1))
      }
      // Written anew with the old price, it is the newer.
      try await start(nil, 20)
      #expect(try await told() == (nil, 2))
      try await start(Self.dearer, 10)
      #expect(try await told() == (nil, 2))
    }
  }

  @Test func oneLeaseThatCannotBeToldHoldsUpNobody() async throws {
    try await Platform.with { platform in
      let ids = try await platform.makeActive(3)
      try await platform.engine.selling.announcements.announce()
      try await platform.script(
        "ALTER TABLE lease ADD CONSTRAINT stuck CHECK (id <> '\(uuid(ids[1]))' OR NOT detail ? 'announced') NOT VALID")
      let later = platform.anotherEngine(catalog: Self.dearer)
      try await later.prepare()
      try await later.selling.announcements.announce()
      func told() async throws -> [Bool] {
        var told: [Bool] = []
        for id in ids { told.append(try await platform.lease(id).announced != nil) }
        return told
      }
      #expect(try await told() == [true, false, true])
      // It is tried again with the next round, and the others are not told again.
      try await platform.script("ALTER TABLE lease DROP CONSTRAINT stuck")
      try await later.selling.announcements.announce()
      try await platform.settle(later)
      #expect(try await told() == [true, true, true])
      for id in ids { #expect(platform.channel.notices(about: id).count { $0.kind == .terms } == 1) }
    }
  }

  @Test func leasesAreToldAndRenewedAtTheNewPriceOneLeadLater() async throws {
    try await Platform.with { platform in
      let renter = Renter(platform)
      let (id, credential) = try await renter.rent(periods: 3)
      try await platform.engine.selling.announcements.announce()
      #expect(try await platform.lease(id).announced == nil)
      // A restart with another price.
      let later = platform.anotherEngine(catalog: Self.dearer)
      try await later.prepare()
      let early = try await renewal(renter, id, credential, later)
      try await later.selling.announcements.announce()
      try await platform.settle(later)
      let told = platform.channel.notices(about: id).filter { $0.kind == .terms }
      #expect(told.map(\.amount) == [7_200_000])
      #expect(told.first?.deadline == platform.clock.now() + 900)
      #expect(try await renewal(renter, id, credential, later).amount == early.amount)
      // A third start tells nobody again, nor does one that died before it had written down whom it had told.
      let third = platform.anotherEngine("three", catalog: Self.dearer)
      try await third.prepare()
      try await third.selling.announcements.announce()
      try await platform.postgres.transaction { tx in try tx.setAnnouncedTerms([], of: "disk", at: platform.clock.now())
      }
      let fourth = platform.anotherEngine("four", catalog: Self.dearer)
      try await fourth.prepare()
      try await fourth.selling.announcements.announce()
      try await platform.settle(fourth)
      #expect(platform.channel.notices(about: id).count { $0.kind == .terms } == 1)

      try await platform.pass(900, later)
      let asked = try await renewal(renter, id, credential, later)
      #expect(asked.amount == 7_200_000)
      // What was quoted before stands: paid now, it buys a period at the old price.
      let before = try #require(try await platform.lease(id).paidUntil)
      _ = try await renter.pay(early)
      try await later.money.settlementSweep.run()
      try await platform.settle(later)
      let old = try await platform.lease(id)
      #expect(old.paidUntil == before + 3_600)
      #expect(old.terms.price == 3_600_000)
      #expect(old.announced != nil)
      // And the new one a period at the new, while what is prepaid keeps its price.
      _ = try await renter.pay(asked)
      try await later.money.settlementSweep.run()
      try await platform.settle(later)
      let new = try await platform.lease(id)
      #expect(new.terms.price == 7_200_000)
      #expect(new.announced == nil)
      let until = try #require(new.paidUntil)
      #expect(abs(until.microseconds(since: before + 7_200)) <= 1_000_000, "\(until)")
    }
  }
}
