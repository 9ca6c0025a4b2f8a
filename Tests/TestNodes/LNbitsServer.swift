import BOLT11
import Engine
import Foundation
import L402
import Units

/// The shape of an LNbits server with one wallet, over a ``NodeBook``.
public final class LNbitsServer: Sendable {
  public static let invoiceKey = "4f1bd9a3c29b4c5e8d6f7a8b9c0d1e2f"
  public static let adminKey = "9a8b7c6d5e4f30211f2e3d4c5b6a7988"

  public let book: NodeBook
  private let wallet: String

  public init(_ book: NodeBook, wallet: String = "one") {
    self.book = book
    self.wallet = wallet
  }

  public func serve() throws -> HTTPServer {
    try HTTPServer(webSockets: { $0.path == "/api/v1/ws/\(Self.invoiceKey)" }) { [self] call in
      guard let key = call.headers["x-api-key"] else { return detail(401, "Missing key") }
      guard key == Self.invoiceKey || key == Self.adminKey else { return detail(404, "Wallet not found.") }
      do {
        return try answer(call, mayPay: key == Self.adminKey)
      } catch {
        return detail(520, "\(error)")
      }
    }
  }

  /// What is pushed to who listens when an invoice is paid.
  public func push(_ hash: PaymentHash) -> String {
    String(decoding: jsonBytes(["wallet_balance": 1, "payment": book[hash].map(incoming) ?? [:]]), as: UTF8.self)
  }

  private func detail(_ status: Int, _ words: String) -> HTTPReply { .json(status, ["detail": words]) }

  private func answer(_ call: HTTPCall, mayPay: Bool) throws -> HTTPReply {
    let json = call.json
    switch (call.method, call.path) {
    case ("GET", "/api/v1/wallet"):
      var told: [String: Any] = ["name": "leases", "balance": 0]
      if mayPay { told["id"] = wallet }
      return .json(200, told)
    case ("POST", "/api/v1/payments"):
      if json["out"] as? Bool == true {
        guard mayPay else { return detail(403, "Invoice (or Admin) key required.") }
        return try pay(json["bolt11"] as? String ?? "")
      }
      let subject = Invoice.Subject(ofHexed: json["unhashed_description"] as? String)
      let made = try book.create(
        label: json["external_id"] as? String ?? "", memo: subject == nil ? json["memo"] as? String ?? "" : "",
        carrying: subject,
        amount: Millisatoshi(satoshis: (json["amount"] as? NSNumber)?.int64Value ?? 0),
        expiry: Seconds((json["expiry"] as? NSNumber)?.int64Value ?? 3_600))
      return .json(201, incoming(made))
    case ("GET", "/api/v1/payments/paginated"):
      return .json(200, ["data": page(call.query), "total": 1] as [String: Any])
    case ("GET", "/api/v1/payments/fee-reserve"): return .json(200, ["fee_reserve": 2_000])
    default: break
    }
    let words = call.path.split(separator: "/").map(String.init)
    guard call.method == "GET", words.count == 4, let hash = PaymentHash(hex: words[3]) else {
      return detail(404, "Not Found")
    }
    if let made = book.outgoing(hash) { return .json(200, found(outgoing(made))) }
    guard let entry = book[hash] else { return detail(404, "Payment does not exist.") }
    return .json(200, found(incoming(entry)))
  }

  private func found(_ payment: [String: Any]) -> [String: Any] {
    let isPaid = payment["status"] as? String == "success"
    return [
      "paid": isPaid, "status": payment["status"] ?? "", "preimage": isPaid ? payment["preimage"] ?? "" : NSNull(),
      "details": payment,
    ]
  }

  private func pay(_ bolt11: String) throws -> HTTPReply {
    do {
      let made = try book.payOut(bolt11)
      if made.state == .failed {
        return .json(520, ["detail": "Payment failed: no route", "status": "failed"])
      }
      return .json(201, outgoing(made))
    } catch NodeBook.Trouble.alreadyPaid {
      return .json(520, ["detail": "Payment already paid.", "status": "success"])
    }
  }

  private func page(_ query: [String: String]) -> [[String: Any]] {
    var rows = book.entries.filter { entry in
      (query["external_id"].map { $0 == entry.label } ?? true)
        && (query["payment_hash"].map { $0 == entry.hash.hex } ?? true)
    }.map(incoming)
    if let status = query["status"] { rows = rows.filter { $0["status"] as? String == status } }
    if let field = query["sortby"] {
      rows.sort { ($0[field] as? String ?? "") < ($1[field] as? String ?? "") }
      if query["direction"] == "desc" { rows.reverse() }
    }
    let offset = Int(query["offset"] ?? "") ?? 0
    return Array(rows.dropFirst(offset).prefix(Int(query["limit"] ?? "") ?? 10))
  }

  private func incoming(_ entry: NodeBook.Entry) -> [String: Any] {
    var at = entry.createdAt
    var status = book.isExpired(entry) ? "failed" : "pending"
    if case .settled(_, let moment) = entry.state { (status, at) = ("success", moment) }
    return [
      "checking_id": entry.hash.hex, "payment_hash": entry.hash.hex, "bolt11": entry.bolt11,
      "amount": entry.amount.count, "fee": 0, "status": status, "memo": entry.memo,
      // Shown whether or not it is paid.
      "preimage": entry.preimage?.hex ?? "", "external_id": entry.label, "created_at": time(entry.createdAt),
      "updated_at": time(at),
    ]
  }

  private func outgoing(_ made: NodeBook.Outgoing) -> [String: Any] {
    let status =
      switch made.state {
      case .paid: "success"
      case .pending: "pending"
      case .failed: "failed"
      }
    return [
      "checking_id": made.preimage.paymentHash.hex, "payment_hash": made.preimage.paymentHash.hex,
      "bolt11": made.bolt11, "amount": -made.amount.count, "fee": -made.fee.count, "status": status,
      "preimage": made.state == .paid ? made.preimage.hex : NSNull(), "external_id": NSNull(),
      "created_at": time(made.createdAt), "updated_at": time(made.createdAt),
    ]
  }

  /// As Python's `isoformat` writes it.
  private func time(_ moment: Instant) -> String {
    let (seconds, fraction) = moment.microseconds.quotientAndRemainder(dividingBy: 1_000_000)
    let date = Date(timeIntervalSince1970: TimeInterval(seconds))
    let text = String(date.formatted(Date.ISO8601FormatStyle()).dropLast())
    return text + (fraction == 0 ? "" : "." + String(String(1_000_000 + fraction).dropFirst())) + "+00:00"
  }
}
