import Client
import Foundation
import Testing
import Units
import Wallets
import Wire

@testable import RenterKit

/// A run is killed at its Nth talk with the server or the wallet, for N = 1, 2, 3 … until it lives through all of them;
/// then it is started again.
@Suite struct CrashTests {
  private func walk(
    _ name: String, wallet makeWallet: (Bench) -> (any Wallet)?, prepare: (Bench) async throws -> Void,
    run: (LeaseholdClient) async throws -> Void, check: (Bench, String) throws -> Void
  ) async throws {
    var crashes = 0
    for moment in Trap.Moment.allCases {
      for talk in 1... {
        var isLast = false
        try await Bench.run { bench in
          let wallet = makeWallet(bench)
          try await prepare(bench)
          bench.trap.set(talk: talk, moment)
          // The run that dies ends with an error, whichever.
          try? await bench.client(wallet: wallet, patience: 0) { try await run($0) }
          isLast = try !bench.trap.restart()
          if !isLast {
            crashes += 1
            try await bench.client(wallet: wallet) { try await run($0) }
          }
          try check(bench, "\(name), killed \(moment) talk \(talk)")
        }
        if isLast { break }
      }
    }
    print("\(name): \(crashes) crashes")
    #expect(crashes >= 6)
  }

  private func checkRent(_ bench: Bench, _ what: String) throws {
    #expect(bench.payments.count == 1, "\(what)")
    #expect(bench.shop.state.withLock { $0.leases.count } == 1, "\(what)")
    let address = try #require(ServerAddress(bench.server.address))
    #expect(try bench.state.unfinishedPurchases(of: address).isEmpty, "\(what)")
    let kept = try bench.state.storedLeases(of: address)
    #expect(kept.count == 1 && kept.first?.credential != nil, "\(what)")
    #expect(try bench.state.spendings().entries.map(\.isPaid) == [true], "\(what)")
  }

  @Test func `renting with the server's node`() async throws {
    try await walk(
      "renting", wallet: { _ in nil }, prepare: { _ in },
      run: { _ = try await $0.rent(RentRequest(offer: "disk-small")) }, check: checkRent)
  }

  @Test func `renting with a wallet that may have paid`() async throws {
    try await walk(
      "renting with a wallet", wallet: { Till($0) }, prepare: { _ in },
      run: { _ = try await $0.rent(RentRequest(offer: "disk-small")) }, check: checkRent)
  }

  @Test func `keeping a lease alive`() async throws {
    try await walk(
      "autopay", wallet: { Till($0) },
      prepare: { bench in
        let lease = try await bench.rent()
        bench.upset { $0.terms[lease.id] = Shop.Term(paidUntil: LeaseholdClient.systemClock() + 5) }
      },
      run: { client in
        let leases = try client.state.storedLeases(of: client.server).map(\.lease)
        let failures = await Autopay(client: client, rules: AutopayRules(maxPeriods: 1)).once(leases)
        if let failure = failures.first { throw failure.error }
      },
      check: { bench, what in
        #expect(bench.shop.state.withLock { $0.terms.values.map(\.renewals) } == [1], "\(what)")
        #expect(bench.payments.count == 2, "\(what)")
        let address = try #require(ServerAddress(bench.server.address))
        #expect(try bench.state.unfinishedPurchases(of: address).isEmpty, "\(what)")
      })
  }
}
