import HTTPTypes
import Testing
import Wire

@testable import HTTPAPI

@Suite struct EarningRouteTests {
  @Test func whatWasEarnedIsForTheProviderAlone() async throws {
    try await Bench.with { bench in
      try await bench.live { door in
        let (lease, authorization) = try await door.rent()
        bench.clock.advance(by: 1_800)
        let released = try await door.ask(.delete, "/v1/leases/\(lease.id)", authorization: authorization)
        #expect(released.status / 100 == 2)
        let provider = "Bearer \(Bench.adminToken)"
        let earned = try await door.ask(.get, "/admin/v1/earnings?days=2", authorization: provider)
          .document(ListDocument<EarningItem>.self)
        #expect(earned.items.first?.offer == "disk")
        #expect(earned.items.first?.leases == 1)
        #expect(earned.items.reduce(0) { $0 + $1.timeMsat } >= 5_000)
        #expect(try await door.ask(.get, "/admin/v1/earnings").status == 401)
        for days in ["0", "-1", "3661", "x", "9223372036854775808"] {
          #expect(try await door.ask(.get, "/admin/v1/earnings?days=\(days)", authorization: provider).status == 422)
        }
      }
    }
  }
}
