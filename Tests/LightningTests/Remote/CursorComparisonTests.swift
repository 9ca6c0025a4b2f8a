import Engine
import L402
import TestKit
import TestNodes
import Testing
import Units

@testable import Lightning

/// Cursors against nodes that know less than was taken in.
@Suite struct CursorComparisonTests {
  private func settled(_ bench: some LightningNodeBench, _ count: Int) async throws -> [NodeSettlement] {
    let node = try await bench.node
    for number in 0..<count {
      let made = try await node.createInvoice(bench.request("cursor \(UInt64.random(in: .min ... .max)) \(number)"))
      _ = try await bench.pay(made.bolt11)
    }
    return try await node.everySettlement(limit: 1_000)
  }

  @Test(arguments: RemoteBench.Kind.allCases)
  func whatWasEverSettledIsListedWithoutWaiting(_ kind: RemoteBench.Kind) async throws {
    let bench = try await RemoteBench(kind)
    #expect(try await settled(bench, 0).isEmpty)
    let all = try await settled(bench, 3)
    #expect(Set(all.map(\.paymentHash)).count == 3)
    #expect(try await bench.node.everySettlement(limit: 2).map(\.paymentHash) == all.prefix(2).map(\.paymentHash))
    for settlement in all { #expect(try await bench.node.compare(settlement.cursor) == .known) }
    withExtendedLifetime(bench) {}
  }

  @Test(arguments: [RemoteBench.Kind.cln, .clnREST, .lnd])
  func aRestoredNodeIsNoticedAndWhatItSettlesNextIsHeard(_ kind: RemoteBench.Kind) async throws {
    let bench = try await RemoteBench(kind)
    let node = try bench.node
    let all = try await settled(bench, 6)
    let cursor = try #require(all.last?.cursor)
    for count in [3, 0] {
      bench.book.restore(to: count)
      guard case .ahead(let goOn) = try await node.compare(cursor) else {
        Issue.record("a cursor ahead of the node is taken for known")
        return
      }
      let made = try await node.createInvoice(bench.request("after \(count)"))
      _ = try await bench.pay(made.bolt11)
      let heard = try await node.settlements(after: goOn ?? "beginning", limit: 100)
      #expect(heard.contains { $0.paymentHash == made.paymentHash })
    }
    withExtendedLifetime(bench) {}
  }

  @Test func theEmbeddedNodesOwnJournalFromBeforeIsNoticed() async throws {
    let bench = try EmbeddedBench()
    let all = try await settled(bench, 2)
    #expect(all.count == 2)
    let last = try #require(all.last?.cursor)
    #expect(try await bench.node.compare(last) == .known)
    let beyond = try #require(last.split(separator: "-").first) + "-3"
    #expect(try await bench.node.compare(String(beyond)) == .ahead(goOn: nil))
    // Another journal's is another node's.
    #expect(try await bench.node.compare("1-3") == .known)
  }
}
