import BOLT11
import Engine
import L402
import NodeRPC
import Synchronization
import Units

/// A wallet on an LNbits server, and through it whatever node stands behind.
///
/// It cannot cancel, and does not keep external ids unique: a label is looked up before an invoice is made for it, by one
/// at a time. Invoices that ran out may still be paid from another wallet of the same server: such money is late, and
/// told of as any other. A wallet for nothing but leases is best, because payments that carry no external id are
/// passed over.
public final class LNbitsNode: PayingNode {
  public let name = "lnbits"

  private let client: LNbitsClient
  private let clock: any WallClock
  private let walk: TimeWalk<LNbitsPayment>
  private let labels = OneAtATime<String>()
  private let payments = OneAtATime<PaymentHash>()
  /// What a probe told, and the day it was made on.
  private let known = Mutex<(day: Int64, info: NodeInfo)?>(nil)

  /// - Parameter sweep: how often it is looked for settlements without having been told.
  public init(_ client: LNbitsClient, clock: any WallClock, sweep: Seconds = 30) {
    self.client = client
    self.clock = clock
    let pushes = PushSignal { onOpen, onPush throws(RPCError) in
      try await client.listen(onOpen: onOpen, onPush: onPush)
    }
    walk = TimeWalk(
      pushes: pushes, sweep: sweep,
      page: { _, offset throws(RPCError) in
        // That written last comes first: of a paid invoice, that paid last.
        try await client.paidInvoices(limit: TimeWalk<LNbitsPayment>.pageLength, offset: offset)
      },
      settlement: { payment, cursor throws(NodeError) in try Self.settlement(payment, cursor) })
  }

  /// The server does not say which node stands behind it, but each invoice does: one over a satoshi is made for that,
  /// once a day, because the server may be given another node.
  public func info() async throws(NodeError) -> NodeInfo {
    let wallet = try await asking(client.wallet)
    let day = clock.now().unixSeconds / Seconds.day.count
    if let known = known.withLock({ $0 }), known.day == day { return known.info }
    let probe = try await createInvoice(
      InvoiceRequest(
        label: "leasehold-probe-\(day)", amount: 1_000, description: "Leasehold: which node", expiry: .minute))
    let invoice: Invoice
    do {
      invoice = try Invoice.parse(probe.bolt11)
    } catch {
      throw .garbage("info", "its invoice does not parse: \(error)")
    }
    let info = NodeInfo(network: invoice.network.rawValue, alias: wallet.name, nodeID: "\(invoice.payee)")
    known.withLock { $0 = (day, info) }
    return info
  }

  public func createInvoice(_ request: InvoiceRequest) async throws(NodeError) -> NodeInvoice {
    let (satoshis, rest) = request.amount.count.quotientAndRemainder(dividingBy: 1_000)
    guard rest == 0, satoshis > 0 else {
      throw NodeError(.refused, attempted: "create invoice", words: "LNbits makes invoices over whole satoshis")
    }
    let id = try Self.externalID(request.label)
    return try await labels.run(id) { () throws(NodeError) in
      if let existing = try await asking({ () throws(RPCError) in try await client.invoice(externalID: id) }) {
        guard existing.externalID == id else {
          throw .garbage("create invoice", "the server answered with another external id")
        }
        return try answer(existing, "create invoice", for: request)
      }
      let made = try await asking { () throws(RPCError) in
        try await client.createInvoice(
          satoshis: satoshis, memo: request.description, hashesMemo: request.isDescriptionHashed,
          expiry: request.expiry, externalID: id)
      }
      let checked = try CheckedInvoice(made.bolt11, hash: made.paymentHash, amount: request.amount, "create invoice")
      guard made.amount == request.amount, made.status == .pending else {
        throw .garbage("create invoice", "a new invoice that is not as asked")
      }
      return checked.answer(.open, label: request.label)
    }
  }

  public func lookup(_ paymentHash: PaymentHash) async throws(NodeError) -> NodeInvoice? {
    let known = try await found(paymentHash) { hash throws(RPCError) in try await client.invoice(paymentHash: hash) }
    return try known.map { invoice throws(NodeError) in try answer(invoice, "look up an invoice") }
  }

  public func cancel(_ paymentHash: PaymentHash) async throws(NodeError) -> InvoiceState {
    throw NodeError(.cannotCancel, attempted: "cancel invoice", words: "LNbits cancels no invoices")
  }

