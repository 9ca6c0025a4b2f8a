import BOLT11
import Engine
import Foundation
import L402
import Lightning
import NodeRPC
import Synchronization
import TestNodes
import Testing
import Units

/// What Core Lightning says otherwise in other versions, behind other doors and at bad moments.
@Suite struct CLNVariantTests {
  /// A client of a node that answers each call with a result or an error, as JSON.
  private func serving<T>(
    terminator: String = "\n\n", _ answer: @escaping @Sendable (_ method: String, _ text: String) -> String,
    _ body: (CLNClient) async throws -> T
  ) async throws -> T {
    let directory = TemporaryDirectory()
    try FileManager.default.createDirectory(atPath: directory.path, withIntermediateDirectories: true)
    let server = UnixServer(path: directory.path + "/rpc", terminator: terminator) { request in
      let call = (try? JSONSerialization.jsonObject(with: Data(request)) as? [String: Any]) ?? [:]
      let method = call["method"] as? String ?? ""
      let said = answer(method, String(decoding: request, as: UTF8.self))
      return Array(#"{"jsonrpc":"2.0","id":"\#(call["id"] as? String ?? "")",\#(said)}"#.utf8)
    }
    try await server.start()
    let result: Result<T, any Error>
    do {
      result = .success(try await body(CLNClient(socket: server.path, limits: RPCLimits(answer: 20))))
    } catch {
      result = .failure(error)
    }
    await server.stop()
    return try result.get()
  }

  private static let info =
    #"{"id":"02\#(String(repeating: "ab", count: 32))","alias":"a }\"{ \n","network":"regtest"}"#

  @Test(arguments: ["", "\n", "\n\n", "\r\n\r\n", " \n \n"])
  func `replies end with their last bracket, whatever stands behind it`(_ terminator: String) async throws {
    try await serving(terminator: terminator) { _, _ in
      #""result":\#(Self.info)"#
    } _: { (client: CLNClient) async throws -> Void in
      for _ in 0..<3 { #expect(try await client.info().network == "regtest") }
    }
  }

  @Test func `labels are written with their slashes as they are`() async throws {
    let heard = Mutex("")
    try await serving { _, text in
      heard.withLock { $0 = text }
      return #""result":{"invoices":[]}"#
    } _: { (client: CLNClient) async throws -> Void in
      #expect(try await client.invoice(label: "leasehold/lease/1") == nil)
    }
    #expect(heard.withLock { $0 }.contains(#""label":"leasehold/lease/1""#))
  }

  private func foreign() throws -> (invoice: Invoice, preimage: Preimage) {
    let preimage = Preimage.random()
    let draft = InvoiceDraft(
      network: .regtest, amount: 50_000, timestamp: RealClock().now(), paymentHash: preimage.paymentHash.bytes.array,
      paymentSecret: Preimage.random().bytes.array, subject: .description("refund"))
    return (try draft.sign(with: .random()), preimage)
  }

  /// Amounts have their unit behind them there, and there is no `xpay`.
  @Test func `an old node pays with pay`() async throws {
    let (invoice, preimage) = try foreign()
    let hex = preimage.hex
    let paid = #""payment_preimage":"\#(hex)","amount_msat":"50000msat","amount_sent_msat":"50012msat""#
    try await serving { method, _ in
      switch method {
      case "xpay": #""error":{"code":-32601,"message":"Unknown command 'xpay'"}"#
      case "pay": #""result":{\#(paid),"status":"complete","parts":1}"#
      default:
        #""result":{"pays":[{"status":"complete","preimage":"\#(hex)","amount_msat":"50000msat","amount_sent_msat":"50012msat"}]}"#
      }
    } _: { (client: CLNClient) async throws -> Void in
      let expected = OutgoingPayment.paid(preimage: preimage.bytes.array, fee: 12)
      #expect(try await client.pay(invoice, maxFee: 1_000) == expected)
      #expect(try await client.payment(invoice.paymentHash) == expected)
    }
  }

  @Test func `what an old node is still paying is under way`() async throws {
    let (invoice, preimage) = try foreign()
    let paid = #""payment_preimage":"\#(preimage.hex)","amount_msat":50000,"amount_sent_msat":50000"#
    try await serving { method, _ in
      switch method {
      case "xpay": #""error":{"code":-32601,"message":"Unknown command 'xpay'"}"#
      case "pay": #""result":{\#(paid),"status":"pending"}"#
      default: #""result":{"pays":[{"status":"pending"}]}"#
      }
    } _: { (client: CLNClient) async throws -> Void in
      #expect(try await client.pay(invoice, maxFee: 1_000) == .pending)
    }
  }

  /// A label that the node keeps in another form than we write it: it says that there is none, and the invoice is open.
  @Test func `nothing is canceled that the node still shows`() async throws {
    let (invoice, preimage) = try foreign()
    let row =
      #"{"label":"a/b","bolt11":"\#(invoice.text)","payment_hash":"\#(preimage.paymentHash.hex)","amount_msat":50000,"status":"unpaid"}"#
    try await serving { method, _ in
      method == "delinvoice"
        ? #""error":{"code":905,"message":"Unknown invoice"}"# : #""result":{"invoices":[\#(row)]}"#
    } _: { (client: CLNClient) async throws -> Void in
      let error = await #expect(throws: NodeError.self) {
        _ = try await CLNNode(client).cancel(preimage.paymentHash)
      }
      #expect(error?.kind == .unavailable)
    }
  }

  /// clnrest answers an unknown method with 404, and with an error that has no code what it could not ask the node.
  @Test(
    arguments: [
      (404, #"{"code":-32601,"message":"Unknown command"}"#, RPCError.Kind.refused(code: -32_601)),
      (500, #"{"code":null,"message":"the socket is not there","data":null}"#, .lost),
      (401, #"{"code":1502,"message":"Rune is not valid"}"#, .refused(code: 1_502)),
      (403, "nginx", .refused(code: 403)), (500, "nginx", .garbage),
      (401, #"{"message":"no key"}"#, .refused(code: 401)),
    ])
  func `clnrest says why not`(_ status: Int, _ body: String, _ kind: RPCError.Kind) async throws {
    let server = try HTTPServer { _ in .text(status, body) }
    try await server.start()
    let client = try CLNClient(NodeAddress(server.url), rune: NodeSecret("rune"))
    let error = await #expect(throws: RPCError.self) { _ = try await client.info() }
    #expect(error?.kind == kind)
    await server.stop()
  }
}
