import HTTPTypes
import Testing
import Wire

@testable import HTTPAPI

@Suite struct SpendLimitTests {
  @Test func aLimitIsSetToldAndTakenBack() async throws {
    try await Bench.with { bench in
      try await bench.live { door in
        let body = #"{"offer":"disk"}"#
        let credential = try await door.pay(try await door.ask(.post, "/v1/leases", body))
        let lease = try await door.ask(.post, "/v1/leases", body, authorization: credential).document(
          LeaseDocument.self)
        #expect(lease.limits == nil)
        func put(_ json: String) async throws -> Door.Answer {
          try await door.ask(.put, "/v1/leases/\(lease.id)/limits", json, authorization: credential)
        }
        // Nothing of this offer is metered.
        let refused = try await put(#"{"spend_sat_per_day":500}"#)
        #expect(refused.status == 422)
        #expect(try refused.problem.field == "limits.spend_sat_per_day")
        #expect(try await put(#"{"spend_sat_per_day":0}"#).status == 422)
        // Who says nothing takes nothing off.
        let nothing = try await put("{}")
        #expect(nothing.status == 422)
        #expect(try nothing.problem.field == "spend_sat_per_day")
        let none = try await put(#"{"spend_sat_per_day":null}"#)
        #expect(none.status == 200)
        #expect(try none.document(LeaseDocument.self).limits == nil)
        let wish = #"{"offer":"disk","limits":{"spend_sat_per_day":500}}"#
        #expect(try await door.ask(.post, "/v1/leases", wish).status == 422)
      }
    }
  }
}
