import BOLT11
import NodeRPC
import Units

/// Pays from a node or a wallet server of the renter's own.
public struct NodeWallet: Wallet {
  public let name: String
  private let node: any WalletNode
  /// How long a payment may be under way before its asker is told that it is.
  private let patience: Seconds
  private let pause: Duration
  private let now: @Sendable () -> ContinuousClock.Instant

  /// How long a node may go on trying when it was not heard of again.
  private static let attempts = RPCLimits().payment

  init(
    _ name: String, _ node: any WalletNode, patience: Seconds = 900, pause: Duration = .seconds(1),
    now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }
  ) {
    self.name = name
    self.node = node
    self.patience = patience
    self.pause = pause
    self.now = now
  }

  public var routes: Bool { true }

  /// Whether the node answers, in a few words of its own.
  public func greeting() async throws(WalletError) -> String {
    do throws(RPCError) { return try await node.greeting() } catch { throw Self.unheard(error) }
  }

  public func outcome(of invoice: Invoice) async throws(WalletError) -> PaymentOutcome {
    let found: OutgoingPayment?
    do throws(RPCError) { found = try await node.payment(invoice.paymentHash) } catch { throw Self.unheard(error) }
    switch found {
    case .pending: return .pending
    case .paid(let preimage, let fee): return .paid(Payment(preimage: preimage, fee: fee))
    case .failed, nil: return .unpaid
    }
  }

  public func pay(_ invoice: Invoice, maxFee: Millisatoshi) async throws(WalletError) -> Payment {
    try await checkFee(of: invoice, maxFee)
    let began = now()
    var refusal: RPCError?
    var said = OutgoingPayment.pending
    do throws(RPCError) {
      said = try await node.pay(invoice, maxFee: maxFee)
    } catch {
      if case .notSent = error.kind { throw .unreachable("\(name): \(error)") }
      refusal = error
    }
    switch said {
    case .paid(let preimage, let fee): return Payment(preimage: preimage, fee: fee)
    case .failed(let reason): throw .declined("\(name): \(reason)")
    case .pending: break
    }
    return try await settle(invoice, since: began, after: refusal)
  }

  /// What a payment came to that the node did not end its answer with.
  ///
  /// - Parameters:
  ///   - began: when it was asked to pay.
  ///   - refusal: what it said instead.
  private func settle(
    _ invoice: Invoice, since began: ContinuousClock.Instant, after refusal: RPCError?
  ) async throws(WalletError) -> Payment {
    let end = now() + .seconds(patience.count)
    // A node whose answer was lost may still be at it, and its list says "failed" between two attempts.
    let mayBeTrying = refusal.map { !$0.isCertainlyUndone } ?? false
    let attemptsEnd = mayBeTrying ? began + .seconds(Self.attempts.count) : began
    while true {
      let found: OutgoingPayment?
      do throws(RPCError) {
        found = try await node.payment(invoice.paymentHash)
      } catch {
        throw .uncertain("\(name): \(refusal ?? error)")
      }
      switch (found, refusal?.kind) {
      case (.paid(let preimage, let fee), _): return Payment(preimage: preimage, fee: fee)
      case (.failed, _) where now() < attemptsEnd: break
      case (.failed(let reason), _): throw .declined("\(name): \(refusal?.words ?? reason)")
      // It said no, and knows of nothing: no.
      case (nil, .refused?): throw .declined("\(name): \(refusal?.words ?? "refused")")
      // What was lost on the way may still be heard.
      case (nil, _):
        throw .uncertain("\(name): \(refusal?.description ?? "the payment was taken on and is not listed")")
      case (.pending, _): break
      }
      guard now() < end else { throw .uncertain("\(name): the payment is still under way") }
      do { try await Task.sleep(for: pause) } catch { throw .uncertain("interrupted while paying") }
    }
  }

  private func checkFee(of invoice: Invoice, _ maxFee: Millisatoshi) async throws(WalletError) {
    let bound: Millisatoshi?
    do throws(RPCError) { bound = try await node.feeBound(invoice) } catch { throw Self.unheard(error) }
    guard let bound, bound > maxFee else { return }
    throw .declined(
      "\(name): routing may cost \(bound.satoshisRoundedUp) sat, and \(maxFee.count / 1_000) sat are allowed for it")
  }

  /// Nothing was asked that moves money.
  private static func unheard(_ error: RPCError) -> WalletError { .unreachable("\(error)") }
}
