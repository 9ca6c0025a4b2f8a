import Engine
import L402
import NodeRPC
import Units

extension LNDNode: PayingNode {
  public func pay(_ invoice: String, maxFee: Millisatoshi) async throws(NodeError) -> PayoutState {
    let payable = try PayableInvoice(invoice)
    return try await payments.run(payable.hash) { () throws(NodeError) in
      try await payOnce(
        payable, lookup: { () throws(RPCError) in try await client.payment(payable.invoice.paymentHash) },
        pay: { () throws(RPCError) in try await client.pay(payable.invoice, maxFee: maxFee) })
    }
  }

  public func payout(_ paymentHash: PaymentHash) async throws(NodeError) -> PayoutState? {
    let found = try await asking { () throws(RPCError) in try await client.payment(paymentHash.bytes.array) }
    return try found.map { payment throws(NodeError) in try PayoutState(payment, of: paymentHash) }
  }
}
