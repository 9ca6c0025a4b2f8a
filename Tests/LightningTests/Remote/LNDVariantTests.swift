import BOLT11
import Engine
import Foundation
import L402
import Lightning
import NodeRPC
import Synchronization
import TestKit
import TestNodes
import Testing
import Units

/// What LND says at bad moments, in long lists, and of payments that came without an invoice.
@Suite struct LNDVariantTests {
  private func serving<T>(
    _ respond: @escaping HTTPServer.Respond, limits: RPCLimits = RPCLimits(connect: 60, answer: 20),
    _ body: (LNDClient) async throws -> T
  ) async throws -> T {
    let server = try HTTPServer(respond)
    try await server.start()
    let result: Result<T, any Error>
    do {
      result = .success(
        try await body(LNDClient(NodeAddress(server.url), macaroon: NodeSecret(LNDServer.macaroon), limits: limits)))
    } catch {
      result = .failure(error)
    }
    await server.stop()
    return try result.get()
  }

  private func foreign() throws -> Invoice {
    let draft = InvoiceDraft(
      network: .regtest, amount: 50_000, timestamp: RealClock().now(), paymentHash: [UInt8](repeating: 1, count: 32),
      paymentSecret: [UInt8](repeating: 2, count: 32), subject: .description("refund"))
    return try draft.sign(with: .random())
  }

  private static func line(_ object: [String: Any]) -> [UInt8] {
    Array((try? JSONSerialization.data(withJSONObject: object)) ?? Data())
  }

  private static func lines(_ objects: [[String: Any]]) -> HTTPReply {
    .lines(
      AsyncStream { continuation in
        for object in objects { continuation.yield(line(object)) }
        continuation.finish()
      })
  }

  // MARK: Away

  /// The gateway says so too when the node goes away behind a payment that has left.
  @Test(arguments: [true, false], ["transport is closing", "error reading from server: EOF"])
  func unavailableIsNoWordOnAPayment(_ isInStream: Bool, _ words: String) async throws {
    let invoice = try foreign()
    try await serving { _ in
      let fault = ["code": 14, "message": words] as [String: Any]
      return isInStream ? Self.lines([["error": fault]]) : .json(503, fault)
    } _: { client in
      let error = await #expect(throws: RPCError.self) { _ = try await client.pay(invoice, maxFee: 1_000) }
      #expect(error?.kind == .lost)
      #expect(error?.isCertainlyUndone == false)
      #expect(error?.words == words)
    }
  }

  @Test(
    arguments: [2, 14],
    [
      "wallet locked, unlock it to enable full RPC access", "wallet not created, create one to enable full RPC access",
      "waiting to start, RPC services not available",
      "the RPC server is in the process of starting up, but not yet ready to accept calls",
    ])
  func aNodeThatDoesNotServeYetHasDoneNothing(_ code: Int, _ words: String) async throws {
    let invoice = try foreign()
    try await serving { _ in
      .json(500, ["code": code, "message": words] as [String: Any])
    } _: { client in
      let error = await #expect(throws: RPCError.self) { _ = try await client.pay(invoice, maxFee: 1_000) }
      #expect(error?.kind == .notSent)
    }
  }

  // MARK: Many who wait

  /// Strangers decide how many invoices are watched. A call must not wait until one of them is paid.
  @Test(.timeLimit(.minutes(5)))
  func callsGoThroughWhileManyWait() async throws {
    let book = NodeBook(clock: ManualClock())
    let server = try LNDServer(book).serve(certificate: TestCertificate.shared.pair)
    try await server.start()
    let client = try LNDClient(
      NodeAddress(server.url, certificateFile: TestCertificate.shared.file),
      macaroon: NodeSecret(LNDServer.macaroon), limits: RPCLimits(connect: 60, answer: 20))
    let watched = ChangeSignal()
    func watching(_ count: Int) async {
      while true {
        let seen = watched.count
        if seen >= count { return }
        await watched.wait(beyond: seen)
      }
    }
    let hashes = try (0..<70).map { number in
      try book.create(
        memo: "\(number)", amount: 1_000, expiry: 3_600, preimage: nil, hash: Preimage.random().paymentHash
      ).hash
    }
    let waiting = hashes.map { hash in
      Task {
        // Ends by cancellation, which is an error.
        try? await client.subscribeInvoice(paymentHash: hash.bytes.array, within: 600) { _ in
          watched.ring()
          return true
        }
      }
    }
    await watching(64)
    let info = await Result { try await client.info() }
    #expect(throws: Never.self) { try info.get() }
    // And each of them waits on a connection, none for one.
    if case .success = info { await watching(70) }
    for one in waiting { one.cancel() }
    for one in waiting { await one.value }
    await server.stop()
  }

  // MARK: Without an invoice

