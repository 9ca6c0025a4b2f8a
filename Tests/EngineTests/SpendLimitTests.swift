import L402
import Leasing
import Ledger
import TestKit
import Testing
import Units

@testable import Engine

/// What a renter lets a lease spend in a day, from the meters to the doors.
@Suite struct SpendLimitTests {
  private static let metered: Terms = {
    var terms = Catalog.disk
    terms.price = .zero
    terms.deposit = 1_000_000
    terms.maxPeriods = 1
    return terms
  }()

  /// 10 msat for 1,000 bytes beyond the first 5,000.
  private func use(_ bytes: Int64, _ id: LeaseID, _ platform: Platform) async throws {
    let metering = platform.engine.money.metering
    platform.driver.use(id, .egress, 0)
    try await metering.sample()
    platform.clock.advance(by: 60)
    platform.driver.use(id, .egress, bytes)
    try await metering.sample()
    platform.clock.advance(by: 300)
    try await metering.rateUsage()
    try await platform.settle()
  }

  @Test func theMetersSuspendItAndARaisedLimitBringsItBack() async throws {
    try await Platform.with(catalog: .of([Self.metered], room: 10)) { platform in
      let engine = platform.engine
      let renter = Renter(platform)
      let (id, credential) = try await renter.rent()
      let limited = try await engine.limit(id, to: 1_000, renter.caller(credential, method: "PUT"))
      #expect(limited.lease.limit?.perDay == 1_000)
      try await use(5_000 + 85_000, id, platform)
      #expect(platform.channel.notices(about: id).map(\.kind) == [.limitNear])
      try await renter.open(id, credential)
      try await use(20_000, id, platform)
      #expect(try await platform.state(id) == "suspended")
      #expect(platform.channel.notices(about: id).map(\.kind) == [.limitNear, .limitReached])
      #expect(platform.driver.resources.values.allSatisfy { $0.phase == .suspended })
      #expect(await refusal { try await renter.open(id, credential) } == "409 limit-reached")
      let told = try await engine.reader.events(
        of: id, after: 0, limit: 100, renter.caller(credential, method: "GET"))
      #expect(told.contains { $0.summary == "what the renter lets it spend in a day was spent" })
      #expect(told.contains { $0.feedName == .suspended })
      // Raised: at once.
      _ = try await engine.limit(id, to: 2_000, renter.caller(credential, method: "PUT"))
      try await platform.settle()
      try await renter.open(id, credential)
      try await use(120_000, id, platform)
      #expect(try await platform.state(id) == "suspended")
      // Or with the next day.
      let until = try #require(try await platform.lease(id).wakesAt)
      #expect(until.unixSeconds % 86_400 == 0)
      platform.clock.advance(byMicroseconds: until.microseconds(since: platform.clock.now()))
      try await platform.settle()
      try await renter.open(id, credential)
      #expect(try await engine.operator.audit().findings == [])
    }
  }

  @Test func itIsSetWithThePurchaseAndByWhoMaySpend() async throws {
    try await Platform.with { platform in
      let engine = platform.engine
      let renter = Renter(platform)
      var request = LeaseRequest(offer: "disk", spendPerDay: 86_400_000)
      let demand = try await renter.demand { try await engine.rent(request, body: [1], renter.caller()) }
      let credential = try await renter.pay(demand)
      _ = try await engine.rent(request, body: [1], renter.caller(credential)).bought
      try await platform.settle()
      #expect(try await platform.lease(demand.lease).limit?.perDay == 86_400_000)
      request.spendPerDay = 86_399_999
      func asking(_ request: LeaseRequest) async -> String {
        await refusal { try await engine.rent(request, body: [2], renter.caller()) }
      }
      #expect(await asking(request) == "invalid-field limits.spend_sat_per_day")
      #expect(
        await asking(LeaseRequest(offer: "big", spendPerDay: 1_000_000_000))
          == "invalid-field limits.spend_sat_per_day")
      func limiting(_ perDay: Millisatoshi?, _ credential: String) async -> String {
        await refusal { try await engine.limit(demand.lease, to: perDay, renter.caller(credential, method: "PUT")) }
      }
      #expect(await limiting(86_399_999, credential) == "invalid-field limits.spend_sat_per_day")
      #expect(await limiting(nil, try narrowed(credential, "leasehold_capabilities=read,write")).hasPrefix("403"))
      #expect(await limiting(nil, credential) == "nothing")
      #expect(try await platform.lease(demand.lease).limit == nil)
    }
  }
}
