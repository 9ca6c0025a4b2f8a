import Engine
import L402
import Leasing
import Ledger
import TestKit
import Testing
import Units

/// Changes that are asked for at the wrong moment, too small, or twice.
@Suite struct ChangeTests {
  /// Smaller and dearer than `disk`.
  private static let dear: Terms = {
    var terms = Catalog.disk
    terms.offer = "dear"
    terms.resources.disk = ByteCount(1 << 29)
    terms.price = 7_200_000
    terms.policy.grace = 3_600
    return terms
  }()
  private static let catalog = Catalog.of([Catalog.disk, Catalog.bigDisk, dear], room: 10)

  @Test func thereIsNoChangeInGrace() async throws {
    try await Platform.with { platform in
      let engine = platform.engine
      let renter = Renter(platform)
      let (id, credential) = try await renter.rent()
      let renewal = try await renter.demand { try await engine.renew(id, periods: 1, renter.caller(credential)) }
      let renewed = try await renter.pay(renewal)
      _ = try await engine.renew(id, periods: 1, renter.caller(renewed)).bought
      platform.clock.advance(by: 7_199)
      let demand = try await renter.demand { try await engine.change(id, to: "big", renter.caller(renewed)) }
      try await platform.pass(2)
      #expect(try await platform.state(id) == "grace")
      #expect(await refusal { try await engine.change(id, to: "big", renter.caller(renewed)) } == "409 lease-unpaid")
      // What was quoted before, and is paid now, is too late.
      let late = try await renter.pay(demand)
      #expect(
        await refusal { try await engine.change(id, to: "big", renter.caller(late)) } == "409 change-not-possible")
      let lease = try await platform.lease(id)
      #expect(lease.terms.offer == "disk")
      #expect(lease.account.credit == demand.amount)
      try await platform.settle()
      #expect(platform.driver.resource(id)?.spec.resources.disk == Catalog.gigabyte)
      #expect(try await engine.operator.audit().findings == [])
    }
  }

  @Test func nothingSmallerThanWhatIsStoredIsSold() async throws {
    try await Platform.with(catalog: Self.catalog) { platform in
      let engine = platform.engine
      let renter = Renter(platform)
      let (id, credential) = try await renter.rent()
      platform.driver.store(id, 1 << 29 + 1)
      for _ in 1...2 {
        #expect(
          await refusal { try await engine.change(id, to: "dear", renter.caller(credential)) } == "409 more-stored")
      }
      let open = try await platform.postgres.transaction { tx in try tx.openInvoices(of: id) }
      #expect(open.isEmpty)
      platform.driver.store(id, 1 << 29)
      _ = try await renter.demand { try await engine.change(id, to: "dear", renter.caller(credential)) }
      platform.driver.fail(.measure)
      #expect(await refusal { try await engine.change(id, to: "dear", renter.caller(credential)) } == "503")
    }
  }

  @Test func noLessMemoryThanIsUsedIsSold() async throws {
    var catalog = Catalog.idling
    var small = try #require(catalog.offer("box"))
    small.id = "small"
    small.terms.offer = "small"
    small.terms.resources.memory = ByteCount(1 << 19)
    catalog.offers.append(small)
    try await Platform.with(catalog: catalog, boxes: true) { platform in
      let engine = platform.engine
      let renter = Renter(platform)
      let (id, credential) = try await renter.rent("box")
      let boxes = try #require(platform.boxes)
      boxes.store(id, 1 << 19 + 1, of: .memory)
      #expect(
        await refusal { try await engine.change(id, to: "small", renter.caller(credential)) } == "409 more-memory-used")
      boxes.store(id, 1 << 19, of: .memory)
      let changed = try await engine.change(id, to: "small", renter.caller(credential)).bought
      #expect(changed.lease.terms.resources.memory == ByteCount(1 << 19))
    }
  }

  /// Written between the question and the payment.
  @Test func whatTheDriverFindsTooSmallIsUndoneAndTheMoneyComesBack() async throws {
    try await Platform.with(catalog: Self.catalog) { platform in
      let engine = platform.engine
      let renter = Renter(platform)
      let (id, credential) = try await renter.rent()
      func free() async throws -> Int64? {
        try await engine.offers.all().first { $0.offer.id == "disk" }?.available
      }
      #expect(try await free() == 9)
      let demand = try await renter.demand { try await engine.change(id, to: "dear", renter.caller(credential)) }
      platform.driver.store(id, 900 << 20)
      let changed = try await renter.pay(demand)
      _ = try await engine.change(id, to: "dear", renter.caller(changed)).bought
      // Until the driver has spoken the larger size is set aside.
      #expect(try await free() == 9)
      try await platform.settle()
      let lease = try await platform.lease(id)
      #expect(lease.terms.offer == "disk")
      #expect(lease.account.credit == demand.amount)
      #expect(lease.pendingChange == nil)
      #expect(lease.account.rate == Catalog.disk.rate)
      #expect(lease.account.balance == 3_600_000)
      #expect(platform.driver.resource(id)?.spec.resources.disk == Catalog.gigabyte)
      #expect(try await free() == 9)

      // Suspended before the driver came to it: the thaw finds it.
      platform.driver.store(id, 0)
      platform.clock.advance(by: 61)
      let again = try await renter.demand { try await engine.change(id, to: "dear", renter.caller(changed)) }
      let paid = try await renter.pay(again)
      _ = try await engine.change(id, to: "dear", renter.caller(paid)).bought
      _ = try await engine.operator.operate(.suspend, on: id, requestID: "s")
      platform.driver.store(id, 900 << 20)
      try await platform.settle()
      _ = try await engine.operator.operate(.resume, on: id, requestID: "r")
      try await platform.settle()
      let resumed = try await platform.lease(id)
      #expect(resumed.state == .active)
      #expect(resumed.terms.offer == "disk")
      #expect(resumed.flags.impaired == nil)
      #expect(resumed.account.credit == demand.amount + again.amount)
      #expect(resumed.account.rate == Catalog.disk.rate)
      #expect(try await engine.operator.audit().findings == [])
      _ = try await engine.release(id, renter.caller(paid, method: "DELETE"))
      try await platform.settle()
      try await platform.expectRest()
    }
  }

  @Test func aChangeIsAnsweredTwice() async throws {
    try await Platform.with { platform in
      let engine = platform.engine
      let renter = Renter(platform)
      let (id, credential) = try await renter.rent()
      let demand = try await renter.demand { try await engine.change(id, to: "big", renter.caller(credential)) }
      let paid = try await renter.pay(demand)
      for _ in 1...2 {
        #expect(try await engine.change(id, to: "big", renter.caller(paid)).bought.lease.terms.offer == "big")
      }
      #expect(try await platform.lease(id).account.balance == 7_200_000)
    }
  }

  @Test func aRenewalIsAnsweredAgainForAMinute() async throws {
    try await Platform.with { platform in
      let engine = platform.engine
      let renter = Renter(platform)
      let (id, credential) = try await renter.rent()
      let demand = try await renter.demand { try await engine.renew(id, periods: 1, renter.caller(credential)) }
      let paid = try await renter.pay(demand)
      _ = try await engine.renew(id, periods: 1, renter.caller(paid)).bought
      let version = try await platform.lease(id).version
      for _ in 1...3 {
        platform.clock.advance(by: 20)
        #expect(try await engine.renew(id, periods: 1, renter.caller(paid)).bought.lease.version == version)
        // Another wish is another purchase.
        #expect(await refusal { try await engine.renew(id, periods: 2, renter.caller(paid)) } == "402")
        let other = renter.caller(paid, key: "a key that is new, of 22 and more")
        #expect(await refusal { try await engine.renew(id, periods: 1, other) } == "402")
      }
      platform.clock.advance(by: 1)
      #expect(await refusal { try await engine.renew(id, periods: 1, renter.caller(paid)) } == "402")
      #expect(try await platform.lease(id).account.balance == 7_200_000)
    }
  }

  /// A client that has only its old credential comes back by the very request that it renewed with.
  @Test func whatIsUsedUpIsNotAnsweredAgain() async throws {
    var terms = Catalog.disk
    terms.period = 12
    terms.policy = Policy(quote: 600, provisioning: 600, lead: 3, grace: 0, retention: 1_200)
    try await Platform.with(catalog: .of([terms], room: 10)) { platform in
      let engine = platform.engine
      let renter = Renter(platform)
      let (id, credential) = try await renter.rent()
      let demand = try await renter.demand { try await engine.renew(id, periods: 1, renter.caller(credential)) }
      let paid = try await renter.pay(demand)
      _ = try await engine.renew(id, periods: 1, renter.caller(paid)).bought
      // Before anybody has looked, and after.
      platform.clock.advance(by: 25)
      #expect(await refusal { try await engine.renew(id, periods: 1, renter.caller(paid)) } == "402")
      try await platform.settle()
      #expect(try await platform.state(id) == "suspended")
      #expect(await refusal { try await engine.renew(id, periods: 1, renter.caller(paid)) } == "402")
    }
  }

  @Test func noRenewalIsSoldForWhatTheOperatorHasStopped() async throws {
    try await Platform.with { platform in
      let engine = platform.engine
      let renter = Renter(platform)
      let (id, credential) = try await renter.rent()
      let demand = try await renter.demand { try await engine.renew(id, periods: 1, renter.caller(credential)) }
      func renew() async throws { _ = try await engine.renew(id, periods: 1, renter.caller(credential)).bought }
      func said() async throws -> String {
        do {
          try await renew()
        } catch Refusal.forbidden(let reason, let detail) {
          return "\(reason): \(detail)"
        }
        return "nothing"
      }
      _ = try await engine.operator.operate(.freeze, on: id, reason: "a complaint", requestID: "f")
      #expect(try await said() == "lease-frozen: the provider has sealed this lease: a complaint")
      try await platform.settle()
      _ = try await engine.operator.operate(.thaw, on: id, requestID: "t")
      try await platform.settle()
      _ = try await engine.operator.operate(.suspend, on: id, reason: "a new host", requestID: "s")
      #expect(
        try await said() == "lease-suspended-by-operator: the provider has suspended this lease: a new host")
      // What is paid all the same is the renter's.
      let paid = try await renter.pay(demand)
      _ = try await engine.renew(id, periods: 1, renter.caller(paid)).bought
      let lease = try await platform.lease(id)
      #expect(lease.account.credit == demand.amount)
      #expect(lease.account.balance == 3_600_000)
      try await platform.settle()
      _ = try await engine.operator.operate(.resume, on: id, requestID: "r")
      try await platform.settle()
      let until = platform.clock.now() + 3_700
      _ = try await engine.operator.operate(.evict(until: until), on: id, reason: "the end", requestID: "e")
      #expect(try await said() == "lease-evicting: the provider ends this lease at \(until.rfc3339): the end")
      let rows = try await engine.reader.events(of: id, after: 0, limit: 100, renter.caller(paid, method: "GET"))
      #expect(rows.compactMap(\.summary).contains("the provider sealed it: a complaint"))
      #expect(rows.contains { $0.summary?.hasSuffix(": the end") == true })
      #expect(
        await refusal { try await engine.operator.operate(.freeze, on: id, reason: "", requestID: "x") }
          == "invalid-field reason")
      #expect(
        await refusal { try await engine.operator.operate(.freeze, on: id, reason: "a\u{7}", requestID: "x") }
          == "invalid-field reason")
    }
  }

  @Test func explainSaysThatTimeRanOut() async throws {
    try await Platform.with { platform in
      let renter = Renter(platform)
      let (id, credential) = try await renter.rent()
      let end = try #require(try await platform.lease(id).paidUntil)
      try await platform.pass(3_601)
      #expect(try await platform.state(id) == "suspended")
      let rows = try await platform.engine.reader.events(
        of: id, after: 0, limit: 100, renter.caller(credential, method: "GET"))
      let row = try #require(rows.first { $0.from == .active && $0.to == .suspended })
      let second = end.rfc3339.dropFirst(11).prefix(8)
      #expect(row.summary == "time ran out at \(second); 3600 sat was not paid")
      // When it was to be looked at: a moment for people, too.
      #expect(Instant(rfc3339: row.cause.id) != nil)
    }
  }

  @Test func whatFailsEightTimesIsShown() async throws {
    try await Platform.with { platform in
      let engine = platform.engine
      let renter = Renter(platform)
      let (id, credential) = try await renter.rent()
      platform.driver.fail(.suspend, times: 9)
      _ = try await engine.release(id, renter.caller(credential, method: "DELETE"))
      for _ in 1...7 { try await platform.pass(60) }
      #expect(try await engine.operator.overview().overdue.failing == 0)
      try await platform.pass(60)
      let overdue = try await engine.operator.overview().overdue
      #expect(overdue.failing == 1)
      #expect(overdue.failingFirst?.contains("told to fail") == true)
      for _ in 1...3 { try await platform.pass(60) }
      #expect(try await engine.operator.overview().overdue.failing == 0)
      #expect(try await platform.state(id) == "closed")
    }
  }
}
