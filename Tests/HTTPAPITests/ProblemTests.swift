import Engine
import Hummingbird
import L402
import Testing
import Wire

@testable import HTTPAPI

@Suite struct ProblemTests {
  private static let refusals: [(Refusal, Int, String)] = [
    (.unknownOffer("x"), 404, "unknown-offer"), (.unknownLease, 404, "unknown-lease"),
    (.unknownPayment, 404, "unknown-payment"), (.invalidField("periods", "no"), 422, "invalid-field"),
    (.leaseClosed, 410, "lease-closed"), (.noCapacity, 409, "no-capacity"),
    (.idempotencyConflict, 409, "idempotency-conflict"),
    (.unauthorized(reason: .credentialRequired, detail: ""), 401, "credential-required"),
    (.unauthorized(reason: .badHeader, detail: ""), 401, "bad-header"),
    (.forbidden(reason: .wrongLease, detail: ""), 403, "wrong-lease"),
    (.tooManyRequests(retryAfter: 3), 429, "too-many-requests"), (.tooManyAtOnce("x"), 429, "too-many-at-once"),
    (.unavailable(retryAfter: 2, "x"), 503, "unavailable"),
    (.noExchangeRate(retryAfter: 60, "x"), 503, "exchange-rate-unavailable"),
    (.conflict(code: .invoiceExpired, ""), 409, "invoice-expired"),
  ]

  @Test func refusalsHaveTheirCodes() {
    for (refusal, status, code) in Self.refusals {
      let problem = HTTPAPI.problem(for: refusal)
      #expect(problem.status.code == status, "\(refusal)")
      #expect(problem.code.rawValue == code, "\(refusal)")
    }
  }

  @Test func aFourHundredAndOneNamesTheSchemeAndNothingToPay() throws {
    let problem = HTTPAPI.problem(for: Refusal.unauthorized(reason: .credentialForged, detail: ""))
    let line = try #require(problem.headers[.wwwAuthenticate])
    #expect(line.hasPrefix("L402"))
    #expect(!line.contains("macaroon"))
    #expect(!line.contains("invoice"))
    #expect(Challenge(wwwAuthenticate: [line]) == nil)
  }

  @Test func waitingIsSaidInSeconds() {
    #expect(HTTPAPI.problem(for: Refusal.tooManyRequests(retryAfter: 3)).headers[.retryAfter] == "3")
    #expect(HTTPAPI.problem(for: Refusal.noExchangeRate(retryAfter: 60, "")).headers[.retryAfter] == "60")
    #expect(HTTPAPI.problem(for: StoreError(.unavailable, "x")).headers[.retryAfter] == "1")
    #expect(HTTPAPI.problem(for: StoreError(.outcomeUnknown, "x")).status.code == 503)
  }

  @Test func internalsStayInside() {
    struct Surprise: Error { var secret = "hunter2" }
    for error in [StoreError(.invariant, "hunter2"), Surprise(), StoreError(.failed, "hunter2")] as [any Error] {
      let problem = HTTPAPI.problem(for: error)
      #expect(problem.status.code == 500)
      #expect(problem.code == .internal)
      #expect(!problem.detail.contains("hunter2"))
    }
    #expect(!loggable(Surprise()).contains("hunter2"))
  }

  @Test func withoutAnOperatorsTokenThereIsNothingToAdminister() async throws {
    try await Bench.with { bench in
      let api = HTTPAPI(engine: bench.engine, configuration: .init(adminToken: nil))
      try await bench.live(api.makeRouter(of: BasicHTTPAPIContext.self)) { door async throws in
        let refused = try await door.ask(.get, "/admin/v1/leases", authorization: "Bearer \(Bench.adminToken)")
        #expect(refused.status == 403)
        #expect(try refused.problem.code == "admin-disabled")
      }
    }
  }

  @Test func jsonFaults() {
    #expect(HTTPAPI.problem(for: JSONFault.malformed(offset: 3)).code == .malformedJSON)
    let problem = HTTPAPI.problem(for: JSONFault.field("env.A", "is a string"))
    #expect(problem.status.code == 422)
    #expect(problem.field == "env.A")
  }
}
