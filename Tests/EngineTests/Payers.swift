import BOLT11
import Engine
import L402
import Ledger
import Lightning
import Synchronization
import TestKit
import Units

/// A node that pays as it is told to.
final class ScriptedPayer: PayingNode {
  private struct Script {
    var answers: [Result<PayoutState, NodeError>] = []
    var payout: PayoutState?
    var pays = 0
    var nodeID: String?
    var beforeWord: (@Sendable () async -> Void)?
  }
  private let base: EmbeddedNode
  private let state = Mutex(Script())

  init(_ base: EmbeddedNode) { self.base = base }

  var name: String { base.name }
  var pays: Int { state.withLock { $0.pays } }

  func script(_ answers: [Result<PayoutState, NodeError>], payout: PayoutState?) {
    state.withLock {
      $0.answers = answers
      $0.payout = payout
    }
  }

  /// Happens while the node is asked about a payout, before it answers.
  func meanwhile(_ body: @escaping @Sendable () async -> Void) { state.withLock { $0.beforeWord = body } }

  /// Another node, or itself again.
  func become(_ nodeID: String?) { state.withLock { $0.nodeID = nodeID } }

  func pay(_ invoice: String, maxFee: Millisatoshi) async throws(NodeError) -> PayoutState {
    let answer = state.withLock { script in
      script.pays += 1
      return script.answers.isEmpty ? nil : script.answers.removeFirst()
    }
    guard let answer else { throw NodeError(.unavailable, attempted: "pay", words: "not in the script") }
    return try answer.get()
  }

  func payout(_ paymentHash: PaymentHash) async throws(NodeError) -> PayoutState? {
    await state.withLock { $0.beforeWord }?()
    return state.withLock { $0.payout }
  }
  func info() async throws(NodeError) -> NodeInfo {
    var info = try await base.info()
    if let other = state.withLock({ $0.nodeID }) { info.nodeID = other }
    return info
  }
  func createInvoice(_ request: InvoiceRequest) async throws(NodeError) -> NodeInvoice {
    try await base.createInvoice(request)
  }
  func lookup(_ paymentHash: PaymentHash) async throws(NodeError) -> NodeInvoice? { try await base.lookup(paymentHash) }
  func cancel(_ paymentHash: PaymentHash) async throws(NodeError) -> InvoiceState { try await base.cancel(paymentHash) }
  func settlements(after cursor: String?, limit: Int) async throws(NodeError) -> [NodeSettlement] {
    try await base.settlements(after: cursor, limit: limit)
  }
}

/// The embedded node, which counts the orders to pay that reach it, and may be silent about what it is paying.
final class CountingPayer: HoldingNode, PayingNode, SelfPayingNode {
  private let base: EmbeddedNode
  private let clock: ManualClock
  /// How long it takes a payment to be heard of; `nil`: its answer tells.
  private let silence: Seconds?
  private let orders = Mutex<[PaymentHash: (count: Int, first: Instant)]>([:])

  init(_ base: EmbeddedNode, clock: ManualClock, silence: Seconds?) {
    self.base = base
    self.clock = clock
    self.silence = silence
  }

  var name: String { base.name }
  func orders(of hash: PaymentHash) -> Int { orders.withLock { $0[hash]?.count ?? 0 } }

  func pay(_ invoice: String, maxFee: Millisatoshi) async throws(NodeError) -> PayoutState {
    if let hash = (try? Invoice.parse(invoice)).flatMap({ PaymentHash($0.paymentHash) }) {
      orders.withLock { $0[hash, default: (0, clock.now())].count += 1 }
    }
    let state = try await base.pay(invoice, maxFee: maxFee)
    return silence == nil ? state : .pending
  }

  func payout(_ paymentHash: PaymentHash) async throws(NodeError) -> PayoutState? {
    if let silence, let first = orders.withLock({ $0[paymentHash]?.first }), clock.now() < first + silence {
      return nil
    }
    return try await base.payout(paymentHash)
  }

  func info() async throws(NodeError) -> NodeInfo { try await base.info() }
  func createInvoice(_ request: InvoiceRequest) async throws(NodeError) -> NodeInvoice {
    try await base.createInvoice(request)
  }
  func lookup(_ paymentHash: PaymentHash) async throws(NodeError) -> NodeInvoice? { try await base.lookup(paymentHash) }
  func cancel(_ paymentHash: PaymentHash) async throws(NodeError) -> InvoiceState { try await base.cancel(paymentHash) }
  func settlements(after cursor: String?, limit: Int) async throws(NodeError) -> [NodeSettlement] {
    try await base.settlements(after: cursor, limit: limit)
  }
  func createHoldInvoice(
    _ request: InvoiceRequest, paymentHash: PaymentHash
  ) async throws(NodeError) -> NodeInvoice {
    try await base.createHoldInvoice(request, paymentHash: paymentHash)
  }
  func waitWhileOpen(_ paymentHash: PaymentHash) async throws(NodeError) -> InvoiceState {
    try await base.waitWhileOpen(paymentHash)
  }
  func settleHold(_ preimage: Preimage) async throws(NodeError) { try await base.settleHold(preimage) }
  func payOwn(_ bolt11: String) async throws(NodeError) -> Preimage { try await base.payOwn(bolt11) }
}
