import Engine
import Foundation
import L402
import Units

/// LND's REST over a ``NodeBook``.
public final class LNDServer: Sendable {
  public static let macaroon = "0201036c6e6402f801030a10d449331c9e43a4c406bc6aa9daf57dc91201301a160a"

  public let book: NodeBook

  public init(_ book: NodeBook) {
    self.book = book
  }

  public func serve(certificate: (certificate: [UInt8], key: [UInt8])) throws -> HTTPServer {
    try HTTPServer(certificate: certificate) { [self] call in
      guard call.headers["grpc-metadata-macaroon"] == Self.macaroon else {
        return fault(500, 2, "verification failed: signature mismatch after caveat verification")
      }
      do {
        return try answer(call)
      } catch let fault as Fault {
        return self.fault(fault.status, fault.code, fault.message)
      } catch {
        return fault(500, 2, "\(error)")
      }
    }
  }

  private struct Fault: Error {
    var status = 500
    var code = 2
    var message: String
  }

  private func fault(_ status: Int, _ code: Int, _ message: String) -> HTTPReply {
    .json(status, ["code": code, "message": message, "details": []] as [String: Any])
  }

  private func answer(_ call: HTTPCall) throws -> HTTPReply {
    let json = call.json
    func text(_ name: String) -> String { json[name] as? String ?? "" }
    func bytes(_ name: String) -> [UInt8] { Array(Data(base64Encoded: text(name)) ?? Data()) }
    func number(_ name: String) -> Int64 { Int64(text(name)) ?? 0 }
    let words = call.path.split(separator: "/").map(String.init)
    switch (call.method, call.path) {
    case ("GET", "/v1/getinfo"):
      return .json(
        200,
        [
          "identity_pubkey": "\(book.key.nodeID)", "alias": "alice", "block_height": 800_000,
          "chains": [["chain": "bitcoin", "network": "regtest"]],
        ] as [String: Any])
    case ("POST", "/v1/invoices"), ("POST", "/v2/invoices/hodl"):
      do {
        let isHold = words.last == "hodl"
        let made = try book.create(
          memo: text("memo"),
          carrying: text("description_hash").isEmpty ? nil : .descriptionHash(bytes("description_hash")),
          amount: Millisatoshi(number("value_msat")), expiry: Seconds(number("expiry")),
          preimage: isHold ? nil : Preimage(bytes("r_preimage")), hash: isHold ? PaymentHash(bytes("hash")) : nil)
        return .json(
          200,
          [
            "r_hash": base64(made.hash.bytes.array), "payment_request": made.bolt11, "add_index": "\(made.addIndex)",
            "payment_addr": "",
          ])
      } catch NodeBook.Trouble.exists {
        throw Fault(message: "invoice with payment hash already exists")
      }
    case ("GET", "/v1/invoices"):
      let offset = Int64(call.query["index_offset"] ?? "") ?? 0
      let limit = Int(call.query["num_max_invoices"] ?? "") ?? 100
      let page = book.entries.filter { $0.addIndex > offset }.prefix(limit)
      return .json(
        200, ["invoices": page.map(invoice), "last_index_offset": "\(page.last?.addIndex ?? offset)"] as [String: Any])
    case ("POST", "/v2/invoices/cancel"):
      guard let hash = PaymentHash(bytes("payment_hash")) else {
        throw Fault(status: 400, code: 3, message: "bad hash")
      }
      do { try book.cancel(hash) } catch NodeBook.Trouble.alreadyPaid {
        throw Fault(message: "invoice already settled")
      } catch { throw Fault(message: "unable to locate invoice") }
      return .json(200, [String: String]())
    case ("POST", "/v2/invoices/settle"):
      guard let preimage = Preimage(bytes("preimage")) else {
        throw Fault(status: 400, code: 3, message: "bad preimage")
      }
      do { try book.settleHeld(preimage) } catch NodeBook.Trouble.alreadyPaid {
        throw Fault(message: "invoice already settled, preimage \(preimage.hex)")
      } catch NodeBook.Trouble.notHeld {
        throw Fault(message: "invoice still open or canceled")
      } catch { throw Fault(message: "unable to locate invoice") }
      return .json(200, [String: String]())
    case ("GET", "/v1/invoices/subscribe"):
      return .lines(subscription(settleIndex: Int64(call.query["settle_index"] ?? "") ?? 0))
    case ("POST", "/v2/router/send"):
      do {
        let made = try book.payOut(text("payment_request"))
        return .lines(payment(made, to: made))
      } catch NodeBook.Trouble.alreadyPaid {
        return .lines(stream { $0(jsonBytes(["error": ["code": 6, "message": "invoice is already paid"]])) })
      }
    default: break
    }
    if call.method == "GET", words.count == 3, words[0] == "v1", words[1] == "invoice" {
      guard let entry = PaymentHash(hex: words[2]).flatMap({ book[$0] }) else {
        throw Fault(status: 404, code: 5, message: "unable to locate invoice")
      }
      return .json(200, invoice(entry))
    }
    // Base64 of paths may hold no slash, so the last word is all of it.
    guard call.method == "GET", words.count == 4, words[0] == "v2", let hash = urlHash(words[3]) else {
      throw Fault(status: 404, code: 5, message: "Not Found")
    }
    if words[1] == "router" {
      guard let made = book.outgoing(hash) else {
        throw Fault(status: 404, code: 5, message: "payment isn't initiated")
      }
      return .lines(payment(made, to: made))
    }
    guard book[hash] != nil else { throw Fault(status: 404, code: 5, message: "unable to locate invoice") }
    return .lines(states(of: hash))
  }

