import BOLT11
import Client
import Foundation
import L402
import Testing
import Units
import Wallets
import Wire

@testable import RenterKit

@Suite struct PurchaseTests {
  @Test func rentsAsksPaysOnceAsksAgainKeepsTheCredential() async throws {
    try await Bench.run { bench in
      let lease = try await bench.rent()
      #expect(bench.payments.count == 1)
      let kept = try #require(try bench.state.storedLease(lease.id))
      #expect(kept.credential?.lease == lease.id)
      #expect(kept.offer == "disk-small")
      let address = try #require(ServerAddress(bench.server.address))
      #expect(try bench.state.unfinishedPurchases(of: address).isEmpty)
      #expect(try bench.state.resolve("@last", at: address) == lease.id)
      #expect(try bench.state.resolve(String(lease.id.prefix(5)), at: address) == lease.id)
    }
  }

  @Test func aDiskIsAttachedByShowingItsCredential() async throws {
    try await Bench.run { bench in
      let disk = try await bench.rent()
      let kept = try #require(try bench.state.storedLease(disk.id)?.credential)
      let before = bench.shop.state.withLock { $0.requests.count }
      _ = try await bench.client { try await $0.rent(RentRequest(offer: "box", disk: disk.id)).document }
      let shown = bench.shop.state.withLock { $0.requests.dropFirst(before) }
        .first { $0.method == "POST" && $0.path == "/v1/leases" }
      #expect(shown?.headers["Authorization"] == [kept.authorization])
      let error = await bench.failure {
        _ = try await bench.client { try await $0.rent(RentRequest(offer: "box", disk: disk.id + "x")) }
      }
      guard case .noCredential = error else {
        Issue.record("a disk without a credential is not asked for: \(error.map { "\($0)" } ?? "nothing")")
        return
      }
    }
  }

  @Test func filesAreForTheirOwnerAlone() async throws {
    try await Bench.run { bench in
      let lease = try await bench.rent()
      func mode(_ name: String) throws -> Int? {
        try FileManager.default.attributesOfItem(atPath: bench.folder.path + name)[.posixPermissions] as? Int
      }
      #expect(try mode("") == 0o700)
      #expect(try mode("/leases/\(lease.id).json") == 0o600)
      #expect(try bench.state.looseBits() == 0)
    }
  }

  @Test func askingForTheSameThingAgainWhenDoneIsAskingForAnother() async throws {
    try await Bench.run { bench in
      let first = try await bench.rent()
      let second = try await bench.rent()
      #expect(first.id != second.id)
      #expect(bench.payments.count == 2)
    }
  }

  @Test func twoAtOnceAreTwo() async throws {
    try await Bench.run { bench in
      async let first = bench.rent()
      async let second = bench.rent()
      let ids = try await [first.id, second.id]
      #expect(Set(ids).count == 2)
      #expect(Set(bench.payments).count == 2)
    }
  }

  @Test func diedWhilePayingTheNextRunLearnsOfThePaymentAndDoesNotPayAgain() async throws {
    try await Bench.run { bench in
      bench.upset { $0.hangsUpAfterPaying = true }
      let error = await bench.failure { _ = try await bench.rent() }
      guard case .wallet(.uncertain) = error else { Issue.record("\(String(describing: error))"); return }
      bench.upset { $0.hangsUpAfterPaying = false }
      let lease = try await bench.rent()
      #expect(bench.payments.count == 1)
      #expect(bench.sales == 1)
      #expect(try bench.state.storedLease(lease.id)?.credential != nil)
    }
  }

  @Test func diedAfterPayingTheNextRunAsksAgainWithWhatWasBought() async throws {
    try await Bench.run { bench in
      bench.upset { $0.hangsUpOnPaid = true }
      let error = await bench.failure { _ = try await bench.rent() }
      guard case .unreachable = error else { Issue.record("\(String(describing: error))"); return }
      bench.upset { $0.hangsUpOnPaid = false }
      _ = try await bench.rent()
      #expect(bench.payments.count == 1)
      #expect(bench.sales == 1)
    }
  }

