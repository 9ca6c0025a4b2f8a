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
  /// How often it is looked without having been told.
  private let sweep: Seconds
  private let pushes: PushSignal
  private let labels = OneAtATime<String>()
  private let payments = OneAtATime<PaymentHash>()

  public init(_ client: PhoenixdClient, clock: any WallClock, sweep: Seconds = 30) {
    self.client = client
    self.clock = clock
    self.sweep = sweep
    pushes = PushSignal { onOpen, onPush throws(RPCError) in
      try await client.listen(onOpen: onOpen, onPush: onPush)
    }
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
      let standing = try await asking { () throws(RPCError) in try await client.invoices(externalID: request.label) }
      if let oldest = standing.filter({ $0.bolt11 != nil }).min(by: { $0.createdAt < $1.createdAt }) {
        guard oldest.externalID == request.label else {
          throw .garbage("create invoice", "the node answered with another external id")
        }
        return try answer(oldest, "create invoice", for: request)
      }
      let made = try await asking { () throws(RPCError) in
        try await client.createInvoice(
          satoshis: satoshis, description: request.description, expiry: request.expiry, externalID: request.label)
      }
      return try CheckedInvoice(made.bolt11, hash: made.paymentHash, amount: request.amount, "create invoice")
        .answer(.open)
    }
  }

  public func lookup(_ paymentHash: PaymentHash) async throws(NodeError) -> NodeInvoice? {
    let found = try await asking { () throws(RPCError) in
      try await client.invoice(paymentHash: paymentHash.bytes.array)
    }
    guard let found else { return nil }
    guard found.paymentHash == paymentHash.bytes.array else {
      throw .garbage("look up an invoice", "the node answered with another invoice")
    }
    return try answer(found, "look up an invoice")
  }

  public func cancel(_ paymentHash: PaymentHash) async throws(NodeError) -> InvoiceState {
    throw NodeError(.cannotCancel, attempted: "cancel invoice", words: "phoenixd cancels no invoices")
  }

  // MARK: Settlements

  /// As ``LightningNode`` says; a cancelled task gets an empty list.
  public func settlements(after cursor: String?, limit: Int) async throws(NodeError) -> [NodeSettlement] {
    precondition(limit > 0, "at least one settlement is asked for")
    let place = TimeCursor(cursor)
    while true {
      let heard = pushes.count()
      let found = try await received(after: place, limit: limit)
      guard found.isEmpty, !Task.isCancelled else { return found }
      await pushes.wait(beyond: heard, atMost: sweep)
      if Task.isCancelled { return [] }
    }
  }

  private func received(after place: TimeCursor, limit: Int) async throws(NodeError) -> [NodeSettlement] {
    // The latest first: what arrives meanwhile shifts the rest, so that going on by offset meets some twice.
    var rows: [[UInt8]: PhoenixdIncoming] = [:]
    let page = 100
    var offset = 0
    while true {
      let from = offset
      let part: [PhoenixdIncoming]
      do throws(RPCError) {
        // The node's clock may be ahead of ours; nothing is left out for that.
        part = try await client.received(from: place.base, to: clock.now() + .day, limit: page, offset: from)
      } catch {
        if Task.isCancelled { return [] }
        throw NodeError(error)
      }
      for row in part where row.externalID != nil && rows[row.paymentHash] == nil { rows[row.paymentHash] = row }
      guard part.count == page else { break }
      offset += page
    }
    let times = rows.values.compactMap { row in row.receipt.map { TimeCursor.Row(at: $0.at, hash: row.paymentHash) } }
    var found: [NodeSettlement] = []
    for (row, cursor) in place.next(times, limit: limit) {
      guard let payment = rows[row.hash], let receipt = payment.receipt else { continue }
      found.append(try settlement(payment, receipt, cursor))
    }
    return found
  }

  private func settlement(
    _ payment: PhoenixdIncoming, _ receipt: PhoenixdIncoming.Receipt, _ cursor: TimeCursor? = nil
  ) throws(NodeError) -> NodeSettlement {
    let cursor = cursor ?? TimeCursor(after: .init(at: receipt.at, hash: payment.paymentHash))
    return try NodeSettlement(
      hash: payment.paymentHash, preimage: payment.preimage, received: receipt.paid, at: receipt.at,
      label: payment.externalID ?? "", cursor: cursor.text, "list settlements")
  }

  private func answer(
    _ payment: PhoenixdIncoming, _ attempted: String, for request: InvoiceRequest? = nil
  ) throws(NodeError) -> NodeInvoice {
    let checked = try CheckedInvoice(payment.bolt11 ?? "", hash: payment.paymentHash, amount: nil, attempted)
    if let request { _ = try checked.checked(for: request) }
    if let receipt = payment.receipt { return checked.answer(.settled(try settlement(payment, receipt))) }
    return checked.answer(checked.invoice.isExpired(at: clock.now()) ? .expired : .open)
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
