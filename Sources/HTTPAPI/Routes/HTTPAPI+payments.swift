import Engine
import HTTPTypes
import Hummingbird
import L402
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
    ]
  }
}
