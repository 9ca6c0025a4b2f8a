import BOLT11
import Engine
import L402
import Lightning
import NodeRPC
import TestKit
import TestNodes
import Testing
import Units

/// Who it is that answers behind an address.
@Suite struct AddressTests {
  @Test func nothingIsKnownOfAPaymentWhereNoPhoenixdIs() async throws {
    let hash = Preimage.random().paymentHash.bytes.array
    let real = try PhoenixdServer(NodeBook(clock: ManualClock())).serve()
    let other = try HTTPServer { _ in .text(404, "not found") }
    for server in [real, other] { try await server.start() }
    let password = NodeSecret(PhoenixdServer.password)
    let client = try PhoenixdClient(NodeAddress(real.url), password: password)
    #expect(try await client.payment(hash) == nil)
    #expect(try await client.invoice(paymentHash: hash) == nil)
    for address in [other.url, real.url + "/wrong/prefix"] {
      let client = try PhoenixdClient(NodeAddress(address), password: password)
      let unpaid = await #expect(throws: RPCError.self) { _ = try await client.payment(hash) }
      #expect(unpaid?.code == 404)
      let unknown = await #expect(throws: RPCError.self) { _ = try await client.invoice(paymentHash: hash) }
      #expect(unknown?.code == 404)
    }
    for server in [real, other] { await server.stop() }
  }

  @Test func anotherNodeBehindTheSameLNbitsIsNoticedWithinADay() async throws {
    let clock = ManualClock()
    let book = NodeBook(clock: clock)
    let server = try LNbitsServer(book).serve()
    try await server.start()
    func node() throws -> LNbitsNode {
      LNbitsNode(
        try LNbitsClient(NodeAddress(server.url), invoiceKey: NodeSecret(LNbitsServer.invoiceKey)), clock: clock)
    }
    let running = try node()
    let first = book.key.nodeID
    #expect(try await running.info().nodeID == "\(first)")
    #expect(try await running.info().nodeID == "\(first)")
    #expect(book.entries.count == 1)
    book.changeNode()
    clock.set(to: clock.now() + .day)
    // To one that was up all the time, and to one that is started anew.
    for node in [running, try node()] { #expect(try await node.info().nodeID == "\(book.key.nodeID)") }
    #expect(book.key.nodeID != first)
    #expect(book.entries.count == 2)
    await server.stop()
  }
}
