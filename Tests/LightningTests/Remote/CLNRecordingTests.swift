import BOLT11
import Foundation
import NodeRPC
import TestNodes
import Testing
import Units

/// What a real Core Lightning said, byte for byte, read by the client (`Tests/Vectors/cln.json`).
@Suite struct CLNRecordingTests {
  private struct Recording: Decodable {
    struct Exchange: Decodable {
      var note: String
      var request: String
      var reply: String
    }
    var exchanges: [Exchange]
  }

  private func exchanges() throws -> [String: Recording.Exchange] {
    let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appendingPathComponent("Vectors/cln.json")
    let recording = try JSONDecoder().decode(Recording.self, from: Data(contentsOf: file))
    return Dictionary(recording.exchanges.map { ($0.note, $0) }) { first, _ in first }
  }

  /// A client whose node answers as it was recorded, but for the id.
  private func replaying<T>(
    _ note: String, _ body: (CLNClient) async throws -> T
  ) async throws -> T {
    let recorded = try #require(try exchanges()[note])
    let directory = TemporaryDirectory()
    try FileManager.default.createDirectory(atPath: directory.path, withIntermediateDirectories: true)
    let server = UnixServer(path: directory.path + "/rpc") { request in
      let id = (try? JSONSerialization.jsonObject(with: Data(request)) as? [String: Any])?["id"] as? String ?? ""
      let reply = recorded.reply.replacingOccurrences(
        of: "\"id\":\"r[0-9]+\"", with: "\"id\":\"\(id)\"", options: .regularExpression)
      // The server writes the empty line itself.
      return Array(reply.utf8.dropLast(2))
    }
    try await server.start()
    let result: Result<T, any Error>
    do { result = .success(try await body(CLNClient(socket: directory.path + "/rpc"))) } catch {
      result = .failure(error)
    }
    await server.stop()
    return try result.get()
  }

  private let hash = Hex.bytes("7814b8c9ab78094b936029581b843d7c21468248f9aefc11058111f71491c40f") ?? []

  @Test func itSaysWhoItIs() async throws {
    let info = try await replaying("identity, network, version") { try await $0.info() }
    #expect(info.network == "regtest")
    #expect(info.alias == "l2")
    #expect(info.id.hasPrefix("020786c1"))
  }

  @Test func itMakesAnInvoice() async throws {
    let made = try await replaying("create") {
      try await $0.createInvoice(label: "l", amount: 123_000, description: "d", expiry: 600)
    }
    #expect(made.paymentHash == hash)
    #expect(try Invoice.parse(made.bolt11).paymentHash == hash)
  }

  @Test func itShowsInvoicesInEveryState() async throws {
    #expect(try await replaying("unpaid") { try await $0.invoice(paymentHash: hash) }?.status == .unpaid)
    #expect(try await replaying("unknown label") { try await $0.invoice(label: "no") } == nil)
    #expect(try await replaying("expired") { try await $0.invoice(label: "short") }?.status == .expired)
    let paid = try #require(try await replaying("paid") { try await $0.invoice(paymentHash: hash) })
    guard case .paid(let payment) = paid.status else {
      Issue.record("a paid invoice is shown as another")
      return
    }
    #expect(payment.index == 64)
    #expect(payment.received == 123_000)
    #expect(paid.amount == 123_000)
    #expect(payment.at == Instant(unixSeconds: 1_795_339_387))
  }

  @Test func itTellsOfTheNextSettlementAndOfNone() async throws {
    let next = try await replaying("subscription: the next settlement after a cursor") {
      try await $0.waitAnyInvoice(after: 63, for: 30)
    }
    #expect(next?.paymentHash == hash)
    #expect(
      try await replaying("nothing new within the timeout") { try await $0.waitAnyInvoice(after: 64, for: 1) } == nil)
  }

  @Test func itPaysAndSaysWhyNot() async throws {
    let invoice = try Invoice.parse(
      try await replaying("create") {
        try await $0.createInvoice(label: "l", amount: 123_000, description: "d", expiry: 600)
      }.bolt11)
    guard case .paid(let preimage, let fee) = try await replaying("pay", { try await $0.pay(invoice, maxFee: 1_000) })
    else {
      Issue.record("not paid")
      return
    }
    #expect(Hex.text(of: preimage).hasPrefix("e4b4d24b"))
    #expect(fee == .zero)
    for (note, code) in [("pay again", 219), ("pay an expired one", 207), ("pay a cancelled one", 203)] {
      let error = await #expect(throws: RPCError.self) {
        try await replaying(note) { _ = try await $0.pay(invoice, maxFee: 1_000) }
      }
      #expect(error?.code == code)
    }
  }

  @Test func itRefusesByNumbersThatAreKnown() async throws {
    let label = await #expect(throws: RPCError.self) {
      try await replaying("same label again") {
        _ = try await $0.createInvoice(label: "l", amount: 1, description: "", expiry: 1)
      }
    }
    #expect(label?.code == CLNClient.Code.labelTaken)
    let status = await #expect(throws: RPCError.self) {
      try await replaying("cancel a paid one") { try await $0.deleteUnpaidInvoice(label: "l") }
    }
    #expect(status?.code == CLNClient.Code.statusDiffers)
    try await replaying("cancel") { try await $0.deleteUnpaidInvoice(label: "l") }
  }

  /// Two requests on one connection, answered the other way round.
  @Test func repliesFindTheirRequestInAnyOrder() async throws {
    let directory = TemporaryDirectory()
    try FileManager.default.createDirectory(atPath: directory.path, withIntermediateDirectories: true)
    let gate = ChangeSignal()
    let server = UnixServer(path: directory.path + "/rpc") { request in
      let call = (try? JSONSerialization.jsonObject(with: Data(request)) as? [String: Any]) ?? [:]
      let id = call["id"] as? String ?? ""
      let label = (call["params"] as? [String: Any])?["label"] as? String ?? ""
      if label == "slow" { await gate.wait(beyond: 0) } else { gate.ring() }
      return Array(#"{"jsonrpc":"2.0","id":"\#(id)","error":{"code":905,"message":"\#(label)"}}"#.utf8)
    }
    try await server.start()
    let client = CLNClient(socket: directory.path + "/rpc")
    async let slow = #expect(throws: RPCError.self) { try await client.deleteUnpaidInvoice(label: "slow") }
    async let fast = #expect(throws: RPCError.self) { try await client.deleteUnpaidInvoice(label: "fast") }
    #expect(await slow?.words == "slow")
    #expect(await fast?.words == "fast")
    await server.stop()
  }
}
