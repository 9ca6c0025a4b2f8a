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
            paymentHash: claimed.paymentHash.hex, state: claimed.state.rawValue, preimage: claimed.preimage?.hex,
            failure: claimed.failure.map(FailureDocument.init(_:))))
      },
      Endpoint(.post, "/dev/pay") { exchange in
        try refuseFromAfar(exchange)
        guard let node = engine.node as? any SelfPayingNode else {
          throw Problem(.notFound, .notFound, "this provider's node does not pay its own invoices")
        }
        let wish = try await exchange.requiredDocument(PayRequest.self)
        let preimage = try await node.payOwn(wish.invoice)
        return .json(PreimageDocument(preimage: preimage.hex))
      },
      // Where a renter without a wallet of another kind takes credit to. On this network only.
      Endpoint(.post, "/dev/invoice") { exchange in
        try refuseFromAfar(exchange)
        guard let node = engine.node as? any SelfPayingNode else {
          throw Problem(.notFound, .notFound, "this provider's node keeps no wallets")
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

  /// Play money is for this machine: whoever could ask for it from afar would rent for nothing. What a proxy passes on
  /// says so in its headers or by the name it was asked under; that name also tells a page in somebody's browser from a
  /// program here.
  private func refuseFromAfar(_ exchange: Exchange) throws(Problem) {
    let headers = exchange.request.headers
    let isForwarded = HTTPField.Name.forwarding.contains { headers.contains($0) }
    guard !isForwarded, configuration.playMoneyIsPublic || exchange.isAskedAsLoopback else {
      throw Problem(.forbidden, .playMoneyIsLocal, "the embedded node pays for programs on its own machine alone")
    }
  }
}

extension HTTPField.Name {
  /// What proxies add.
  fileprivate static let forwarding: [HTTPField.Name] = [
    .forwarded, .xForwardedFor, named("X-Forwarded-Host"), named("X-Forwarded-Proto"), named("X-Forwarded-Port"),
    named("X-Forwarded-Server"), named("X-Real-IP"), named("Via"), named("True-Client-IP"), named("CF-Connecting-IP"),
  ]
}
