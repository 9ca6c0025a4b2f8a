import Leasing
import Ledger
import TestKit
import Testing
import Units

@testable import Engine

@Suite struct IdlenessTests {
  /// However many leases sleep when nobody comes: one statement asks for all that are looked at together.
  @Test func manyAreLookedAtInOneTransaction() async throws {
    try await Platform.with(catalog: .idling) { platform in
      func cost() async throws -> Int {
        let before = platform.postgres.pool.statementCount
        try await platform.engine.money.metering.lookForIdleness()
        return platform.postgres.pool.statementCount - before
      }
      var ids: [LeaseID] = []
      ids.append(try await Renter(platform, address: "198.51.100.1").rent().0)
      let one = try await cost()
      for number in 2..<5 { ids.append(try await Renter(platform, address: "198.51.100.\(number)").rent().0) }
      #expect(try await cost() == one)
      // Of one that was used, the use counts; of the others, when they began.
      platform.clock.advance(by: 590)
      platform.driver.use(ids[0], .egress, 10)
      try await platform.engine.money.metering.sample()
      platform.clock.advance(by: 20)
      platform.driver.use(ids[0], .egress, 20)
      try await platform.engine.money.metering.sample()
      try await platform.engine.money.metering.lookForIdleness()
      try await platform.settle()
      var states: [String] = []
      for id in ids { states.append(try await platform.state(id)) }
      #expect(states == ["active", "suspended", "suspended", "suspended"])
    }
  }
}
