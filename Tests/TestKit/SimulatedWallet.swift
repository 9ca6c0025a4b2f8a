import Engine
import L402
import Synchronization
import Units

/// A renter's wallet in memory, which pays at a real node. It remembers what it was asked, outlives every daemon, and is
/// away, slow or a liar when told to be.
public final class SimulatedWallet: RenterWallets {
  public enum Manner: Hashable, Sendable {
    case honest
    /// Does nothing, and says so.
    case refuses
    /// Its relay cannot be reached.
    case away
    /// Hears, pays, and its answer is lost.
    case paysInSilence
    /// Hears, and neither pays nor answers.
    case silent
    /// Says that it has paid, and has not.
    case lies
    /// Says that it is paying, until ``payLate()``.
    case dawdles
    /// Says that its payment failed.
    case fails
    /// Cannot be used: it speaks another tongue.
    case unfit
  }

  private struct State {
    var manner = Manner.honest
    /// Every invoice that it was asked to pay, as often as it was asked.
    var requests: [String] = []
    var lookups = 0
    var paid: Set<PaymentHash> = []
    var known: Set<PaymentHash> = []
    var failed: Set<PaymentHash> = []
  }
  private let state = Mutex(State())
  private let payAtNode: @Sendable (String) async throws -> PaymentHash
  private let hash: @Sendable (String) -> PaymentHash?

  /// - Parameters:
  ///   - hash: of an invoice.
  ///   - pay: pays an invoice.
  public init(
    hash: @escaping @Sendable (String) -> PaymentHash?, pay: @escaping @Sendable (String) async throws -> PaymentHash
  ) {
    self.hash = hash
    payAtNode = pay
  }

  public var requests: [String] { state.withLock(\.requests) }
  public var lookups: Int { state.withLock(\.lookups) }
  public func behave(_ manner: Manner) { state.withLock { $0.manner = manner } }

  /// Pays everything that it was asked for.
  public func payLate() async throws {
    for invoice in requests { try await pay(invoice) }
  }

  private func pay(_ invoice: String) async throws {
    let hash = try await payAtNode(invoice)
    state.withLock { _ = $0.paid.insert(hash) }
  }

  public func outline(of uri: String) throws(WalletFault) -> WalletOutline {
    guard uri.hasPrefix("wallet:") else { throw WalletFault(.unfit, "it begins with wallet:") }
    return WalletOutline(wallet: String(repeating: "a", count: 64), relays: ["wss://relay.example"])
  }

  public func introduce(_ uri: String) async throws(WalletFault) {
    switch state.withLock(\.manner) {
    case .unfit: throw WalletFault(.unfit, "the wallet speaks only NIP-04")
    case .away: throw WalletFault(.unreachable, "its relay is away")
    case .honest, .refuses, .paysInSilence, .silent, .lies, .dawdles, .fails: break
    }
  }

  public func pay(_ invoice: String, from uri: String, until: Instant) async throws(WalletFault) -> WalletWord {
    let manner = state.withLock { state in
      if state.manner != .away {
        state.requests.append(invoice)
        if let hash = hash(invoice), state.manner != .refuses { state.known.insert(hash) }
        if let hash = hash(invoice), state.manner == .fails { state.failed.insert(hash) }
      }
      return state.manner
    }
    switch manner {
    case .refuses: return .refused("the wallet says QUOTA_EXCEEDED")
    case .away: throw WalletFault(.unreachable, "its relay is away")
    case .silent: throw WalletFault(.silent, "the wallet does not answer")
    case .lies: return .paid
    case .dawdles: return .pending
    case .fails: return .unclear("the wallet says PAYMENT_FAILED")
    case .unfit: throw WalletFault(.unfit, "the wallet speaks only NIP-04")
    case .honest, .paysInSilence:
      do { try await pay(invoice) } catch { return .unclear("\(error)") }
      if manner == .paysInSilence { throw WalletFault(.silent, "the wallet does not answer") }
      return .paid
    }
  }

  public func lookUp(_ paymentHash: PaymentHash, in uri: String) async throws(WalletFault) -> WalletWord {
    let (manner, isPaid, isKnown, hasFailed) = state.withLock { state in
      state.lookups += 1
      return (
        state.manner, state.paid.contains(paymentHash), state.known.contains(paymentHash),
        state.failed.contains(paymentHash)
      )
    }
    switch manner {
    case .away: throw WalletFault(.unreachable, "its relay is away")
    case .silent, .paysInSilence: throw WalletFault(.silent, "the wallet does not answer")
    case .lies: return .paid
    case .dawdles: return .pending
    case .fails: return .failed("the wallet's payment has failed")
    case .honest, .refuses, .unfit:
      return isPaid ? .paid : hasFailed ? .failed("it has failed") : isKnown ? .pending : .unknown
    }
  }
}

/// Renters' wallets as a mortal daemon asks them.
public struct MortalWallets: RenterWallets {
  private let base: any RenterWallets
  private let mortality: Mortality
  private static let dead = WalletFault(.silent, "the daemon is dead")

  public init(_ base: any RenterWallets, _ mortality: Mortality) {
    self.base = base
    self.mortality = mortality
  }

  public func outline(of uri: String) throws(WalletFault) -> WalletOutline { try base.outline(of: uri) }
  public func introduce(_ uri: String) async throws(WalletFault) { try await base.introduce(uri) }

  public func pay(_ invoice: String, from uri: String, until: Instant) async throws(WalletFault) -> WalletWord {
    try await mortality.act("ask the wallet", dead: Self.dead) { () async throws(WalletFault) in
      try await base.pay(invoice, from: uri, until: until)
    }
  }

  public func lookUp(_ paymentHash: PaymentHash, in uri: String) async throws(WalletFault) -> WalletWord {
    try await mortality.act("look up at the wallet", dead: Self.dead) { () async throws(WalletFault) in
      try await base.lookUp(paymentHash, in: uri)
    }
  }
}
