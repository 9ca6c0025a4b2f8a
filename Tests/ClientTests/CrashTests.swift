import Foundation
import Testing
import Units
import Wallets
import Wire

@testable import Client
@testable import RenterKit

/// A run is killed at its Nth talk with the server or the wallet, and after its Nth write, for N = 1, 2, 3 … until it
/// lives through all of them; then another comes.
@Suite struct CrashTests {
  /// What comes after the run that died.
  enum Next: CaseIterable {
    /// The same command again.
    case same
    /// `leasehold recover`, or whatever asks for the lease; and then the same again where it is not done.
    case another
  }

  private func walk(
    _ name: String, wallet makeWallet: (Bench) -> (any Wallet)?, prepare: (Bench) async throws -> Void,
    run: (LeaseholdClient) async throws -> Void, another: ((LeaseholdClient) async throws -> Void)? = nil,
    payments: Int? = nil, check: (Bench, String) throws -> Void
  ) async throws {
    var crashes = 0
    for next in another == nil ? [Next.same] : Next.allCases {
      for moment in Trap.Moment.allCases {
        for place in 1... {
          var isLast = false
          try await Bench.run { bench in
            let wallet = makeWallet(bench)
            try await prepare(bench)
            bench.trap.set(talk: place, moment)
            // The run that dies ends with an error, whichever.
            try? await bench.client(wallet: wallet, patience: 0) { try await run($0) }
            isLast = try !bench.trap.restart()
            // Nothing was left to be done but to say so; whoever asks again asks for another.
            let isDone =
              try bench.payments.count == payments && bench.state.unfinishedPurchases(of: address(bench)).isEmpty
            if !isLast {
              crashes += 1
              guard !isDone else { return try check(bench, "\(name), done") }
              if next == .another, let another { try await bench.client(wallet: wallet) { try await another($0) } }
              if next == .same { try await bench.client(wallet: wallet) { try await run($0) } }
            }
            try check(bench, "\(name), killed \(moment) \(place), then \(next)")
          }
          if isLast { break }
        }
      }
    }
    print("\(name): \(crashes) crashes")
    #expect(crashes >= 4)
  }

  private func address(_ bench: Bench) throws -> ServerAddress {
    try #require(ServerAddress(bench.server.address))
  }

  /// One lease, paid once, its credential kept, and nothing left to be done.
  private func checkRent(_ bench: Bench, _ what: String) throws {
    #expect(bench.payments.count == 1, "\(what)")
    #expect(bench.shop.state.withLock { $0.leases.count } == 1, "\(what)")
    let address = try address(bench)
    #expect(try bench.state.unfinishedPurchases(of: address).isEmpty, "\(what)")
    let kept = try bench.state.storedLeases(of: address)
    #expect(kept.count == 1, "\(what)")
    #expect(kept.first?.credential != nil, "\(what)")
    #expect(kept.first?.name == "web", "\(what)")
    #expect(try bench.state.resolve("@last", at: address) == kept.first?.lease, "\(what)")
    #expect(try bench.state.spendings().entries.map(\.isPaid) == [true], "\(what)")
  }

  private func rent(_ client: LeaseholdClient) async throws {
    _ = try await client.rent(RentRequest(offer: "disk-small"), name: "web")
  }

  /// Whatever was paid is gone on with; what was not is asked for again.
  private func recoverOrRent(_ client: LeaseholdClient) async throws {
    for (_, outcome) in try await client.recover() { _ = try outcome.get() }
    if try client.state.storedLeases(of: client.server).isEmpty { try await rent(client) }
  }

  @Test func rentingWithTheServersNode() async throws {
    try await walk(
      "renting", wallet: { _ in nil }, prepare: { _ in }, run: rent, another: recoverOrRent, payments: 1,
      check: checkRent)
  }

  @Test func rentingWithAWalletThatMayHavePaid() async throws {
    try await walk(
      "renting with a wallet", wallet: { Till($0) }, prepare: { _ in }, run: rent, another: recoverOrRent,
      payments: 1, check: checkRent)
  }

