import BOLT11
import Units

/// Core Lightning, by its own methods: over the unix socket in its folder, or over REST with a rune.
public final class CLNClient: Sendable {
  private let transport: any CLNTransport
  private let limits: RPCLimits

  /// - Parameter socket: `lightning-rpc` in the node's folder.
  public init(socket: String, limits: RPCLimits = RPCLimits()) {
    transport = CLNSocket(path: socket, limits: limits)
    self.limits = limits
  }

  public init(_ address: NodeAddress, rune: NodeSecret, limits: RPCLimits = RPCLimits()) throws(RPCError) {
    transport = try CLNREST(address, rune: rune, limits: limits)
    self.limits = limits
  }

  public struct Info: Decodable, Hashable, Sendable {
    public var id: String
    public var alias: String
    /// `bitcoin`, `testnet`, `signet`, `regtest`.
    public var network: String
  }

  public func info() async throws(RPCError) -> Info { try await call("getinfo", Nothing()) }

  // MARK: Invoices

  public struct Created: Hashable, Sendable {
    public var paymentHash: [UInt8]
    public var bolt11: String
  }

  /// - Throws: `.refused` with ``Code/labelTaken`` when there is an invoice of this label, of whatever terms.
  public func createInvoice(
    label: String, amount: Millisatoshi, description: String, expiry: Seconds
  ) async throws(RPCError) -> Created {
    struct Parameters: Encodable {
      var amountMsat: Int64
      var label: String
      var description: String
      var expiry: Int64
    }
    struct Answer: Decodable {
      var paymentHash: Hex32
      var bolt11: String
    }
    let answer: Answer = try await call(
      "invoice",
      Parameters(amountMsat: amount.count, label: label, description: description, expiry: expiry.count))
    return Created(paymentHash: answer.paymentHash.bytes, bolt11: answer.bolt11)
  }

  public func invoice(label: String) async throws(RPCError) -> CLNInvoice? {
    try await listInvoices(Query(label: label))
  }

  public func invoice(paymentHash: [UInt8]) async throws(RPCError) -> CLNInvoice? {
    guard paymentHash.count == 32 else { return nil }
    return try await listInvoices(Query(paymentHash: Hex32(paymentHash)))
  }

  private struct Query: Encodable {
    var label: String?
    var paymentHash: Hex32?
  }

  private func listInvoices(_ query: Query) async throws(RPCError) -> CLNInvoice? {
    struct Found: Decodable { var invoices: [CLNInvoice] }
    let found: Found = try await call("listinvoices", query)
    guard found.invoices.count <= 1 else {
      throw RPCError(.garbage, attempted: "listinvoices", words: "two invoices of one label or hash")
    }
    return found.invoices.first
  }

  /// The first invoice paid after the given index, waited for on a connection of its own; `nil` when none was within
  /// the time. Zero seconds only look.
  public func waitAnyInvoice(after payIndex: Int64, for time: Seconds) async throws(RPCError) -> CLNInvoice? {
    struct Parameters: Encodable {
      var lastpayIndex: Int64
      var timeout: Int64
    }
    do throws(RPCError) {
      let paid: CLNInvoice = try await transport.call(
        "waitanyinvoice", Parameters(lastpayIndex: payIndex, timeout: time.count), within: time + limits.answer,
        apart: true)
      return paid
    } catch {
      if error.code == Code.waitTimedOut { return nil }
      throw error
    }
  }

  /// Deletes an unpaid invoice: it cannot be paid from then on.
  ///
  /// - Throws: `.refused` with ``Code/statusDiffers`` when it is not unpaid any more, ``Code/unknownInvoice`` when there
  ///   is none.
  public func deleteUnpaidInvoice(label: String) async throws(RPCError) {
    struct Parameters: Encodable {
      var label: String
      let status = "unpaid"
    }
    let _: Ignored = try await call("delinvoice", Parameters(label: label))
  }

  // MARK: Payments

  /// Pays, and waits for the outcome.
  ///
  /// - Throws: `.refused` when the node says no, which need not mean that nothing is under way: ask ``payment(_:)``.
  public func pay(_ invoice: Invoice, maxFee: Millisatoshi) async throws(RPCError) -> OutgoingPayment {
    struct Parameters: Encodable {
      var invstring: String
      var maxfee: Int64
      var retryFor: Int64
    }
    struct Answer: Decodable {
      var paymentPreimage: Hex32
      var amountMsat: Int64
      var amountSentMsat: Int64
    }
    let patience = max(limits.payment - limits.answer, 1)
    let answer: Answer = try await call(
      "xpay", Parameters(invstring: invoice.text, maxfee: maxFee.count, retryFor: patience.count),
      within: limits.payment)
    return .paid(
      preimage: answer.paymentPreimage.bytes,
      fee: try Self.fee(answer.amountSentMsat, answer.amountMsat, "xpay"))
  }

