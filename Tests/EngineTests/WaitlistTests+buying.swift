import L402
import Leasing
import Ledger
import TestKit
import Testing
import Units

@testable import Engine

/// What a ticket buys, and what it keeps from others.
extension WaitlistTests {
  private func rent(
    _ secret: String?, _ platform: Platform, body: [UInt8] = Self.body, _ caller: Caller
  ) async throws -> Sold {
    try await platform.engine.rent(LeaseRequest(offer: "disk"), place: secret, body: body, caller)
  }

  /// Clients send a key with each purchase, and nobody has one yet when the place is offered.
  @Test func aPlaceIsBoughtWithAKeyAndOnce() async throws {
    try await Platform.with(catalog: Self.small) { platform in
      let (renter, first) = (Renter(platform), Renter(platform, address: "198.51.100.1"))
      let leases = [try await renter.rent(periods: 24), try await renter.rent(periods: 24)]
      let ticket = try await join(first, platform).secret
      _ = try await platform.engine.release(leases[0].id, renter.caller(leases[0].credential, method: "DELETE"))
      try await platform.settle()
      let key = String(repeating: "k", count: 22)
      let demand = try await first.demand { try await rent(ticket, platform, first.caller(key: key)) }
      let credential = try await first.pay(demand)
      // Another could be bought now.
      _ = try await platform.engine.release(leases[1].id, renter.caller(leases[1].credential, method: "DELETE"))
      // The same request, as clients with and without keys repeat it; without either it is known by its body.
      for (secret, key) in [(ticket, key), (ticket, nil), (nil, nil)] as [(String?, String?)] {
        let bought = try await rent(secret, platform, first.caller(credential, key: key)).bought
        #expect(bought.lease.id == demand.lease)
        try await platform.settle()
      }
      #expect(try await platform.count("SELECT count(*) FROM lease") == 3)
      // The ticket alone neither shows the lease nor sells another.
      #expect(await refusal { try await rent(ticket, platform, first.caller()) } == "401 credential-required")
      #expect(await refusal { try await rent(ticket, platform, first.caller(key: key)) } == "401 credential-required")
      #expect(try await platform.count("SELECT count(*) FROM lease") == 3)
      // Another body asks for another lease.
      #expect(
        await refusal { try await rent(nil, platform, body: [1], first.caller(credential, key: key)) } == "402")
      #expect(try await platform.engine.operator.audit().findings == [])
    }
  }

  /// Nobody keeps room from others by joining again whenever his place has lapsed.
  @Test func aPlaceThatLapsedCountsForADay() async throws {
    try await Platform.with(catalog: Self.small, settings: { $0.waitlistPerClient = 1 }) { platform in
      let engine = platform.engine
      let (renter, first) = (Renter(platform), Renter(platform, address: "198.51.100.1"))
      let second = Renter(platform, address: "198.51.100.2")
      let one = try await renter.rent(periods: 24)
      let two = try await renter.rent(periods: 24)
      let lapsing = try await join(first, platform).secret
      _ = try await engine.release(one.id, renter.caller(one.credential, method: "DELETE"))
      try await platform.settle()
      _ = try await demand(lapsing, first, platform)
      try await platform.pass(661)
      #expect(try await look(lapsing, first, platform)?.state == .lapsed)
      _ = try await renter.rent(periods: 24)
      #expect(await refusal { try await join(first, platform) } == "409 waitlist-full")
      // Nor when the quote is forgotten.
      platform.clock.advance(by: .hour * 2)
      _ = try await platform.postgres.transaction { tx in try tx.sweep(at: platform.clock.now()) }
      #expect(
        try await platform.count(
          "SELECT count(*) FROM waitlist_entry w WHERE NOT EXISTS (SELECT FROM lease l WHERE l.id = w.lease)") == 1)
      #expect(await refusal { try await join(first, platform) } == "409 waitlist-full")
      // Who takes his place may wait for another.
      let taken = try await join(second, platform).secret
      _ = try await engine.release(two.id, renter.caller(two.credential, method: "DELETE"))
      try await platform.settle()
      #expect(await refusal { try await join(second, platform) } == "409 waitlist-full")
      let credential = try await second.pay(try await demand(taken, second, platform))
      _ = try await rent(taken, platform, second.caller(credential)).bought
      try await platform.settle()
      _ = try await join(second, platform)
      platform.clock.advance(by: .day)
      _ = try await join(first, platform)
    }
  }

  /// Who leaves waits for who is giving places: the entry that was seen is there when it is offered one.
  @Test func whoLeavesDoesNotDisturbWhoGives() async throws {
    try await Platform.with(catalog: Self.small) { platform in
      let (renter, first) = (Renter(platform), Renter(platform, address: "198.51.100.1"))
      for _ in 0..<2 { _ = try await renter.rent(periods: 24) }
      let secret = try await join(first, platform).secret
      let leaving = Locked<Task<Void, any Error>?>(nil)
      let waitlist = platform.engine.waitlist
      let left = try await platform.postgres.pool.withConnection { db -> Int64? in
        try db.script("BEGIN; SELECT pg_advisory_xact_lock(hashtextextended('leasehold.waitlist', 0))")
        leaving.withLock { $0 = Task { try await waitlist.leave(secret) } }
        var left: Int64? = 1
        var awaits: Int64? = 0
        while left == 1 && awaits == 0 {
          awaits = try db.first(
            """
            SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
               AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
            """
          ) { try $0.int64(0) }
          left = try db.first("SELECT count(*) FROM waitlist_entry") { try $0.int64(0) }
        }
        try db.script("COMMIT")
        return left
      }
      #expect(left == 1)
      try await leaving.withLock { $0 }?.value
      #expect(try await platform.count("SELECT count(*) FROM waitlist_entry") == 0)
    }
  }
}
