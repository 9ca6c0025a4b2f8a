import Leasing
import Ledger
import TestKit
import Testing
import Units

@testable import Engine

/// A daemon with two hosts: each lease is made, measured and destroyed where it was placed.
@Suite struct ResourceDriversTests {
  @Test func aLeaseIsInTheHandsOfTheDriverOfItsHost() async throws {
    var catalog = Catalog.of([Catalog.disk], room: 1)
    let room = Resources(disk: ByteCount(1 << 30))
    catalog.hosts.append(HostCapacity(host: "there", kind: .disk, limit: room, uidBase: 100_000_000))
    let hosts = catalog
    try await Platform.with(catalog: catalog) { platform in
      let there = SimulatedDriver(.disk, clock: platform.clock)
      let engine = platform.anotherEngine(catalog: hosts, elsewhere: ["there": there])
      try await engine.prepare()
      let renters = [Renter(platform, address: "198.51.100.1"), Renter(platform, address: "198.51.100.2")]
      var byHost: [String: LeaseID] = [:]
      for renter in renters {
        let quote = try await renter.quote(engine: engine)
        let credential = try await renter.pay(quote)
        _ = try await engine.rent(Renter.request, body: Array("disk/1".utf8), renter.caller(credential)).bought
        try await platform.settle(engine)
        let record = try #require(try await platform.record(quote.lease))
        let host = try #require(record.placement?.host)
        byHost[host] = quote.lease
        #expect(record.lease.state == .active)
      }
      #expect(platform.driver.resources.keys.map { $0 } == [byHost["here"]])
      #expect(there.resources.keys.map { $0 } == [byHost["there"]])
      // What one host has lost is found there, and the other's is not looked for in vain.
      there.resources.keys.forEach { there.lose($0) }
      try await engine.work.reconciler.reconcile()
      let (whole, lost) = (try #require(byHost["here"]), try #require(byHost["there"]))
      #expect(try await platform.lease(lost).flags.impaired != nil)
      #expect(try await platform.lease(whole).flags.impaired == nil)
      // Which driver it is does not depend on which kind alone.
      let record = try #require(try await platform.record(whole))
      #expect(ResourceDrivers(host: "elsewhere", [there]).driver(of: record) == nil)
      var placeless = record
      placeless.placement = nil
      #expect(ResourceDrivers(host: "elsewhere", [there]).driver(of: placeless) != nil)
      #expect(engine.drivers.resources.driver(of: placeless) == nil)
    }
  }
}
