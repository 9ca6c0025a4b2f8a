import Engine
import HTTPTypes
import Hummingbird
import L402
import Units
import Wire

/// Payouts of all leases, and the operator's hand in those that are stuck.
extension HTTPAPI {
  /// For the operator, whose token is asked for where these are put together.
  var payoutEndpoints: [Endpoint] {
    [
      Endpoint(.get, "/admin/v1/payouts") { exchange in
        let state = try exchange.query("state") ?? "pending"
        guard ["pending", "all"].contains(state) else { throw Problem.invalid("state", "pending or all") }
        let found = try await engine.operator.payouts.list(pendingOnly: state == "pending", limit: exchange.limit())
        let now = engine.clock.now()
        return .json(ListDocument(items: found.map { PayoutItem(PayoutView(payout: $0, word: nil, at: now)) }))
      },
      Endpoint(.get, "/admin/v1/payouts/{payment_hash}") { exchange in
        .json(PayoutItem(try await engine.operator.payouts.view(of: exchange.paymentHash())))
      },
      Endpoint(.post, "/admin/v1/payouts/{payment_hash}/fail") { exchange in
        let wish = try await exchange.requiredDocument(FailPayoutRequest.self)
        let view = try await engine.operator.payouts.fail(
          exchange.paymentHash(), reason: wish.reason, force: wish.force ?? false, requestID: exchange.requestID)
        return .json(PayoutItem(view))
      },
      Endpoint(.post, "/admin/v1/payouts/{payment_hash}/settle") { exchange in
        let wish = try await exchange.requiredDocument(SettlePayoutRequest.self)
        guard let preimage = Preimage(hex: wish.preimage) else {
          throw Problem.invalid("preimage", "64 hexadecimal digits")
        }
        let view = try await engine.operator.payouts.settle(
          exchange.paymentHash(), preimage: preimage, fee: Millisatoshi(wish.feeMsat ?? 0), reason: wish.reason,
          requestID: exchange.requestID)
        return .json(PayoutItem(view))
      },
    ]
  }
}

extension Exchange {
  /// - Throws: `Refusal.unknownPayment` for what is no payment hash.
  func paymentHash() throws -> PaymentHash {
    guard let hash = PaymentHash(hex: parameter("payment_hash")) else { throw Refusal.unknownPayment }
    return hash
  }
}

extension PayoutItem {
  init(_ view: PayoutView) {
    let payout = view.payout
    self.init(
      paymentHash: payout.paymentHash.hex, lease: payout.lease.description, state: payout.state.name.rawValue,
      amountMsat: payout.amount.count, maxFeeMsat: payout.maxFee.count, askedAt: Timestamp(payout.askedAt),
      expiresAt: payout.invoiceEnds.map(Timestamp.init(_:)), orderedAt: payout.order.map { Timestamp($0.at) },
      orderedOf: payout.order?.node, stuck: payout.isStuck(at: view.at), nodeSays: view.word?.description,
      finishedAt: payout.finishedAt.map(Timestamp.init(_:)))
    switch payout.state {
    case .pending: break
    case .paid(let fee): feeMsat = fee.count
    case .failed(let words): reason = words
    }
  }
}
