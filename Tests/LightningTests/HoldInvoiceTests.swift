import Engine
import L402
import TestKit
import Testing
import Units

/// The embedded node holding payments: accepted, then taken or sent back, across crashes.
@Suite struct HoldInvoiceTests {
  private func hold(_ bench: EmbeddedBench, _ preimage: Preimage, amount: Millisatoshi = 4_000) async throws
    -> NodeInvoice
  {
    try await bench.embedded.createHoldInvoice(
      InvoiceRequest(label: "hold", amount: amount, description: "lease", expiry: 600),
      paymentHash: preimage.paymentHash)
  }

  private func refused(_ kind: NodeError.Kind, _ body: () async throws -> Void) async {
    let error = await #expect(throws: NodeError.self) { try await body() }
    #expect(error?.kind == kind)
  }

  /// Pays, and returns once the payment is held; the payer goes on waiting.
  private func paying(_ bench: EmbeddedBench, _ made: NodeInvoice) async throws -> Task<Preimage, any Error> {
    let node = bench.embedded
    let payer = Task { try await node.payOwn(made.bolt11) }
    guard case .accepted(let held) = try await node.waitWhileOpen(made.paymentHash) else {
      Issue.record("the payment is not held")
      return payer
    }
    #expect(held == HeldPayment(received: made.amount, decideBy: bench.clock.now() + .hour))
    return payer
  }

  @Test func heldThenTaken() async throws {
    let bench = try EmbeddedBench()
    let preimage = Preimage.random()
    let made = try await hold(bench, preimage)
    #expect(made.state == .open)
    #expect(made.paymentHash == preimage.paymentHash)
    let payer = try await paying(bench, made)
    // Nothing has settled yet.
    let ordinary = try await bench.invoice("another")
    _ = try await bench.pay(ordinary.bolt11)
    #expect(try await bench.node.settlements(after: nil, limit: 10).map(\.label) == ["another"])
    for _ in 0..<2 { try await bench.embedded.settleHold(preimage) }
    #expect(try await payer.value == preimage)
    let settlements = try await bench.node.settlements(after: nil, limit: 10)
    #expect(settlements.map(\.label) == ["another", "hold"])
    #expect(settlements[1].preimage == preimage && settlements[1].received == 4_000)
    #expect(try await bench.pay(made.bolt11) == preimage)
  }

  @Test func heldThenSentBack() async throws {
    let bench = try EmbeddedBench()
    let preimage = Preimage.random()
    let made = try await hold(bench, preimage)
    let payer = try await paying(bench, made)
    #expect(try await bench.node.cancel(made.paymentHash) == .canceled)
    await refused(.invoiceExpired) { _ = try await payer.value }
    await refused(.invoiceExpired) { try await bench.embedded.settleHold(preimage) }
    await refused(.invoiceExpired) { _ = try await bench.pay(made.bolt11) }
    #expect(try await bench.embedded.waitWhileOpen(made.paymentHash) == .canceled)
  }

  @Test func whatIsTakenIsNotSentBack() async throws {
    let bench = try EmbeddedBench()
    let preimage = Preimage.random()
    let made = try await hold(bench, preimage)
    let payer = try await paying(bench, made)
    try await bench.embedded.settleHold(preimage)
    guard case .settled = try await bench.node.cancel(made.paymentHash) else {
      Issue.record("a taken payment was sent back")
      return
    }
    _ = try await payer.value
  }

  @Test func anUndecidedPaymentGoesBackByItselfForGood() async throws {
    let bench = try EmbeddedBench()
    let preimage = Preimage.random()
    let made = try await hold(bench, preimage)
    let payer = try await paying(bench, made)
    bench.clock.advance(by: .hour)
    await refused(.invoiceExpired) { try await bench.embedded.settleHold(preimage) }
    await refused(.invoiceExpired) { _ = try await payer.value }
    bench.clock.advance(byMicroseconds: -600_000_000)
    await refused(.invoiceExpired) { try await bench.embedded.settleHold(preimage) }
  }

