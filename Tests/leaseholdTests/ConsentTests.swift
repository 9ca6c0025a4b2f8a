import Client
import Foundation
import Testing
import Units

@testable import RenterKit
@testable import leasehold

/// What spends says what it costs, and does not pay unasked.
@Suite struct ConsentTests {
  @Test func whereNobodyCanBeAskedNothingIsPaidWithoutAWordBeforehand() async throws {
    try await Storefront.open { storefront in
      let lease = try await storefront.rent()
      let shop = storefront.shop
      shop.state.withLock { $0.terms[lease] = Shop.Term(paidUntil: Storefront.now + 60) }
      for command in [["rent", "disk-small"], ["renew", lease], ["change", lease, "disk-large"]] {
        let outcome = try await storefront.run(command)
        #expect(outcome.status == 3, "\(command): \(outcome.status) \(outcome.error)")
        #expect(outcome.error.contains("21 sat"), "\(command): \(outcome.error)")
        #expect(outcome.error.contains("--yes"), "\(command): \(outcome.error)")
        #expect(outcome.error.contains("paid until"), "\(command): \(outcome.error)")
      }
      shop.state.withLock { $0.suspendedUntilPaid = true }
      let door = try await storefront.run("ls", lease, "--pay")
      #expect(door.status == 3, "\(door.error)")
      #expect(door.error.contains("21 sat"), "\(door.error)")
      let keeper = try await storefront.run("autopay", lease)
      #expect(keeper.status == 2, "\(keeper.error)")
      #expect(keeper.error.contains("--yes"), "\(keeper.error)")
      let invoice = try #require(shop.state.withLock { $0.sales.values.first { !$0.isPaid }?.challenge.invoice })
      #expect(try await storefront.run("pay", invoice).status == 3)
      #expect(shop.state.withLock { $0.payments.count } == 1)
      // What was not allowed leaves nothing that could be gone on with.
      #expect(try await storefront.run("recover").output == "nothing to recover\n")
    }
  }

  @Test func aBoundThatCoversItIsLeaveAndSoIsAYes() async throws {
    try await Storefront.open { storefront in
      #expect(try await storefront.run("rent", "disk-small", "--max-sats", "20").status == 3)
      let bounded = try await storefront.run("rent", "disk-small", "--max-sats", "21")
      #expect(bounded.status == 0, "\(bounded.error)")
      #expect(bounded.error.contains("21 sat"), "\(bounded.error)")
      #expect(bounded.error.contains("paid until"), "\(bounded.error)")
      #expect(try await storefront.run("rent", "disk-small", "-y", "--quiet").error.isEmpty)
    }
  }

  @Test func unlessItIsSetTheBudgetIsSmall() async throws {
    try await Storefront.open { storefront in
      for command in ["budget", "wallet"] {
        let shown = try await storefront.run(command, "--json").document()
        #expect(shown["per_payment_msat"] as? Int == 1_000_000)
        #expect(shown["per_day_msat"] as? Int == 10_000_000)
        // What the configuration says takes the place of what nobody said.
        let set = try await storefront.run(
          command, "--json", environment: ["LEASEHOLD_WALLET_PER_PAYMENT_SATS": "5000"]
        ).document()
        #expect(set["per_payment_msat"] as? Int == 5_000_000)
        #expect(set["per_day_msat"] as? Int == 10_000_000)
      }
      #expect(try await storefront.run("budget", "--per-day", "7").status == 0)
      for command in ["budget", "wallet"] {
        let shown = try await storefront.run(
          command, "--json", environment: ["LEASEHOLD_WALLET_PER_DAY_SATS": "5000"]
        ).document()
        #expect(shown["per_day_msat"] as? Int == 7_000, "\(command)")
      }
      let over = try await storefront.run("rent", "disk-small", "--yes")
      #expect(over.status == 3, "\(over.error)")
      #expect(over.error.contains("leasehold budget"), "\(over.error)")
    }
  }

  @Test func anErrorIsADocumentWhereDocumentsAreAskedFor() async throws {
    try await Storefront.open { storefront in
      for (command, exit) in [
        (["show", "nobody", "--json"], 4), (["--json", "rent", "disk-small"], 3), (["rent", "--json"], 2),
      ] {
        let outcome = try await storefront.run(command)
        #expect(outcome.status == exit, "\(command): \(outcome.error)")
        #expect(outcome.output.isEmpty, "\(command): \(outcome.error)")
        let last = try #require(outcome.error.split(separator: "\n").last)
        let document = try JSONSerialization.jsonObject(with: Data(last.utf8)) as? [String: [String: Any]]
        #expect(document?["error"]?["exit_code"] as? Int == exit, "\(last)")
      }
    }
  }
}
