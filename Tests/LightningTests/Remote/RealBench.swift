import BOLT11
import Engine
import Foundation
import L402
import Lightning
import Macaroons
import NodeRPC
import TestKit
import Units

/// A node that runs somewhere, and another that pays it. Time is real, and what was there before stays there: the labels
/// of a bench are its own.
final class RealBench: PayingNodeBench, HoldingNodeBench {
  struct Unfit: Error { var words: String }

  let pair: RealPair
  let expiry: Seconds
  private let scope = "test-\(UInt32.random(in: .min ... .max))/"

  init(_ pair: RealPair, expiry: Seconds) {
    self.pair = pair
    self.expiry = expiry
  }

  var node: any LightningNode {
    get throws {
      let whole = try pair.node.open()
      guard let holding = whole as? any PayingNode & HoldingNode else { return ScopedNode(whole: whole, scope: scope) }
      return ScopedHoldingNode(holding: holding, scoped: ScopedNode(whole: whole, scope: scope))
    }
  }
  var cancels: Bool { ["cln", "lnd"].contains(pair.node.kind) }
  var forgetsCanceled: Bool { pair.node.kind == "cln" }
  var showsLabels: Bool { pair.node.kind == "lnd" }
  static var fates: Set<PayeeFate> { [.paid] }

  /// As a wallet pays: not what has expired.
  func pay(_ bolt11: String) async throws -> Preimage {
    let invoice = try Invoice.parse(bolt11)
    guard !invoice.isExpired(at: RealClock().now()) else { throw Unfit(words: "it has expired") }
    let answer = try await pair.payer.open().pay(bolt11, maxFee: 100_000)
    guard case .paid(let preimage, _) = answer else { throw Unfit(words: "\(answer)") }
    return preimage
  }

  /// The payer waits for the outcome by itself.
  func payHeld(_ bolt11: String) async throws {
    let payer = try pair.payer.open()
    let hash = try Self.hash(bolt11)
    Task { try await payer.pay(bolt11, maxFee: 100_000) }
    let node = try self.node
    try await Self.wait("the payment is not held") {
      if case .accepted = try await node.lookup(hash)?.state { true } else { false }
    }
  }

  /// Real time has to pass, and the node notices in its own.
  func expire(_ invoice: NodeInvoice) async throws {
    while RealClock().now() < invoice.expiresAt + 1 { try await Task.sleep(for: .milliseconds(100)) }
    let node = try self.node
    try await Self.wait("the node does not see that it has expired") {
      try await node.lookup(invoice.paymentHash)?.state != .open
    }
  }

  /// A node that is not ours cannot be told to say when: it is asked, for half a minute.
  private static func wait(_ words: String, _ isSo: () async throws -> Bool) async throws {
    for _ in 0..<150 {
      if try await isSo() { return }
      try await Task.sleep(for: .milliseconds(200))
    }
    throw Unfit(words: words)
  }

  /// The node is not ours to end; whoever asks it is made anew.
  func restart() async throws {}

  func foreignInvoice(_ amount: Millisatoshi, _ fate: PayeeFate) async throws -> String {
    try await ScopedNode(whole: pair.payer.open(), scope: scope)
      .createInvoice(request("foreign \(UInt32.random(in: .min ... .max))", amount: amount)).bolt11
  }
  func finish(_ hash: PaymentHash) async throws {}
  func open(_ hash: PaymentHash) async throws {}
  func timesPaid(_ hash: PaymentHash) async throws -> Int? { nil }

  private static func hash(_ bolt11: String) throws -> PaymentHash {
    guard let hash = PaymentHash(try Invoice.parse(bolt11).paymentHash) else { throw Unfit(words: "no hash") }
    return hash
  }
}

struct RealClock: WallClock {
  func now() -> Instant { Instant(microseconds: Int64(Date().timeIntervalSince1970 * 1_000_000)) }
}

/// A node of which only some labels are seen: those of one bench.
private struct ScopedNode: PayingNode {
  let whole: any PayingNode
  let scope: String

