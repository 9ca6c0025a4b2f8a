import BOLT11
import Engine
import L402
import Testing
import Units

/// A node whose wire, and whose word, can be broken.
public protocol FaultyNodeBench: PayingNodeBench {
  /// Answers end after so many bytes, from now on; `false` afterwards when they were shorter.
  func cut(after bytes: Int)
  var wasCut: Bool { get }
  /// Whatever is asked, this is the answer.
  func answer(_ bytes: [UInt8])
  /// Nothing is answered any more.
  func fallSilent()
  /// The node stops when it has paid, before it says so.
  func stopWhilePaying()
  func mend()
  func stop() async throws
  func start() async throws
  /// A node of the same kind that waits for no more than a second.
  var impatient: any PayingNode { get throws }
  /// Ways of lying about an invoice, by name; each begins at once.
  var lies: [(name: String, begin: @Sendable () -> Void)] { get }
  func invoices(under label: String) -> Int
  /// What must never be told.
  var secrets: [String] { get }
  /// Who listens for pushes hears nothing of what happens in `body`. Throws where there are no pushes to be lost.
  func losingPushes(_ body: () async throws -> Void) async throws
}

/// What a node may do to us, and what may not come of it.
public enum NodeWireExercise: String, CaseIterable, Sendable {
  case cutWhileMakingAnInvoice
  case cutWhileLookingOneUp
  case cutWhileReadingSettlements
  case cutWhilePaying
  case answersGarbage
  case lies
  case isSlow
  case isDown
  case goesDownWhilePaying
  case losesPushes

