import BOLT11
import NIOHTTP1
import Units

/// LND, by its REST interface: TLS with the node's own certificate, and a macaroon in hexadecimal.
public final class LNDClient: Sendable {
  private let http: NodeHTTP
  private let limits: RPCLimits

  public init(
    _ address: NodeAddress, macaroon: NodeSecret, limits: RPCLimits = RPCLimits()
  ) throws(RPCError) {
    http = try NodeHTTP(address, headers: [("Grpc-Metadata-macaroon", macaroon)], limits: limits)
    self.limits = limits
  }

  public struct Info: Hashable, Sendable {
    /// The node's public key, 66 hexadecimal digits.
    public var id: String
    public var alias: String
    /// `mainnet`, `testnet`, `testnet4`, `signet`, `regtest`, `simnet`.
    public var network: String
    public var blockHeight: Int64
  }

  public func info() async throws(RPCError) -> Info {
    struct Raw: Decodable {
      struct Chain: Decodable { var network: String }
      var identityPubkey: String
      var alias: String
      var blockHeight: Int64
      var chains: [Chain]
    }
    let raw: Raw = try await call(.GET, "/v1/getinfo", "getinfo")
    guard let chain = raw.chains.first else {
      throw RPCError(.garbage, attempted: "getinfo", words: "the node is on no chain")
    }
    return Info(
      id: raw.identityPubkey, alias: raw.alias, network: chain.network, blockHeight: raw.blockHeight)
  }

  // MARK: Invoices

  /// Makes an invoice over a preimage of ours, known to the node from the start.
  ///
  /// - Parameter descriptionHash: 32 bytes that the invoice carries instead of the memo, which the node keeps all the same.
  /// - Throws: `.refused` with words for which ``saysInvoiceExists(_:)`` when there is one of this preimage.
  public func createInvoice(
    preimage: [UInt8], amount: Millisatoshi, memo: String, descriptionHash: [UInt8]? = nil, expiry: Seconds
  ) async throws(RPCError) -> String {
    struct Order: Encodable {
      var rPreimage: Base64Hash
      var valueMsat: Number64
      var memo: String
      var descriptionHash: Base64Hash?
      var expiry: Number64
    }
    guard preimage.count == 32 else { preconditionFailure("a preimage is 32 bytes") }
    let created: Created = try await post(
      "/v1/invoices",
      Order(
        rPreimage: Base64Hash(preimage), valueMsat: Number64(amount.count), memo: memo,
        descriptionHash: descriptionHash.map { Base64Hash($0) }, expiry: Number64(expiry.count)),
      "create invoice")
    return created.paymentRequest
  }

  /// Makes an invoice whose preimage the node does not know: what arrives is held until it is settled or cancelled.
  public func createHoldInvoice(
    paymentHash: [UInt8], amount: Millisatoshi, memo: String, expiry: Seconds, cltvExpiry: Int64
  ) async throws(RPCError) -> String {
    struct Order: Encodable {
      var hash: Base64Hash
      var valueMsat: Number64
      var memo: String
      var expiry: Number64
      var cltvExpiry: Number64
    }
    guard paymentHash.count == 32 else { preconditionFailure("a payment hash is 32 bytes") }
    let created: Created = try await post(
      "/v2/invoices/hodl",
      Order(
        hash: Base64Hash(paymentHash), valueMsat: Number64(amount.count), memo: memo, expiry: Number64(expiry.count),
        cltvExpiry: Number64(cltvExpiry)),
      "create hold invoice")
    return created.paymentRequest
  }

  private struct Created: Decodable { var paymentRequest: String }

  /// `nil` when the node knows no such invoice.
  public func invoice(paymentHash: [UInt8]) async throws(RPCError) -> LNDInvoice? {
    do throws(RPCError) {
      // Named, lest `null` be read as "there is none".
      let found: LNDInvoice = try await call(
        .GET, "/v1/invoice/\(Hex.text(of: paymentHash))", "look up an invoice")
      return found
    } catch {
      if Self.saysUnknown(error) { return nil }
      throw error
    }
  }

  /// Every invoice of the node from the given add index on, at most `limit`, oldest first, `nil` for what was paid without
  /// one; and where to go on.
  public func invoices(
    afterAddIndex index: Int64, limit: Int
  ) async throws(RPCError) -> (invoices: [LNDInvoice?], last: Int64) {
    struct Page: Decodable {
      var invoices: [LNDInvoice.Row]
      var lastIndexOffset: Number64
    }
    let page: Page = try await call(
      .GET, "/v1/invoices", query: FormFields(["index_offset": "\(index)", "num_max_invoices": "\(limit)"]),
      "list invoices")
    return (page.invoices.map(\.invoice), page.lastIndexOffset.value)
  }