  /// A row as the node shows it.
  private static func row(
    _ number: Int, settled index: Int, preimage: Preimage?, hash: [UInt8]? = nil,
    memo: String = "x #leasehold/1/purchase"
  ) -> [String: Any] {
    func base64(_ bytes: [UInt8]?) -> String { Data(bytes ?? []).base64EncodedString() }
    return [
      "memo": memo, "r_hash": base64(hash ?? preimage?.paymentHash.bytes.array),
      "r_preimage": base64(preimage?.bytes.array), "payment_request": "", "value_msat": "1000",
      "amt_paid_msat": "1000", "state": "SETTLED", "creation_date": "1800000000", "expiry": "3600",
      "settle_date": "1800000001", "add_index": "\(number)", "settle_index": "\(index)", "htlcs": [] as [Any],
    ]
  }

  private static let info: HTTPReply = .json(
    200,
    [
      "identity_pubkey": "02" + String(repeating: "ab", count: 32), "alias": "alice", "block_height": 800_000,
      "chains": [["chain": "bitcoin", "network": "regtest"]],
    ] as [String: Any])

  private static func page(_ rows: [[String: Any]]) -> HTTPReply {
    let last = rows.last?["add_index"] as? String ?? "0"
    return .json(200, ["invoices": rows, "last_index_offset": last] as [String: Any])
  }

  private func node(_ client: LNDClient) -> LNDNode {
    LNDNode(client, preimageSecret: .random(), clock: ManualClock())
  }

  /// A settled AMP invoice has no preimage. It is nothing that was waited for, and no reason to ask at once again.
  @Test func whatWasSettledWithoutAPreimageIsWaitedPast() async throws {
    let preimage = Preimage.random()
    let lists = Mutex(0)
    try await serving { call in
      switch call.path {
      case "/v1/getinfo": return Self.info
      case "/v1/invoices":
        if call.query["index_offset"] != "0" { return Self.page([]) }
        let count = lists.withLock { count in
          count += 1
          return count
        }
        let amp = Self.row(1, settled: 1, preimage: nil, hash: [UInt8](repeating: 3, count: 32))
        // Whoever asks again and again is let go in the end.
        return Self.page(count < 5 ? [amp] : [amp, Self.row(2, settled: 2, preimage: preimage)])
      default:
        return Self.lines([
          ["result": Self.row(1, settled: 1, preimage: nil, hash: [UInt8](repeating: 3, count: 32))],
          ["result": Self.row(2, settled: 2, preimage: preimage)],
        ])
      }
    } _: { client in
      let found = try await node(client).settlements(after: nil, limit: 1)
      #expect(found.map(\.paymentHash) == [preimage.paymentHash])
    }
    #expect(lists.withLock { $0 } == 1)
  }

  @Test(arguments: [true, false])
  func aSpontaneousPaymentSpoilsNeitherListNorStream(_ isListed: Bool) async throws {
    let preimage = Preimage.random()
    try await serving { call in
      let rows = [Self.row(1, settled: 1, preimage: nil), Self.row(2, settled: 2, preimage: preimage)]
      switch call.path {
      case "/v1/getinfo": return Self.info
      case "/v1/invoices": return Self.page(isListed && call.query["index_offset"] == "0" ? rows : [])
      case "/v1/invoices/subscribe": return Self.lines(rows.map { ["result": $0] })
      default: return .json(200, rows[0])
      }
    } _: { client in
      let found = try await node(client).settlements(after: nil, limit: 10)
      #expect(found.map(\.paymentHash) == [preimage.paymentHash])
      // Who asks for one invoice is not told of none.
      let error = await #expect(throws: RPCError.self) {
        _ = try await client.invoice(paymentHash: preimage.paymentHash.bytes.array)
      }
      #expect(error?.kind == .garbage)
    }
  }

  /// Five hundred rows of ten kilobytes are more than one answer may have. They were settled in the other direction.
  @Test func aLongListIsReadByPiecesAndToldBySettlement() async throws {
    let preimages = (0..<500).map { _ in Preimage.random() }
    let memo = String(repeating: "x", count: 10_000) + " #leasehold/1/purchase"
    try await serving { call in
      guard call.path == "/v1/invoices" else { return Self.info }
      let offset = Int(call.query["index_offset"] ?? "") ?? 0
      let limit = Int(call.query["num_max_invoices"] ?? "") ?? 0
      let numbers = (offset + 1..<preimages.count + 1).prefix(limit)
      return Self.page(
        numbers.map { Self.row($0, settled: 501 - $0, preimage: preimages[$0 - 1], memo: memo) })
    } _: { client in
      let found = try await node(client).settlements(after: nil, limit: 3)
      #expect(found.map(\.paymentHash) == preimages.suffix(3).reversed().map(\.paymentHash))
    }
  }
}

extension Result where Failure == any Error {
  fileprivate init(_ body: () async throws -> Success) async {
    do { self = .success(try await body()) } catch { self = .failure(error) }
  }
}
