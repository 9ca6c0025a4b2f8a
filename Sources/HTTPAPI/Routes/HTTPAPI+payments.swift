import Engine
import HTTPTypes
import Hummingbird
import L402
import Units
import Wire

extension HTTPAPI {
  var paymentEndpoints: [Endpoint] {
    [
      Endpoint(.get, "/v1/payments/{payment_hash}") { exchange in
        guard let hash = PaymentHash(hex: exchange.parameter("payment_hash")) else { throw Refusal.unknownPayment }
        let claimed = try await engine.claim(hash, exchange.caller())
        return .json(
          PaymentDocument(
            paymentHash: claimed.paymentHash.hex, state: claimed.state.rawValue, preimage: claimed.preimage?.hex))
      },
      Endpoint(.post, "/dev/pay") { exchange in
        guard let node = engine.node as? any SelfPayingNode else {
          throw Problem(.notFound, "not-found", "this provider's node does not pay its own invoices")
        }
        let wish = try await exchange.requiredDocument(PayRequest.self)
        let preimage = try await node.payOwn(wish.invoice)
        return .json(PreimageDocument(preimage: preimage.hex))
      },
      // Where a renter without a wallet of another kind takes credit to. On this network only.
      Endpoint(.post, "/dev/invoice") { exchange in
        guard let node = engine.node as? any SelfPayingNode else {
          throw Problem(.notFound, "not-found", "this provider's node keeps no wallets")
        }
        let wish = try await exchange.requiredDocument(WalletInvoiceRequest.self)
        guard (1...Millisatoshi.supply.count).contains(wish.amountMsat) else {
          throw Problem.invalid("amount_msat", "1 to all the bitcoin there is")
        }
        let made = try await engine.walletInvoice(of: node, Millisatoshi(wish.amountMsat), exchange.caller())
        return .json(WalletInvoiceDocument(invoice: made.bolt11))
      },
    ]
  }
}
