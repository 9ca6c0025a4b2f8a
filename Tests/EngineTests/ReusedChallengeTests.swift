import L402
import Leasing
import Ledger
import Testing
import Units

@testable import Engine

/// A challenge that was given before costs one question to the database and leaves nothing behind.
@Suite struct ReusedChallengeTests {
  private static let key = "0123456789abcdefghijkl"

  private func statements(_ platform: Platform, _ body: () async throws -> Void) async throws -> Int {
    let before = platform.postgres.pool.statementCount
    try await body()
    return platform.postgres.pool.statementCount - before
  }

  private func tokens(_ platform: Platform, _ lease: LeaseID) async throws -> Int {
    try await platform.postgres.transaction { tx in try tx.tokens(of: lease).count }
  }

  @Test func askingAgainAsksOneStatementAndWritesNothing() async throws {
    try await Platform.with { platform in
      let engine = platform.engine
      // Nothing else runs here; the door hears nothing, so its own look-up of a token is counted apart.
      engine.doorCache.listenerIsAlive()
      let renter = Renter(platform)
      let lease = try await renter.buy()
      try await platform.pass(3_601)
      #expect(try await platform.state(lease.id) == "suspended")

      // An expired lease's door, to its owner.
      let first = try await renter.demand { try await renter.open(lease.id, lease.credential) }
      let known = try await tokens(platform, lease.id)
      engine.doorCache.listenerIsAlive()
      var again = first
      let atTheDoor = try await statements(platform) {
        again = try await renter.demand { try await renter.open(lease.id, lease.credential) }
      }
      #expect(atTheDoor == 1)
      #expect(again.challenge == first.challenge)

      // A stranger's renewal.
      let stranger = Renter(platform, address: "198.51.100.9")
      let theirs = try await stranger.demand { try await engine.renew(lease.id, periods: 1, stranger.caller()) }
      let atTheCounter = try await statements(platform) {
        for _ in 0..<100 {
          let demand = try await stranger.demand { try await engine.renew(lease.id, periods: 1, stranger.caller()) }
          #expect(demand.challenge == theirs.challenge)
        }
      }
      #expect(atTheCounter == 100)
      #expect(try await tokens(platform, lease.id) == known + 1)

      // A quote under its key.
      let quote = try await renter.quote(key: Self.key)
      let repeated = try await statements(platform) {
        for _ in 0..<100 {
          let demand = try await renter.quote(key: Self.key)
          #expect(demand.challenge == quote.challenge)
          #expect(demand.lease == quote.lease)
        }
      }
      #expect(repeated == 100)
      #expect(try await tokens(platform, quote.lease) == 1)
      // And it is still for sale.
      try await renter.pay(quote)
      try await platform.settle()
    }
  }

  /// Many at once who ask for the first time get one invoice and one token.
  @Test func manyAtOnceGetOne() async throws {
    try await Platform.with(connections: 8) { platform in
      let renter = Renter(platform)
      let lease = try await renter.buy()
      let known = try await tokens(platform, lease.id)
      let challenges = await withTaskGroup(of: Challenge?.self) { group in
        for _ in 0..<16 {
          group.addTask {
            do {
              return try await platform.engine.renew(lease.id, periods: 1, renter.caller(lease.credential))
                .demand?.challenge
            } catch {
              return nil
            }
          }
        }
        return await group.reduce(into: []) { $0.append($1) }
      }
      #expect(challenges.count == 16 && Set(challenges).count == 1 && challenges[0] != nil)
      #expect(try await tokens(platform, lease.id) == known + 1)
    }
  }

  /// The answer comes from the database as it is now, never from one before.
  @Test func aChallengeIsNeverGivenFromMemory() async throws {
    try await Platform.with { platform in
      let renter = Renter(platform)
      let lease = try await renter.buy()
      try await platform.pass(3_601)
      let demand = try await renter.demand { try await renter.open(lease.id, lease.credential) }
      let renewed = try await renter.pay(demand)
      // Booked by another daemon, which this one did not hear of.
      let other = platform.anotherEngine()
      try await other.prepare()
      _ = try await other.renew(lease.id, periods: 1, renter.caller(renewed)).bought
      try await platform.settle(other)
      #expect(await refusal { try await renter.open(lease.id, renewed) } == "nothing")
      // Terms that changed make another invoice.
      try await platform.pass(3_601 + 150)
      let first = try await renter.demand { try await renter.open(lease.id, renewed) }
      try await platform.postgres.transaction { tx in
        for invoice in try tx.openInvoices(of: lease.id) { try tx.setInvoiceState(id: invoice.id, .replaced) }
      }
      let second = try await renter.demand { try await renter.open(lease.id, renewed) }
      #expect(second.paymentHash != first.paymentHash)
    }
  }
}