  // MARK: Streams

  /// Everything that is settled behind the index, if it is not zero, and then whatever happens.
  private func subscription(settleIndex: Int64) -> AsyncStream<[UInt8]> {
    let book = book
    let start = settleIndex > 0 ? Int(settleIndex) : book.settled.count
    return stream { [self] tell in
      var told = start
      while !Task.isCancelled {
        let seen = book.changes.count
        for entry in book.settled.dropFirst(told) {
          tell(jsonBytes(["result": invoice(entry)]))
          told += 1
        }
        await book.changes.wait(beyond: seen)
      }
    }
  }

  private func states(of hash: PaymentHash) -> AsyncStream<[UInt8]> {
    stream { [self] tell in
      var last: String?
      while !Task.isCancelled {
        let seen = book.changes.count
        if let entry = book[hash], state(entry) != last {
          last = state(entry)
          tell(jsonBytes(["result": invoice(entry)]))
        }
        await book.changes.wait(beyond: seen)
      }
    }
  }

  private func payment(_ made: NodeBook.Outgoing, to invoice: NodeBook.Outgoing) -> AsyncStream<[UInt8]> {
    let status =
      switch made.state {
      case .paid: "SUCCEEDED"
      case .pending: "IN_FLIGHT"
      case .failed: "FAILED"
      }
    let isPaid = made.state == .paid
    return stream { tell in
      tell(
        jsonBytes([
          "result": [
            "payment_hash": made.preimage.paymentHash.hex, "status": status,
            "payment_preimage": isPaid ? made.preimage.hex : String(repeating: "0", count: 64),
            "fee_msat": isPaid ? "\(made.fee.count)" : "0",
            "failure_reason": made.state == .failed ? "FAILURE_REASON_NO_ROUTE" : "FAILURE_REASON_NONE",
          ]
        ]))
    }
  }

  private func stream(
    _ body: @escaping @Sendable (@escaping @Sendable ([UInt8]) -> Void) async -> Void
  ) -> AsyncStream<[UInt8]> {
    AsyncStream { continuation in
      let work = Task {
        await body { continuation.yield($0) }
        continuation.finish()
      }
      continuation.onTermination = { _ in work.cancel() }
    }
  }

  // MARK: Shapes

  private func base64(_ bytes: [UInt8]) -> String { Data(bytes).base64EncodedString() }

  private func urlHash(_ text: String) -> PaymentHash? {
    let standard = String(text.map { $0 == "-" ? "+" : $0 == "_" ? "/" : $0 })
    return Data(base64Encoded: standard).flatMap { PaymentHash(Array($0)) }
  }

  private func state(_ entry: NodeBook.Entry) -> String {
    switch entry.state {
    case .open: book.isExpired(entry) ? "CANCELED" : "OPEN"
    case .held: "ACCEPTED"
    case .canceled: "CANCELED"
    case .settled: "SETTLED"
    }
  }

  private func invoice(_ entry: NodeBook.Entry) -> [String: Any] {
    var json: [String: Any] = [
      "memo": entry.memo, "r_hash": base64(entry.hash.bytes.array),
      "r_preimage": entry.preimage.map { base64($0.bytes.array) } ?? "", "payment_request": entry.bolt11,
      "value_msat": "\(entry.amount.count)", "value": "\(entry.amount.count / 1_000)", "state": state(entry),
      "creation_date": "\(entry.createdAt.unixSeconds)", "expiry": "\(entry.expiry.count)",
      "add_index": "\(entry.addIndex)", "settle_index": "0", "settle_date": "0", "amt_paid_msat": "0",
      "htlcs": [] as [Any],
    ]
    switch entry.state {
    case .settled(let index, let at):
      json["settle_index"] = "\(index)"
      json["settle_date"] = "\(at.unixSeconds)"
      json["amt_paid_msat"] = "\(entry.amount.count)"
    case .held:
      json["htlcs"] = [
        ["amt_msat": "\(entry.amount.count)", "expiry_height": 800_080, "state": "ACCEPTED", "htlc_index": "1"]
          as [String: Any]
      ]
    case .open, .canceled: break
    }
    return json
  }
}
