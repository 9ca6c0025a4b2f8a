import Engine
import Glibc
import L402
import Lightning
import TestKit
import Testing
import Units

/// What a crash at any byte leaves behind is opened again, with everything that was ever answered.
@Suite struct JournalTests {
  /// The journal's length, and what must be known, after each answer.
  private struct Step {
    var length: Int
    var settled: Int
    var known: [PaymentHash]
  }

  private let header = 24

  private func history(_ bench: EmbeddedBench) async throws -> [Step] {
    var steps: [Step] = []
    var known: [PaymentHash] = []
    var settled = 0
    func note() throws {
      steps.append(Step(length: try bench.directory.read("invoices.journal").count, settled: settled, known: known))
    }
    try note()
    for index in 0..<3 {
      let made = try await bench.invoice("\(index)")
      known.append(made.paymentHash)
      try note()
      if index == 1 {
        _ = try await bench.node.cancel(made.paymentHash)
      } else {
        _ = try await bench.pay(made.bolt11)
        settled += 1
      }
      try note()
    }
    return steps
  }

  private func reopened(
    _ bench: EmbeddedBench, journal: [UInt8], _ body: (EmbeddedNode) async throws -> Void
  ) async throws {
    let copy = TemporaryDirectory()
    try copy.write("invoices.journal", journal)
    try copy.write("node.key", bench.directory.read("node.key"))
    let node = try EmbeddedNode(directory: copy.path, clock: bench.clock)
    try await body(node)
    guard journal.count.isMultiple(of: 8) else { return }
    node.close()
    // And once more: what the first start repaired is sound.
    _ = try EmbeddedNode(directory: copy.path, clock: bench.clock)
  }

  @Test func aCrashAtAnyByteLosesNothingThatWasAnswered() async throws {
    let bench = try EmbeddedBench()
    let steps = try await history(bench)
    let journal = try bench.directory.read("invoices.journal")
    // Every byte of the last frame, and of the ones before it the boundaries and some between.
    let late = steps[steps.count - 2].length
    let lengths = Set(steps.map(\.length)).union(stride(from: header, to: late, by: 11)).union(late...journal.count)
    for length in lengths.sorted() {
      let step = try #require(steps.last { $0.length <= length })
      // The tail of a torn write may also be there as zeros, or as noise.
      let tails = [[], [UInt8](repeating: 0, count: 300), [0xff, 0x13, 0x00, 0x00]]
      for tail in length.isMultiple(of: 8) ? tails : [[]] {
        try await reopened(bench, journal: Array(journal[..<length]) + tail) { node in
          for hash in step.known { #expect(try await node.lookup(hash) != nil) }
          if step.settled > 0 {
            // One more where the torn bytes were zeros, and the zeros behind them made the frame whole.
            let settled = try await node.settlements(after: nil, limit: 10).count
            #expect(settled == step.settled || !tail.isEmpty && settled == step.settled + 1)
          }
          guard length.isMultiple(of: 8) else { return }
          let made = try await node.createInvoice(
            InvoiceRequest(label: "after", amount: 1, description: "", expiry: 60))
          _ = try await node.payOwn(made.bolt11)
        }
      }
    }
  }

  @Test func whatWasAnsweredBeforeAKillIsThereAfterIt() async throws {
    let directory = TemporaryDirectory()
    let path = directory.path
    await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String] in
      let node = try EmbeddedNode(directory: path, clock: ManualClock())
      for index in 0..<20 {
        let made = try await node.createInvoice(
          InvoiceRequest(label: "\(index)", amount: 1_000, description: "lease", expiry: 600))
        _ = try await node.payOwn(made.bolt11)
      }
      kill(getpid(), SIGKILL)
    }
    let node = try EmbeddedNode(directory: path, clock: ManualClock())
    let settlements = try await node.settlements(after: nil, limit: 100)
    #expect(settlements.map(\.label) == (0..<20).map(String.init))
  }

  @Test func damageInTheMiddleIsRefusedAndNotDropped() async throws {
    let bench = try EmbeddedBench()
    let steps = try await history(bench)
    let journal = try bench.directory.read("invoices.journal")
    let last = steps[steps.count - 2].length
    for offset in stride(from: header, to: last, by: 7) {
      var damaged = journal
      damaged[offset] ^= 0x10
      let copy = TemporaryDirectory()
      try copy.write("invoices.journal", damaged)
      let error = #expect(throws: NodeError.self) { _ = try EmbeddedNode(directory: copy.path, clock: bench.clock) }
      #expect(error?.kind == .garbage)
      #expect(try copy.read("invoices.journal") == damaged)
    }
  }

  @Test(arguments: ["", "leasehold", "something else that is long enough"])
  func aStrangeFileIsRefusedAndKept(_ contents: String) throws {
    let copy = TemporaryDirectory()
    try copy.write("invoices.journal", Array(contents.utf8))
    let error = #expect(throws: NodeError.self) { _ = try EmbeddedNode(directory: copy.path, clock: ManualClock()) }
    #expect(error?.kind == .garbage)
    #expect(try copy.read("invoices.journal") == Array(contents.utf8))
  }

  @Test func whatNobodyPaidIsForgottenWeeksLaterAndWhatWasPaidNever() async throws {
    let bench = try EmbeddedBench()
    let unpaid = try await bench.invoice("unpaid")
    let canceled = try await bench.invoice("canceled")
    _ = try await bench.node.cancel(canceled.paymentHash)
    let (first, second) = (try await bench.invoice("first"), try await bench.invoice("second"))
    for made in [second, first] { _ = try await bench.pay(made.bolt11) }
    let settlements = try await bench.node.settlements(after: nil, limit: 10)
    #expect(settlements.map(\.paymentHash) == [second.paymentHash, first.paymentHash])
    let longer = try bench.directory.read("invoices.journal").count

    bench.clock.advance(by: .day * 6)
    try await bench.restart()
    #expect(try await bench.node.lookup(unpaid.paymentHash) != nil)

    bench.clock.advance(by: .day * 2)
    try await bench.restart()
    #expect(try bench.directory.read("invoices.journal").count < longer)
    for _ in 0..<2 {
      #expect(try await bench.node.lookup(unpaid.paymentHash) == nil)
      #expect(try await bench.node.lookup(canceled.paymentHash) == nil)
      #expect(try await bench.node.settlements(after: nil, limit: 10) == settlements)
      try await bench.restart()
    }
  }

  @Test func aLongJournalIsCompactedWhileTheNodeRuns() async throws {
    let bench = try EmbeddedBench()
    let paid = try await bench.invoice("paid")
    _ = try await bench.pay(paid.bolt11)
    var lengths: [Int] = []
    for round in 0..<3 {
      try await withThrowingTaskGroup(of: Void.self) { group in
        for index in 0..<1_500 { group.addTask { _ = try await bench.invoice("\(round) \(index)") } }
        try await group.waitForAll()
      }
      lengths.append(try bench.directory.read("invoices.journal").count)
      bench.clock.advance(by: .day * 8)
    }
    // Three rounds would take three times the first, were the rounds that ran out not forgotten on the way.
    #expect(lengths[2] < lengths[0] * 5 / 2)
    try await bench.restart()
    #expect(try await bench.node.settlements(after: nil, limit: 10).map(\.paymentHash) == [paid.paymentHash])
  }
}