  /// Cancels an open or accepted invoice; one that is cancelled already stays so.
  ///
  /// - Throws: `.refused` when it is settled or unknown.
  public func cancelInvoice(paymentHash: [UInt8]) async throws(RPCError) {
    struct Order: Encodable { var paymentHash: Base64Hash }
    guard paymentHash.count == 32 else { preconditionFailure("a payment hash is 32 bytes") }
    let _: Ignored = try await post(
      "/v2/invoices/cancel", Order(paymentHash: Base64Hash(paymentHash)), "cancel invoice")
  }

  /// Takes what an accepted hold invoice holds.
  public func settleInvoice(preimage: [UInt8]) async throws(RPCError) {
    struct Order: Encodable { var preimage: Base64Hash }
    guard preimage.count == 32 else { preconditionFailure("a preimage is 32 bytes") }
    let _: Ignored = try await post("/v2/invoices/settle", Order(preimage: Base64Hash(preimage)), "settle invoice")
  }

  /// Streams every change of any invoice, after those settled behind the index; an index of 0 streams only what is new.
  /// What was paid without an invoice is left out. Ends when `take` says `false`, with an error when the node ends it or
  /// the time is over.
  public func subscribeInvoices(
    settleIndex: Int64, within limit: Seconds, _ take: @escaping @Sendable (LNDInvoice) -> Bool
  ) async throws(RPCError) {
    try await stream(
      .GET, "/v1/invoices/subscribe", query: FormFields(["settle_index": "\(settleIndex)"]), .none, "subscribe",
      within: limit
    ) { (row: LNDInvoice.Row) in row.invoice.map(take) ?? true }
  }

  /// Streams the states of one invoice, beginning with what it is now.
  public func subscribeInvoice(
    paymentHash: [UInt8], within limit: Seconds, _ take: @escaping @Sendable (LNDInvoice) -> Bool
  ) async throws(RPCError) {
    try await stream(
      .GET, "/v2/invoices/subscribe/\(FormFields.encoded(Base64.urlText(of: paymentHash)))", .none, "watch invoice",
      within: limit, take)
  }

  // MARK: Payments

  private struct Sent: Decodable, Sendable {
    enum Status: String, Decodable {
      case unknown = "UNKNOWN"
      case initiated = "INITIATED"
      case inFlight = "IN_FLIGHT"
      case succeeded = "SUCCEEDED"
      case failed = "FAILED"
    }
    var status: Status
    var paymentPreimage: String
    var feeMsat: Number64
    var failureReason: String?

    func outgoing(_ attempted: String) throws(RPCError) -> OutgoingPayment {
      switch status {
      case .unknown, .initiated, .inFlight: return .pending
      case .failed: return .failed(reason: RPCError.plain(failureReason ?? "the node does not say why"))
      case .succeeded:
        guard let preimage = Hex.bytes(paymentPreimage), preimage.count == 32, feeMsat.value >= 0 else {
          throw RPCError(.garbage, attempted: attempted, words: "a payment was made without its preimage")
        }
        return .paid(preimage: preimage, fee: Millisatoshi(feeMsat.value))
      }
    }
  }

  /// Pays, and waits for the outcome.
  ///
  /// - Throws: `.refused` when the node says no, also when it has paid or tried it already: ask ``payment(_:)``.
  public func pay(_ invoice: Invoice, maxFee: Millisatoshi) async throws(RPCError) -> OutgoingPayment {
    struct Order: Encodable {
      var paymentRequest: String
      var timeoutSeconds: Int32
      var feeLimitMsat: Number64
      let noInflightUpdates = true
    }
    let patience = max(limits.payment - limits.answer, 1)
    let body = try Answer.write(
      Order(
        paymentRequest: invoice.text, timeoutSeconds: Int32(clamping: patience.count),
        feeLimitMsat: Number64(maxFee.count)),
      "pay")
    return try await outcome(.POST, "/v2/router/send", .json(body), "pay", within: limits.payment)
  }

  /// What became of a payment: `nil` when this node never tried it.
  public func payment(_ paymentHash: [UInt8]) async throws(RPCError) -> OutgoingPayment? {
    do throws(RPCError) {
      return try await outcome(
        .GET, "/v2/router/track/\(FormFields.encoded(Base64.urlText(of: paymentHash)))", .none, "look up a payment",
        within: limits.answer)
    } catch {
      if Self.saysUnknown(error) { return nil }
      throw error
    }
  }

