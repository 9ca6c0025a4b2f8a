import BOLT11
import L402
import Leasing
import Ledger
import TestKit
import Testing
import Units

@testable import Engine

/// The operator's word on payouts that the node's brings to no end.
@Suite struct PayoutByHandTests {
  private struct World {
    var platform: Platform
    var renter: Renter
    var id: LeaseID
    var credential: String
    var payer: ScriptedPayer
    var engine: Engine
    var preimage: Preimage
    var hash: PaymentHash { preimage.paymentHash }

    func fail(_ reason: String = "the node is gone for good", force: Bool = false) async -> String {
      await refusal { try await engine.operator.payouts.fail(hash, reason: reason, force: force, requestID: "r1") }
    }
    func settle(_ preimage: Preimage, fee: Millisatoshi = .zero) async -> String {
      await refusal {
        try await engine.operator.payouts.settle(
          hash, preimage: preimage, fee: fee, reason: "paid by hand", requestID: "r2")
      }
    }
    func credit() async throws -> Millisatoshi { try await platform.lease(id).account.credit }
  }

  /// A payout of 1,000 sat, ordered an answer of which was lost.
  private func stuck(_ body: (World) async throws -> Void) async throws {
    try await Platform.with { platform in
      let renter = Renter(platform)
      let (id, credential) = try await renter.credited()
      let payer = ScriptedPayer(platform.node)
      let engine = platform.anotherEngine("two", node: payer)
      try await engine.prepare()
      let preimage = Preimage.random()
      let invoice = try InvoiceDraft(
        network: .regtest, amount: 1_000_000, timestamp: platform.clock.now(),
        paymentHash: preimage.paymentHash.bytes.array, paymentSecret: Preimage.random().bytes.array,
        subject: .description("x"), expiry: 3_600
      ).sign(with: .random()).text
      _ = try await engine.refund(id, to: invoice, renter.caller(credential))
      payer.script([.failure(NodeError(.unavailable, attempted: "pay", words: "cut off"))], payout: nil)
      _ = try await engine.work.effects.runDue()
      #expect(payer.pays == 1)
      payer.script([], payout: .pending)
      try await body(
        World(
          platform: platform, renter: renter, id: id, credential: credential, payer: payer, engine: engine,
          preimage: preimage))
    }
  }

  @Test func whatCameToItsEndWhileTheNodeWasAskedIsLeftAlone() async throws {
    try await stuck { world in
      world.platform.clock.advance(by: .minute * 11)
      let (hash, store, now) = (world.hash, world.platform.postgres, world.platform.clock.now())
      world.payer.script([], payout: .failed(reason: "no route"))
      world.payer.meanwhile {
        await #expect(throws: Never.self) {
          try await store.transaction { tx in _ = try tx.finishPayout(hash, .failed(reason: "elsewhere"), at: now) }
        }
      }
      #expect(await world.fail() == "409 payout-changed")
    }
  }

  @Test func nothingIsFailedThatMayYetBePaid() async throws {
    try await stuck { (world: World) async throws -> Void in
      // Ten minutes long the call may run, whoever forces what.
      #expect(await world.fail(force: true) == "409 payout-under-way")
      world.platform.clock.advance(by: 601)
      #expect(await world.fail() == "409 payout-doubtful")
      world.payer.script([], payout: .paid(preimage: world.preimage, fee: .zero))
      #expect(await world.fail(force: true) == "409 payout-paid")
      world.payer.script([], payout: nil)
      #expect(await world.fail() == "409 payout-doubtful")
      for reason in ["", "two\nlines", String(repeating: "x", count: 501)] {
        #expect(await world.fail(reason) == "invalid-field reason")
      }
      #expect(try await world.credit() == 2_580_000)
    }
  }

  @Test func whatIsFailedByHandIsCreditOnceAndSaysWhy() async throws {
    try await stuck { (world: World) async throws -> Void in
      world.platform.clock.advance(by: 601)
      #expect(await world.fail(force: true) == "nothing")
      #expect(try await world.credit() == 3_600_000)
      #expect(await world.fail(force: true) == "409 payout-over")
      #expect(await world.settle(world.preimage) == "409 payout-over")
      // The effect finds it over, whatever the node says by now.
      world.payer.script([], payout: .paid(preimage: world.preimage, fee: .zero))
      world.platform.clock.advance(by: 61)
      _ = try await world.engine.work.effects.runDue()
      #expect(try await world.credit() == 3_600_000)
      #expect(try await world.platform.effects(world.id).isEmpty)
      let events = try await world.platform.postgres.transaction { [id = world.id] tx in
        try tx.events(of: id, after: 0, limit: 100)
      }
      let told = try #require(events.last { $0.cause.type == .operator })
      #expect(told.evidence["reason"] == "the node is gone for good")
      #expect(told.evidence["node_said"] == "under way")
      #expect(told.evidence["forced"] == "yes")
      #expect(try await world.engine.operator.audit().findings == [])
    }
  }

  @Test func withoutForceOnTheNodesOwnWord() async throws {
    try await stuck { (world: World) async throws -> Void in
      world.platform.clock.advance(by: .hour + 601)
      world.payer.script([], payout: nil)
      #expect(await world.fail() == "nothing")
      #expect(try await world.credit() == 3_600_000)
    }
  }

  @Test func anotherNodesWordIsNone() async throws {
    try await stuck { (world: World) async throws -> Void in
      world.platform.clock.advance(by: .day)
      world.payer.script([], payout: .failed(reason: "never heard of it"))
      world.payer.become("another")
      #expect(await world.fail() == "409 payout-doubtful")
      let view = try await world.engine.operator.payouts.view(of: world.hash)
      #expect(view.payout.isStuck(at: view.at))
      #expect(view.word?.description.contains("ordered of node") == true)
    }
  }

  @Test func aPreimageSettlesAndNoOther() async throws {
    try await stuck { (world: World) async throws -> Void in
      #expect(await world.settle(.random()) == "invalid-field preimage")
      #expect(await world.settle(world.preimage, fee: Millisatoshi(-1)) == "invalid-field fee_msat")
      #expect(await world.settle(world.preimage, fee: 5_000) == "nothing")
      #expect(await world.settle(world.preimage) == "409 payout-over")
      let asked = try await world.engine.operator.payouts.list(pendingOnly: false, limit: 10)
      #expect(asked.map(\.state) == [.paid(fee: 5_000)])
      #expect(try await world.engine.operator.payouts.list(pendingOnly: true, limit: 10).isEmpty)
      #expect(try await world.credit() == 2_595_000)
      #expect(try await world.engine.operator.audit().findings == [])
    }
  }

  /// Taken by a runner between the look and the word.
  @Test func anOrderGivenMeanwhileIsSeen() async throws {
    try await stuck { (world: World) async throws -> Void in
      let order = PayoutRecord.Order(at: world.platform.clock.now(), node: try await world.payer.payerID())
      let hash = world.hash
      try await world.platform.postgres.transaction { tx in
        let known = try #require(try tx.payout(hash)?.order)
        try tx.takeBackOrder(hash, known)
      }
      world.payer.script([], payout: nil)
      #expect(await world.fail() == "nothing")
      // And the other way round: what is over is ordered by nobody.
      let ordered = try await world.platform.postgres.transaction { tx in try tx.orderPayout(hash, order) }
      #expect(!ordered)
    }
  }
}
