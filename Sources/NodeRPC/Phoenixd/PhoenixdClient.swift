import BOLT11
import Units

/// phoenixd, by its HTTP interface: basic authentication with an empty user.
public final class PhoenixdClient: Sendable {
  private let http: NodeHTTP
  private let limits: RPCLimits

  public init(
    _ address: NodeAddress, password: NodeSecret, limits: RPCLimits = RPCLimits()
  ) throws(RPCError) {
    let basic = NodeSecret("Basic " + Base64.text(of: Array((":" + password.text).utf8)))
    http = try NodeHTTP(address, headers: [("Authorization", basic)], hiding: [password], limits: limits)
    self.limits = limits
  }

  public struct Info: Decodable, Hashable, Sendable {
    public var nodeId: String
    /// `mainnet`, `testnet`, ….
    public var chain: String
  }

  public func info() async throws(RPCError) -> Info { try await get("/getinfo", FormFields(), "getinfo") }

  // MARK: Invoices

  public struct Created: Hashable, Sendable {
    public var paymentHash: [UInt8]
    public var bolt11: String
  }

  /// Makes an invoice over whole satoshis. Nothing keeps two from having the same external id.
  public func createInvoice(
    satoshis: Int64, subject: Invoice.Subject, expiry: Seconds, externalID: String
  ) async throws(RPCError) -> Created {
    struct Made: Decodable {
      var paymentHash: Hex32
      var serialized: String
    }
    let (field, words) =
      switch subject {
      case .description(let text): ("description", text)
      case .descriptionHash(let hash): ("descriptionHash", Hex.text(of: hash))
      }
    let made: Made = try await post(
      "/createinvoice",
      FormFields([
        "amountSat": "\(satoshis)", field: words, "expirySeconds": "\(expiry.count)",
        "externalId": externalID,
      ]), "createinvoice")
    return Created(paymentHash: made.paymentHash.bytes, bolt11: made.serialized)
  }

  public func invoice(paymentHash: [UInt8]) async throws(RPCError) -> PhoenixdIncoming? {
    try await find("/payments/incoming/\(Hex.text(of: paymentHash))", "look up an invoice")
  }

  /// Every invoice with this external id, paid or not.
  public func invoices(externalID: String) async throws(RPCError) -> [PhoenixdIncoming] {
    try await get(
      "/payments/incoming", FormFields(["externalId": externalID, "all": "true", "limit": "100"]),
      "look up an external id")
  }

  /// What was received between two moments, both included, the latest first; `nil` for what came on the chain.
  public func received(
    from: Instant, to: Instant, limit: Int, offset: Int
  ) async throws(RPCError) -> [PhoenixdIncoming?] {
    let rows: [Row] = try await get(
      "/payments/incoming",
      FormFields([
        "from": "\(from.microseconds / 1_000)", "to": "\(to.microseconds / 1_000)", "limit": "\(limit)",
        "offset": "\(offset)",
      ]), "list what was received")
    return rows.map(\.payment)
  }

  /// The list holds money that came on the chain too, which has a transaction and no payment hash.
  private struct Row: Decodable {
    var payment: PhoenixdIncoming?

    private enum Key: String, CodingKey { case paymentHash }

    init(from decoder: any Decoder) throws {
      let hash = try decoder.container(keyedBy: Key.self).decodeIfPresent(String.self, forKey: .paymentHash)
      payment = hash == nil ? nil : try PhoenixdIncoming(from: decoder)
    }
  }

  /// Listens until the connection ends: `onPush` for each word of a payment, which may never come.
  public func listen(
    onOpen: @escaping @Sendable () -> Void, onPush: @escaping @Sendable () -> Void
  ) async throws(RPCError) {
    try await http.listen("/websocket", attempted: "listen", onOpen: onOpen) { _ in onPush() }
  }

  // MARK: Payments

  /// The most that paying costs beside the amount: 0.4 % and 4 satoshis. The node takes no limit of ours.
  public static func fee(for amount: Millisatoshi) -> Millisatoshi {
    (amount.multipliedReportingOverflow(by: 4).map { Millisatoshi($0.count / 1_000 + 5_000) } ?? .supply)
      .roundedUpToSatoshi
  }

  /// Pays, and waits for the outcome.
  ///
  /// - Throws: `.refused` when the node says no, also when it has paid it already: ask ``payment(_:)``.
  public func pay(_ invoice: Invoice) async throws(RPCError) -> OutgoingPayment {
    struct Made: Decodable {
      var paymentPreimage: Hex32?
      var routingFeeSat: Int64?
      var reason: String?
    }
    let made: Made = try await post(
      "/payinvoice", FormFields(["invoice": invoice.text]), "payinvoice", within: limits.payment)
    if let preimage = made.paymentPreimage {
      guard let satoshis = made.routingFeeSat, satoshis >= 0,
        let fee = Millisatoshi(1_000).multipliedReportingOverflow(by: satoshis)
      else { throw RPCError(.garbage, attempted: "payinvoice", words: "a payment without a fee that makes sense") }
      return .paid(preimage: preimage.bytes, fee: fee)
    }
    guard let reason = made.reason else {
      throw RPCError(.garbage, attempted: "payinvoice", words: "neither a preimage nor a reason")
    }
    // The reason is the node's; whether an earlier attempt is still under way, only the list of payments says.
    do throws(RPCError) {
      return try await payment(invoice.paymentHash) ?? .failed(reason: RPCError.plain(reason))
    } catch {
      throw error.afterAnOrder
    }
  }