  @Test func recoverFinishesWhatIsLeftOverAndPaysNothing() async throws {
    try await Bench.run { bench in
      bench.upset { $0.hangsUpAfterPaying = true }
      _ = await bench.failure { _ = try await bench.rent() }
      bench.upset { $0.hangsUpAfterPaying = false }
      let outcomes = try await bench.client { try await $0.recover() }
      #expect(outcomes.count == 1)
      let lease = try #require(outcomes.first).1.get()
      #expect(try bench.state.storedLease(lease.id) != nil)
      #expect(bench.payments.count == 1)
      let second = try await bench.client { try await $0.recover() }
      #expect(second.isEmpty)
    }
  }

  @Test func diedBeforePayingTheSameInvoiceIsPaid() async throws {
    try await Bench.run { bench in
      bench.upset { $0.declines = true }
      let error = await bench.failure { _ = try await bench.rent() }
      guard case .wallet(.declined) = error else { Issue.record("\(String(describing: error))"); return }
      #expect(try bench.state.spendings().entries.isEmpty)
      bench.upset { $0.declines = false }
      _ = try await bench.rent()
      #expect(bench.sales == 1)
      #expect(bench.payments.count == 1)
    }
  }

  @Test func anInvoiceThatExpiredMeanwhileIsReplaced() async throws {
    try await Bench.run { bench in
      bench.upset {
        $0.declines = true
        $0.invoiceExpiry = 600
      }
      _ = await bench.failure { _ = try await bench.rent() }
      bench.upset { $0.declines = false }
      let address = try #require(ServerAddress(bench.server.address))
      let later = LeaseholdClient(
        server: address, state: try bench.state,
        now: { LeaseholdClient.systemClock() + .hour })
      // To a clock an hour ahead the new invoice is expired as well: it is refused, and nothing is paid.
      let error = await bench.failure { _ = try await later.rent(RentRequest(offer: "disk-small")) }
      await later.shutdown()
      guard case .badChallenge(.expired) = error else { Issue.record("\(String(describing: error))"); return }
      #expect(bench.sales == 2)
      #expect(bench.payments.isEmpty)
    }
  }

  @Test func aSecond402AfterPayingIsNotPaid() async throws {
    try await Bench.run { bench in
      bench.upset { $0.asksAgain = true }
      for _ in 0..<2 {
        let error = await bench.failure { _ = try await bench.rent() }
        guard case .paidButRefused = error else { Issue.record("\(String(describing: error))"); return }
      }
      #expect(bench.payments.count == 1)
      bench.upset { $0.asksAgain = false }
      _ = try await bench.rent()
      #expect(bench.payments.count == 1)
    }
  }

  @Test func anInvoiceOverAnotherAmountThanClaimedIsRefused() async throws {
    try await Bench.run { bench in
      bench.upset { $0.claimedAmount = 1_000 }
      let error = await bench.failure { _ = try await bench.rent() }
      guard case .badChallenge(.otherAmount(claimed: 1_000, invoiced: bench.shop.price)) = error else {
        Issue.record("\(String(describing: error))")
        return
      }
      #expect(bench.payments.isEmpty)
    }
  }

  @Test func anInvoiceWhoseHashIsNotTheMacaroonsIsRefused() async throws {
    try await Bench.run { bench in
      bench.upset { $0.foreignHash = true }
      let error = await bench.failure { _ = try await bench.rent() }
      guard case .badChallenge(.otherPaymentHash) = error else { Issue.record("\(String(describing: error))"); return }
      #expect(bench.payments.isEmpty)
    }
  }

  @Test func budgetsHoldAcrossRuns() async throws {
    try await Bench.run { bench in
      try bench.state.setBudget(Budget(perDay: Millisatoshi(bench.shop.price * 2)))
      _ = try await bench.rent()
      _ = try await bench.rent()
      let error = await bench.failure { _ = try await bench.rent() }
      guard case .overBudget(.overDay) = error else { Issue.record("\(String(describing: error))"); return }
      #expect(bench.payments.count == 2)
      try bench.state.setBudget(Budget(perPayment: Millisatoshi(1)))
      let other = await bench.failure { _ = try await bench.rent() }
      guard case .overBudget(.overPayment) = other else { Issue.record("\(String(describing: other))"); return }
    }
  }

  @Test func aCallersLimitHolds() async throws {
    try await Bench.run { bench in
      let error = await bench.failure {
        _ = try await bench.client { try await $0.rent(RentRequest(offer: "disk-small"), limit: 20_999) }
      }
      guard case .overLimit = error else { Issue.record("\(String(describing: error))"); return }
      #expect(bench.payments.isEmpty)
    }
  }

