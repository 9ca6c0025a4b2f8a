import Engine
import Foundation
import L402
import Lightning
import NodeRPC
import TestKit
import TestNodes
import Testing
import Units

/// Every adapter against a server that speaks its node's wire over a real socket.
@Suite struct RemoteNodeTests {
  @Test(arguments: RemoteBench.Kind.allCases, LightningNodeExercise.allCases)
  func conforms(_ kind: RemoteBench.Kind, _ exercise: LightningNodeExercise) async throws {
    try await exercise.run(on: RemoteBench(kind))
  }

  @Test(arguments: RemoteBench.Kind.allCases, PayingNodeExercise.cases(on: RemoteBench.self))
  func pays(_ kind: RemoteBench.Kind, _ exercise: PayingNodeExercise) async throws {
    try await exercise.run(on: RemoteBench(kind))
  }

  @Test(arguments: HoldingNodeExercise.allCases)
  func holds(_ exercise: HoldingNodeExercise) async throws {
    try await exercise.run(on: RemoteBench(.lnd))
  }

  /// Three payments, of which the node tells nonsense about the second.
  private func spoiling(
    _ kind: RemoteBench.Kind, label: String
  ) async throws -> (bench: RemoteBench, node: any LightningNode, hashes: [PaymentHash]) {
    let bench = try await RemoteBench(kind)
    let node = try bench.node
    var preimages: [Preimage] = []
    for label in ["leasehold/1/purchase", label, "leasehold/3/purchase"] {
      preimages.append(try await bench.pay(try await node.createInvoice(bench.request(label)).bolt11))
    }
    bench.spoil(preimages[1])
    return (bench, node, preimages.map(\.paymentHash))
  }

  @Test(arguments: RemoteBench.Kind.allCases)
  func whatStandsBeforeNonsenseIsTold(_ kind: RemoteBench.Kind) async throws {
    let (bench, node, hashes) = try await spoiling(kind, label: "leasehold/2/purchase")
    let found = try await node.settlements(after: nil, limit: 10)
    #expect(found.map(\.paymentHash) == [hashes[0]])
    // Nonsense about one of ours is not passed over: it is said again and again until the node makes sense.
    let error = await #expect(throws: NodeError.self) {
      _ = try await node.settlements(after: found.last?.cursor, limit: 10)
    }
    #expect(error?.kind == .garbage)
    // Nor is it left out of the list that the books are held against.
    let unlisted = await #expect(throws: NodeError.self) { _ = try await node.everySettlement(limit: 10) }
    #expect(unlisted?.kind == .garbage)
    bench.mend()
    #expect(try await node.everySettlement(limit: 10).map(\.paymentHash) == hashes)
    #expect(
      try await node.settlements(after: found.last?.cursor, limit: 10).map(\.paymentHash) == Array(hashes.dropFirst()))
  }

  @Test(arguments: RemoteBench.Kind.allCases)
  func nonsenseAboutWhatIsNoneOfOursIsPassedOver(_ kind: RemoteBench.Kind) async throws {
    let (bench, node, hashes) = try await spoiling(kind, label: "a tip")
    // Also where it is all that would be told.
    for limit in [1, 10] {
      let first = try await node.settlements(after: nil, limit: 1)
      #expect(first.map(\.paymentHash) == [hashes[0]])
      let rest = try await node.settlements(after: first.last?.cursor, limit: limit)
      #expect(rest.map(\.paymentHash) == [hashes[2]])
      #expect(try await node.everySettlement(limit: 10).map(\.paymentHash) == [hashes[0], hashes[2]])
    }
    #expect(try await node.settlements(after: nil, limit: 10).map(\.paymentHash) == [hashes[0], hashes[2]])
    withExtendedLifetime(bench) {}
  }

  @Test(arguments: RemoteBench.Kind.allCases)
  func anotherInvoiceThanTheOneAskedForIsNoAnswer(_ kind: RemoteBench.Kind) async throws {
    let bench = try await RemoteBench(kind)
    let node = try bench.node
    let paid = try await node.createInvoice(bench.request("leasehold/1/purchase"))
    _ = try await bench.pay(paid.bolt11)
    let open = try await node.createInvoice(bench.request("leasehold/2/purchase"))
    #expect(try await node.lookup(open.paymentHash)?.state == .open)
    bench.book.mistake(open.paymentHash, for: paid.paymentHash)
    let error = await #expect(throws: NodeError.self) { _ = try await node.lookup(open.paymentHash) }
    #expect(error?.kind == .garbage)
  }

  private static let wires = RemoteBench.Kind.allCases.flatMap { kind in
    NodeWireExercise.allCases.filter { $0 != .losesPushes || kind.pushes }.map { (kind, $0) }
  }

  @Test(arguments: wires)
  func withstands(_ kind: RemoteBench.Kind, _ exercise: NodeWireExercise) async throws {
    // Where nothing else tells of a payment, looking every second does.
    try await exercise.run(on: RemoteBench(kind, sweep: exercise == .losesPushes ? 1 : 600))
  }
}
