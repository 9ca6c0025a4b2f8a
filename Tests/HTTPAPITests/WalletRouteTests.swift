import BOLT11
import Engine
import HTTPTypes
import L402
import TestKit
import Testing
import Units
import Wire

@testable import HTTPAPI

/// A wallet that is asked for renewals, as its holder sees it.
@Suite struct WalletRouteTests {
  private static func with(
    wallets: Bool = true, _ body: @escaping @Sendable (Door) async throws -> Void
  ) async throws {
    try await Bench.with(wallets: { node in
      guard wallets else { return nil }
      return SimulatedWallet(hash: { invoice in
        guard let parsed = try? Invoice.parse(invoice) else { return nil }  // What is no invoice has no hash.
        return PaymentHash(parsed.paymentHash)
      }) { try await node.payOwn($0).paymentHash }
    }) { bench in try await bench.live(body) }
  }

  @Test func itIsNamedShownAndTakenBack() async throws {
    try await Self.with { door in
      let (lease, owner) = try await door.rent()
      let here = "/v1/leases/\(lease.id)/wallet"
      let none = try await door.ask(.get, here, authorization: owner)
      #expect(none.status == 200 && none.text == "{}")
      let wish = #"{"nwc":"wallet:of-the-renter","budget_msat":10000,"total_msat":50000}"#
      let set = try await door.ask(.put, here, wish, authorization: owner)
      #expect(set.status == 200, "\(set.text)")
      #expect(set.headers[.cacheControl] == "no-store")
      let seen = try set.document(WalletGrantDocument.self)
      #expect(seen.budgetMsat == 10_000 && seen.totalMsat == 50_000 && seen.spentMsat == 0)
      #expect(seen.everySeconds == lease.rate.periodSeconds)
      #expect(seen.relays == ["wss://relay.example"] && seen.last == nil)
      for answer in [
        set, try await door.ask(.get, here, authorization: owner),
        try await door.ask(.get, "/v1/leases/\(lease.id)/explain", authorization: owner),
        try await door.ask(.get, "/v1/leases/\(lease.id)", authorization: owner),
      ] { #expect(!answer.text.contains("of-the-renter"), "the grant is told again") }
      // Whoever may look may not see it, nor a stranger, nor who has another lease.
      for shown in [try narrowed(owner, "leasehold_capabilities=read"), try await door.rent().1, nil] as [String?] {
        for method in [HTTPRequest.Method.get, .put, .delete] {
          let answer = try await door.ask(method, here, method == .put ? wish : nil, authorization: shown)
          #expect([401, 403].contains(answer.status), "\(method) \(answer.status) \(answer.text)")
        }
      }
      #expect(try await door.ask(.delete, here, authorization: owner).status == 204)
      #expect(try await door.ask(.delete, here, authorization: owner).status == 204)
      #expect(try await door.ask(.get, here, authorization: owner).text == "{}")
    }
  }

  @Test func whatMakesNoSenseIsRefused() async throws {
    try await Self.with { door in
      let (lease, owner) = try await door.rent()
      let here = "/v1/leases/\(lease.id)/wallet"
      for json in [
        "{}", #"{"nwc":"wallet:1"}"#, #"{"nwc":"wallet:1","budget_msat":0}"#, #"{"nwc":"wallet:1","budget_msat":-1}"#,
        #"{"nwc":"else","budget_msat":1}"#, #"{"nwc":"wallet:1","budget_msat":1,"every_seconds":0}"#,
        #"{"nwc":"wallet:1","budget_msat":1,"every_seconds":9223372036854775807}"#,
        #"{"nwc":"wallet:1","budget_msat":9223372036854775807}"#, #"{"nwc":"wallet:1","budget_msat":1,"more":1}"#,
        #"{"nwc":"wallet:1","budget_msat":1,"total_msat":0}"#,
      ] {
        let answer = try await door.ask(.put, here, json, authorization: owner)
        #expect(answer.status == 422, "\(json): \(answer.status)")
      }
    }
    try await Self.with(wallets: false) { door in
      let (lease, owner) = try await door.rent()
      let wish = #"{"nwc":"wallet:1","budget_msat":1}"#
      let answer = try await door.ask(.put, "/v1/leases/\(lease.id)/wallet", wish, authorization: owner)
      #expect(try answer.status == 422 && answer.problem.code == "wallet-refused")
    }
  }
}