  /// The first word of a payment's stream.
  private func outcome(
    _ method: Method, _ path: String, _ body: NodeHTTP.Body, _ attempted: String, within limit: Seconds
  ) async throws(RPCError) -> OutgoingPayment {
    let first = Latest<Sent>()
    // Tracking a payment that is under way would wait for its end: the updates in between say that it is.
    try await stream(
      method, path, query: FormFields(method == .GET ? ["no_inflight_updates": "false"] : [:]), body, attempted,
      within: limit
    ) { (sent: Sent) in
      first.value = sent
      return false
    }
    guard let sent = first.value else {
      throw RPCError(.lost, attempted: attempted, words: "the node ended the stream")
    }
    return try sent.outgoing(attempted)
  }

  // MARK: Refusals

  /// Codes of gRPC that are told apart.
  public enum Code {
    public static let notFound = 5
    public static let alreadyExists = 6
    public static let unavailable = 14
  }

  /// "No such invoice" and "no such payment" have had several codes over the years.
  public static func saysUnknown(_ error: RPCError) -> Bool {
    guard let code = error.code else { return false }
    return code == Code.notFound || error.words.contains("unable to locate invoice")
      || error.words.contains("no existing invoices") || error.words.contains("payment isn't initiated")
  }

  public static func saysInvoiceExists(_ error: RPCError) -> Bool {
    guard let code = error.code else { return false }
    return code == Code.alreadyExists || error.words.contains("already exists")
  }

  // MARK: Calls

  typealias Method = HTTPMethod
  private struct Ignored: Decodable {}
  private struct Fault: Decodable {
    var code: Int
    var message: String
  }

  /// One line of a stream.
  private struct Message<Result: Decodable>: Decodable {
    var result: Result?
    var error: Fault?
  }

  private func post<Result: Decodable>(
    _ path: String, _ order: some Encodable, _ attempted: String
  ) async throws(RPCError) -> Result {
    try await call(.POST, path, body: .json(try Answer.write(order, attempted)), attempted)
  }

  private func call<Result: Decodable>(
    _ method: Method, _ path: String, query: FormFields = FormFields(), body: NodeHTTP.Body = .none,
    _ attempted: String
  ) async throws(RPCError) -> Result {
    let answer = try await http.send(method, path, query: query, body, attempted: attempted)
    guard answer.status == 200 else { throw fault(answer.body, status: answer.status, attempted) }
    return try Answer.read(answer.body, attempted)
  }

  private func stream<Result: Decodable & Sendable>(
    _ method: Method, _ path: String, query: FormFields = FormFields(), _ body: NodeHTTP.Body, _ attempted: String,
    within limit: Seconds, _ take: @escaping @Sendable (Result) -> Bool
  ) async throws(RPCError) {
    try await http.lines(method, path, query: query, body, attempted: attempted, within: limit) {
      [self] status, line throws(RPCError) in
      guard status == 200 else { throw fault(line, status: status, attempted) }
      let message = try Answer.read(line, attempted, as: Message<Result>.self)
      if let error = message.error { throw refusal(error, attempted) }
      guard let result = message.result else {
        throw RPCError(.garbage, attempted: attempted, words: "neither a result nor an error")
      }
      return take(result)
    }
  }

  private func fault(_ body: [UInt8], status: Int, _ attempted: String) -> RPCError {
    struct Wrapped: Decodable { var error: Fault }
    // Streams wrap what plain calls do not; a proxy in between writes neither, and then the status says enough.
    if let fault = try? Answer.read(body, attempted, as: Fault.self) { return refusal(fault, attempted) }
    // As above.
    if let wrapped = try? Answer.read(body, attempted, as: Wrapped.self) { return refusal(wrapped.error, attempted) }
    return http.unexplained(status, attempted: attempted)
  }

  /// A node that does not serve yet has not done what was asked for, and may later. gRPC's "unavailable" proves no such
  /// thing: the gateway writes it also when the node goes away in the middle of a call, behind a payment that has left.
  private func refusal(_ fault: Fault, _ attempted: String) -> RPCError {
    var refusal = http.refusal(fault.code, attempted: attempted, words: fault.message)
    // The node's own words for each state before it serves (`rpcperms`), whatever their code.
    let isStarting = ["wallet locked", "wallet not created", "waiting to start", "in the process of starting"]
      .contains { refusal.words.contains($0) }
    if isStarting {
      refusal.kind = .notSent
    } else if fault.code == Code.unavailable {
      refusal.kind = .lost
    }
    return refusal
  }
}
