import BOLT11
import Engine
import L402
import Lightning
import TestKit
import Testing
import Units

@Suite struct EmbeddedNodeTests {
  @Test(arguments: LightningNodeExercise.allCases)
  func conforms(_ exercise: LightningNodeExercise) async throws {
    try await exercise.run(on: EmbeddedBench())
  }

  @Test(arguments: PayingNodeExercise.cases(on: EmbeddedBench.self))
  func pays(_ exercise: PayingNodeExercise) async throws {
    try await exercise.run(on: EmbeddedBench())
  }

  @Test(arguments: HoldingNodeExercise.allCases)
  func holds(_ exercise: HoldingNodeExercise) async throws {
    try await exercise.run(on: EmbeddedBench())
  }

  private func refused(_ kind: NodeError.Kind, _ body: () async throws -> Void) async {
    let error = await #expect(throws: NodeError.self) { try await body() }
    #expect(error?.kind == kind)
  }

  @Test func payingAgainGivesTheSamePreimage() async throws {
    let bench = try EmbeddedBench()
    let made = try await bench.invoice("a")
    let preimage = try await bench.pay(made.bolt11)
    #expect(try await bench.pay(made.bolt11.uppercased()) == preimage)
    bench.clock.advance(by: .day)
    #expect(try await bench.pay(made.bolt11) == preimage)
    try await bench.restart()
    #expect(try await bench.pay(made.bolt11) == preimage)
    #expect(try await bench.node.settlements(after: nil, limit: 10).count == 1)
  }

  @Test func onlyItsOwnInvoicesArePaid() async throws {
    let bench = try EmbeddedBench()
    let made = try await bench.invoice("a")
    let draft = InvoiceDraft(
      network: .regtest, amount: 1, timestamp: bench.clock.now(), paymentHash: made.paymentHash.bytes.array,
      paymentSecret: [UInt8](repeating: 1, count: 32), subject: .description("cheaper"))
    let forged = try draft.sign(with: .random())
    await refused(.unknownInvoice) { _ = try await bench.pay(forged.text) }
    await refused(.unknownInvoice) { _ = try await bench.pay("lnbcrt1nonsense") }
    await refused(.unknownInvoice) { _ = try await bench.embedded.cancel(Preimage.random().paymentHash) }
  }

  @Test func whatIsExpiredOrCanceledIsNotPaid() async throws {
    let bench = try EmbeddedBench()
    let canceled = try await bench.invoice("canceled")
    _ = try await bench.node.cancel(canceled.paymentHash)
    await refused(.invoiceExpired) { _ = try await bench.pay(canceled.bolt11) }
    let late = try await bench.invoice("late")
    bench.clock.set(to: late.expiresAt)
    await refused(.invoiceExpired) { _ = try await bench.pay(late.bolt11) }
    bench.clock.advance(byMicroseconds: -1)
    _ = try await bench.pay(late.bolt11)
  }

  @Test func invoicesAreForRegtest() async throws {
    let bench = try EmbeddedBench()
    #expect(try await bench.invoice("a").bolt11.hasPrefix("lnbcrt"))
    #expect(try await bench.embedded.info().network == "bcrt")
  }

  @Test func whatNoInvoiceCanHoldIsRefused() async throws {
    let node = try EmbeddedBench().embedded
    let long = String(repeating: "x", count: 640)
    for (amount, text, expiry) in [(0, "x", 60), (-1, "x", 60), (1, long, 60), (1, "x", -1)] {
      await refused(.refused) {
        _ = try await node.createInvoice(
          InvoiceRequest(
            label: "bad", amount: Millisatoshi(Int64(amount)), description: text, expiry: Seconds(Int64(expiry))))
      }
    }
  }

  @Test func aSecondOpenerIsToldWhoHasIt() async throws {
    let bench = try EmbeddedBench()
    let error = #expect(throws: NodeError.self) {
      _ = try EmbeddedNode(directory: bench.directory.path, clock: bench.clock)
    }
    #expect(error?.kind == .refused)
    #expect(error?.words.contains("process") == true)
    bench.embedded.close()
    _ = try EmbeddedNode(directory: bench.directory.path, clock: bench.clock)
  }

  @Test func aClosedNodeSaysSo() async throws {
    let bench = try EmbeddedBench()
    let node = bench.embedded
    let waiting = Task { try await node.settlements(after: nil, limit: 1) }
    node.close()
    await refused(.unavailable) { _ = try await bench.invoice("late") }
    await #expect(throws: NodeError.self) { _ = try await waiting.value }
  }

  @Test func aCursorOfAnotherJournalStartsAtTheBeginning() async throws {
    let (one, other) = (try EmbeddedBench(), try EmbeddedBench())
    for bench in [one, other] {
      for label in ["1", "2"] { _ = try await bench.pay(bench.invoice(label).bolt11) }
    }
    let foreign = try await other.node.settlements(after: nil, limit: 2)[1].cursor
    let all = try await one.node.settlements(after: nil, limit: 10)
    for cursor in [foreign, "17", "", "x-1", all[1].cursor + "0"] {
      #expect(try await one.node.settlements(after: cursor, limit: 10) == all)
    }
  }

  @Test func filesAreTheOwnersAlone() async throws {
    let bench = try EmbeddedBench()
    _ = try await bench.invoice("a")
    #expect(try bench.directory.mode(of: "") == 0o700)
    for name in ["node.key", "invoices.journal", "lock"] { #expect(try bench.directory.mode(of: name) == 0o600) }
  }

  @Test func aKeyOthersMayReadIsRefused() throws {
    let directory = TemporaryDirectory()
    let digits = String(repeating: "0", count: 63) + "1"
    try directory.write("node.key", Array(digits.utf8), mode: 0o640)
    let error = #expect(throws: NodeError.self) {
      _ = try EmbeddedNode(directory: directory.path, clock: ManualClock())
    }
    #expect(error?.kind == .refused)
    #expect(error?.description.contains(digits) == false)
  }

  @Test(arguments: ["", "zz", String(repeating: "0", count: 64), String(repeating: "1", count: 63)])
  func aBadKeyIsNotReplaced(_ contents: String) throws {
    let directory = TemporaryDirectory()
    try directory.write("node.key", Array(contents.utf8))
    let error = #expect(throws: NodeError.self) {
      _ = try EmbeddedNode(directory: directory.path, clock: ManualClock())
    }
    #expect(error?.kind == .garbage)
    #expect(try directory.read("node.key") == Array(contents.utf8))
  }
}
