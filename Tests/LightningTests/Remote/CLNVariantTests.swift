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
  func repliesEndWithTheirLastBracketWhateverStandsBehindIt(_ terminator: String) async throws {
    try await serving(terminator: terminator) { _, _ in
      #""result":\#(Self.info)"#
    } _: { (client: CLNClient) async throws -> Void in
      for _ in 0..<3 { #expect(try await client.info().network == "regtest") }
    }
  }

  @Test func labelsAreWrittenWithTheirSlashesAsTheyAre() async throws {
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
  @Test func anOldNodePaysWithPay() async throws {
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

  @Test func whatAnOldNodeIsStillPayingIsUnderWay() async throws {
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

  /// Rows that were pending come to their end while the HTLCs are read, which are read in pages, or whole by old nodes.
  @Test(arguments: [false, true], [false, true])
  func hTLCsAreReadToTheirEndAndThePaymentAgainBehindThem(_ isOld: Bool, _ isPaid: Bool) async throws {
    let (invoice, preimage) = try foreign()
    let hash = preimage.paymentHash.hex
    let looks = Mutex(0)
    let starts = Mutex<[String]>([])
    @Sendable func htlc(_ index: Int, _ hash: String, _ state: String) -> String {
      #"{"created_index":\#(index),"direction":"out","payment_hash":"\#(hash)","state":"\#(state)","expiry":9}"#
    }
    let other = String(repeating: "11", count: 32)
    let over = htlc(1_001, hash, "RCVD_REMOVE_ACK_REVOCATION")
    try await serving { method, text in
      switch method {
      case "listpays":
        let look = looks.withLock { looks in
          looks += 1
          return looks
        }
        let end = #""status":"complete","preimage":"\#(preimage.hex)","amount_msat":50000,"amount_sent_msat":50000"#
        let row = isPaid && look > 1 ? end : #""status":"pending""#
        return #""result":{"pays":[{"bolt11":"\#(invoice.text)",\#(row)}]}"#
      default:
        starts.withLock { $0.append(text) }
        if text.contains("index") {
          if isOld { return #""error":{"code":-32602,"message":"unknown parameter: index"}"# }
          if text.contains(#""start":1001"#) { return #""result":{"htlcs":[\#(over)]}"# }
          let page = (1...1_000).map { htlc($0, other, "SENT_ADD_COMMIT") }.joined(separator: ",")
          return #""result":{"htlcs":[\#(page)]}"#
        }
        return #""result":{"htlcs":[\#(over)]}"#
      }
    } _: { (client: CLNClient) async throws -> Void in
      let later = invoice.expiresAt + .hour
      let found = try await client.payment(invoice.paymentHash, at: later)
      if isPaid {
        #expect(found == .paid(preimage: preimage.bytes.array, fee: .zero))
      } else if case .failed? = found {
      } else {
        Issue.record("it is \(found as Any)")
      }
      #expect(starts.withLock { $0.count } == 2)
    }
  }

  /// A label that the node keeps in another form than we write it: it says that there is none, and the invoice is open.
  @Test func nothingIsCanceledThatTheNodeStillShows() async throws {
    let (invoice, preimage) = try foreign()
    let row =
      #"{"label":"a/b","bolt11":"\#(invoice.text)","payment_hash":"\#(preimage.paymentHash.hex)","amount_msat":50000,"status":"unpaid"}"#
    try await serving { method, _ in
      method == "delinvoice"
        ? #""error":{"code":905,"message":"Unknown invoice"}"# : #""result":{"invoices":[\#(row)]}"#
    } _: { (client: CLNClient) async throws -> Void in
      let error = await #expect(throws: NodeError.self) {
        _ = try await CLNNode(client, clock: RealClock()).cancel(preimage.paymentHash)
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
  func clnrestSaysWhyNot(_ status: Int, _ body: String, _ kind: RPCError.Kind) async throws {
    let server = try HTTPServer { _ in .text(status, body) }
    try await server.start()
    let client = try CLNClient(NodeAddress(server.url), rune: NodeSecret("rune"))
    let error = await #expect(throws: RPCError.self) { _ = try await client.info() }
    #expect(error?.kind == kind)
    await server.stop()
  }
}
