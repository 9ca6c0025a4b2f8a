import Engine
import L402
import Testing
import Units

/// A node that holds payments, and a renter.
public protocol HoldingNodeBench: LightningNodeBench {
  /// Pays as a renter would, and returns when the node holds it.
  func payHeld(_ bolt11: String) async throws
}

/// What every ``HoldingNode`` promises: it is taken or sent back as we say, and not both.
public enum HoldingNodeExercise: String, CaseIterable, Sendable {
  case makesAnInvoiceOverOurHash
  case holdsWhatIsPaid
  case wakesWhoWaitsForAPayment
  case takesWhatIsHeld
  case sendsBackWhatIsHeld
  case takesNothingThatIsNotHeld
  case holdsAcrossARestart

  public func run(on bench: some HoldingNodeBench) async throws {
    let node = try #require(try await bench.node as? any HoldingNode)
    let preimage = Preimage.random()
    let hash = preimage.paymentHash
    let request = bench.request("held", amount: 7_000)
    switch self {
    case .makesAnInvoiceOverOurHash:
      let made = try await node.createHoldInvoice(request, paymentHash: hash)
      #expect(made.paymentHash == hash)
      #expect(made.state == .open)
      #expect(made.amount == 7_000)
      #expect(try await node.createHoldInvoice(request, paymentHash: hash) == made)
      #expect(try await node.lookup(hash) == made)
      let error = await #expect(throws: NodeError.self) {
        _ = try await node.createHoldInvoice(bench.request("held", amount: 8_000), paymentHash: hash)
      }
      #expect(error?.kind == .labelTaken)

    case .holdsWhatIsPaid:
      let made = try await node.createHoldInvoice(request, paymentHash: hash)
      try await bench.payHeld(made.bolt11)
      guard case .accepted(let held) = try await node.waitWhileOpen(hash) else {
        Issue.record("what was paid is not held")
        return
      }
      #expect(held.received == 7_000)
      // Held is not settled: the cursor does not tell of it.
      let other = try await node.createInvoice(bench.request("other"))
      _ = try await bench.pay(other.bolt11)
      #expect(try await bench.settlements(count: 1).map(\.paymentHash) == [other.paymentHash])

    case .wakesWhoWaitsForAPayment:
      let made = try await node.createHoldInvoice(request, paymentHash: hash)
      async let waiting = node.waitWhileOpen(hash)
      try await bench.payHeld(made.bolt11)
      guard case .accepted = try await waiting else {
        Issue.record("who waited was told something else")
        return
      }

    case .takesWhatIsHeld:
      let made = try await node.createHoldInvoice(request, paymentHash: hash)
      try await bench.payHeld(made.bolt11)
      for _ in 0..<2 { try await node.settleHold(preimage) }
      let settlement = try #require(try await bench.settlements(count: 1).first)
      #expect(settlement.paymentHash == hash)
      #expect(settlement.preimage == preimage)
      #expect(settlement.received == 7_000)
      #expect(settlement.label == "held")
      #expect(try await node.waitWhileOpen(hash) == .settled(settlement))
      guard case .settled = try await node.cancel(hash) else {
        Issue.record("what was taken is said to be canceled")
        return
      }

    case .sendsBackWhatIsHeld:
      let made = try await node.createHoldInvoice(request, paymentHash: hash)
      try await bench.payHeld(made.bolt11)
      for _ in 0..<2 { #expect(try await node.cancel(hash) == .canceled) }
      let error = await #expect(throws: NodeError.self) { try await node.settleHold(preimage) }
      #expect(error?.kind == .invoiceExpired)
      #expect(try await node.waitWhileOpen(hash) == .canceled)

    case .takesNothingThatIsNotHeld:
      var error = await #expect(throws: NodeError.self) { try await node.settleHold(preimage) }
      #expect(error?.kind == .unknownInvoice)
      error = await #expect(throws: NodeError.self) { _ = try await node.waitWhileOpen(hash) }
      #expect(error?.kind == .unknownInvoice)
      _ = try await node.createHoldInvoice(request, paymentHash: hash)
      error = await #expect(throws: NodeError.self) { try await node.settleHold(preimage) }
      #expect(error?.kind == .invoiceExpired)

    case .holdsAcrossARestart:
      let made = try await node.createHoldInvoice(request, paymentHash: hash)
      try await bench.payHeld(made.bolt11)
      try await bench.restart()
      let again = try #require(try await bench.node as? any HoldingNode)
      guard case .accepted(let held) = try await again.lookup(hash)?.state else {
        Issue.record("a restart lost what was held")
        return
      }
      #expect(held.received == 7_000)
      try await again.settleHold(preimage)
      #expect(try await bench.settlements(count: 1).map(\.paymentHash) == [hash])
    }
  }
}
