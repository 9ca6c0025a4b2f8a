import Engine
import L402
import Synchronization
import Units

/// A node that can be sent away and called back, and that talks nonsense about chosen invoices.
public final class SwitchedNode: PayingNode, SelfPayingNode {
  private struct State {
    var isAway = false
    var hashesNothing = false
    var garbled: Set<PaymentHash> = []
    var lookups = 0
    var forgotten: Set<PaymentHash> = []
    var comparison = CursorComparison.known
    var compared = 0
  }
  private let base: any PayingNode & SelfPayingNode
  private let state = Mutex(State())

  public init(_ base: any PayingNode & SelfPayingNode) {
    self.base = base
  }

  public var name: String { base.name }
  public func goAway() { state.withLock { $0.isAway = true } }
  /// From here on it makes no invoices over the hash of a description.
  public func hashNothing() { state.withLock { $0.hashesNothing = true } }
  public func comeBack() { state.withLock { $0.isAway = false } }
  /// From here on these, and no others, are answered with nonsense.
  public func garble(_ hashes: Set<PaymentHash>) { state.withLock { $0.garbled = hashes } }
  /// It deletes this invoice, paid or not, and tells of it no more.
  public func forget(_ hash: PaymentHash) { state.withLock { _ = $0.forgotten.insert(hash) } }
  /// What it says of any cursor from here on.
  public func stand(_ comparison: CursorComparison) { state.withLock { $0.comparison = comparison } }
  /// How often a cursor was compared with it.
  public var compared: Int { state.withLock { $0.compared } }
  /// How often it was asked about one invoice, also while away.
  public var lookups: Int { state.withLock { $0.lookups } }

  private func answer(to question: String) throws(NodeError) {
    if state.withLock({ $0.isAway }) { throw NodeError(.unavailable, attempted: question, words: "it is away") }
  }

  public func info() async throws(NodeError) -> NodeInfo {
    try answer(to: "info")
    return try await base.info()
  }

  public func createInvoice(_ request: InvoiceRequest) async throws(NodeError) -> NodeInvoice {
    try answer(to: "make an invoice")
    if request.isDescriptionHashed, state.withLock({ $0.hashesNothing }) {
      throw NodeError(.refused, attempted: "make an invoice", words: "description_hash is not supported")
    }
    return try await base.createInvoice(request)
  }

  public func lookup(_ paymentHash: PaymentHash) async throws(NodeError) -> NodeInvoice? {
    let isGarbled = state.withLock { state in
      state.lookups += 1
      return state.garbled.contains(paymentHash)
    }
    try answer(to: "look an invoice up")
    if isGarbled { throw NodeError(.garbage, attempted: "look an invoice up", words: "nonsense") }
    if state.withLock({ $0.forgotten.contains(paymentHash) }) { return nil }
    return try await base.lookup(paymentHash)
  }

  public func cancel(_ paymentHash: PaymentHash) async throws(NodeError) -> InvoiceState {
    try answer(to: "cancel an invoice")
    return try await base.cancel(paymentHash)
  }

  public func settlements(after cursor: String?, limit: Int) async throws(NodeError) -> [NodeSettlement] {
    try answer(to: "wait for settlements")
    let found = try await base.settlements(after: cursor, limit: limit)
    let forgotten = state.withLock { $0.forgotten }
    return found.filter { !forgotten.contains($0.paymentHash) }
  }

  public func compare(_ cursor: String) async throws(NodeError) -> CursorComparison {
    try answer(to: "compare a cursor")
    return state.withLock { state in
      state.compared += 1
      return state.comparison
    }
  }

  public func everySettlement(limit: Int) async throws(NodeError) -> [NodeSettlement] {
    try answer(to: "list settlements")
    return try await base.everySettlement(limit: limit)
  }

  public func payOwn(_ bolt11: String) async throws(NodeError) -> Preimage {
    try await base.payOwn(bolt11)
  }
  public func pay(_ invoice: String, maxFee: Millisatoshi) async throws(NodeError) -> PayoutState {
    try answer(to: "pay")
    return try await base.pay(invoice, maxFee: maxFee)
  }

  public func payout(_ paymentHash: PaymentHash) async throws(NodeError) -> PayoutState? {
    try answer(to: "look a payment up")
    return try await base.payout(paymentHash)
  }
}
