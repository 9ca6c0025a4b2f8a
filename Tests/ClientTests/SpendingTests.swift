import BOLT11
import Client
import Foundation
import Testing
import Units
import Wallets
import Wire

@testable import RenterKit

@Suite struct SpendingTests {
  private let request = RentRequest(offer: "disk-small")

  @Test func manyAtOnceNeverSpendMoreThanTheDayAllows() async throws {
    try await Bench.run { bench in
      let till = Till(bench)
      // Five payments with what may be spent on their fees, and not a sixth.
      let each = bench.shop.price + bench.shop.price / 100 + 10_000
      try bench.state.setBudget(Budget(perDay: Millisatoshi(5 * each)))
      till.state.withLock { $0.fee = Millisatoshi(bench.shop.price / 100 + 10_000) }
      let outcomes = await withTaskGroup(of: Bool.self) { group in
        for _ in 0..<12 {
          group.addTask {
            // Over budget: the one refusal that is wanted here; others are told by the sums below.
            (try? await bench.client(wallet: till) { try await $0.rent(self.request) }) != nil
          }
        }
        return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
      }
      #expect(outcomes == 5)
      #expect(till.state.withLock { Set($0.calls).count } == 5)
      let spent = try bench.state.spendings().spent(at: LeaseholdClient.systemClock())
      #expect(spent == Millisatoshi(5 * each))
      let address = try #require(ServerAddress(bench.server.address))
      #expect(try bench.state.unfinishedPurchases(of: address).isEmpty)
    }
  }

  @Test func whatAPaymentCameToReplacesWhatWasSetAside() async throws {
    try await Bench.run { bench in
      let till = Till(bench)
      _ = try await bench.client(wallet: till) { try await $0.rent(request) }
      let entry = try #require(try bench.state.spendings().entries.first)
      #expect(entry.isPaid)
      #expect(entry.amount == Millisatoshi(bench.shop.price) + 3_000)
      #expect(till.state.withLock { $0.maxFees } == [Millisatoshi(bench.shop.price / 100) + 10_000])
    }
  }

  @Test func theFeeShrinksToWhatTheBudgetLeaves() async throws {
    try await Bench.run { bench in
      let till = Till(bench)
      let budget = Budget(perPayment: Millisatoshi(bench.shop.price + 500))
      _ = try await bench.client(wallet: till, budget: budget) { try await $0.rent(request) }
      #expect(till.state.withLock { $0.maxFees } == [500])
      let error = await bench.failure {
        let less = Budget(perPayment: Millisatoshi(bench.shop.price - 1))
        _ = try await bench.client(wallet: till, budget: less) { try await $0.rent(request) }
      }
      guard case .overBudget(.overPayment) = error else { Issue.record("\(String(describing: error))"); return }
    }
  }

  @Test func oneInvoiceIsPaidOnceHoweverManyRunsHoldIt() async throws {
    try await Bench.run { bench in
      let till = Till(bench)
      bench.upset { $0.declines = true }
      _ = await bench.failure { _ = try await bench.rent() }
      let invoice = try #require(bench.shop.state.withLock { $0.sales.values.first?.challenge.invoice })
      let preimages = try await withThrowingTaskGroup(of: String.self) { group in
        for _ in 0..<6 {
          group.addTask { try await bench.client(wallet: till) { try await $0.pay(invoice: invoice) } }
        }
        return try await group.reduce(into: Set<String>()) { $0.insert($1) }
      }
      #expect(preimages.count == 1)
      #expect(till.state.withLock { $0.calls.count } == 1)
    }
  }

  @Test func anAnswerThatWasLostTheWalletIsAskedWhatBecameOfIt() async throws {
    try await Bench.run { bench in
      let till = Till(bench)
      let invoice = try await quote(bench)
      till.state.withLock { $0.losesAnswers = true }
      let error = await bench.failure {
        _ = try await bench.client(wallet: till) { try await $0.pay(invoice: invoice) }
      }
      guard case .wallet(.uncertain) = error else { Issue.record("\(String(describing: error))"); return }
      #expect(try bench.state.spendings().entries.first?.isPaid == false)
      _ = try await bench.client(wallet: till) { try await $0.pay(invoice: invoice) }
      #expect(till.state.withLock { ($0.calls.count, $0.lookups) } == (1, 1))
      #expect(try bench.state.spendings().entries.first?.isPaid == true)
    }
  }

