import L402
import Leasing
import Ledger
import TestKit
import Testing
import Units

@testable import Engine

/// What one renter takes out leaves the others theirs.
@Suite struct PayoutBoundTests {
  private func wallet(_ platform: Platform, _ amount: Millisatoshi) async throws -> String {
    try await platform.node.createInvoice(
      InvoiceRequest(
        label: "wallet/\(Preimage.random().paymentHash.hex)", amount: amount, description: "x", expiry: 3_600)
    ).bolt11
  }

  private func ask(
    _ platform: Platform, _ renter: Renter, _ lease: (id: LeaseID, credential: String), _ amount: Millisatoshi
  ) async -> String {
    await refusal {
      try await platform.engine.refund(
        lease.id, to: try await wallet(platform, amount), renter.caller(lease.credential))
    }
  }

  private static func tight(_ settings: inout Settings) {
    settings.payouts.maxEach = 4_000_000
    settings.payouts.maxPerDay = 10_000_000
    settings.payouts.leasePercent = 20
    settings.payouts.small = 200_000
  }

  /// Rent, release, refund, many times: nothing has gone out that had not just come in.
  @Test func moneyThatCameInTodayGoesOutAgain() async throws {
    try await Platform.with(settings: Self.tight) { platform in
      let renter = Renter(platform)
      for _ in 0..<6 {
        let lease = try await renter.credited()
        #expect(await ask(platform, renter, lease, 3_500_000) == "nothing")
        try await platform.settle()
      }
      let neighbour = Renter(platform, address: "198.51.100.9")
      let lease = try await neighbour.credited()
      #expect(await ask(platform, neighbour, lease, 3_500_000) == "nothing")
      try await platform.settle()
      #expect(try await platform.engine.operator.audit().findings == [])
    }
  }

  @Test func oldMoneyIsBoundedByLeaseAndLeavesRoomForSmallOnes() async throws {
    try await Platform.with(settings: Self.tight) { platform in
      let renter = Renter(platform)
      var leases: [(id: LeaseID, credential: String)] = []
      for _ in 0..<7 { leases.append(try await renter.credited()) }
      try await platform.pass(.day + 1)
      // 2,000 sat a lease, routing budget of 10 sat and a hundredth included.
      #expect(await ask(platform, renter, leases[0], 1_970_299) == "409 payout-share")
      #expect(await ask(platform, renter, leases[0], 1_970_298) == "nothing")
      #expect(await ask(platform, renter, leases[0], 1_000) == "409 payout-share")
      for lease in leases[1...3] { #expect(await ask(platform, renter, lease, 1_970_298) == "nothing") }
      // 8,000 sat are out of 9,000 for what is not small.
      #expect(await ask(platform, renter, leases[4], 1_200_000) == "409 payout-limit")
      #expect(await ask(platform, renter, leases[4], 900_000) == "nothing")
      #expect(await ask(platform, renter, leases[5], 300_000) == "409 payout-limit")
      #expect(await ask(platform, renter, leases[5], 150_000) == "nothing")
      // What was paid came back under the budgets; a day later all is as before.
      try await platform.settle()
      try await platform.pass(.day + 1)
      #expect(await ask(platform, renter, leases[6], 1_900_000) == "nothing")
      try await platform.settle()
      #expect(try await platform.engine.operator.audit().findings == [])
    }
  }

  /// Each hold invoice keeps one pending for as long as its maker likes.
  @Test func whatIsPendingLeavesPlacesForOthers() async throws {
    try await Platform.with(settings: { $0.payouts.maxPending = 10 }) { platform in
      let renter = Renter(platform)
      var leases: [(id: LeaseID, credential: String)] = []
      for _ in 0..<11 { leases.append(try await renter.credited()) }
      // Nothing runs meanwhile: all of them stay pending.
      #expect(await ask(platform, renter, leases[0], 1_000) == "nothing")
      #expect(await ask(platform, renter, leases[0], 1_000) == "409 payouts-pending")
      for lease in leases[1...9] { #expect(await ask(platform, renter, lease, 1_000) == "nothing") }
      #expect(await ask(platform, renter, leases[10], 1_000) == "409 payouts-pending")
      try await platform.settle()
      #expect(await ask(platform, renter, leases[10], 1_000) == "nothing")
    }
  }

  @Test func theLastPlacesAreForLeasesWithNonePending() {
    var bounds = Settings.Payouts()
    bounds.maxPending = 50
    func refused(_ pending: Int, _ ofLease: Int) -> Bool {
      let level = PayoutLevel(out: .zero, outOfLease: .zero, pending: pending, pendingOfLease: ofLease)
      return bounds.refusal(of: 1, at: level) { _ in .zero } != nil
    }
    #expect(!refused(39, 4))
    #expect(refused(39, 5))
    #expect(refused(40, 1))
    #expect(!refused(49, 0))
    #expect(refused(50, 0))
  }

  @Test func noSumOfThemTraps() {
    let bounds = Settings.Payouts()
    let most = Millisatoshi(.max)
    let level = PayoutLevel(out: most, outOfLease: most, pending: 0, pendingOfLease: 0)
    #expect(bounds.refusal(of: .supply, at: level) { _ in .zero } != nil)
  }
}
