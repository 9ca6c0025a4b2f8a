import Engine
import L402
import NodeRPC
import Units

/// phoenixd. It cannot cancel, and does not keep external ids unique: a label is looked up before an invoice is made
/// for it, by one at a time.
///
/// What it keeps of a payment as the price of making room for it counts as received: the renter paid it.
public final class PhoenixdNode: PayingNode {
  public let name = "phoenixd"

  private let client: PhoenixdClient
  private let clock: any WallClock
  private let walk: TimeWalk<PhoenixdIncoming>
  private let labels = OneAtATime<String>()
  private let payments = OneAtATime<PaymentHash>()

  /// - Parameter sweep: how often it is looked for settlements without having been told.
  public init(_ client: PhoenixdClient, clock: any WallClock, sweep: Seconds = 30) {
    self.client = client
    self.clock = clock
    let pushes = PushSignal { onOpen, onPush throws(RPCError) in
      try await client.listen(onOpen: onOpen, onPush: onPush)
    }
    walk = TimeWalk(
      pushes: pushes, sweep: sweep,
      page: { from, offset throws(RPCError) in
        // The node's clock may be ahead of ours; nothing is left out for that.
        try await client.received(
          from: from, to: clock.now() + .day, limit: TimeWalk<PhoenixdIncoming>.pageLength, offset: offset)
      },
      settlement: { payment, cursor throws(NodeError) in
        guard let receipt = payment.receipt else {
          throw .garbage("list settlements", "what has not arrived is listed as received")
        }
        return try Self.settlement(payment, receipt, cursor)
      })
  }

  public func info() async throws(NodeError) -> NodeInfo {
    let info = try await asking(client.info)
    return try NodeInfo(network: try NodeInfo.network(info.chain), alias: "phoenixd", checkedID: info.nodeId)
  }

  public func createInvoice(_ request: InvoiceRequest) async throws(NodeError) -> NodeInvoice {
    let (satoshis, rest) = request.amount.count.quotientAndRemainder(dividingBy: 1_000)
    guard rest == 0, satoshis > 0 else {
      throw NodeError(.refused, attempted: "create invoice", words: "phoenixd makes invoices over whole satoshis")
    }
    return try await labels.run(request.label) { () throws(NodeError) in
      let existing = try await asking { () throws(RPCError) in try await client.invoices(externalID: request.label) }
      if let oldest = existing.filter({ $0.bolt11 != nil }).min(by: { $0.createdAt < $1.createdAt }) {
        guard oldest.externalID == request.label else {
          throw .garbage("create invoice", "the node answered with another external id")
        }
        return try answer(oldest, "create invoice", for: request)
      }
      let made = try await asking { () throws(RPCError) in
        try await client.createInvoice(
          satoshis: satoshis,
          subject: request.isDescriptionHashed
            ? .descriptionHash(request.descriptionHash) : .description(request.description),
          expiry: request.expiry, externalID: request.label)
      }
      return try CheckedInvoice(made.bolt11, hash: made.paymentHash, amount: request.amount, "create invoice")
        .answer(.open, label: request.label)
    }
  }

  public func lookup(_ paymentHash: PaymentHash) async throws(NodeError) -> NodeInvoice? {
    let known = try await found(paymentHash) { hash throws(RPCError) in try await client.invoice(paymentHash: hash) }
    return try known.map { invoice throws(NodeError) in try answer(invoice, "look up an invoice") }
  }

  public func cancel(_ paymentHash: PaymentHash) async throws(NodeError) -> InvoiceState {
    throw NodeError(.cannotCancel, attempted: "cancel invoice", words: "phoenixd cancels no invoices")
  }

  // MARK: Settlements

  public func settlements(after cursor: String?, limit: Int) async throws(NodeError) -> [NodeSettlement] {
    try await walk.settlements(after: cursor, limit: limit)
  }

  public func everySettlement(limit: Int) async throws(NodeError) -> [NodeSettlement] {
    try await walk.all(limit: limit)
  }

  private static func settlement(
    _ payment: PhoenixdIncoming, _ receipt: PhoenixdIncoming.Receipt, _ cursor: String? = nil
  ) throws(NodeError) -> NodeSettlement {
    let cursor = cursor ?? TimeCursor(after: .init(at: receipt.at, hash: payment.paymentHash)).text
    return try NodeSettlement(
      hash: payment.paymentHash, preimage: payment.preimage, received: receipt.paid, at: receipt.at,
      label: payment.externalID ?? "", cursor: cursor, "list settlements")
  }

  private func answer(
    _ payment: PhoenixdIncoming, _ attempted: String, for request: InvoiceRequest? = nil
  ) throws(NodeError) -> NodeInvoice {
    let checked = try CheckedInvoice(payment.bolt11 ?? "", hash: payment.paymentHash, amount: nil, attempted)
    if let request { _ = try checked.checked(for: request) }
    if let receipt = payment.receipt {
      return checked.answer(.settled(try Self.settlement(payment, receipt)), label: payment.externalID)
    }
    return checked.answer(
      checked.invoice.isExpired(at: clock.now()) ? .expired : .open, label: payment.externalID)
  }

  // MARK: Payments

  public func pay(_ invoice: String, maxFee: Millisatoshi) async throws(NodeError) -> PayoutState {
    let payable = try PayableInvoice(invoice)
    let fee = PhoenixdClient.fee(for: payable.amount)
    return try await payments.run(payable.hash) { () throws(NodeError) in
      try await payOnce(
        payable, lookup: { () throws(RPCError) in try await client.payment(payable.invoice.paymentHash) },
        pay: { () throws(RPCError) in
          guard fee <= maxFee else {
            return .failed(reason: "phoenixd takes up to \(fee.count) msat as fee, over the limit")
          }
          return try await client.pay(payable.invoice)
        })
    }
  }

  public func payout(_ paymentHash: PaymentHash) async throws(NodeError) -> PayoutState? {
    let found = try await asking { () throws(RPCError) in try await client.payment(paymentHash.bytes.array) }
    return try found.map { payment throws(NodeError) in try PayoutState(payment, of: paymentHash) }
  }
}

extension PhoenixdIncoming: TimedPayment {
  var listedAt: Instant? { receipt?.at }
}
