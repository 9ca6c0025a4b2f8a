import BOLT11
import NodeRPC
import Synchronization
import Testing
import Units

@testable import Wallets

/// A node that answers as it is told, one answer after another; the last one stays.
private final class Script: WalletNode {
  struct Lines {
    var pays: [Result<OutgoingPayment, RPCError>]
    var lookups: [Result<OutgoingPayment?, RPCError>] = [.success(nil)]
    var bound: Millisatoshi?
    var paid = 0
    var looked = 0
  }

  let lines: Mutex<Lines>

  init(
    pays: [Result<OutgoingPayment, RPCError>] = [], lookups: [Result<OutgoingPayment?, RPCError>] = [.success(nil)],
    bound: Millisatoshi? = nil
  ) {
    lines = Mutex(Lines(pays: pays, lookups: lookups, bound: bound))
  }

  func pay(_ invoice: Invoice, maxFee: Millisatoshi) async throws(RPCError) -> OutgoingPayment {
    try lines.withLock { lines in
      lines.paid += 1
      return lines.pays.count > 1 ? lines.pays.removeFirst() : lines.pays[0]
    }.get()
  }

  func payment(_ paymentHash: [UInt8]) async throws(RPCError) -> OutgoingPayment? {
    try lines.withLock { lines in
      lines.looked += 1
      return lines.lookups.count > 1 ? lines.lookups.removeFirst() : lines.lookups[0]
    }.get()
  }

  func feeBound(_ invoice: Invoice) async throws(RPCError) -> Millisatoshi? { lines.withLock { $0.bound } }
  func greeting() async throws(RPCError) -> String { "hello" }
}

@Suite struct NodeWalletTests {
  private let preimage = [UInt8](repeating: 7, count: 32)
  private var paid: OutgoingPayment { .paid(preimage: preimage, fee: 5) }
  private var payment: Payment { Payment(preimage: preimage, fee: 5) }

  private var invoice: Invoice {
    get throws {
      try InvoiceDraft(
        network: .regtest, amount: 21_000, timestamp: Instant(unixSeconds: 1_800_000_000),
        paymentHash: [UInt8](repeating: 1, count: 32), paymentSecret: [UInt8](repeating: 2, count: 32),
        subject: .description("x"), expiry: 600
      ).sign(with: .random())
    }
  }

  /// - Parameter step: the time that goes by with each look.
  private func wallet(_ script: Script, patience: Seconds = 60, step: Duration = .zero) -> NodeWallet {
    let start = ContinuousClock.now
    return NodeWallet(
      "node", script, patience: patience, pause: .zero,
      now: { start + step * script.lines.withLock { $0.looked } })
  }

  private func error(_ kind: RPCError.Kind) -> RPCError { RPCError(kind, attempted: "pay", words: "words") }

  private func pay(
    _ script: Script, patience: Seconds = 60, step: Duration = .zero
  ) async throws -> Payment {
    try await wallet(script, patience: patience, step: step).pay(invoice, maxFee: 100)
  }

  @Test func aPlainPaymentIsLookedUpNowhere() async throws {
    let script = Script(pays: [.success(paid)])
    #expect(try await pay(script) == payment)
    #expect(script.lines.withLock { $0.looked } == 0)
  }

  @Test func oneThatIsHeldIsWaitedFor() async throws {
    let script = Script(
      pays: [.success(.pending)], lookups: [.success(.pending), .success(.pending), .success(paid)])
    #expect(try await pay(script) == payment)
    #expect(script.lines.withLock { ($0.paid, $0.looked) } == (1, 3))
  }

  @Test func anAnswerThatIsLostIsMadeUpFor() async throws {
    for kind in [RPCError.Kind.lost, .garbage, .refused(code: 9)] {
      let script = Script(pays: [.failure(error(kind))], lookups: [.success(.pending), .success(paid)])
      #expect(try await pay(script) == payment)
      #expect(script.lines.withLock { $0.paid } == 1)
    }
  }