  // MARK: Settlements

  public func settlements(after cursor: String?, limit: Int) async throws(NodeError) -> [NodeSettlement] {
    try await walk.settlements(after: cursor, limit: limit)
  }

  public func everySettlement(limit: Int) async throws(NodeError) -> [NodeSettlement] {
    try await walk.all(limit: limit)
  }

  private static func settlement(
    _ payment: LNbitsPayment, _ cursor: String? = nil
  ) throws(NodeError) -> NodeSettlement {
    let cursor = cursor ?? TimeCursor(after: .init(at: payment.updatedAt, hash: payment.paymentHash)).text
    guard payment.status == .success, payment.amount > .zero else {
      throw .garbage("list settlements", "what is not paid is listed as paid")
    }
    return try NodeSettlement(
      hash: payment.paymentHash, preimage: payment.preimage, received: payment.amount, at: payment.updatedAt,
      label: label(payment.externalID ?? ""), cursor: cursor, "list settlements")
  }

  private func answer(
    _ payment: LNbitsPayment, _ attempted: String, for request: InvoiceRequest? = nil
  ) throws(NodeError) -> NodeInvoice {
    let checked = try CheckedInvoice(payment.bolt11, hash: payment.paymentHash, amount: payment.amount, attempted)
    if let request { _ = try checked.checked(for: request) }
    let isOver = checked.invoice.isExpired(at: clock.now())
    let label = payment.externalID.map(Self.label(_:))
    switch payment.status {
    case .success: return checked.answer(.settled(try Self.settlement(payment)), label: label)
    case .pending: return checked.answer(isOver ? .expired : .open, label: label)
    case .failed: return checked.answer(isOver ? .expired : .canceled, label: label)
    }
  }

  /// External ids have no spaces; ours get none by writing them otherwise.
  private static func externalID(_ label: String) throws(NodeError) -> String {
    var id = ""
    for character in label.unicodeScalars {
      switch character {
      case "%": id += "%25"
      case " ": id += "%20"
      case "\n": id += "%0A"
      default: id.unicodeScalars.append(character)
      }
    }
    guard !id.isEmpty, id.unicodeScalars.count <= 256 else {
      throw NodeError(.refused, attempted: "create invoice", words: "a label is 1 to 256 characters")
    }
    return id
  }

  private static func label(_ id: String) -> String {
    var label = ""
    var rest = Substring(id)
    while let first = rest.first {
      let written = ["%25": "%", "%20": " ", "%0A": "\n"].first { rest.hasPrefix($0.key) }
      label += written?.value ?? String(first)
      rest = rest.dropFirst(written?.key.count ?? 1)
    }
    return label
  }

  // MARK: Payments

  public func pay(_ invoice: String, maxFee: Millisatoshi) async throws(NodeError) -> PayoutState {
    let payable = try PayableInvoice(invoice)
    guard client.canPay else {
      throw NodeError(.cannotPay, attempted: "pay", words: "paying needs the wallet's admin key")
    }
    return try await payments.run(payable.hash) { () throws(NodeError) in
      let reserve = try await beforeAnOrder { () throws(RPCError) in try await client.feeReserve(payable.invoice) }
      return try await payOnce(
        payable, lookup: { () throws(RPCError) in try await client.payment(payable.invoice.paymentHash) },
        pay: { () throws(RPCError) in
          // The server keeps to its own limit and takes none of ours.
          guard reserve <= maxFee else {
            return .failed(reason: "LNbits may take up to \(reserve.count) msat as fee, over the limit")
          }
          return try await client.pay(payable.invoice)
        })
    }
  }

  /// Another wallet of the same server knows of none of this one's payments.
  public func payerID() async throws(NodeError) -> String {
    let node = try await info().nodeID
    return try await asking(client.payingWallet).map { "\(node)/\($0)" } ?? node
  }

  public func payout(_ paymentHash: PaymentHash) async throws(NodeError) -> PayoutState? {
    let found = try await asking { () throws(RPCError) in try await client.payment(paymentHash.bytes.array) }
    return try found.map { payment throws(NodeError) in try PayoutState(payment, of: paymentHash) }
  }
}

extension LNbitsPayment: TimedPayment {
  var listedAt: Instant? { updatedAt }
}
