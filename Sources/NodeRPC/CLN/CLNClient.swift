import BOLT11
import Units

/// Core Lightning, by its own methods: over the unix socket in its folder, or over REST with a rune.
///
/// Names, types and error codes are those of its `doc/schemas` and of what version 26.06 was heard to say
/// (`Tests/Vectors/cln.json`).
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

  /// - Parameter hashesDescription: the invoice carries the SHA-256 of the description instead of its words.
  /// - Throws: `.refused` with ``Code/labelTaken`` when there is an invoice of this label, of whatever terms.
  public func createInvoice(
    label: String, amount: Millisatoshi, description: String, hashesDescription: Bool = false, expiry: Seconds
  ) async throws(RPCError) -> Created {
    struct Parameters: Encodable {
      var amountMsat: Int64
      var label: String
      var description: String
      var deschashonly: Bool?
      var expiry: Int64
    }
    struct Answer: Decodable {
      var paymentHash: Hex32
      var bolt11: String
    }
    let answer: Answer = try await call(
      "invoice",
      Parameters(
        amountMsat: amount.count, label: label, description: description,
        deschashonly: hashesDescription ? true : nil, expiry: expiry.count))
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

  /// Pays, and waits for the outcome: with `xpay`, and with `pay` where the node is older than that.
  ///
  /// - Throws: `.refused` when the node says no, which need not mean that nothing is under way: ask ``payment(_:)``.
  public func pay(_ invoice: Invoice, maxFee: Millisatoshi) async throws(RPCError) -> OutgoingPayment {
    struct XPay: Encodable {
      var invstring: String
      var maxfee: Int64
      var retryFor: Int64
    }
    struct Pay: Encodable {
      var bolt11: String
      var maxfee: Int64
      var retryFor: Int64
    }
    let patience = max(limits.payment - limits.answer, 1).count
    let made: Made
    do throws(RPCError) {
      made = try await call(
        "xpay", XPay(invstring: invoice.text, maxfee: maxFee.count, retryFor: patience), within: limits.payment)
    } catch {
      guard error.code == Code.unknownMethod else { throw error }
      made = try await call(
        "pay", Pay(bolt11: invoice.text, maxfee: maxFee.count, retryFor: patience), within: limits.payment)
    }
    // `xpay` answers when it has paid, and says no status; `pay` says one.
    guard made.status ?? .complete == .complete else {
      return try await paymentAfterOrder(invoice)
    }
    return .paid(
      preimage: made.paymentPreimage.bytes, fee: try Self.fee(made.amountSentMsat, made.amountMsat, "pay"))
  }

  private func paymentAfterOrder(_ invoice: Invoice) async throws(RPCError) -> OutgoingPayment {
    do throws(RPCError) {
      return try await payment(invoice.paymentHash) ?? .pending
    } catch {
      throw error.afterAnOrder
    }
  }

  private enum PayStatus: String, Decodable { case pending, complete, failed }

  private struct Made: Decodable {
    var paymentPreimage: Hex32
    var amountMsat: CLNAmount
    var amountSentMsat: CLNAmount
    var status: PayStatus?
  }

  /// What became of a payment: `nil` when this node never tried it.
  ///
  /// What the node calls pending stays so, though it may be a row that a kill left behind: see ``payment(_:at:)``.
  public func payment(_ paymentHash: [UInt8]) async throws(RPCError) -> OutgoingPayment? {
    try Self.outcome(of: try await listPays(paymentHash))
  }

  /// The same, and a payment has failed that is pending without an HTLC when its invoice is over: a node that is killed
  /// at the start of a payment may keep its row for ever, and nothing of it will go out any more.
  public func payment(_ paymentHash: [UInt8], at now: Instant) async throws(RPCError) -> OutgoingPayment? {
    let rows = try await listPays(paymentHash)
    let outcome = try Self.outcome(of: rows)
    guard outcome == .pending else { return outcome }
    for row in rows where row.status == .pending {
      // A payment by hand has no invoice, and so no end that could be known.
      guard let text = row.bolt11, let invoice = try? Invoice.parse(text),
        now > invoice.expiresAt + Self.attemptsLast
      else { return .pending }
    }
    do throws(RPCError) {
      guard try await !hasHTLC(of: paymentHash) else { return .pending }
    } catch {
      // A rune that does not allow to look: then nobody knows better than the row.
      guard error.code != nil else { throw error }
      return .pending
    }
    // It may have been paid between the two looks.
    let again = try Self.outcome(of: try await listPays(paymentHash))
    guard again == .pending else { return again }
    return .failed(reason: "the node has it pending without an HTLC, and the invoice can be paid no more")
  }

  /// Longer than a call to pay goes on trying, and than clocks differ.
  private static let attemptsLast: Seconds = .minute * 10

  private struct PayRow: Decodable {
    var status: PayStatus
    var bolt11: String?
    var preimage: Hex32?
    /// Missing in what has not arrived, and where a plugin sent it by hand.
    var amountMsat: CLNAmount?
    var amountSentMsat: CLNAmount?
  }

  private func listPays(_ paymentHash: [UInt8]) async throws(RPCError) -> [PayRow] {
    struct Parameters: Encodable { var paymentHash: Hex32 }
    struct Found: Decodable { var pays: [PayRow] }
    guard paymentHash.count == 32 else { return [] }
    let found: Found = try await call("listpays", Parameters(paymentHash: Hex32(paymentHash)))
    return found.pays
  }

  private static func outcome(of pays: [PayRow]) throws(RPCError) -> OutgoingPayment? {
    if let paid = pays.first(where: { $0.status == .complete }) {
      guard let preimage = paid.preimage else {
        throw RPCError(.garbage, attempted: "listpays", words: "a complete payment without its preimage")
      }
      let sent = paid.amountSentMsat ?? paid.amountMsat ?? CLNAmount(0)
      return .paid(preimage: preimage.bytes, fee: try fee(sent, paid.amountMsat ?? sent, "listpays"))
    }
    if pays.contains(where: { $0.status == .pending }) { return .pending }
    return pays.isEmpty ? nil : .failed(reason: "the node found no way to pay it")
  }

  private static func fee(
    _ sent: CLNAmount, _ amount: CLNAmount, _ attempted: String
  ) throws(RPCError) -> Millisatoshi {
    let (fee, overflow) = sent.count.subtractingReportingOverflow(amount.count)
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
    public static let unknownMethod = -32_601
    public static let badParameters = -32_602
  }

  private struct Nothing: Encodable {}
  /// Any object at all.
  private struct Ignored: Decodable {}

  func call<Result: Decodable & Sendable>(
    _ method: String, _ parameters: some Encodable & Sendable, within limit: Seconds? = nil
  ) async throws(RPCError) -> Result {
    try await transport.call(method, parameters, within: limit ?? limits.answer, apart: false)
  }
}