  @Test func itMaySettleAfterItsExpiryButNotArriveThen() async throws {
    let bench = try EmbeddedBench()
    let preimage = Preimage.random()
    let made = try await hold(bench, preimage)
    let payer = try await paying(bench, made)
    bench.clock.advance(by: 700)
    try await bench.embedded.settleHold(preimage)
    #expect(try await payer.value == preimage)
    let late = Preimage.random()
    let other = try await bench.embedded.createHoldInvoice(
      InvoiceRequest(label: "late", amount: 1_000, description: "lease", expiry: 10), paymentHash: late.paymentHash)
    bench.clock.advance(by: 10)
    await refused(.invoiceExpired) { _ = try await bench.pay(other.bolt11) }
    #expect(try await bench.embedded.waitWhileOpen(other.paymentHash) == .expired)
  }

  @Test func theSameHashIsTheSameInvoice() async throws {
    let bench = try EmbeddedBench()
    let preimage = Preimage.random()
    let made = try await hold(bench, preimage)
    #expect(try await hold(bench, preimage) == made)
    await refused(.labelTaken) { _ = try await hold(bench, preimage, amount: 5_000) }
    await refused(.labelTaken) { _ = try await hold(bench, .random()) }
    await refused(.unknownInvoice) { try await bench.embedded.settleHold(.random()) }
    await refused(.unknownInvoice) { _ = try await bench.embedded.waitWhileOpen(Preimage.random().paymentHash) }
    // Nobody has paid it.
    await refused(.invoiceExpired) { try await bench.embedded.settleHold(preimage) }
  }

  @Test func aRestartForgetsNothingHeld() async throws {
    let bench = try EmbeddedBench()
    let preimages = [Preimage.random(), .random(), .random()]
    var made: [NodeInvoice] = []
    for (index, preimage) in preimages.enumerated() {
      made.append(
        try await bench.embedded.createHoldInvoice(
          InvoiceRequest(label: "\(index)", amount: 1_000, description: "lease", expiry: 600),
          paymentHash: preimage.paymentHash))
    }
    for invoice in made.dropLast() { try await paying(bench, invoice).cancel() }
    try await bench.restart()
    let node = bench.embedded
    for invoice in made.dropLast() {
      guard case .accepted = try await node.waitWhileOpen(invoice.paymentHash) else {
        Issue.record("the restart forgot a held payment")
        return
      }
    }
    #expect(try await node.lookup(made[2].paymentHash)?.state == .open)
    try await node.settleHold(preimages[0])
    #expect(try await node.cancel(made[1].paymentHash) == .canceled)
    try await bench.restart()
    #expect(try await bench.pay(made[0].bolt11) == preimages[0])
    #expect(try await bench.node.lookup(made[1].paymentHash)?.state == .canceled)
    #expect(try await bench.node.settlements(after: nil, limit: 10).map(\.label) == ["0"])
  }

  /// The node goes away while a payer waits: the payment stays held, and the same payer gets its outcome later.
  @Test func aPayerOutlivesItsNode() async throws {
    let bench = try EmbeddedBench()
    let preimage = Preimage.random()
    let made = try await hold(bench, preimage)
    let payer = try await paying(bench, made)
    bench.embedded.close()
    await refused(.unavailable) { _ = try await payer.value }
    try await bench.restart()
    guard case .accepted = try await bench.node.lookup(made.paymentHash)?.state else {
      Issue.record("the payment went away with the node")
      return
    }
    try await bench.embedded.settleHold(preimage)
    #expect(try await bench.pay(made.bolt11) == preimage)
    #expect(try await bench.node.settlements(after: nil, limit: 10).map(\.paymentHash) == [made.paymentHash])
  }

  @Test func whoWaitsLetsGoWhenCancelled() async throws {
    let bench = try EmbeddedBench()
    let made = try await hold(bench, .random())
    let node = bench.embedded
    let waiting = Task { try await node.waitWhileOpen(made.paymentHash) }
    waiting.cancel()
    await refused(.unavailable) { _ = try await waiting.value }
    let payer = try await paying(bench, made)
    payer.cancel()
    await refused(.unavailable) { _ = try await payer.value }
    // The payment is held all the same.
    guard case .accepted = try await node.waitWhileOpen(made.paymentHash) else {
      Issue.record("the payment went away with its payer")
      return
    }
  }
}
