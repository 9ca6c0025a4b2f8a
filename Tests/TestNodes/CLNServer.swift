import Engine
import Foundation
import L402
import Units

/// Core Lightning's methods over a ``NodeBook``, as JSON-RPC on a unix socket or as REST with a rune.
public final class CLNServer: Sendable {
  public static let rune = "bdJ1WZyNmQfsRsi84Bsv8RUJ8xLk3D0BqPZcJkGzyE9MA=="

  public let book: NodeBook

  public init(_ book: NodeBook) {
    self.book = book
  }

  public func overSocket(_ path: String) -> UnixServer {
    UnixServer(path: path) { [self] request in
      let call = (try? JSONSerialization.jsonObject(with: Data(request)) as? [String: Any]) ?? [:]
      var reply: [String: Any] = ["jsonrpc": "2.0", "id": call["id"] ?? NSNull()]
      do {
        reply["result"] = try await result(call["method"] as? String ?? "", call["params"] as? [String: Any] ?? [:])
      } catch {
        reply["error"] = (error as? Fault)?.json ?? ["code": -1, "message": "\(error)"]
      }
      return jsonBytes(reply)
    }
  }

  public func overREST() throws -> HTTPServer {
    try HTTPServer { [self] call in
      guard let rune = call.headers["rune"] else { return .json(403, ["code": 1501, "message": "Not authorized"]) }
      guard rune == Self.rune else { return .json(401, ["code": 1502, "message": "Not permitted"]) }
      do {
        let result = try await result(String(call.path.dropFirst("/v1/".count)), call.json)
        return .json(201, result)
      } catch {
        return .json(500, (error as? Fault)?.json ?? ["code": -1, "message": "\(error)"])
      }
    }
  }

  private struct Fault: Error {
    var code: Int
    var message: String
    var json: [String: Any] { ["code": code, "message": message] }
  }

  private func result(_ method: String, _ parameters: [String: Any]) async throws -> [String: Any] {
    func text(_ name: String) -> String { parameters[name] as? String ?? "" }
    func number(_ name: String) -> Int64 { (parameters[name] as? NSNumber)?.int64Value ?? 0 }
    switch method {
    case "getinfo":
      return [
        "id": "\(book.key.nodeID)", "alias": "l2", "network": "regtest", "version": "v26.06.6", "blockheight": 112,
      ]
    case "invoice":
      guard number("amount_msat") > 0 else {
        throw Fault(code: -32_602, message: "amount_msat: should be positive msat or 'any': invalid token '0'")
      }
      let made: NodeBook.Entry
      do {
        made = try book.create(
          label: text("label"), isUnique: true, memo: text("description"),
          carrying: parameters["deschashonly"] as? Bool == true ? .hash(of: text("description")) : nil,
          amount: Millisatoshi(number("amount_msat")), expiry: Seconds(number("expiry")))
      } catch NodeBook.Trouble.exists {
        throw Fault(code: 900, message: "Duplicate label '\(text("label"))'")
      }
      return [
        "payment_hash": made.hash.hex, "expires_at": made.expiresAt.unixSeconds, "bolt11": made.bolt11,
        "created_index": made.addIndex, "warning_deadends": "Insufficient incoming capacity",
      ]
    case "listinvoices":
      let asked = PaymentHash(hex: text("payment_hash")).flatMap { book[$0] }
      let found = book.entries.filter {
        (parameters["label"] == nil || $0.label == text("label"))
          && (parameters["payment_hash"] == nil || $0.hash == asked?.hash)
      }
      return ["invoices": found.map(invoice)]
    case "waitanyinvoice": return try await nextPaid(after: number("lastpay_index"), for: number("timeout"))
    case "delinvoice":
      guard let entry = book.entries.first(where: { $0.label == text("label") }) else {
        throw Fault(code: 905, message: "Unknown invoice")
      }
      guard status(entry) == text("status") else {
        throw Fault(code: 906, message: "Invoice status is \(status(entry)) not \(text("status"))")
      }
      book.delete(entry.hash)
      return invoice(entry)
    case "xpay":
      do {
        let paid = try book.payOut(text("invstring"))
        switch paid.state {
        case .paid:
          return [
            "payment_preimage": paid.preimage.hex, "amount_msat": paid.amount.count,
            "amount_sent_msat": (paid.amount + paid.fee).count, "failed_parts": 0, "successful_parts": 1,
          ]
        case .failed: throw Fault(code: 205, message: "No route to the destination")
        case .pending: throw Fault(code: 209, message: "Timed out after 60 seconds")
        }
      } catch NodeBook.Trouble.alreadyPaid {
        throw Fault(code: 219, message: "Already paid this invoice successfully")
      }
    case "listpays":
      guard let hash = PaymentHash(hex: text("payment_hash")), let made = book.outgoing(hash) else {
        return ["pays": []]
      }
      var pay: [String: Any] = [
        "payment_hash": hash.hex, "created_at": made.createdAt.unixSeconds, "bolt11": made.bolt11,
      ]
      switch made.state {
      case .paid:
        pay["status"] = "complete"
        pay["preimage"] = made.preimage.hex
        pay["amount_msat"] = made.amount.count
        pay["amount_sent_msat"] = (made.amount + made.fee).count
      case .pending: pay["status"] = "pending"
      case .failed: pay["status"] = "failed"
      }
      return ["pays": [pay]]
    case "listhtlcs": return ["htlcs": htlcs(from: number("start"), limit: number("limit"))]
    default: throw Fault(code: -32_601, message: "Unknown command '\(method)'")
    }
  }

  /// Those of payments long over too, as the node lists them.
  private func htlcs(from start: Int64, limit: Int64) -> [[String: Any]] {
    let over = (1...3).map { (String(repeating: "0\($0)", count: 32), "RCVD_REMOVE_ACK_REVOCATION") }
    let all = over + book.onTheirWay.map { ($0.hex, "SENT_ADD_ACK_REVOCATION") }
    return all.enumerated().map { index, row in
      [
        "created_index": index + 1, "short_channel_id": "109x1x1", "id": index, "expiry": 800_000,
        "direction": "out", "amount_msat": 50_000, "payment_hash": row.0, "state": row.1,
      ]
    }.dropFirst(Int(max(start - 1, 0))).prefix(limit > 0 ? Int(limit) : .max).map { $0 }
  }

  private func nextPaid(after index: Int64, for seconds: Int64) async throws -> [String: Any] {
    while true {
      let seen = book.changes.count
      if let entry = book.settled.dropFirst(Int(index)).first { return invoice(entry) }
      guard seconds > 0, !Task.isCancelled else {
        throw Fault(code: 904, message: "Timed out while waiting for invoice to be paid")
      }
      // Time stands still in tests: who waits is woken by what happens.
      await book.changes.wait(beyond: seen)
    }
  }

  private func status(_ entry: NodeBook.Entry) -> String {
    if case .settled = entry.state { return "paid" }
    return book.isExpired(entry) ? "expired" : "unpaid"
  }

  private func invoice(_ entry: NodeBook.Entry) -> [String: Any] {
    var json: [String: Any] = [
      "label": entry.label, "bolt11": entry.bolt11, "payment_hash": entry.hash.hex, "amount_msat": entry.amount.count,
      "status": status(entry), "description": entry.memo, "expires_at": entry.expiresAt.unixSeconds,
      "created_index": entry.addIndex,
    ]
    if case .settled(let index, let at) = entry.state {
      json["pay_index"] = index
      json["amount_received_msat"] = entry.amount.count
      json["paid_at"] = at.unixSeconds
      json["payment_preimage"] = entry.preimage?.hex
    }
    return json
  }
}
