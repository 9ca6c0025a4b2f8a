import Engine
import L402
import Leasing
import Ledger
import TestKit
import Testing
import Units

@Suite struct WholeLifeTests {
  @Test func aWholeLife() async throws {
    try await Platform.with { platform in
      let engine = platform.engine
      let renter = Renter(platform)
      let quote = try await renter.quote()
      #expect(quote.hasCapacity)
      #expect(quote.amount == 3_600_000)
      #expect(quote.state == .quoted)
      #expect(quote.purpose == .purchase)
      #expect(try await engine.offers.all().first?.available == 9)
      let bought = try await renter.pay(quote)
      let record = try await engine.rent(
        Renter.request, body: Array("disk/1".utf8), renter.caller(bought)
      ).bought
      let id = record.lease.id
      #expect(id == quote.lease)
      #expect(record.lease.state.name == .provisioning)
      try await platform.settle()
      #expect(try await platform.state(id) == "active")
      #expect(platform.driver.resource(id)?.phase == .running)
      try await renter.open(id, bought)
      let (admission, volume) = try await engine.doors.openVolume(
        id, .read, path: .root, renter.caller(bought, method: "GET")
      ).opened
      #expect(volume.root == "/simulated/\(id)")
      #expect(await admission.isStillServing())

      try await platform.pass(3_000)
      #expect(platform.channel.notices(about: id).map(\.kind) == [.renewal])
      try await platform.pass(601)
      #expect(try await platform.state(id) == "suspended")
      #expect(platform.driver.resource(id)?.phase == .suspended)
      #expect(await !admission.isStillServing())

      let renewal = try await renter.demand { try await renter.open(id, bought) }
      #expect(renewal.amount == 3_600_000)
      #expect(renewal.purpose == .renewal)
      #expect(renewal.lease == id)
      #expect(renewal.reclaimsAt != nil)
      let renewed = try await renter.pay(renewal)
      #expect(await refusal { try await renter.open(id, renewed) } == "503")
      try await platform.settle()
      try await renter.open(id, renewed)
      #expect(platform.driver.resource(id)?.phase == .running)

      // Time runs out: grace, suspension, retention, and the end.
      try await platform.pass(3_601)
      #expect(try await platform.state(id) == "grace")
      try await renter.open(id, renewed)
      try await platform.pass(151)
      #expect(try await platform.state(id) == "suspended")
      let again = try await renter.demand { try await renter.open(id, renewed) }
      #expect(again.amount == 3_750_000)
      try await platform.pass(3_601)
      #expect(try await platform.state(id) == "closed")
      #expect(await refusal { try await renter.open(id, renewed) } == "lease-closed")
      #expect(try await engine.offers.all().first?.available == 10)
      try await platform.expectRest()
      let names = try await platform.postgres.transaction { tx in try tx.events(of: id, after: 0, limit: 100) }
        .compactMap(\.feedName).filter { $0 != .notice }
      #expect(
        names == [.quoted, .paid, .provisioned, .suspended, .paid, .resumed, .suspended, .reclaimed, .closed])
    }
  }

  @Test(.timeLimit(.minutes(10))) func theLoopsDoItByThemselves() async throws {
    try await Platform.with(settings: { $0.patience = 60 }) { platform in
      let engine = platform.engine
      let renter = Renter(platform)
      try await platform.running {
        let quote = try await renter.quote()
        let credential = try await renter.pay(quote)
        let record = try await engine.rent(
          Renter.request, body: Array("disk/1".utf8), renter.caller(credential)
        ).bought
        #expect(record.lease.state.name == .active)
        let feed = try await engine.reader.feed(of: quote.lease, after: 0, renter.caller(credential, method: "GET"))
        platform.clock.advance(by: 3_601)
        engine.bell.ring()
        var seen: [EventRecord.FeedName?] = []
        for try await event in feed {
          seen.append(event.feedName)
          if event.feedName == .suspended { break }
        }
        #expect(seen == [.quoted, .paid, .provisioned, .suspended])
        // Paying opens the door by itself.
        let renewal = try await renter.demand { try await renter.open(quote.lease, credential) }
        let renewed = try await renter.pay(renewal)
        try await renter.open(quote.lease, renewed)
      }
    }
  }

  @Test func anUnpaidQuoteIsGoneWithItsHold() async throws {
    try await Platform.with { platform in
      let renter = Renter(platform)
      let quote = try await renter.quote()
      try await platform.pass(659)
      #expect(try await platform.state(quote.lease) == "quoted")
      try await platform.pass(2)
      #expect(try await platform.state(quote.lease) == "closed")
      try await platform.expectRest()
      platform.clock.advance(by: .day * 3)
      try await platform.engine.work.sweeper.sweep()
      #expect(try await platform.record(quote.lease) == nil)
    }
  }

  @Test func whatCannotBeMadeIsPaidBackAsCredit() async throws {
    try await Platform.with { platform in
      let renter = Renter(platform)
      platform.driver.fail(.provision, .noSpace)
      let (id, credential) = try await renter.rent()
      let lease = try await platform.lease(id)
      #expect(lease.isClosed)
      #expect(lease.account.credit == 3_600_000)
      #expect(await refusal { try await renter.open(id, credential) } == "lease-closed")
      try await platform.expectRest()
    }
  }

  @Test func aDriverThatFailsIsAskedAgain() async throws {
    try await Platform.with { platform in
      let renter = Renter(platform)
      platform.driver.fail(.provision, .failed, times: 2)
      let (id, _) = try await renter.rent()
      #expect(try await platform.state(id) == "provisioning")
      #expect(try await platform.effects(id).first?.lastError != nil)
      try await platform.pass(1)
      try await platform.pass(2)
      #expect(try await platform.state(id) == "active")
    }
  }

  @Test func releaseGivesBackWhatIsLeft() async throws {
    try await Platform.with { platform in
      let renter = Renter(platform)
      let (id, credential) = try await renter.rent()
      platform.clock.advance(by: 1_200)
      _ = try await platform.engine.release(id, renter.caller(credential, method: "DELETE"))
      try await platform.settle()
      let lease = try await platform.lease(id)
      #expect(lease.isClosed)
      #expect(lease.account.credit == 2_400_000)
      try await platform.expectRest()
    }
  }

  @Test func upgradeAndDowngrade() async throws {
    try await Platform.with { platform in
      let engine = platform.engine
      let renter = Renter(platform)
      let (id, credential) = try await renter.rent()
      platform.clock.advance(by: 1_800)
      let demand = try await renter.demand {
        try await engine.change(id, to: "big", renter.caller(credential))
      }
      #expect(demand.amount == 1_800_000)
      let upgraded = try await renter.pay(demand)
      let record = try await engine.change(id, to: "big", renter.caller(upgraded)).bought
      #expect(record.lease.terms.offer == "big")
      try await platform.settle()
      #expect(platform.driver.resource(id)?.spec.resources.disk == ByteCount(4 << 30))
      #expect(try await engine.offers.all().first?.available == 6)
      let back = try await engine.change(id, to: "disk", renter.caller(upgraded)).bought
      #expect(back.lease.account.balance == 3_600_000)
      try await platform.settle()
      #expect(platform.driver.resource(id)?.spec.resources.disk == Catalog.gigabyte)
      #expect(try await engine.offers.all().first?.available == 9)
      #expect(try await engine.operator.audit().findings == [])
    }
  }

  /// Room for one upgrade and a little more: whoever asked first has it, until the invoice is paid or gone.
  @Test func anUpgradeHoldsItsRoomWhileItCanBePaid() async throws {
    try await Platform.with(catalog: .of([Catalog.disk, Catalog.bigDisk], room: 6)) { platform in
      let engine = platform.engine
      let renter = Renter(platform)
      let other = Renter(platform, address: "198.51.100.9")
      let (id, credential) = try await renter.rent()
      let (otherID, otherCredential) = try await other.rent()
      func free() async throws -> Int64? { try await engine.offers.all().first?.available }
      #expect(try await free() == 4)

      // Asked for twice it is held once, and nobody else gets it meanwhile.
      _ = try await renter.demand { try await engine.change(id, to: "big", renter.caller(credential)) }
      let demand = try await renter.demand { try await engine.change(id, to: "big", renter.caller(credential)) }
      #expect(try await free() == 1)
      await #expect(
        "no room",
        performing: {
          try await engine.change(otherID, to: "big", other.caller(otherCredential)).bought
        }, throws: { if case Refusal.noCapacity? = $0 as? Refusal { true } else { false } })
      #expect(try await free() == 1)
      #expect(try await engine.operator.audit().findings == [])

      // Not paid in time: the other may have it.
      platform.clock.advance(by: 700)
      try await engine.work.sweeper.sweep()
      try await platform.settle()
      #expect(try await free() == 4)
      await #expect(throws: (any Error).self) { _ = try await renter.pay(demand) }
      let second = try await other.demand {
        try await engine.change(otherID, to: "big", other.caller(otherCredential))
      }
      #expect(try await free() == 1)
      let upgraded = try await other.pay(second)
      _ = try await engine.change(otherID, to: "big", other.caller(upgraded)).bought
      try await platform.settle()
      #expect(try await free() == 1)
      #expect(platform.driver.resource(otherID)?.spec.resources.disk == ByteCount(4 << 30))

      // Given back with an invoice open: nothing stays held.
      _ = try await engine.release(otherID, other.caller(upgraded, method: "DELETE"))
      try await platform.settle()
      _ = try await renter.demand { try await engine.change(id, to: "big", renter.caller(credential)) }
      _ = try await engine.release(id, renter.caller(credential, method: "DELETE"))
      try await platform.settle()
      try await platform.expectRest()
    }
  }

  @Test func usageBeyondTheAllowanceIsCharged() async throws {
    try await Platform.with { platform in
      let engine = platform.engine
      let renter = Renter(platform)
      let (id, credential) = try await renter.rent()
      platform.driver.use(id, .egress, 0)
      try await engine.money.metering.sample()
      platform.clock.advance(by: 60)
      platform.driver.use(id, .egress, 25_000)
      try await engine.money.metering.sample()
      platform.clock.advance(by: 300)
      try await engine.money.metering.rateUsage()
      let usage = try await engine.reader.usage(
        of: id, after: nil, limit: 100, renter.caller(credential, method: "GET"))
      #expect(usage.map(\.quantity).reduce(0, +) == 25_000)
      #expect(usage.compactMap { $0.charged?.count }.reduce(0, +) == 200)
      #expect(try await engine.operator.audit().findings == [])
      #expect(try await engine.operator.audit().totals["revenue:usage"] == 200)
      // The last reading before the end counts too.
      platform.driver.use(id, .egress, 10_000)
      _ = try await engine.release(id, renter.caller(credential, method: "DELETE"))
      try await platform.settle()
      #expect(try await engine.operator.audit().totals["revenue:usage"] == 300)
      try await platform.expectRest()
    }
  }
}