  var name: String { whole.name }
  func info() async throws(NodeError) -> NodeInfo { try await whole.info() }

  func inScope(_ request: InvoiceRequest) -> InvoiceRequest {
    var request = request
    request.label = scope + request.label
    return request
  }

  func createInvoice(_ request: InvoiceRequest) async throws(NodeError) -> NodeInvoice {
    seen(try await whole.createInvoice(inScope(request)))
  }
  func lookup(_ paymentHash: PaymentHash) async throws(NodeError) -> NodeInvoice? {
    let found = try await whole.lookup(paymentHash)
    return found.map { seen($0) }
  }
  func cancel(_ paymentHash: PaymentHash) async throws(NodeError) -> InvoiceState {
    seen(try await whole.cancel(paymentHash))
  }
  func settlements(after cursor: String?, limit: Int) async throws(NodeError) -> [NodeSettlement] {
    var cursor = cursor
    while true {
      let found = try await whole.settlements(after: cursor, limit: limit)
      let ours = found.filter { $0.label.hasPrefix(scope) }
      guard ours.isEmpty, let last = found.last else { return ours.map { seen($0) } }
      cursor = last.cursor
    }
  }
  func pay(_ invoice: String, maxFee: Millisatoshi) async throws(NodeError) -> PayoutState {
    try await whole.pay(invoice, maxFee: maxFee)
  }
  func payout(_ paymentHash: PaymentHash) async throws(NodeError) -> PayoutState? {
    try await whole.payout(paymentHash)
  }

  private func seen(_ settlement: NodeSettlement) -> NodeSettlement {
    var settlement = settlement
    settlement.label = String(settlement.label.dropFirst(scope.count))
    return settlement
  }
  func seen(_ state: InvoiceState) -> InvoiceState {
    if case .settled(let settlement) = state { .settled(seen(settlement)) } else { state }
  }
  func seen(_ invoice: NodeInvoice) -> NodeInvoice {
    var invoice = invoice
    invoice.state = seen(invoice.state)
    return invoice
  }
}

/// The same of a node that holds payments.
private struct ScopedHoldingNode: PayingNode, HoldingNode {
  let holding: any PayingNode & HoldingNode
  let scoped: ScopedNode

  var name: String { scoped.name }
  func info() async throws(NodeError) -> NodeInfo { try await scoped.info() }
  func createInvoice(_ request: InvoiceRequest) async throws(NodeError) -> NodeInvoice {
    try await scoped.createInvoice(request)
  }
  func lookup(_ paymentHash: PaymentHash) async throws(NodeError) -> NodeInvoice? {
    try await scoped.lookup(paymentHash)
  }
  func cancel(_ paymentHash: PaymentHash) async throws(NodeError) -> InvoiceState {
    try await scoped.cancel(paymentHash)
  }
  func settlements(after cursor: String?, limit: Int) async throws(NodeError) -> [NodeSettlement] {
    try await scoped.settlements(after: cursor, limit: limit)
  }
  func pay(_ invoice: String, maxFee: Millisatoshi) async throws(NodeError) -> PayoutState {
    try await scoped.pay(invoice, maxFee: maxFee)
  }
  func payout(_ paymentHash: PaymentHash) async throws(NodeError) -> PayoutState? {
    try await scoped.payout(paymentHash)
  }
  func createHoldInvoice(
    _ request: InvoiceRequest, paymentHash: PaymentHash
  ) async throws(NodeError) -> NodeInvoice {
    scoped.seen(try await holding.createHoldInvoice(scoped.inScope(request), paymentHash: paymentHash))
  }
  func waitWhileOpen(_ paymentHash: PaymentHash) async throws(NodeError) -> InvoiceState {
    scoped.seen(try await holding.waitWhileOpen(paymentHash))
  }
  func settleHold(_ preimage: Preimage) async throws(NodeError) { try await holding.settleHold(preimage) }
}