  public func run(on bench: some FaultyNodeBench) async throws {
    let node = try #require(try await bench.node as? any PayingNode)
    switch self {
    case .cutWhileMakingAnInvoice:
      let cuts = try await cutting(bench) { length in
        _ = try await node.createInvoice(bench.request("cut-\(length)"))
      } afterwards: { length in
        // Whatever was heard, the label stands for one invoice, and for the same from now on.
        let made = try await node.createInvoice(bench.request("cut-\(length)"))
        #expect(bench.invoices(under: "cut-\(length)") == 1, "cut after \(length) bytes")
        #expect(try await node.lookup(made.paymentHash) == made)
      }
      #expect(cuts > 100)

    case .cutWhileLookingOneUp:
      let made = try await node.createInvoice(bench.request("looked up"))
      let cuts = try await cutting(bench) { _ in
        let found = try await node.lookup(made.paymentHash)
        #expect(found == made)
      } afterwards: { _ in
      }
      #expect(cuts > 100)

    case .cutWhileReadingSettlements:
      let made = try await node.createInvoice(bench.request("settled"))
      _ = try await bench.pay(made.bolt11)
      let cuts = try await cutting(bench, step: 5) { _ in
        let found = try await node.settlements(after: nil, limit: 10)
        #expect(found.map(\.paymentHash) == [made.paymentHash])
      } afterwards: { _ in
      }
      #expect(cuts > 100)

    case .cutWhilePaying:
      let invoices = Invoices()
      let cuts = try await cutting(bench, step: 3) { length in
        let invoice = try await bench.foreignInvoice(50_000, .paid)
        await invoices.set(length, invoice)
        do {
          guard case .paid = try await node.pay(invoice, maxFee: 10_000) else {
            Issue.record("cut after \(length) bytes: neither paid nor an error")
            return
          }
        } catch let error as NodeError {
          // Before anything is ordered it is looked up.
          if length == 0 { #expect(error.nothingWasSent) }
          if error.nothingWasSent {
            let hash = try #require(PaymentHash(try Invoice.parse(invoice).paymentHash))
            #expect(try await bench.timesPaid(hash) == 0, "cut after \(length) bytes")
          }
          throw error
        }
      } afterwards: { length in
        let invoice = try #require(await invoices.get(length))
        let hash = try #require(PaymentHash(try Invoice.parse(invoice).paymentHash))
        let known = try await node.payout(hash)
        guard case .paid = try await node.pay(invoice, maxFee: 10_000) else {
          Issue.record("cut after \(length) bytes: known as \(known as Any), then not paid")
          return
        }
        #expect(try await bench.timesPaid(hash) == 1, "cut after \(length) bytes")
      }
      #expect(cuts > 100)

    case .answersGarbage: try await answersGarbage(bench, node)
    case .lies:
      for (index, lie) in bench.lies.enumerated() {
        let made = try await node.createInvoice(bench.request("lie \(index)"))
        lie.begin()
        let error = await #expect(throws: NodeError.self, "\(lie.name)") { _ = try await node.lookup(made.paymentHash) }
        #expect(error?.kind == .garbage, "\(lie.name)")
        bench.mend()
        #expect(try await node.lookup(made.paymentHash) == made, "\(lie.name)")
      }

    case .isSlow:
      let made = try await node.createInvoice(bench.request("slow"))
      let impatient = try bench.impatient
      bench.fallSilent()
      let calls: [() async throws -> Void] = [
        { _ = try await impatient.info() },
        { _ = try await impatient.createInvoice(bench.request("slower")) },
        { _ = try await impatient.lookup(made.paymentHash) },
      ]
      for call in calls {
        let error = await #expect(throws: NodeError.self) { try await call() }
        #expect(error?.kind == .unavailable)
      }
      bench.mend()
      #expect(try await again { try await impatient.lookup(made.paymentHash) } == made)

    case .isDown:
      let made = try await node.createInvoice(bench.request("before"))
      try await bench.stop()
      for _ in 0..<2 {
        let error = await #expect(throws: NodeError.self) { _ = try await node.lookup(made.paymentHash) }
        #expect(error?.kind == .unavailable)
      }
      let waiting = await #expect(throws: NodeError.self) { _ = try await node.settlements(after: nil, limit: 1) }
      #expect(waiting?.kind == .unavailable)
      try await bench.start()
      // The same node object, without being told.
      #expect(try await again { try await node.lookup(made.paymentHash) } == made)

    case .goesDownWhilePaying:
      let invoice = try await bench.foreignInvoice(50_000, .paid)
      let hash = try #require(PaymentHash(try Invoice.parse(invoice).paymentHash))
      bench.stopWhilePaying()
      let error = await #expect(throws: NodeError.self) { _ = try await node.pay(invoice, maxFee: 10_000) }
      #expect(error?.kind == .unavailable)
      #expect(error?.nothingWasSent == false)
      bench.mend()
      try await bench.start()
      let found = try await again { try await node.payout(hash) }
      guard case .paid = found, case .paid = try await again({ try await node.pay(invoice, maxFee: 10_000) }) else {
        Issue.record("a payment whose answer was lost is not found")
        return
      }
      #expect(try await bench.timesPaid(hash) == 1)

    case .losesPushes:
      let made = try await node.createInvoice(bench.request("unheard"))
      let waiting = Task { try await node.settlements(after: nil, limit: 1) }
      defer { waiting.cancel() }
      try await bench.losingPushes { _ = try await bench.pay(made.bolt11) }
      #expect(try await waiting.value.map(\.paymentHash) == [made.paymentHash])
    }
  }

  /// As the port has it, who is told `.unavailable` tries again: a connection kept from before may only now be found
  /// dead. A few times; a node that is up answers then.
  private func again<T>(_ call: () async throws -> T) async throws -> T {
    for _ in 0..<4 {
      do {
        return try await call()
      } catch let error as NodeError where error.kind == .unavailable {}
    }
    return try await call()
  }

  /// Cuts the wire after 0, 1, 2 … bytes (or by larger steps, to save time) until an exchange is not cut any more; returns how often it was.
  private func cutting(
    _ bench: some FaultyNodeBench, step: Int = 1, _ attempt: (Int) async throws -> Void,
    afterwards: (Int) async throws -> Void
  ) async throws -> Int {
    var length = 0
    while true {
      bench.cut(after: length)
      do {
        try await attempt(length)
      } catch let error as NodeError {
        #expect(bench.wasCut, "\(error) though nothing was cut")
        #expect(error.kind == .unavailable || error.kind == .garbage, "cut after \(length) bytes: \(error)")
      }
      let wasCut = bench.wasCut
      bench.mend()
      // What was cut may be nothing that anybody waited for; then the next call is the one that finds out.
      if wasCut { _ = try await again { try await bench.node.info() } }
      try await afterwards(length)
      if !wasCut { return length }
      length += step
      try #require(length < 20_000)
    }
  }

  private func answersGarbage(_ bench: some FaultyNodeBench, _ node: any PayingNode) async throws {
    let made = try await node.createInvoice(bench.request("garbage"))
    let paid = try await node.createInvoice(bench.request("paid"))
    _ = try await bench.pay(paid.bolt11)
    let refund = try await bench.foreignInvoice(50_000, .paid)
    _ = try await node.pay(refund, maxFee: 10_000)
    let refunded = try #require(PaymentHash(try Invoice.parse(refund).paymentHash))
    let secrets = bench.secrets
    let answers: [[UInt8]] = [
      [], Array("{".utf8), Array("null".utf8), Array("[[]]".utf8), Array("{}".utf8), [0, 0xFF, 0xC3, 0x28],
      Array("<html>502 Bad Gateway</html>".utf8), Array(String(repeating: "[", count: 100_000).utf8),
      Array("{\"result\":{\"payment_hash\":1e999,\"invoices\":7},\"data\":\"\(secrets.joined())\"}".utf8),
      Array("{\"payments\":-9223372036854775809}".utf8),
    ]
    for answer in answers {
      bench.answer(answer)
      let label = "new \(answer.count)"
      let calls: [() async throws -> Void] = [
        { _ = try await node.lookup(made.paymentHash) },
        { _ = try await node.createInvoice(bench.request(label)) },
        { _ = try await node.settlements(after: nil, limit: 1) },
        { _ = try await node.payout(refunded) },
      ]
      for (index, call) in calls.enumerated() {
        let error = await #expect(
          throws: NodeError.self, "\(index): \(String(decoding: answer.prefix(60), as: UTF8.self))"
        ) {
          try await call()
        }
        guard let error else { continue }
        #expect(error.kind == .garbage || error.kind == .unavailable, "\(index): \(error)")
        for secret in secrets { #expect(!"\(error)".contains(secret)) }
      }
      bench.mend()
      #expect(try await node.lookup(made.paymentHash) == made)
    }
  }
}

private actor Invoices {
  private var all: [Int: String] = [:]
  func set(_ length: Int, _ invoice: String) { all[length] = invoice }
  func get(_ length: Int) -> String? { all[length] }
}
