import BOLT11
import Engine
import Foundation
import L402
import Units

/// phoenixd's HTTP interface over a ``NodeBook``.
public final class PhoenixdServer: Sendable {
  public static let password = "hunter2"

  public let book: NodeBook

  public init(_ book: NodeBook) {
    self.book = book
  }

  public func serve() throws -> HTTPServer {
    let authorization = "Basic " + Data(":\(Self.password)".utf8).base64EncodedString()
    return try HTTPServer(webSockets: { $0.path == "/websocket" && $0.headers["authorization"] == authorization }) {
      [self] call in
      guard call.headers["authorization"] == authorization else {
        return .text(401, "Invalid authentication (use basic auth with the http password set in phoenix.conf)")
      }
      do {
        return try answer(call)
      } catch {
        return .text(400, "\(error)")
      }
    }
  }

  /// What is pushed to who listens when an invoice is paid.
  public func push(_ hash: PaymentHash) -> String {
    let entry = book[hash]
    return String(
      decoding: jsonBytes([
        "type": "payment_received", "timestamp": book.clock.now().microseconds / 1_000,
        "amountSat": (entry?.amount.count ?? 0) / 1_000, "paymentHash": hash.hex, "externalId": entry?.label ?? "",
      ]), as: UTF8.self)
  }

  private func answer(_ call: HTTPCall) throws -> HTTPReply {
    let form = call.form
    switch (call.method, call.path) {
    case ("GET", "/getinfo"):
      return .json(
        200, ["nodeId": "\(book.key.nodeID)", "channels": [], "chain": "regtest", "version": "0.6.2"] as [String: Any])
    case ("POST", "/createinvoice"):
      let subject = Invoice.Subject(hex: form["descriptionHash"])
      guard let description = subject == nil ? form["description"] : "", description.count <= 128 else {
        return .text(400, "Request parameter description is too long (max 128 characters)")
      }
      let made = try book.create(
        label: form["externalId"] ?? "", memo: description, carrying: subject,
        amount: Millisatoshi(satoshis: Int64(form["amountSat"] ?? "") ?? 0),
        expiry: Seconds(Int64(form["expirySeconds"] ?? "") ?? 3_600))
      return .json(
        200,
        ["amountSat": made.amount.count / 1_000, "paymentHash": made.hash.hex, "serialized": made.bolt11]
          as [String: Any])
    case ("GET", "/payments/incoming"): return .json(200, list(call.query))
    case ("POST", "/payinvoice"):
      do {
        let made = try book.payOut(form["invoice"] ?? "")
        let hash = made.preimage.paymentHash.hex
        switch made.state {
        case .paid:
          return .json(
            200,
            [
              "recipientAmountSat": made.amount.count / 1_000, "routingFeeSat": made.fee.count / 1_000,
              "paymentId": "a54de164-0c76-43de-9bac-9b2a1a1a1a1a", "paymentHash": hash,
              "paymentPreimage": made.preimage.hex,
            ] as [String: Any])
        case .failed: return .json(200, ["paymentHash": hash, "reason": "route not found"])
        case .pending: return .json(200, ["paymentHash": hash, "reason": "still under way"])
        }
      } catch NodeBook.Trouble.alreadyPaid {
        return .json(200, ["paymentHash": "", "reason": "this invoice has already been paid"])
      }
    default: break
    }
    let words = call.path.split(separator: "/").map(String.init)
    guard call.method == "GET", words.count == 3, let hash = PaymentHash(hex: words[2]) else {
      return .text(404, "Unknown endpoint (check api doc)")
    }
    if words[1] == "outgoingbyhash" {
      guard let made = book.outgoing(hash) else { return .text(404, "") }
      return .json(200, outgoing(made))
    }
    guard let entry = book[hash] else { return .text(404, "") }
    return .json(200, incoming(entry))
  }

  private func list(_ query: [String: String]) -> [[String: Any]] {
    let from = Int64(query["from"] ?? "") ?? 0
    let to = Int64(query["to"] ?? "") ?? Int64.max
    func time(_ entry: NodeBook.Entry) -> Int64? {
      if case .settled(_, let at) = entry.state { return at.microseconds / 1_000 }
      return query["all"] == "true" ? entry.createdAt.microseconds / 1_000 : nil
    }
    var found: [(entry: NodeBook.Entry, at: Int64)] = []
    for entry in book.entries {
      guard let at = time(entry), (from...to).contains(at) else { continue }
      if let id = query["externalId"], id != entry.label { continue }
      found.append((entry, at))
    }
    found.sort { $0.at > $1.at }
    let offset = Int(query["offset"] ?? "") ?? 0
    let limit = Int(query["limit"] ?? "") ?? 20
    var rows = found.map { incoming($0.entry) }
    if query["externalId"] == nil { rows.append(onChain(at: from)) }
    return Array(rows.dropFirst(offset).prefix(limit))
  }

  /// Money that came on the chain stands in the same list, with a transaction and without a payment hash.
  private func onChain(at moment: Int64) -> [String: Any] {
    [
      "type": "incoming_payment", "subType": "on_chain", "txId": String(repeating: "ab", count: 32), "isPaid": true,
      "receivedSat": 70_000, "fees": 0, "completedAt": moment, "createdAt": moment,
    ]
  }

  /// A third of a payment's satoshi and more goes for room in a channel, so that amounts do not come out even.
  private func incoming(_ entry: NodeBook.Entry) -> [String: Any] {
    var json: [String: Any] = [
      "type": "incoming_payment", "subType": "lightning", "paymentHash": entry.hash.hex,
      "preimage": entry.preimage?.hex ?? "", "externalId": entry.label, "description": entry.memo,
      "invoice": entry.bolt11, "isPaid": false, "isExpired": book.isExpired(entry), "receivedSat": 0, "fees": 0,
      "createdAt": entry.createdAt.microseconds / 1_000,
    ]
    if case .settled(_, let at) = entry.state {
      let fee = min(entry.amount.count, 1_333)
      json["isPaid"] = true
      json["receivedSat"] = (entry.amount.count - fee) / 1_000
      json["fees"] = fee
      json["completedAt"] = at.microseconds / 1_000
    }
    return json
  }

  private func outgoing(_ made: NodeBook.Outgoing) -> [String: Any] {
    var json: [String: Any] = [
      "type": "outgoing_payment", "paymentHash": made.preimage.paymentHash.hex, "isPaid": made.state == .paid,
      "sent": made.amount.count / 1_000, "fees": made.fee.count, "invoice": made.bolt11,
      "createdAt": made.createdAt.microseconds / 1_000,
    ]
    if made.state == .paid { json["preimage"] = made.preimage.hex }
    if made.state != .pending { json["completedAt"] = made.createdAt.microseconds / 1_000 }
    return json
  }
}
