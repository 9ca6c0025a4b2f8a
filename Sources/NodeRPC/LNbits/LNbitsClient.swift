import BOLT11
import Units

/// A wallet on an LNbits server. Its invoice key makes and reads invoices; its admin key also pays.
public final class LNbitsClient: Sendable {
  private let reading: NodeHTTP
  private let paying: NodeHTTP?
  private let invoiceKey: NodeSecret?
  private let limits: RPCLimits

  /// - Parameters:
  ///   - invoiceKey: enough for everything but paying. `nil` reads with the admin key.
  ///   - adminKey: `nil` when nothing is to be paid.
  public init(
    _ address: NodeAddress, invoiceKey: NodeSecret?, adminKey: NodeSecret? = nil, limits: RPCLimits = RPCLimits()
  ) throws(RPCError) {
    guard let key = invoiceKey ?? adminKey else {
      throw RPCError(.notSent, attempted: "wallet", words: "neither an invoice key nor an admin key")
    }
    let keys = [invoiceKey, adminKey].compactMap { $0 }
    reading = try NodeHTTP(address, headers: [("X-Api-Key", key)], hiding: keys, limits: limits)
    if let adminKey {
      paying = try NodeHTTP(address, headers: [("X-Api-Key", adminKey)], hiding: keys, limits: limits)
    } else {
      paying = nil
    }
    self.invoiceKey = key
    self.limits = limits
  }

  public var canPay: Bool { paying != nil }

  public struct Wallet: Decodable, Hashable, Sendable {
    public var name: String
    /// In msat.
    public var balance: Int64
  }

  public func wallet() async throws(RPCError) -> Wallet { try await get("/api/v1/wallet", FormFields(), "wallet") }

  // MARK: Invoices

  /// Makes an invoice over whole satoshis. Nothing keeps two from having the same external id.
  ///
  /// - Parameter hashesMemo: the invoice carries the SHA-256 of the memo instead of its words, as far as the node behind
  ///   the server does that.
  public func createInvoice(
    satoshis: Int64, memo: String, hashesMemo: Bool = false, expiry: Seconds, externalID: String
  ) async throws(RPCError) -> LNbitsPayment {
    struct Order: Encodable {
      let out = false
      let unit = "sat"
      var amount: Int64
      var memo: String
      /// Hex. The server hashes it, or lets the node do so that must see the words.
      var unhashedDescription: String?
      var expiry: Int64
      var externalId: String
    }
    let body = try Answer.write(
      Order(
        amount: satoshis, memo: memo, unhashedDescription: hashesMemo ? Hex.text(of: Array(memo.utf8)) : nil,
        expiry: expiry.count, externalId: externalID), "create invoice")
    let answer = try await reading.send(.POST, "/api/v1/payments", .json(body), attempted: "create invoice")
    guard answer.status == 201 else { throw refusal(answer, "create invoice") }
    return try Answer.read(answer.body, "create invoice")
  }

  /// An invoice of this wallet. Asking makes the server ask the node behind it, when the invoice is still unpaid.
  public func invoice(paymentHash: [UInt8]) async throws(RPCError) -> LNbitsPayment? {
    if let found = try await payment(paymentHash, "look up an invoice"), found.amount > .zero { return found }
    // A wallet that paid its own invoice has two payments of one hash, and the server shows the outgoing one.
    return try await page(
      FormFields(["payment_hash": Hex.text(of: paymentHash), "amount[gt]": "0", "limit": "1"]), "look up an invoice"
    ).first
  }

  /// The oldest invoice with this external id.
  public func invoice(externalID: String) async throws(RPCError) -> LNbitsPayment? {
    try await page(
      FormFields([
        "external_id": externalID, "amount[gt]": "0", "sortby": "created_at", "direction": "asc", "limit": "1",
      ]), "look up an external id"
    ).first
  }

  /// Paid invoices, that written last first. What was paid or changed meanwhile moves to the front.
  public func paidInvoices(limit: Int, offset: Int) async throws(RPCError) -> [LNbitsPayment] {
    try await page(
      FormFields([
        "status": "success", "amount[gt]": "0", "sortby": "updated_at", "direction": "desc", "limit": "\(limit)",
        "offset": "\(offset)",
      ]), "list paid invoices")
  }

  /// Listens until the connection ends: `onPush` for each word of a payment, which may come twice or never.
  public func listen(
    onOpen: @escaping @Sendable () -> Void, onPush: @escaping @Sendable () -> Void
  ) async throws(RPCError) {
    guard let invoiceKey else { return }
    try await reading.listen("/api/v1/ws/\(FormFields.encoded(invoiceKey.text))", attempted: "listen", onOpen: onOpen) {
      _ in onPush()
    }
  }