  /// Core Lightning's list says "failed" between two attempts of a payment that goes on.
  @Test func whatFailedBehindALostAnswerMayStillBePaidForAMinute() async throws {
    for kind in [RPCError.Kind.lost, .garbage] {
      let failed = [Result<OutgoingPayment?, RPCError>](repeating: .success(.failed(reason: "no route")), count: 5)
      let script = Script(pays: [.failure(error(kind))], lookups: failed + [.success(paid)])
      #expect(try await pay(script, patience: 900, step: .seconds(10)) == payment)
      // The sixth look is a minute after the payment began.
      let late = Script(pays: [.failure(error(kind))], lookups: failed + failed.prefix(1) + [.success(paid)])
      guard case .declined = await failure(late, patience: 900, step: .seconds(10)) else {
        Issue.record("never believed"); return
      }
      #expect(late.lines.withLock { $0.looked } == 6)
    }
    let refused = Script(pays: [.failure(error(.refused(code: 1)))], lookups: [.success(.failed(reason: "no route"))])
    guard case .declined = await failure(refused) else { Issue.record("refused, and failed"); return }
    #expect(refused.lines.withLock { $0.looked } == 1)
  }

  private func failure(
    _ script: Script, patience: Seconds = 60, step: Duration = .zero
  ) async -> WalletError? {
    await #expect(throws: WalletError.self) { _ = try await pay(script, patience: patience, step: step) }
  }

  @Test func onlyWhatIsCertainlyNotPaidIsDeclined() async throws {
    guard case .declined = await failure(Script(pays: [.success(.failed(reason: "no route"))])) else {
      Issue.record("a failed payment"); return
    }
    guard case .declined = await failure(Script(pays: [.failure(error(.refused(code: 1)))])) else {
      Issue.record("refused, and the node knows of nothing"); return
    }
    let failed = Script(pays: [.failure(error(.lost))], lookups: [.success(.failed(reason: "no route"))])
    guard case .declined = await failure(failed, patience: 900, step: .seconds(60)) else {
      Issue.record("lost, and then failed"); return
    }
    // Lost, and not listed: the node may still come to hear of it.
    guard case .uncertain = await failure(Script(pays: [.failure(error(.lost))])) else {
      Issue.record("lost, and not listed"); return
    }
    let deaf = Script(pays: [.failure(error(.lost))], lookups: [.failure(error(.notSent))])
    guard case .uncertain = await failure(deaf) else { Issue.record("lost, and gone"); return }
    let slow = Script(pays: [.success(.pending)], lookups: [.success(.pending)])
    guard case .uncertain = await failure(slow, patience: 0) else { Issue.record("still under way"); return }
  }

  @Test func aNodeThatIsAwayWasNotAsked() async throws {
    let script = Script(pays: [.failure(error(.notSent))])
    guard case .unreachable = await failure(script) else { Issue.record("not reached"); return }
    #expect(script.lines.withLock { $0.looked } == 0)
  }

  @Test func aFeeThatMayBeTooHighIsNotRisked() async throws {
    let script = Script(pays: [.success(paid)], bound: 101)
    guard case .declined(let words) = await failure(script) else { Issue.record("paid"); return }
    #expect(words.contains("routing"))
    #expect(script.lines.withLock { $0.paid } == 0)
    #expect(try await pay(Script(pays: [.success(paid)], bound: 100)) == payment)
  }

  @Test func whatBecameOfAPayment() async throws {
    let invoice = try invoice
    for (found, outcome) in [
      (OutgoingPayment.pending as OutgoingPayment?, PaymentOutcome.pending), (paid, .paid(payment)),
      (.failed(reason: "x"), .unpaid), (nil, .unpaid),
    ] {
      #expect(try await wallet(Script(lookups: [.success(found)])).outcome(of: invoice) == outcome)
    }
    await #expect(throws: WalletError.self) {
      _ = try await wallet(Script(lookups: [.failure(error(.lost))])).outcome(of: invoice)
    }
  }
}
