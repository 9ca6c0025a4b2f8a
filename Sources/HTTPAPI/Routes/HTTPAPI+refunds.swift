import Engine
import Hummingbird
import L402
import Ledger
import Units
import Wire

/// Money back: to an invoice of the renter's, or to another lease.
extension HTTPAPI {
  var refundEndpoints: [Endpoint] {
    [
      Endpoint(.post, "/v1/leases/{lease}/refund", refund), Endpoint(.get, "/v1/leases/{lease}/refunds", refunds),
      Endpoint(.post, "/v1/leases/{lease}/credit", spendCredit),
    ]
  }

  /// `200` once it is decided, `202` while the node is at it. The same invoice again asks how it stands.
  @Sendable private func refund(_ exchange: Exchange) async throws -> Response {
    let wish = try await exchange.requiredDocument(RefundRequest.self)
    let refund = try await engine.refund(exchange.lease(), to: wish.invoice, exchange.caller())
    return .json(
      RefundDocument(refund.payout, credit: refund.credit), refund.payout.state == .pending ? .accepted : .ok)
  }

  @Sendable private func refunds(_ exchange: Exchange) async throws -> Response {
    let payouts = try await engine.refunds(of: exchange.lease(), limit: 1_000, exchange.caller())
    return .json(ListDocument(items: payouts.map { RefundDocument($0, credit: nil) }))
  }

  /// The same `Idempotency-Key` again moves nothing and says the same.
  @Sendable private func spendCredit(_ exchange: Exchange) async throws -> Response {
    let wish = try await exchange.requiredDocument(SpendCreditRequest.self)
    guard let target = LeaseID(wish.to) else { throw Problem.invalid("to", "is no lease id") }
    let spent = try await engine.spendCredit(
      of: exchange.lease(), on: target, wish.amountMsat.map(Millisatoshi.init(_:)), exchange.caller())
    return .json(
      SpentCreditDocument(
        lease: spent.move.from.description, to: spent.move.to.description, amountMsat: spent.move.amount.count,
        creditMsat: spent.credit.count))
  }
}

extension RefundDocument {
  fileprivate init(_ payout: PayoutRecord, credit: Millisatoshi?) {
    self.init(
      lease: payout.lease.description, creditMsat: credit?.count, paymentHash: payout.paymentHash.hex,
      state: payout.state.name.rawValue, amountMsat: payout.amount.count, askedAt: Timestamp(payout.askedAt))
    switch payout.state {
    case .pending: break
    case .paid(let fee): feeMsat = fee.count
    case .failed(let words): reason = words
    }
  }
}
