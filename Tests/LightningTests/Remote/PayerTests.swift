import Engine
import Lightning
import NodeRPC
import TestKit
import TestNodes
import Testing

/// Whose word counts of a payment.
@Suite struct PayerTests {
  @Test(arguments: [RemoteBench.Kind.cln, .clnREST, .lnd, .phoenixd])
  func aNodeIsOnePayer(_ kind: RemoteBench.Kind) async throws {
    let bench = try await RemoteBench(kind)
    let node = try #require(try bench.node as? any PayingNode)
    #expect(try await node.payerID() == node.info().nodeID)
    withExtendedLifetime(bench) {}
  }

  @Test func eachWalletOfLNbitsIsAnother() async throws {
    let book = NodeBook(clock: ManualClock())
    var seen: [String] = []
    for (wallet, key) in [
      ("one", LNbitsServer.adminKey), ("one", LNbitsServer.adminKey), ("two", LNbitsServer.adminKey), ("two", nil),
    ] {
      let server = try LNbitsServer(book, wallet: wallet).serve()
      try await server.start()
      let node = LNbitsNode(
        try LNbitsClient(
          NodeAddress(server.url), invoiceKey: NodeSecret(LNbitsServer.invoiceKey),
          adminKey: key.map(NodeSecret.init(_:))),
        clock: book.clock)
      seen.append(try await node.payerID())
      await server.stop()
    }
    #expect(seen[0] == seen[1] && seen[0] != seen[2] && Set(seen).count == 3)
    // Without the key that pays there is no wallet to tell of.
    #expect(seen[0] == seen[3] + "/one" && seen[2] == seen[3] + "/two")
  }
}