  // MARK: Payments

  /// The id of the wallet that pays, which the server tells to its admin key only; `nil` without one.
  public func payingWallet() async throws(RPCError) -> String? {
    struct Known: Decodable { var id: String }
    guard let paying else { return nil }
    let answer = try await paying.send(.GET, "/api/v1/wallet", attempted: "wallet")
    guard answer.status == 200 else { throw refusal(answer, "wallet") }
    return try Answer.read(answer.body, "wallet", as: Known.self).id
  }

  /// The most that paying would cost beside the amount: the server keeps it aside, and takes no limit of ours.
  public func feeReserve(_ invoice: Invoice) async throws(RPCError) -> Millisatoshi {
    struct Reserve: Decodable { var feeReserve: Int64 }
    let reserve: Reserve = try await get(
      "/api/v1/payments/fee-reserve", FormFields(["invoice": invoice.text]), "fee reserve")
    return Millisatoshi(Int64(clamping: reserve.feeReserve.magnitude))
  }

  /// Pays, and waits for the outcome.
  ///
  /// - Throws: `.refused` when the server says no, which need not mean that nothing is under way: ask ``payment(_:)``.
  public func pay(_ invoice: Invoice) async throws(RPCError) -> OutgoingPayment {
    guard let paying else {
      throw RPCError(.notSent, attempted: "pay", words: "paying needs the admin key")
    }
    struct Order: Encodable {
      let out = true
      var bolt11: String
    }
    let body = try Answer.write(Order(bolt11: invoice.text), "pay")
    let answer = try await paying.send(
      .POST, "/api/v1/payments", .json(body), attempted: "pay", within: limits.payment)
    guard answer.status == 201 else { throw refusal(answer, "pay") }
    let made = try Answer.read(answer.body, "pay", as: LNbitsPayment.self)
    if case .success = made.status, made.preimage == nil {
      // It is paid; the preimage is told by asking again.
      do throws(RPCError) {
        return try await payment(invoice.paymentHash) ?? .pending
      } catch {
        throw error.afterAnOrder
      }
    }
    return try made.outgoing("pay")
  }

  /// What became of a payment: `nil` when this wallet never tried it.
  public func payment(_ paymentHash: [UInt8]) async throws(RPCError) -> OutgoingPayment? {
    guard let found = try await payment(paymentHash, "look up a payment"), found.amount < .zero else { return nil }
    return try found.outgoing("look up a payment")
  }

  // MARK: Calls

  /// The payment of this hash, outgoing before incoming.
  private func payment(_ paymentHash: [UInt8], _ attempted: String) async throws(RPCError) -> LNbitsPayment? {
    struct Found: Decodable {
      var details: LNbitsPayment
      var preimage: String?
      var paid: Bool
    }
    let answer = try await reading.send(.GET, "/api/v1/payments/\(Hex.text(of: paymentHash))", attempted: attempted)
    if answer.status == 404 {
      // A key that is wrong is answered 404 as well; the wallet's own route tells them apart.
      _ = try await wallet()
      return nil
    }
    guard answer.status == 200 else { throw refusal(answer, attempted) }
    let found = try Answer.read(answer.body, attempted, as: Found.self)
    guard found.paid == (found.details.status == .success) else {
      throw RPCError(.garbage, attempted: attempted, words: "paid and not paid at once")
    }
    return found.details
  }

  private func page(_ query: FormFields, _ attempted: String) async throws(RPCError) -> [LNbitsPayment] {
    struct Page: Decodable { var data: [LNbitsPayment] }
    let page: Page = try await get("/api/v1/payments/paginated", query, attempted)
    return page.data
  }

  private func get<Result: Decodable>(
    _ path: String, _ query: FormFields, _ attempted: String
  ) async throws(RPCError) -> Result {
    let answer = try await reading.send(.GET, path, query: query, attempted: attempted)
    guard answer.status == 200 else { throw refusal(answer, attempted) }
    return try Answer.read(answer.body, attempted)
  }

  private func refusal(_ answer: NodeHTTP.Answer, _ attempted: String) -> RPCError {
    struct Detail: Decodable { var detail: String }
    // Refusals of the framework have another shape; the status then says enough.
    guard let detail = try? Answer.read(answer.body, attempted, as: Detail.self) else {
      return reading.unexplained(answer.status, attempted: attempted)
    }
    return reading.refusal(answer.status, attempted: attempted, words: detail.detail)
  }
}

