import Foundation
import Testing

@testable import RenterKit
@testable import leasehold

/// `leasehold refund`, both ways out.
@Suite struct RefundTests {
  @Test func toAnInvoicePaidIs0AndFailedIs1WithTheReason() async throws {
    try await Storefront.open { storefront in
      let lease = try await storefront.rent()
      let paid = try await storefront.run("refund", lease, "lnbc1", "--json")
      #expect(paid.status == 0, "\(paid.error)")
      #expect(try paid.document()["state"] as? String == "paid")
      let shown = try await storefront.run("refund", lease, "lnbc1")
      #expect(shown.output.contains("paid"), "\(shown.output)")
      #expect(shown.output.contains("20 sat"), "\(shown.output)")
      storefront.shop.state.withLock { $0.payoutStates = ["failed"] }
      let failed = try await storefront.run("refund", lease, "lnbc1", "--json")
      #expect(failed.status == 1, "\(failed.error)")
      #expect(failed.error.contains("no route"), "\(failed.error)")
      #expect(try failed.document()["state"] as? String == "failed")
      let listed = try await storefront.run("refund", lease, "--list")
      #expect(listed.status == 0, "\(listed.output)")
      #expect(listed.output.contains("failed"), "\(listed.output)")
    }
  }

  @Test func pendingIsSaidAndWaitedForWhenAsked() async throws {
    try await Storefront.open { storefront in
      let lease = try await storefront.rent()
      storefront.shop.state.withLock { $0.payoutStates = ["pending", "pending", "paid"] }
      let pending = try await storefront.run("refund", lease, "lnbc1")
      #expect(pending.status == 0, "\(pending.output)")
      #expect(pending.output.contains("run the same again"), "\(pending.output)")
      let waited = try await storefront.run("refund", lease, "lnbc1", "--wait", "--json")
      #expect(try waited.document()["state"] as? String == "paid")
    }
  }

  @Test func toAnotherLeaseSomeOfItThenTheRest() async throws {
    try await Storefront.open { storefront in
      let lease = try await storefront.rent()
      let other = try await storefront.rent()
      let some = try await storefront.run("refund", lease, "--to", other, "--sats", "20", "--json")
      #expect(some.status == 0, "\(some.error)")
      #expect(try some.document()["amount_msat"] as? Int == 20_000)
      // A friend's, by its whole id.
      let rest = try await storefront.run("refund", lease, "--to", Shop.target)
      #expect(rest.status == 0, "\(rest.output) \(rest.error)")
      #expect(rest.output.contains("30 sat"), "\(rest.output) \(rest.error)")
      let none = try await storefront.run("refund", lease, "--to", other)
      #expect(none.status == 1)
      #expect(none.output.isEmpty)
      #expect(try await storefront.run("refund", lease, "--to", "nobody").status == 4)
    }
  }

  @Test func whatDoesNotGoTogetherIs2() async throws {
    try await Storefront.open { storefront in
      for arguments in [
        [], ["lnbc1", "--to", "x"], ["lnbc1", "--list"], ["lnbc1", "--sats", "1"], ["--to", "x", "--wait"],
        ["--to", "x", "--sats", "0"],
      ] {
        let outcome = try await storefront.run(["refund", "x"] + arguments)
        #expect(outcome.status == 2, "\(arguments): \(outcome.status)")
        #expect(outcome.output.isEmpty, "\(arguments): \(outcome.status)")
      }
    }
  }
}