  @Test func aWalletsWrongPreimageIsNotTakenForPayment() async throws {
    struct Liar: Wallet {
      let name = "liar"
      let routes = false
      func pay(_ invoice: Invoice, maxFee: Millisatoshi) async throws(WalletError) -> Payment {
        Payment(preimage: [UInt8](repeating: 7, count: 32))
      }
      func outcome(of invoice: Invoice) async throws(WalletError) -> PaymentOutcome { .unknown }
    }
    try await Bench.run { bench in
      let error = await bench.failure {
        _ = try await bench.client(wallet: Liar()) { try await $0.rent(RentRequest(offer: "disk-small")) }
      }
      guard case .wallet(.uncertain) = error else { Issue.record("\(String(describing: error))"); return }
    }
  }

  @Test func paidByHandThePayeeSaysSo() async throws {
    try await Bench.run { bench in
      let address = try #require(ServerAddress(bench.server.address))
      let shop = bench.shop
      let client = LeaseholdClient(
        server: address, state: try bench.state, settings: .init(paysByHand: true),
        tell: { progress in
          guard case .payByHand(let invoice, _, _) = progress else { return }
          shop.state.withLock { state in
            guard let hash = state.sales.first(where: { $0.value.challenge.invoice == invoice })?.key else { return }
            state.sales[hash]?.isPaid = true
          }
        })
      let lease = try await client.rent(RentRequest(offer: "disk-small")).document
      await client.shutdown()
      #expect(bench.payments.isEmpty)
      #expect(try bench.state.storedLease(lease.id)?.credential != nil)
    }
  }

  @Test func aRenewalReplacesTheKeptCredential() async throws {
    try await Bench.run { bench in
      let lease = try await bench.rent()
      let before = try bench.state.storedLease(lease.id)?.credential
      _ = try await bench.client { try await $0.renew(lease.id, periods: 2) }
      let after = try bench.state.storedLease(lease.id)?.credential
      #expect(after != before)
      #expect(after?.lease == lease.id)
      #expect(bench.payments.count == 2)
    }
  }

  @Test func aFriendWhoPaysGetsNoLeaseToKeep() async throws {
    try await Bench.run { bench in
      let id = Shop.newID()
      _ = try await bench.client { try await $0.renew(id) }
      #expect(try bench.state.storedLease(id) == nil)
      #expect(bench.payments.count == 1)
    }
  }

  @Test func aCredentialThatMayNotPayIsLeftAtHomeWhenPaying() async throws {
    try await Bench.run { bench in
      let lease = try await bench.rent()
      let address = try #require(ServerAddress(bench.server.address))
      let whole = try #require(try bench.state.storedLease(lease.id)?.credential)
      try bench.state.forget(lease.id)
      let reader = try #require(
        Credential(
          macaroon: whole.macaroon.narrowed(by: ["leasehold_capabilities=read"]), preimage: whole.preimage))
      try bench.state.keep(reader, of: lease.id, at: address, now: LeaseholdClient.systemClock())
      _ = try await bench.client { try await $0.renew(lease.id) }
      let first = bench.shop.state.withLock { $0.requests.first { $0.path.hasSuffix("/renewals") } }
      #expect(first?.headers.contains(name: "Authorization") == false)
      #expect(bench.payments.count == 2)
    }
  }

  @Test func the503IsWaitedOut() async throws {
    try await Bench.run { bench in
      bench.upset { $0.busyAnswers = 1 }
      _ = try await bench.rent()
      #expect(bench.payments.count == 1)
    }
  }

  @Test func nothingListensOneClearError() async throws {
    try await Bench.run { bench in
      // A port that is taken, so that nobody else is given it, and on which nobody listens.
      let taken = try TakenPort()
      let address = try #require(ServerAddress("http://127.0.0.1:\(taken.port)"))
      let error = await bench.failure {
        _ = try await bench.client(of: address) { try await $0.rent(RentRequest(offer: "disk-small")) }
      }
      guard case .unreachable(let words) = error else { Issue.record("\(String(describing: error))"); return }
      #expect(words.contains("connection refused"))
      taken.release()
    }
  }
}