  /// What is kept of the one lease opens it.
  private func checkCredential(_ bench: Bench, _ what: String) throws {
    let kept = try bench.state.storedLeases(of: address(bench))
    let token = kept.first?.credential.map { $0.authorization }
    #expect(kept.count == 1, "\(what)")
    #expect(token.map { line in bench.shop.state.withLock { bench.shop.isGood(line, $0) } } == true, "\(what)")
    #expect(try bench.state.unfinishedPurchases(of: address(bench)).isEmpty, "\(what)")
  }

  private func theLease(_ client: LeaseholdClient) throws -> String {
    try #require(try client.state.storedLeases(of: client.server).first).lease
  }

  @Test func renewingAndChanging() async throws {
    for isChange in [false, true] {
      try await walk(
        isChange ? "changing" : "renewing", wallet: { Till($0) }, prepare: { _ = try await $0.rent() },
        run: { client in
          let lease = try theLease(client)
          if isChange {
            _ = try await client.change(lease, to: "disk-large")
          } else {
            _ = try await client.renew(lease)
          }
        },
        payments: 2,
        check: { bench, what in
          #expect(bench.payments.count == 2, "\(what)")
          try checkCredential(bench, what)
        })
    }
  }

  @Test func payingAtADoor() async throws {
    try await walk(
      "a door", wallet: { Till($0) },
      prepare: { bench in
        _ = try await bench.rent()
        bench.upset { $0.suspendedUntilPaid = true }
      },
      run: { client in
        let paying = LeaseholdClient(
          server: client.server, state: client.state, settings: .init(paysAtDoors: true, patience: 0),
          wallet: client.wallet)
        do { _ = try await paying.list(.root, of: theLease(client)) } catch {
          await paying.shutdown()
          throw error
        }
        await paying.shutdown()
        // The door is open by now, and asks for nothing that would make the run go on with what it paid.
        for (_, outcome) in try await client.recover() { _ = try outcome.get() }
      },
      payments: 2,
      check: { bench, what in
        #expect(bench.payments.count == 2, "\(what)")
        try checkCredential(bench, what)
      })
  }

  @Test func exchangingACredential() async throws {
    try await walk(
      "swapping", wallet: { _ in nil }, prepare: { _ = try await $0.rent() },
      run: { _ = try await $0.swap(theLease($0)) },
      another: { _ = try await $0.list(.root, of: theLease($0)) }, check: checkCredential)
  }

  @Test func endingAllOtherCredentials() async throws {
    try await walk(
      "rotating", wallet: { _ in nil }, prepare: { _ = try await $0.rent() },
      run: { _ = try await $0.rotate(theLease($0)) },
      // Whatever is done next with the lease finds the credential that nobody heard of.
      another: { _ = try await $0.list(.root, of: theLease($0)) }, check: checkCredential)
  }

  @Test func aRenewalThatWasBegunBeforeAllCredentialsWereEnded() async throws {
    try await walk(
      "renewing, and then rotating", wallet: { Till($0) }, prepare: { _ = try await $0.rent() },
      run: { client in
        _ = try await client.renew(theLease(client))
        _ = try await client.rotate(theLease(client))
      },
      another: { client in
        _ = try await client.rotate(theLease(client))
        // Its own credential may be revoked by now, which ends it; the money is the lease's.
        _ = try await client.recover()
      },
      check: { bench, what in
        let line = try bench.state.storedLeases(of: address(bench)).first?.credential?.authorization
        #expect(line.map { line in bench.shop.state.withLock { bench.shop.isGood(line, $0) } } == true, "\(what)")
      })
  }

  @Test func movingCredit() async throws {
    try await walk(
      "moving credit", wallet: { _ in nil }, prepare: { _ = try await $0.rent() },
      run: { _ = try await $0.spendCredit(of: theLease($0), on: Shop.target, 20_000) },
      check: { bench, what in
        #expect(bench.shop.state.withLock { $0.credit } == 30_000, "\(what)")
        try checkCredential(bench, what)
      })
  }

  @Test func keepingALeaseAlive() async throws {
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
      payments: 2,
      check: { bench, what in
        #expect(bench.shop.state.withLock { $0.terms.values.map(\.renewals) } == [1], "\(what)")
        #expect(bench.payments.count == 2, "\(what)")
        try checkCredential(bench, what)
      })
  }
}
