import L402
import Leasing
import Ledger
import Macaroons
import TestKit
import Testing
import Units

@testable import Engine

/// What is told of each variant.
extension VariantTests {
  @Test func theFiguresFollowWhatALeaseWasSoldAs() async throws {
    try await Platform.with(catalog: Self.catalog) { platform in
      let engine = platform.engine
      let renter = Renter(platform)
      #expect(
        try await engine.operator.variants.figures().map { [$0.quoted, $0.paid, $0.renewed] }.allSatisfy {
          $0 == [0, 0, 0]
        })
      let (a, b) = (try await buy("a", renter, platform), try await buy("b", renter, platform))
      let unpaid = try await renter.quote()
      _ = try await buy(nil, renter, platform, offer: "plain")
      let renewal = try await renter.demand { try await engine.renew(a.id, periods: 1, renter.caller(a.credential)) }
      _ = try await engine.renew(a.id, periods: 1, renter.caller(try await renter.pay(renewal))).bought
      // Half an hour of it is earned at the old price, half at the new one.
      try await platform.pass(1_800)
      _ = try await upgrade(b, to: "plain", renter, platform)
      try await platform.pass(1_800)
      #expect(try await platform.state(b.id) == "suspended")
      _ = try await engine.operator.operate(.suspend, on: a.id, requestID: "1")
      try await platform.settle()

      var quotes: [String: Int64] = [:]
      for record in try await engine.operator.leases(LeaseQuery(limit: 1_000)) {
        if let name = record.lease.terms.soldAs { quotes[name, default: 0] += 1 }
      }
      #expect(quotes.values.reduce(0, +) >= 3)
      func figures() async throws -> [String: VariantFigures] {
        let all = try await engine.operator.variants.figures()
        #expect(all.map { "\($0.offer)/\($0.variant)" } == ["big/a", "big/c", "disk/a", "disk/b"])
        #expect(all.allSatisfy { $0.share == 50 } && all[0].quoted == 0 && all[1].quoted == 0)
        return Dictionary(uniqueKeysWithValues: all.filter { $0.offer == "disk" }.map { ($0.variant, $0) })
      }
      let expected = [
        "a": VariantFigures(
          offer: "disk", variant: "a", share: 50, quoted: quotes["a"] ?? 0, paid: 1, renewed: 1, revenue: 3_600_000),
        "b": VariantFigures(
          offer: "disk", variant: "b", share: 50, quoted: quotes["b"] ?? 0, paid: 1, renewed: 0,
          revenue: 900_000 + 3_600_000),
      ]
      #expect(try await figures() == expected)
      // What nobody paid goes; that it was asked for stays known.
      try await platform.pass(700)
      _ = try await engine.money.settlementSweep.run()
      try await platform.settle()
      #expect(try await platform.state(unpaid.lease) == "closed")
      let later = platform.clock.now() + .day * 3
      let swept = try await platform.postgres.transaction { tx in try tx.sweep(at: later) }
      #expect(swept > 0)
      #expect(try await platform.record(unpaid.lease) == nil)
      #expect(try await figures() == expected)
      _ = try await platform.postgres.transaction { tx in try tx.sweep(at: later) }
      #expect(try await figures() == expected)
      // And what the provider stopped selling is told, without a share.
      let without = platform.anotherEngine("without", catalog: .standard)
      #expect(try await without.operator.variants.figures().map(\.share) == [nil, nil])
      #expect(try await without.operator.variants.figures().map(\.revenue) == [3_600_000, 4_500_000])
    }
  }

  @Test func whoAsksOftenIsToldWhatWasSoAMinuteAgo() async throws {
    try await Platform.with(catalog: Self.catalog) { platform in
      let renter = Renter(platform)
      func quoted() async throws -> Int64 {
        try await platform.engine.operator.variants.recentFigures().reduce(0) { $0 + $1.quoted }
      }
      #expect(try await quoted() == 0)
      _ = try await renter.quote()
      let before = platform.postgres.pool.statementCount
      #expect(try await quoted() == 0 && platform.postgres.pool.statementCount == before)
      platform.clock.advance(by: 60)
      #expect(try await quoted() == 1)
    }
  }
}