  /// What became of a payment: `nil` when this node never tried it.
  public func payment(_ paymentHash: [UInt8]) async throws(RPCError) -> OutgoingPayment? {
    struct Outgoing: Decodable {
      var isPaid: Bool
      var preimage: Hex32?
      /// In msat.
      var fees: Int64
      var completedAt: Int64?
    }
    let found: Outgoing? = try await find(
      "/payments/outgoingbyhash/\(Hex.text(of: paymentHash))", "look up a payment")
    guard let found else { return nil }
    if let preimage = found.preimage {
      guard found.fees >= 0 else {
        throw RPCError(.garbage, attempted: "look up a payment", words: "a fee below zero")
      }
      return .paid(preimage: preimage.bytes, fee: Millisatoshi(found.fees))
    }
    // Some versions call a failed payment paid as soon as it is over: only the preimage says so.
    return found.completedAt == nil ? .pending : .failed(reason: "the node could not pay it")
  }

  // MARK: Calls

  private func find<Result: Decodable>(_ path: String, _ attempted: String) async throws(RPCError) -> Result? {
    let answer = try await http.send(.GET, path, attempted: attempted)
    if answer.status == 404 {
      // Behind a wrong address or prefix everything is 404. Where the node tells of itself, its 404 means "no such thing".
      _ = try await info()
      return nil
    }
    guard answer.status == 200 else { throw refusal(answer, attempted) }
    return try Answer.read(answer.body, attempted, as: Result.self)
  }

  private func get<Result: Decodable>(
    _ path: String, _ query: FormFields, _ attempted: String
  ) async throws(RPCError) -> Result {
    let answer = try await http.send(.GET, path, query: query, attempted: attempted)
    guard answer.status == 200 else { throw refusal(answer, attempted) }
    return try Answer.read(answer.body, attempted)
  }

  private func post<Result: Decodable>(
    _ path: String, _ fields: FormFields, _ attempted: String, within limit: Seconds? = nil
  ) async throws(RPCError) -> Result {
    let answer = try await http.send(.POST, path, .form(fields), attempted: attempted, within: limit)
    guard answer.status == 200 else { throw refusal(answer, attempted) }
    return try Answer.read(answer.body, attempted)
  }

  /// Refusals are words without a shape.
  private func refusal(_ answer: NodeHTTP.Answer, _ attempted: String) -> RPCError {
    http.refusal(answer.status, attempted: attempted, words: String(decoding: answer.body.prefix(300), as: UTF8.self))
  }
}

/// An invoice of phoenixd and what arrived for it.
public struct PhoenixdIncoming: Hashable, Sendable, Decodable {
  public var paymentHash: [UInt8]
  /// Shown of unpaid invoices too, so that it proves nothing by itself.
  public var preimage: [UInt8]
  public var externalID: String?
  /// `nil` for what was not asked for by an invoice.
  public var bolt11: String?
  public var createdAt: Instant
  /// `nil` while nothing has arrived.
  public var receipt: Receipt?

  public struct Receipt: Hashable, Sendable {
    /// What was paid, fees included that the node kept for making room for it; whole satoshis, rounded up.
    public var paid: Millisatoshi
    /// To the millisecond.
    public var at: Instant
  }

  private enum Key: String, CodingKey {
    case paymentHash, preimage, externalId, invoice, isPaid, receivedSat, fees, completedAt, createdAt
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Key.self)
    paymentHash = try container.decode(Hex32.self, forKey: .paymentHash).bytes
    preimage = try container.decode(Hex32.self, forKey: .preimage).bytes
    externalID = try container.decodeIfPresent(String.self, forKey: .externalId)
    bolt11 = try container.decodeIfPresent(String.self, forKey: .invoice)
    createdAt = try Self.moment(try container.decode(Int64.self, forKey: .createdAt), container, .createdAt)
    guard try container.decode(Bool.self, forKey: .isPaid) else { return }
    let satoshis = try container.decode(Int64.self, forKey: .receivedSat)
    let fees = try container.decode(Int64.self, forKey: .fees)
    guard satoshis >= 0, fees >= 0, let received = Millisatoshi(1_000).multipliedReportingOverflow(by: satoshis),
      let paid = received.addingReportingOverflow(Millisatoshi(fees)), paid <= .supply
    else {
      throw DecodingError.dataCorruptedError(
        forKey: .receivedSat, in: container, debugDescription: "an amount that cannot be")
    }
    // The node shows what it received in satoshis rounded down, and the fee it kept in millisatoshis.
    receipt = Receipt(
      paid: paid.roundedUpToSatoshi,
      at: try Self.moment(try container.decode(Int64.self, forKey: .completedAt), container, .completedAt))
  }

  private static func moment(
    _ milliseconds: Int64, _ container: KeyedDecodingContainer<Key>, _ key: Key
  ) throws -> Instant {
    let (microseconds, overflow) = milliseconds.multipliedReportingOverflow(by: 1_000)
    guard !overflow, microseconds >= 0 else {
      throw DecodingError.dataCorruptedError(forKey: key, in: container, debugDescription: "no moment")
    }
    return Instant(microseconds: microseconds)
  }
}