/// One row of a wallet: an invoice when the amount is above zero, a payment when it is below.
public struct LNbitsPayment: Hashable, Sendable, Decodable {
  public enum Status: String, Hashable, Sendable, Decodable { case pending, success, failed }

  public var paymentHash: [UInt8]
  public var bolt11: String
  public var status: Status
  /// In msat, as every answer of the server.
  public var amount: Millisatoshi
  /// Negative, or zero.
  public var fee: Millisatoshi
  /// 32 bytes; shown of unpaid invoices too, so that it proves nothing by itself.
  public var preimage: [UInt8]?
  public var externalID: String?
  /// When it was last written: of a paid invoice, when it was paid.
  public var updatedAt: Instant

  private enum Key: String, CodingKey {
    case paymentHash, bolt11, status, amount, fee, preimage, externalId, updatedAt
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Key.self)
    paymentHash = try container.decode(Hex32.self, forKey: .paymentHash).bytes
    bolt11 = try container.decode(String.self, forKey: .bolt11)
    status = try container.decode(Status.self, forKey: .status)
    amount = Millisatoshi(try container.decode(Int64.self, forKey: .amount))
    fee = Millisatoshi(try container.decode(Int64.self, forKey: .fee))
    preimage = try container.decodeIfPresent(String.self, forKey: .preimage).flatMap { text in
      Hex.bytes(text).flatMap { $0.count == 32 ? $0 : nil }
    }
    externalID = try container.decodeIfPresent(String.self, forKey: .externalId)
    guard let moment = ISO8601.instant(try container.decode(String.self, forKey: .updatedAt)) else {
      throw DecodingError.dataCorruptedError(
        forKey: .updatedAt, in: container, debugDescription: "expected a time of ISO 8601")
    }
    updatedAt = moment
  }

  func outgoing(_ attempted: String) throws(RPCError) -> OutgoingPayment {
    switch status {
    case .pending: return .pending
    case .failed: return .failed(reason: "the wallet's payment failed")
    case .success:
      guard let preimage else {
        throw RPCError(.garbage, attempted: attempted, words: "a payment was made without its preimage")
      }
      return .paid(preimage: preimage, fee: Millisatoshi(Int64(clamping: fee.count.magnitude)))
    }
  }
}

/// Times as Python writes them: `2026-11-26T09:30:01.123456+00:00`, the fraction and the zone left out at will.
enum ISO8601 {
  static func instant(_ text: String) -> Instant? {
    var rest = Substring(text)
    func number(_ digits: Int) -> Int64? {
      let part = rest.prefix(digits)
      guard part.utf8.count == digits, part.utf8.allSatisfy({ (48...57).contains($0) }) else { return nil }
      rest = rest.dropFirst(digits)
      return Int64(part)
    }
    func mark(_ marks: String) -> Character? {
      guard let first = rest.first, marks.contains(first) else { return nil }
      return rest.removeFirst()
    }
    guard let year = number(4), mark("-") != nil, let month = number(2), mark("-") != nil, let day = number(2),
      mark("T ") != nil, let hour = number(2), mark(":") != nil, let minute = number(2), mark(":") != nil,
      let second = number(2), (1970...9999).contains(year), (1...12).contains(month), (1...31).contains(day), hour < 24,
      minute < 60, second <= 60
    else { return nil }
    var microseconds: Int64 = 0
    if mark(".") != nil {
      var scale: Int64 = 100_000
      while let digit = number(1) {
        microseconds += digit * scale
        scale /= 10
      }
    }
    var offset: Int64 = 0
    if let sign = mark("+-") {
      guard let hours = number(2), mark(":") != nil, let minutes = number(2), hours < 24, minutes < 60 else {
        return nil
      }
      offset = (hours * 60 + minutes) * (sign == "+" ? 60 : -60)
    } else {
      _ = mark("Z")
    }
    guard rest.isEmpty else { return nil }
    // Days since 1970 in the proleptic Gregorian calendar, counted in years that begin in March.
    let shifted = month <= 2 ? year - 1 : year
    let days = 365 * shifted + shifted / 4 - shifted / 100 + shifted / 400 + (153 * ((month + 9) % 12) + 2) / 5 + day
    let seconds = (days - 719_469) * 86_400 + hour * 3_600 + minute * 60 + second - offset
    return Instant(unixSeconds: seconds).advanced(byMicroseconds: microseconds)
  }
}