  @Test func aRequestThatWasLostIsMadeAgainOnceItIsKnownThatItWas() async throws {
    try await Bench.run { bench in
      let till = Till(bench)
      let invoice = try await quote(bench)
      till.state.withLock { $0.losesRequests = true }
      _ = await bench.failure { _ = try await bench.client(wallet: till) { try await $0.pay(invoice: invoice) } }
      till.state.withLock { $0.losesRequests = false }
      _ = try await bench.client(wallet: till) { try await $0.pay(invoice: invoice) }
      #expect(till.state.withLock { ($0.calls.count, $0.lookups) } == (2, 1))
      #expect(bench.payments.count == 1)
    }
  }

  @Test func aPaymentUnderWayIsNotMadeAgain() async throws {
    try await Bench.run { bench in
      let till = Till(bench)
      let invoice = try await quote(bench)
      till.state.withLock { $0.stalls = true }
      for _ in 0..<2 {
        let error = await bench.failure {
          _ = try await bench.client(wallet: till, patience: 0) { try await $0.pay(invoice: invoice) }
        }
        guard case .wallet(.uncertain) = error else { Issue.record("\(String(describing: error))"); return }
      }
      #expect(till.state.withLock { $0.calls.count } == 1)
      #expect(try bench.state.spendings().entries.count == 1)
    }
  }

  @Test func aWalletThatWentAwayAfterAPaymentWasLostSaysNothingOfIt() async throws {
    try await Bench.run { bench in
      let till = Till(bench)
      let invoice = try await quote(bench)
      till.state.withLock { $0.losesAnswers = true }
      _ = await bench.failure { _ = try await bench.client(wallet: till) { try await $0.pay(invoice: invoice) } }
      till.state.withLock { $0.isAway = true }
      let error = await bench.failure {
        _ = try await bench.client(wallet: till) { try await $0.pay(invoice: invoice) }
      }
      // Not "nothing was paid": the money may be gone, and stays set aside.
      guard case .wallet(.uncertain) = error else { Issue.record("\(String(describing: error))"); return }
      #expect(try bench.state.spendings().entries.count == 1)
      till.state.withLock { $0.isAway = false }
      _ = try await bench.client(wallet: till) { try await $0.pay(invoice: invoice) }
      #expect(till.state.withLock { $0.calls.count } == 1)
    }
  }

  @Test func overBudgetLeavesNothingToGoOnWith() async throws {
    try await Bench.run { bench in
      try bench.state.setBudget(Budget(perDay: 1))
      _ = await bench.failure { _ = try await bench.rent() }
      let address = try #require(ServerAddress(bench.server.address))
      #expect(try bench.state.unfinishedPurchases(of: address).isEmpty)
      #expect(try bench.state.spendings().entries.isEmpty)
    }
  }

  @Test(arguments: [nil, FailureDocument(code: "container-cannot-start", detail: "it ended with 127")])
  func aHoldThatIsCalledOffCostsNothingAndLeavesNothing(_ failure: FailureDocument?) async throws {
    try await Bench.run { bench in
      let shop = bench.shop
      let address = try #require(ServerAddress(bench.server.address))
      let client = LeaseholdClient(
        server: address, state: try bench.state, settings: .init(paysByHand: true),
        tell: { event in
          // Paid by hand: held first, and when that was seen, called off.
          shop.state.withLock { state in
            guard let hash = state.sales.keys.first else { return }
            if case .payByHand = event { state.sales[hash]?.isHeld = true }
            if case .held = event {
              state.sales[hash]?.isHeld = false
              state.sales[hash]?.isCanceled = true
              state.sales[hash]?.failure = failure
            }
          }
        })
      let error = await bench.failure { _ = try await client.rent(request) }
      await client.shutdown()
      guard case .notMade(let code, let words) = error else { Issue.record("\(String(describing: error))"); return }
      #expect(code == failure?.code)
      #expect(failure.map { words == $0.detail } ?? true)
      #expect(try bench.state.spendings().entries.isEmpty)
      #expect(try bench.state.unfinishedPurchases(of: address).isEmpty)
    }
  }

  /// An invoice of the shop's that nobody paid.
  private func quote(_ bench: Bench) async throws -> String {
    bench.upset { $0.declines = true }
    _ = await bench.failure { _ = try await bench.rent() }
    bench.upset { $0.declines = false }
    return try #require(bench.shop.state.withLock { $0.sales.values.first?.challenge.invoice })
  }
}
