import Engine
import L402
import NodeRPC
import Units

extension LNDNode: HoldingNode {
  /// The blocks the payer's last hop leaves us: half a day. The node lets go of what is held twelve blocks before.
  private static let cltvExpiry: Int64 = 80

  public func createHoldInvoice(
    _ request: InvoiceRequest, paymentHash: PaymentHash
  ) async throws(NodeError) -> NodeInvoice {
    let memo = try Self.memo(request)
    let bolt11: String
    do throws(RPCError) {
      bolt11 = try await client.createHoldInvoice(
        paymentHash: paymentHash.bytes.array, amount: request.amount, memo: memo, expiry: request.expiry,
        cltvExpiry: Self.cltvExpiry)
    } catch {
      guard LNDClient.saysInvoiceExists(error) else { throw NodeError(error) }
      return try await existing(paymentHash, for: request)
    }
    return try CheckedInvoice(
      bolt11, hash: paymentHash.bytes.array, amount: request.amount, "create hold invoice"
    ).answer(.open, label: request.label)
  }

  public func waitWhileOpen(_ paymentHash: PaymentHash) async throws(NodeError) -> InvoiceState {
    while true {
      guard let invoice = try await lookup(paymentHash) else {
        throw NodeError(.unknownInvoice, attempted: "watch invoice", words: "the node has no invoice of this hash")
      }
      guard invoice.state == .open else { return invoice.state }
      do throws(RPCError) {
        try await client.subscribeInvoice(paymentHash: paymentHash.bytes.array, within: patience) { $0.state == .open }
      } catch {
        if Task.isCancelled { throw NodeError(.unavailable, attempted: "watch invoice", words: "given up") }
        // Nothing within the time: looked up, and waited for again.
        guard error.kind == .lost else { throw NodeError(error) }
      }
    }
  }

  public func settleHold(_ preimage: Preimage) async throws(NodeError) {
    let refusal: RPCError
    do throws(RPCError) {
      try await client.settleInvoice(preimage: preimage.bytes.array)
      return
    } catch {
      guard error.code != nil else { throw NodeError(error) }
      refusal = error
    }
    switch try await lookup(preimage.paymentHash)?.state {
    case .settled: return
    case nil:
      throw NodeError(.unknownInvoice, attempted: "settle invoice", words: "the node has no invoice of this hash")
    case .canceled, .expired, .open:
      throw NodeError(.invoiceExpired, attempted: "settle invoice", words: "nothing is held any more")
    case .accepted: throw NodeError(refusal)
    }
  }

  /// Blocks come in ten minutes on average, and sometimes twice as fast; the node lets go twelve blocks before the
  /// timeout, and we want to be done twelve before that.
  func held(_ invoice: LNDInvoice) async throws(NodeError) -> HeldPayment {
    guard invoice.held <= .supply else { throw .garbage("look up an invoice", "an amount that cannot be") }
    guard let height = invoice.expiryHeight else { return HeldPayment(received: invoice.held, decideBy: nil) }
    let now = clock.now()
    let current = try await asking(client.info).blockHeight
    guard (0...10_000_000).contains(height), (0...10_000_000).contains(current) else {
      throw .garbage("look up an invoice", "a height that cannot be")
    }
    let blocks = height - current - 24
    let left = Seconds(min(max(blocks, 0), 10_000) * 300)
    return HeldPayment(received: invoice.held, decideBy: now + left)
  }
}
