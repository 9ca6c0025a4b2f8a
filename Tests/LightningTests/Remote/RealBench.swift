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
final class RealBench: PayingNodeBench {
  /// `{"kind": "cln", "socket": …}`, `{"kind": "cln", "url": …, "certificate_file": …, "rune_file": …}`,
  /// `{"kind": "lnd", "url": …, "certificate_file": …, "macaroon_file": …}`,
  /// `{"kind": "phoenixd", "url": …, "password_file": …}`, `{"kind": "lnbits", "url": …, "admin_key": …}`.
  struct Access: Codable, Sendable {
    var kind: String
    var socket: String?
    var url: String?
    var certificateFile: String?
    var runeFile: String?
    var macaroonFile: String?
    var passwordFile: String?
    var adminKey: String?

    func open() throws -> any PayingNode {
      let limits = RPCLimits(answer: 60)
      let clock = RealClock()
      if let socket { return CLNNode(CLNClient(socket: socket, limits: limits)) }
      let address = try NodeAddress(url ?? "", certificateFile: certificateFile)
      switch kind {
      case "cln":
        return CLNNode(try CLNClient(address, rune: try NodeSecret.text(inFile: runeFile ?? ""), limits: limits))
      case "lnd":
        return LNDNode(
          try LNDClient(address, macaroon: try NodeSecret.hexadecimal(inFile: macaroonFile ?? ""), limits: limits),
          preimageSecret: .random(), clock: clock)
      case "lnbits":
        return LNbitsNode(
          try LNbitsClient(address, invoiceKey: nil, adminKey: NodeSecret(adminKey ?? ""), limits: limits),
          clock: clock, sweep: 5)
      case "phoenixd":
        return PhoenixdNode(
          try PhoenixdClient(address, password: try NodeSecret.text(inFile: passwordFile ?? ""), limits: limits),
          clock: clock, sweep: 5)
      default: throw Unfit(words: "there is no node of kind '\(kind)'")
      }
    }
  }

  /// Two nodes with a way between them. Both are asked for invoices, and both pay.
  struct Pair: Codable, Sendable {
    var node: Access
    var payer: Access
  }

  struct Unfit: Error { var words: String }

  let pair: Pair
  let expiry: Seconds
  private let scope = "test-\(UInt32.random(in: .min ... .max))/"

  init(_ pair: Pair, expiry: Seconds) {
    self.pair = pair
    self.expiry = expiry
  }

  var node: any LightningNode { get throws { ScopedNode(try pair.node.open(), scope: scope) } }
  var cancels: Bool { ["cln", "lnd"].contains(pair.node.kind) }
  var forgetsCanceled: Bool { pair.node.kind == "cln" }
  var showsLabels: Bool { pair.node.kind == "lnd" }
  var fates: Set<PayeeFate> { [.paid] }

  /// As a wallet pays: not what has expired.
  func pay(_ bolt11: String) async throws -> Preimage {
    let invoice = try Invoice.parse(bolt11)
    guard !invoice.isExpired(at: RealClock().now()) else { throw Unfit(words: "it has expired") }
    let answer = try await pair.payer.open().pay(bolt11, maxFee: 100_000)
    guard case .paid(let preimage, _) = answer else { throw Unfit(words: "\(answer)") }
    return preimage
  }

  /// Real time has to pass.
  func expire(_ invoice: NodeInvoice) async throws {
    while RealClock().now() < invoice.expiresAt + 1 { try await Task.sleep(for: .milliseconds(100)) }
  }

  /// The node is not ours to end; whoever asks it is made anew.
  func restart() async throws {}

  func foreignInvoice(_ amount: Millisatoshi, _ fate: PayeeFate) async throws -> String {
    try await ScopedNode(pair.payer.open(), scope: scope)
      .createInvoice(request("foreign \(UInt32.random(in: .min ... .max))", amount: amount)).bolt11
  }
  func finish(_ hash: PaymentHash) async throws {}
  func open(_ hash: PaymentHash) async throws {}
  func timesPaid(_ hash: PaymentHash) async throws -> Int? { nil }
}

struct RealClock: WallClock {
  func now() -> Instant { Instant(microseconds: Int64(Date().timeIntervalSince1970 * 1_000_000)) }
}

/// A node of which only some labels are seen: those of one bench.
private struct ScopedNode: PayingNode {
  let whole: any PayingNode
  let scope: String

  init(_ whole: any PayingNode, scope: String) {
    self.whole = whole
    self.scope = scope
  }

  var name: String { whole.name }
  func info() async throws(NodeError) -> NodeInfo { try await whole.info() }

  func createInvoice(_ request: InvoiceRequest) async throws(NodeError) -> NodeInvoice {
    var request = request
    request.label = scope + request.label
    return seen(try await whole.createInvoice(request))
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
  private func seen(_ state: InvoiceState) -> InvoiceState {
    if case .settled(let settlement) = state { .settled(seen(settlement)) } else { state }
  }
  private func seen(_ invoice: NodeInvoice) -> NodeInvoice {
    var invoice = invoice
    invoice.state = seen(invoice.state)
    return invoice
  }
}
