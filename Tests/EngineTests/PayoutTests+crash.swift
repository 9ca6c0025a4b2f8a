import BOLT11
import L402
import Leasing
import Ledger
import Lightning
import TestKit
import Testing
import Units

@testable import Engine

/// A daemon that dies while it pays.
extension PayoutTests {
  /// The daemon dies at its first act, its second …: the wallet has the money or the lease has it, never both or none,
  /// and the node was ordered once at most. A silent node knows nothing of the payment it is making for a long time.
  @Test(arguments: Mortality.Blow.allCases, [false, true])
  func noDeathPaysTwice(_ blow: Mortality.Blow, silent: Bool) async throws {
    try await TestStore.withDatabase { database in
      let observer = TestStore.store(on: database, connections: 3)
      let platform = try Platform(on: observer)
      defer { platform.node.close() }
      try await platform.engine.prepare()
      let renter = Renter(platform)
      let node = CountingPayer(platform.node, clock: platform.clock, silence: silent ? .minute * 20 : nil)
      let heir = platform.anotherEngine("heir", node: node)
      try await heir.prepare()
      /// Whether the money arrived, when the daemon dies so.
      func isPaid(dying mortality: Mortality) async throws -> Bool {
        let (id, credential) = try await renter.credited()
        let invoice = try await wallet(platform, 1_000_000)
        let store = TestStore.store(on: database, connections: 3, faultHook: mortality.hook)
        let dying = platform.anotherEngine(
          "dying \(id)", on: TestTimeStore(store, clock: platform.clock), node: MortalNode(node, mortality))
        do {
          try await dying.prepare()
          _ = try await dying.refund(id, to: invoice.bolt11, renter.caller(credential))
          _ = try await dying.work.effects.runDue()
        } catch  where mortality.isDead {
          // Nobody hears what it would have said.
        }
        await store.pool.close()
        // The server notices a dead connection when it gets to it. Until then its locks stand, and runners pass them over.
        try await platform.script("BEGIN; LOCK TABLE outbox; COMMIT")
        // Another takes over, and the renter asks again.
        _ = try await heir.refund(id, to: invoice.bolt11, renter.caller(credential))
        for span: Seconds in [31, 31, .hour, .minute * 11] { try await platform.pass(span, heir) }
        let after = try await heir.refund(id, to: invoice.bolt11, renter.caller(credential))
        #expect(node.orders(of: invoice.paymentHash) <= 1, "\(mortality.lastAct)")
        #expect(try await platform.engine.operator.audit().findings == [], "\(mortality.lastAct)")
        if case .settled = try await platform.node.lookup(invoice.paymentHash)?.state {
          #expect(after.payout.state == .paid(fee: .zero), "\(mortality.lastAct)")
          #expect(after.credit == 2_600_000, "\(mortality.lastAct)")
          return true
        }
        // The order got lost on its way.
        if case .failed = after.payout.state {
        } else {
          Issue.record("\(after.payout.state) after \(mortality.lastAct)")
        }
        #expect(after.credit == 3_600_000, "\(mortality.lastAct)")
        return false
      }
      var (deaths, paid) = (0, 0)
      for victim in 1...200 {
        let mortality = Mortality(at: victim, blow, counting: .everyStatement)
        if try await isPaid(dying: mortality) { paid += 1 }
        guard mortality.isDead else { break }
        deaths += 1
      }
      #expect(deaths > 20)
      #expect(deaths < 200)
      #expect(paid > deaths / 2)
      // What is done at once comes in any order, and the sweep may pass over this one.
      #expect(try await isPaid(dying: Mortality(atFirst: "pay", blow)) == (blow == .after))
      await observer.pool.close()
    }
  }
}
