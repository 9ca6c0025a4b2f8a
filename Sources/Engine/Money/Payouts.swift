import L402
import Leasing
import Ledger
import Units

/// Payouts under way: ordered of the node once, and looked up until it says what became of them.
struct Payouts: Sendable {
  let store: any Store
  let node: any LightningNode
  let clock: any WallClock
  let health: Health

  /// Orders the payment once, and asks the node what became of it ever after.
  ///
  /// The order is written before it is given, by one runner of one daemon; whoever comes later only looks up. So no two
  /// are ever paying, and a runner that slept through its claim finds the invoice expired. An order of which nothing was
  /// sent is taken back, and given again. Else it costs patience: an order that got lost on its way gives the credit back
  /// only once the invoice can be paid no more.
  func payOut(_ hex: String) async throws -> EffectOutcome {
    guard let hash = PaymentHash(hex: hex), let payout = try await store.transaction({ tx in try tx.payout(hash) }),
      case .pending = payout.state
    else { return .stale }
    guard let node = node as? any PayingNode else {
      throw NodeError(.cannotPay, attempted: "pay out credit", words: "the configured node pays no invoices")
    }
    let (us, found) = try await asking(node, about: hash, asked: payout.order)
    switch found {
    case .paid: return try outcome(of: payout, found ?? .pending)
    case .pending: return try outcome(of: payout, .pending)
    case .failed, nil: break
    }
    if let order = payout.order { return try outcome(of: payout, verdict(on: payout, order, found)) }
    return try await order(payout, of: node, us, hasFailed: found != nil)
  }

  /// Who pays, and what it says of a payment. Only these show whether the node is there: how long a payment takes
  /// is up to whoever made the invoice.
  private func asking(
    _ node: any PayingNode, about hash: PaymentHash, asked order: PayoutRecord.Order?
  ) async throws -> (us: String, found: PayoutState?) {
    do throws(NodeError) {
      let us = try await node.payerID()
      if let order, order.node != us {
        throw NodeError(
          .refused, attempted: "pay out credit",
          words: "another node or wallet was asked to pay it, and only that one can say what became of it")
      }
      let found = try await node.payout(hash)
      health.nodeAnswered(at: clock.now())
      return (us, found)
    } catch {
      if error.kind == .unavailable { health.nodeFailed(at: clock.now()) }
      throw error
    }
  }

  /// What it means that the node knows of no payment that is made or under way.
  private func verdict(on payout: PayoutRecord, _ order: PayoutRecord.Order, _ found: PayoutState?) -> PayoutState {
    // The call that pays may still be running, and trying one way after another: between two of them the node says
    // "failed" as well, and before the first it says nothing.
    guard clock.now() > order.at + PayoutRecord.orderLasts else { return .pending }
    if case .failed? = found { return found ?? .pending }
    guard isOver(payout, by: PayoutRecord.orderLasts) else { return .pending }
    return .failed(reason: "the invoice can be paid no more, and the node knows of no payment")
  }

  private func order(
    _ payout: PayoutRecord, of node: any PayingNode, _ us: String, hasFailed: Bool
  ) async throws -> EffectOutcome {
    let hash = payout.paymentHash
    let order = PayoutRecord.Order(at: clock.now(), node: us)
    guard try await store.transaction({ tx in try tx.orderPayout(hash, order) }) else {
      return .later(clock.now() + 1, "another runner orders it")
    }
    // Nobody else will ever order it, so that what is not ordered here is not paid.
    guard !isOver(payout, by: .zero) else {
      return try outcome(of: payout, .failed(reason: "the invoice expired before it could be paid"))
    }
    // An order given late would still run when lookups are believed.
    guard clock.now() < order.at + .minute else {
      return try outcome(of: payout, .failed(reason: "the node could not be asked in time; make another invoice"))
    }
    // Somebody else has had this node try it. Its "failed" would be taken for ours while ours is still on its way.
    guard !hasFailed else {
      return try outcome(of: payout, .failed(reason: "the node was asked to pay this invoice before; make another"))
    }
    do throws(NodeError) {
      return try outcome(of: payout, try await node.pay(payout.bolt11, maxFee: payout.maxFee))
    } catch {
      if error.kind == .cannotPay { return try outcome(of: payout, .failed(reason: error.words)) }
      // Should we die before it is taken back, it is an order that got lost.
      if error.nothingWasSent { try await store.transaction { tx in try tx.takeBackOrder(hash, order) } }
      throw error
    }
  }

  private func outcome(of payout: PayoutRecord, _ state: PayoutState) throws(NodeError) -> EffectOutcome {
    switch state {
    case .pending:
      // Somebody's wallet may hold it for days.
      let age = clock.now().microseconds(since: payout.askedAt) / 1_000_000
      return .later(clock.now() + Seconds(min(60, 5 + max(0, age) / 10)), "the node is paying it, or has not said")
    case .paid(let preimage, _):
      guard preimage.paymentHash == payout.paymentHash else {
        throw NodeError(.garbage, attempted: "pay out credit", words: "its proof of payment is for another invoice")
      }
      return .payout(payout, state)
    case .failed:
      return .payout(payout, state)
    }
  }

  private func isOver(_ payout: PayoutRecord, by margin: Seconds) -> Bool {
    payout.invoiceEnds.map { clock.now() > $0 + margin } ?? false
  }
}

extension PayoutRecord {
  /// Longer than any node's call to pay, and than clocks differ.
  static let orderLasts: Seconds = .minute * 10

  /// What the lease is told; `nil` while it is pending.
  func event(of state: PayoutState) -> Event? {
    switch state {
    case .pending: nil
    case .paid(_, let fee): .payoutPaid(payout, fee: fee)
    case .failed(let reason): .payoutFailed(payout, reason: reason)
    }
  }
}
