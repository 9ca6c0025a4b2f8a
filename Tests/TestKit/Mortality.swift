import Engine
import L402
import Leasing
import Ledger
import Postgres
import Synchronization
import Units

/// The death of a daemon at its Nth act: a statement sent, a COMMIT, a call of its driver or node. From then on nothing
/// it does reaches anything any more, as if its process were gone; the database, the host and the node live on.
public final class Mortality: Sendable {
  public enum Blow: Sendable, Hashable, CaseIterable {
    /// The act is not done.
    case before
    /// The act is done, and nobody hears of it.
    case after
  }
  public enum Counting: Sendable, Hashable {
    /// Each statement, and each call.
    case everyStatement
    /// Commits and calls only. What a transaction did before its COMMIT is undone, so that dying at one of its
    /// statements is dying before the COMMIT.
    case commitsAndCalls
  }

  private struct State {
    var acts = 0
    var isDead = false
    var lastAct = ""
  }
  private let victim: Int
  private let victimName: String?
  private let blow: Blow
  private let counting: Counting
  private let state = Mutex(State())

  /// - Parameter victim: the number of the act it dies at, from 1; 0: never.
  public init(at victim: Int, _ blow: Blow, counting: Counting) {
    self.victim = victim
    victimName = nil
    self.blow = blow
    self.counting = counting
  }

  /// It dies at the first act of this name: `COMMIT`, `pay`, `provision`.
  public init(atFirst name: String, _ blow: Blow) {
    victim = 0
    victimName = name
    self.blow = blow
    counting = .commitsAndCalls
  }

  public var isDead: Bool { state.withLock { $0.isDead } }
  public var acts: Int { state.withLock { $0.acts } }
  public var lastAct: String { state.withLock { $0.lastAct } }

  private enum Fate { case lives, diesBefore, diesAfter, isDead }

  private func fate(of act: String, counts: Bool = true) -> Fate {
    state.withLock { state in
      if state.isDead { return .isDead }
      guard counts else { return .lives }
      state.acts += 1
      guard state.acts == victim || act == victimName else { return .lives }
      state.isDead = true
      state.lastAct = act
      return blow == .before ? .diesBefore : .diesAfter
    }
  }

  /// For ``Pool/Configuration``.
  public var hook: FaultInjection.Hook {
    { [self] statement in
      switch fate(of: statement, counts: counting == .everyStatement || statement == "COMMIT") {
      case .lives: nil
      case .diesBefore: .disconnectBefore
      case .diesAfter: .disconnectAfter
      case .isDead: .fail(PostgresError(.closed, "the daemon is dead"))
      }
    }
  }

  public func act<T, E: Error>(
    _ what: String, dead: E, _ body: () async throws(E) -> T
  ) async throws(E) -> T {
    switch fate(of: what) {
    case .lives: return try await body()
    case .diesBefore, .isDead: throw dead
    case .diesAfter:
      _ = try await body()
      throw dead
    }
  }
}

/// A driver as a mortal daemon calls it.
public struct MortalDriver: ResourceDriver {
  public let base: any ResourceDriver
  public let mortality: Mortality
  private static let dead = DriverError(.failed, attempted: "living", words: "the daemon is dead")

  public init(_ base: any ResourceDriver, _ mortality: Mortality) {
    self.base = base
    self.mortality = mortality
  }

  public var kind: Kind { base.kind }
  public var name: String { base.name }

  public func probe() async throws(DriverError) { try await base.probe() }

  public func provision(_ spec: ResourceSpec, generation: Int64) async throws(DriverError) {
    try await mortality.act("provision", dead: Self.dead) { () async throws(DriverError) in
      try await base.provision(spec, generation: generation)
    }
  }

  public func suspend(_ lease: LeaseID, generation: Int64) async throws(DriverError) {
    try await mortality.act("suspend", dead: Self.dead) { () async throws(DriverError) in
      try await base.suspend(lease, generation: generation)
    }
  }

  public func resume(_ spec: ResourceSpec, generation: Int64) async throws(DriverError) {
    try await mortality.act("resume", dead: Self.dead) { () async throws(DriverError) in
      try await base.resume(spec, generation: generation)
    }
  }

