import HTTPTypes
import L402
import Testing
import Wire

@testable import HTTPAPI

@Suite struct AdminPayoutTests {
  @Test func payoutsAreTheProvidersToSeeAndEnd() async throws {
    try await Bench.with { bench in
      try await bench.live { door in
        let provider = "Bearer \(Bench.adminToken)"
        let list = try await door.ask(.get, "/admin/v1/payouts?state=all", authorization: provider)
          .document(ListDocument<PayoutItem>.self)
        #expect(list.items.isEmpty)
        #expect(try await door.ask(.get, "/admin/v1/payouts?state=stuck", authorization: provider).status == 422)
        let unknown = "/admin/v1/payouts/" + String(repeating: "0", count: 64)
        #expect(try await door.ask(.get, unknown, authorization: provider).status == 404)
        #expect(try await door.ask(.get, "/admin/v1/payouts/x", authorization: provider).status == 404)
        let wrong = try await door.ask(
          .post, unknown + "/settle", #"{"preimage":"zz","reason":"x"}"#, authorization: provider)
        #expect(wrong.status == 422)
        let fail = unknown + "/fail"
        #expect(try await door.ask(.post, fail, #"{"reason":"x"}"#, authorization: provider).status == 404)
        #expect(try await door.ask(.post, fail, "{}", authorization: provider).status == 422)
      }
    }
  }
}