  /// What became of a payment: `nil` when this node never tried it.
  public func payment(_ paymentHash: [UInt8]) async throws(RPCError) -> OutgoingPayment? {
    struct Parameters: Encodable { var paymentHash: Hex32 }
    struct Found: Decodable { var pays: [Pay] }
    struct Pay: Decodable {
      enum Status: String, Decodable { case pending, complete, failed }
      var status: Status
      var preimage: Hex32?
      var amountMsat: Int64?
      var amountSentMsat: Int64?
    }
    guard paymentHash.count == 32 else { return nil }
    let found: Found = try await call("listpays", Parameters(paymentHash: Hex32(paymentHash)))
    if let paid = found.pays.first(where: { $0.status == .complete }) {
      guard let preimage = paid.preimage else {
        throw RPCError(.garbage, attempted: "listpays", words: "a complete payment without its preimage")
      }
      let sent = paid.amountSentMsat ?? paid.amountMsat ?? 0
      return .paid(preimage: preimage.bytes, fee: try Self.fee(sent, paid.amountMsat ?? sent, "listpays"))
    }
    if found.pays.contains(where: { $0.status == .pending }) { return .pending }
    return found.pays.isEmpty ? nil : .failed(reason: "the node found no way to pay it")
  }

  private static func fee(_ sent: Int64, _ amount: Int64, _ attempted: String) throws(RPCError) -> Millisatoshi {
    let (fee, overflow) = sent.subtractingReportingOverflow(amount)
    guard !overflow, fee >= 0 else {
      throw RPCError(.garbage, attempted: attempted, words: "less was sent than arrived")
    }
    return Millisatoshi(fee)
  }

  // MARK: Calls

  /// Codes of `lightning-rpc` errors that are told apart.
  public enum Code {
    public static let labelTaken = 900
    public static let waitTimedOut = 904
    public static let unknownInvoice = 905
    public static let statusDiffers = 906
    public static let alreadyPaid = 219
  }

  private struct Nothing: Encodable {}
  /// Any object at all.
  private struct Ignored: Decodable {}

  private func call<Result: Decodable & Sendable>(
    _ method: String, _ parameters: some Encodable & Sendable, within limit: Seconds? = nil
  ) async throws(RPCError) -> Result {
    try await transport.call(method, parameters, within: limit ?? limits.answer, apart: false)
  }
}

/// An invoice as `listinvoices` and `waitanyinvoice` show it.
public struct CLNInvoice: Hashable, Sendable, Decodable {
  public enum Status: Hashable, Sendable {
    case unpaid
    case expired
    case paid(Payment)
  }

  public struct Payment: Hashable, Sendable {
    /// Counts the node's settlements, from 1.
    public var index: Int64
    public var received: Millisatoshi
    public var at: Instant
    public var preimage: [UInt8]
  }

  public var label: String
  public var paymentHash: [UInt8]
  public var bolt11: String
  /// `nil` for an invoice over any amount: none of ours.
  public var amount: Millisatoshi?
  public var status: Status

  private enum Key: String, CodingKey {
    case label, paymentHash, bolt11, bolt12, amountMsat, status, payIndex, amountReceivedMsat, paidAt
    case paymentPreimage
  }
  private enum Word: String, Decodable { case unpaid, paid, expired }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Key.self)
    label = try container.decode(String.self, forKey: .label)
    paymentHash = try container.decode(Hex32.self, forKey: .paymentHash).bytes
    // Invoices of offers have no BOLT 11; they are somebody else's.
    bolt11 = try container.decodeIfPresent(String.self, forKey: .bolt11) ?? ""
    amount = try container.decodeIfPresent(Int64.self, forKey: .amountMsat).map { Millisatoshi($0) }
    switch try container.decode(Word.self, forKey: .status) {
    case .unpaid: status = .unpaid
    case .expired: status = .expired
    case .paid:
      status = .paid(
        Payment(
          index: try container.decode(Int64.self, forKey: .payIndex),
          received: Millisatoshi(try container.decode(Int64.self, forKey: .amountReceivedMsat)),
          at: Instant(unixSeconds: try container.decode(Int64.self, forKey: .paidAt)),
          preimage: try container.decode(Hex32.self, forKey: .paymentPreimage).bytes))
    }
  }
}