  public func resize(_ spec: ResourceSpec, generation: Int64) async throws(DriverError) {
    try await mortality.act("resize", dead: Self.dead) { () async throws(DriverError) in
      try await base.resize(spec, generation: generation)
    }
  }

  public func destroy(_ lease: LeaseID, generation: Int64) async throws(DriverError) -> ErasureReceipt {
    try await mortality.act("destroy", dead: Self.dead) { () async throws(DriverError) in
      try await base.destroy(lease, generation: generation)
    }
  }

  public func inspect(_ lease: LeaseID) async throws(DriverError) -> ResourceStatus {
    try await mortality.act("inspect", dead: Self.dead) { () async throws(DriverError) in
      try await base.inspect(lease)
    }
  }

  public func list() async throws(DriverError) -> [ResourceStatus] {
    try await mortality.act("list", dead: Self.dead) { () async throws(DriverError) in try await base.list() }
  }

  public func measure(_ leases: [LeaseID]?) async throws(DriverError) -> [Measurement] {
    try await mortality.act("measure", dead: Self.dead) { () async throws(DriverError) in
      try await base.measure(leases)
    }
  }
}

/// A node as a mortal daemon calls it.
public struct MortalNode: HoldingNode, PayingNode, SelfPayingNode {
  public let base: any HoldingNode & PayingNode & SelfPayingNode
  public let mortality: Mortality
  private static let dead = NodeError(.unavailable, attempted: "living", words: "the daemon is dead")

  public init(_ base: any HoldingNode & PayingNode & SelfPayingNode, _ mortality: Mortality) {
    self.base = base
    self.mortality = mortality
  }

  public var name: String { base.name }

  public func info() async throws(NodeError) -> NodeInfo { try await base.info() }

  public func createInvoice(_ request: InvoiceRequest) async throws(NodeError) -> NodeInvoice {
    try await mortality.act("createInvoice", dead: Self.dead) { () async throws(NodeError) in
      try await base.createInvoice(request)
    }
  }

  public func lookup(_ paymentHash: PaymentHash) async throws(NodeError) -> NodeInvoice? {
    try await mortality.act("lookup", dead: Self.dead) { () async throws(NodeError) in
      try await base.lookup(paymentHash)
    }
  }

  public func cancel(_ paymentHash: PaymentHash) async throws(NodeError) -> InvoiceState {
    try await mortality.act("cancel", dead: Self.dead) { () async throws(NodeError) in
      try await base.cancel(paymentHash)
    }
  }

  public func settlements(after cursor: String?, limit: Int) async throws(NodeError) -> [NodeSettlement] {
    try await mortality.act("settlements", dead: Self.dead) { () async throws(NodeError) in
      try await base.settlements(after: cursor, limit: limit)
    }
  }

  public func createHoldInvoice(
    _ request: InvoiceRequest, paymentHash: PaymentHash
  ) async throws(NodeError) -> NodeInvoice {
    try await mortality.act("createHoldInvoice", dead: Self.dead) { () async throws(NodeError) in
      try await base.createHoldInvoice(request, paymentHash: paymentHash)
    }
  }

  public func waitWhileOpen(_ paymentHash: PaymentHash) async throws(NodeError) -> InvoiceState {
    try await mortality.act("waitWhileOpen", dead: Self.dead) { () async throws(NodeError) in
      try await base.waitWhileOpen(paymentHash)
    }
  }

  public func settleHold(_ preimage: Preimage) async throws(NodeError) {
    try await mortality.act("settleHold", dead: Self.dead) { () async throws(NodeError) in
      try await base.settleHold(preimage)
    }
  }

  public func payOwn(_ bolt11: String) async throws(NodeError) -> Preimage {
    try await mortality.act("payOwn", dead: Self.dead) { () async throws(NodeError) in
      try await base.payOwn(bolt11)
    }
  }

  public func pay(_ invoice: String, maxFee: Millisatoshi) async throws(NodeError) -> PayoutState {
    try await mortality.act("pay", dead: Self.dead) { () async throws(NodeError) in
      try await base.pay(invoice, maxFee: maxFee)
    }
  }

  public func payout(_ paymentHash: PaymentHash) async throws(NodeError) -> PayoutState? {
    try await mortality.act("payout", dead: Self.dead) { () async throws(NodeError) in
      try await base.payout(paymentHash)
    }
  }
}
