import L402
import Leasing
import Ledger
import Postgres
import Store
import TestKit
import Testing
import Units

@testable import Engine

/// Quotes of one moment share a transaction. The daemon dies once that is committed, and none of those who asked has
/// heard; it dies before, and nothing was written. Whoever asks again under the same key gets one lease.
@Suite(.timeLimit(.minutes(10))) struct QuoteCrashTests {
  private static let many = 8

  @Test(arguments: Mortality.Blow.allCases) func aSharedCommitThatNobodyHearsOfIsOneLeaseEach(_ blow: Mortality.Blow)
    async throws
  {
    try await TestStore.withDatabase { database in
      let observer = TestStore.store(on: database, connections: 4)
      let platform = try Platform(on: observer, catalog: .of([Catalog.disk], room: 200), wallets: { _ in nil }) {
        $0.unpaidShare = 1
      }
      defer { platform.node.close() }
      try await platform.engine.prepare()
      var leases = 0
      var shared = 0
      // One of them goes alone; the others wait for it and go together.
      for victim in 1...5 {
        let mortality = Mortality(at: victim, blow, counting: .commitsAndCalls)
        let store = TestStore.store(on: database, connections: 4, faultHook: mortality.hook)
        let mortal = platform.anotherEngine(
          "mortal \(victim)", on: TestTimeStore(store, clock: platform.clock),
          node: MortalNode(platform.node, mortality)
        ) { $0.unpaidShare = 1 }
        let first = await ask(platform, mortal, victim)
        await store.pool.close()
        let written = try await census(platform) - leases
        if mortality.isDead, first.compactMap({ $0 }).isEmpty, written > 1 { shared += 1 }
        // The right to mint that the dead one had reserved lapses.
        platform.clock.advance(by: 31)
        let then = await ask(platform, platform.engine, victim)
        #expect(Set(then.compactMap { $0 }).count == Self.many, "\(victim)")
        for (before, after) in zip(first, then) where before != nil { #expect(before == after) }
        leases += Self.many
        #expect(try await census(platform) == leases, "\(victim)")
        #expect(try await observer.transaction { tx in try tx.audit().findings } == [])
      }
      // A batch was written whole, and its daemon was dead before anybody was answered.
      if blow == .after { #expect(shared > 0) }
      await observer.pool.close()
    }
  }

  private func ask(_ platform: Platform, _ engine: Engine, _ round: Int) async -> [LeaseID?] {
    await withTaskGroup(of: (Int, LeaseID?).self) { group in
      for number in 0..<Self.many {
        group.addTask {
          let renter = Renter(platform, address: "198.51.\(round).\(number)")
          // Who hears nothing asks again.
          let quote = try? await renter.quote(engine: engine, key: "key \(number) of round \(round), and of no other")
          return (number, quote?.lease)
        }
      }
      return await group.reduce(into: Array(repeating: nil, count: Self.many)) { $0[$1.0] = $1.1 }
    }
  }

  private func census(_ platform: Platform) async throws -> Int {
    try await platform.postgres.transaction { tx in try tx.census() }.values.reduce(0, +)
  }
}
