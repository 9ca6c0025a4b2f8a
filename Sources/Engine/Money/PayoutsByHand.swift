import L402
import Leasing
import Ledger
import Logging
import Units

/// Payouts that the node's word brings to no end. The operator's does, with a reason, and against the evidence only when
/// that is said.
public struct PayoutsByHand: Sendable {
  let store: any Store
  let node: any LightningNode
  let clock: any WallClock
  let loop: LeaseLoop
  let log: Logger

  /// Of all leases, the newest first.
  public func list(pendingOnly: Bool, limit: Int) async throws -> [PayoutRecord] {
    try await store.transaction { tx in try tx.payouts(pendingOnly: pendingOnly, limit: limit) }
  }

  /// A payout, and what the node says of it now, while it is pending.
  public func view(of hash: PaymentHash) async throws -> PayoutView {
    guard let payout = try await store.transaction({ tx in try tx.payout(hash) }) else { throw Refusal.unknownPayment }
    guard case .pending = payout.state else { return PayoutView(payout: payout, word: nil, at: clock.now()) }
    return PayoutView(payout: payout, word: await word(on: payout), at: clock.now())
  }

  /// Gives the credit back. Asked for by hand where the node does not say that nothing was paid and never will be.
  ///
  /// - Parameter force: although the node says that it is being paid, or cannot be asked. If it is paid after all, the
  ///   provider has paid twice.
  public func fail(_ hash: PaymentHash, reason: String, force: Bool, requestID: String) async throws -> PayoutView {
    let reason = try OperatorReason(reason).text
    let view = try await self.view(of: hash)
    let payout = view.payout
    try Self.requirePending(payout)
    let word = view.word ?? .unknown
    if case .paid = word {
      throw Refusal.conflict(
        code: .payoutPaid, "the node has paid it, and says the preimage; it is booked by itself within a minute")
    }
    if let order = payout.order, clock.now() <= order.at + PayoutRecord.orderLasts {
      throw Refusal.conflict(
        code: .payoutUnderWay,
        "it was ordered at \(order.at.rfc3339); the call may run for ten minutes, whatever the node says")
    }
    guard force || word.isAgainstPayment(of: payout, at: clock.now()) else {
      throw Refusal.conflict(
        code: .payoutDoubtful,
        "the node's word on it: \(word.description). Force it only if you know that it can never be paid any more")
    }
    try await end(
      payout, .failed(reason: "the provider ended it: \(reason)"),
      evidence: ["by": "operator", "reason": reason, "node_said": word.description, "forced": force ? "yes" : "no"],
      requestID: requestID)
    log.warning(
      "a payout was failed by hand",
      metadata: [
        "payment_hash": "\(hash.hex)", "lease": "\(payout.lease)", "reason": "\(reason)",
        "node_said": "\(word.description)",
      ])
    return try await self.view(of: hash)
  }

  /// Books it as paid. The preimage is the proof.
  ///
  /// - Parameter fee: what routing cost, if that is known.
  public func settle(
    _ hash: PaymentHash, preimage: Preimage, fee: Millisatoshi, reason: String, requestID: String
  ) async throws -> PayoutView {
    let reason = try OperatorReason(reason).text
    guard preimage.paymentHash == hash else {
      throw Refusal.invalidField("preimage", "is of another payment: its hash is \(preimage.paymentHash.hex)")
    }
    guard (0...Millisatoshi.supply.count).contains(fee.count) else {
      throw Refusal.invalidField("fee_msat", "0 to all the bitcoin there is")
    }
    guard let payout = try await store.transaction({ tx in try tx.payout(hash) }) else { throw Refusal.unknownPayment }
    try Self.requirePending(payout)
    try await end(
      payout, .paid(preimage: preimage, fee: fee),
      evidence: ["by": "operator", "reason": reason, "proof": "preimage"], requestID: requestID)
    log.warning(
      "a payout was settled by hand",
      metadata: ["payment_hash": "\(hash.hex)", "lease": "\(payout.lease)", "reason": "\(reason)"])
    return try await self.view(of: hash)
  }

  /// One step with the books and explain, like any outcome. Its effect finds it over.
  private func end(
    _ seen: PayoutRecord, _ state: PayoutState, evidence: [String: String], requestID: String
  ) async throws {
    let hash = seen.paymentHash
    guard let event = seen.event(of: state) else { return }
    try await loop.handle(
      event, for: seen.lease, eventID: EventID(.payout, "\(hash.hex)/by-hand"),
      cause: .init(type: .operator, id: requestID),
      evidence: evidence
    ) { [clock] tx, _ in
      // Nobody has ordered it, or taken the order back, since the node was asked.
      guard let payout = try tx.payout(hash), payout.order == seen.order,
        try tx.finishPayout(hash, state, at: clock.now())
      else { throw Refusal.conflict(code: .payoutChanged, "something happened to it meanwhile; look again") }
    }
  }

  private static func requirePending(_ payout: PayoutRecord) throws {
    guard case .pending = payout.state else {
      throw Refusal.conflict(code: .payoutOver, "it is \(payout.state.name) already")
    }
  }

  private func word(on payout: PayoutRecord) async -> NodeWord {
    guard let node = node as? any PayingNode else { return .silent("the configured node pays no invoices") }
    do throws(NodeError) {
      if let order = payout.order, order.node != (try await node.payerID()) { return .another(order.node) }
      switch try await node.payout(payout.paymentHash) {
      case nil: return .unknown
      case .pending?: return .pending
      case .paid?: return .paid
      case .failed(let reason)?: return .failed(reason)
      }
    } catch {
      return .silent("\(error)")
    }
  }
}

/// What a node says of a payment that it was ordered to make.
public enum NodeWord: Hashable, Sendable, CustomStringConvertible {
  case paid
  case pending
  case failed(String)
  /// It knows of no such payment.
  case unknown
  /// Another node or wallet was ordered to pay, and this one cannot know.
  case another(String)
  case silent(String)

  public var description: String {
    switch self {
    case .paid: "paid"
    case .pending: "under way"
    case .failed(let reason): "failed: \(reason)"
    case .unknown: "it knows of no such payment"
    case .another(let node): "none: it was ordered of node \(node)"
    case .silent(let words): "none: \(words)"
    }
  }

  /// Whether it means that nothing was paid and never will be.
  func isAgainstPayment(of payout: PayoutRecord, at now: Instant) -> Bool {
    switch self {
    case .failed: true
    case .unknown: payout.order == nil || payout.isOver(at: now)
    case .paid, .pending, .another, .silent: false
    }
  }
}

/// A payout as the operator sees it.
public struct PayoutView: Sendable {
  public var payout: PayoutRecord
  /// What the node says now; `nil` for one that is over.
  public var word: NodeWord?
  public var at: Instant

  public init(payout: PayoutRecord, word: NodeWord?, at: Instant) {
    self.payout = payout
    self.word = word
    self.at = at
  }
}
