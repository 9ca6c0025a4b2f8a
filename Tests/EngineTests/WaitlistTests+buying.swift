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
      for (secret, key) in [(ticket, key), (nil, key), (ticket, nil), (nil, nil)] as [(String?, String?)] {
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
}
