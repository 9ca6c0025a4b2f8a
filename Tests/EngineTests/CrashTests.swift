import Foundation
import Store
import TestKit
import Testing

/// The daemon dies at its first act, its second, its third …, until a life has no such act; another takes over each
/// time, and the books, the host and the renter must be none the wiser.
///
/// `LEASEHOLD_EVERY_STATEMENT=1` dies at each statement instead of at each COMMIT and call, which takes minutes.
@Suite struct CrashTests {
  private static let workers = 3

  @Test(arguments: Mortality.Blow.allCases, [false, true])
  func noDeathIsNoticed(_ blow: Mortality.Blow, holding: Bool) async throws {
    let every = ProcessInfo.processInfo.environment["LEASEHOLD_EVERY_STATEMENT"] == "1"
    let counting: Mortality.Counting = every ? .everyStatement : .commitsAndCalls
    let deaths = try await withThrowingTaskGroup(of: Int.self) { group in
      for worker in 1...Self.workers {
        group.addTask {
          try await TestStore.withDatabase { database in
            let observer = TestStore.store(on: database, connections: 2)
            let deaths = try await Self.lives(from: worker, database, observer, blow, counting, holding: holding)
            await observer.pool.close()
            return deaths
          }
        }
      }
      return try await group.reduce(0, +)
    }
    // A life that has next to no acts proves nothing.
    #expect(deaths > 60)
  }

  private static func lives(
    from first: Int, _ database: TestDatabase, _ observer: PostgresStore, _ blow: Mortality.Blow,
    _ counting: Mortality.Counting, holding: Bool
  ) async throws -> Int {
    let world = try CrashWorld(database, observer: observer, holding: holding)
    var deaths = 0
    for victim in stride(from: first, to: 10_000, by: workers) {
      guard try await world.life(dyingAt: victim, blow, counting) else { return deaths }
      deaths += 1
    }
    return deaths
  }
}
