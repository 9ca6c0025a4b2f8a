import Client
import Foundation
import Testing
import Units
import Wire

@testable import RenterKit

/// Credit spent: a request without an answer is the same request when it is sent again.
@Suite struct RefundTests {
  private func wishes(_ bench: Bench) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: bench.folder.path + "/wishes")
  }

  private func spend(
    _ bench: Bench, _ lease: String, _ amount: Millisatoshi?, again: Bool = false
  ) async throws -> SpentCreditDocument {
    try await bench.client { client in
      try await client.spendCredit(of: lease, on: Shop.target, amount, again: again).answer.document
    }
  }

  @Test func noAnswerTheNextRunAsksUnderTheSameKeyAndItMovesOnce() async throws {
    try await Bench.run { bench in
      let lease = try await bench.rent().id
      bench.upset { $0.hangsUpAfterMoving = true }
      let error = await bench.failure { _ = try await spend(bench, lease, 20_000) }
      guard case .unreachable = error else { Issue.record("\(String(describing: error))"); return }
      #expect(try wishes(bench).count == 1)
      bench.upset { $0.hangsUpAfterMoving = false }
      let spent = try await spend(bench, lease, 20_000)
      #expect(spent.amountMsat == 20_000)
      #expect(spent.creditMsat == 30_000)
      #expect(bench.shop.state.withLock { $0.moves.count } == 1)
      // Asked for again when done, it is still the same, and another only when that is said.
      #expect(try await spend(bench, lease, 20_000).creditMsat == 30_000)
      #expect(bench.shop.state.withLock { $0.moves.count } == 1)
      #expect(try await spend(bench, lease, 20_000, again: true).creditMsat == 10_000)
      #expect(try await spend(bench, lease, 20_000).creditMsat == 10_000)
    }
  }

  @Test func twoOfTheSameAtOnceAreOne() async throws {
    try await Bench.run { bench in
      let lease = try await bench.rent().id
      async let first = spend(bench, lease, 20_000)
      async let second = spend(bench, lease, 20_000)
      #expect(Set(try await [first.creditMsat, second.creditMsat]) == [30_000])
      #expect(bench.shop.state.withLock { $0.moves.count } == 1)
    }
  }

  @Test func whatIsRefusedIsOver() async throws {
    try await Bench.run { bench in
      let lease = try await bench.rent().id
      let error = await bench.failure { _ = try await spend(bench, lease, 50_001) }
      guard case .problem(let problem) = error else { Issue.record("\(String(describing: error))"); return }
      #expect(problem.status == 422)
      #expect(try wishes(bench).isEmpty)
      // A server in trouble has decided nothing, nor has one that never came to look.
      for refusal in [
        (500, "internal"), (408, "body-timeout"), (429, "too-many-requests"), (401, "credential-revoked"),
      ] {
        bench.upset { $0.refusal = refusal }
        _ = await bench.failure { _ = try await spend(bench, lease, nil) }
        #expect(try wishes(bench).count == 1, "\(refusal)")
      }
      bench.upset { $0.refusal = nil }
      #expect(try await spend(bench, lease, nil).creditMsat == 0)
    }
  }
}
