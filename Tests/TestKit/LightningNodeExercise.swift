import BOLT11
import Engine
import L402
import Macaroons
import Testing
import Units

/// A node, and what a test must be able to do to it.
public protocol LightningNodeBench: Sendable {
  /// The node as it runs now.
  var node: any LightningNode { get async throws }
  /// Whether the node can cancel; where not, it must say so.
  var cancels: Bool { get }
  /// Pays as a renter would, and returns when the node has it.
  func pay(_ bolt11: String) async throws -> Preimage
  /// Lets the invoice's time run out.
  func expire(_ invoice: NodeInvoice) async throws
  /// Ends the node without warning and starts it again on the same state.
  func restart() async throws
  /// Whether the node does not know any more what it has canceled.
  var forgetsCanceled: Bool { get }
  /// Whether the label stands behind the description, for all to see.
  var showsLabels: Bool { get }
  /// How long the invoices of the exercise may be paid.
  var expiry: Seconds { get }
}

extension LightningNodeBench {
  public var forgetsCanceled: Bool { false }
  public var showsLabels: Bool { false }
  public var expiry: Seconds { 600 }

  /// Settlements in their order, as many as are wanted: a node may tell of them one at a time.
  public func settlements(
    after cursor: String? = nil, count: Int, limit: Int = 10
  ) async throws -> [NodeSettlement] {
    var found: [NodeSettlement] = []
    while found.count < count {
      let most = min(limit, count - found.count)
      let next = try await node.settlements(after: found.last?.cursor ?? cursor, limit: most)
      guard !next.isEmpty, next.count <= most else { break }
      found += next
    }
    return found
  }

  public func request(
    _ label: String, amount: Millisatoshi = 3_000, description: String = "lease"
  ) -> InvoiceRequest {
    InvoiceRequest(label: label, amount: amount, description: description, expiry: expiry)
  }
}

/// What every ``LightningNode`` promises, one promise a case. Run all of them over every implementation:
///
/// ```swift
/// @Test(arguments: LightningNodeExercise.allCases)
/// func conforms(_ exercise: LightningNodeExercise) async throws {
///   try await exercise.run(on: Bench())
/// }
/// ```
public enum LightningNodeExercise: String, CaseIterable, Sendable {
  case saysWhoItIs
  case makesAnInvoiceAsAsked
  case makesAnInvoiceOverWordsToldElsewhere
  case answersTheSameLabelWithTheSameInvoice
  case refusesTheLabelOfAnotherAmount
  case knowsItsInvoicesAndNoOthers
  case settlesWhatIsPaid
  case deliversSettlementsInOrder
  case startsAtTheBeginningWithoutACursor
  case wakesWhoWaits
  case letsAWaiterGoWhenCancelled
  case keepsEverythingAcrossARestart
  case expires
  case cancelsForGood
  case doesNotCancelWhatIsPaid
  case makesManyAtOnce

  public func run(on bench: some LightningNodeBench) async throws {
    let node = try await bench.node
    switch self {
    case .saysWhoItIs:
      let info = try await node.info()
      #expect(Network(rawValue: info.network) != nil)
      #expect(info.nodeID.count == 66)
      #expect(!node.name.isEmpty)
      let invoice = try await Invoice.parse(node.createInvoice(bench.request("who")).bolt11)
      #expect(invoice.network.rawValue == info.network)
      #expect("\(invoice.payee)" == info.nodeID)

    case .makesAnInvoiceAsAsked:
      let made = try await node.createInvoice(bench.request("a", amount: 12_000, description: "eine Platte für 1 Tag"))
      let invoice = try Invoice.parse(made.bolt11)
      #expect(made.state == .open)
      #expect(made.amount == 12_000)
      #expect(invoice.amount == 12_000)
      let words = "eine Platte für 1 Tag"
      let said = invoice.description ?? ""
      #expect(bench.showsLabels ? said.hasPrefix(words + " #") && said.hasSuffix("a") : said == words)
      #expect(invoice.expiry == bench.expiry)
      #expect(invoice.expiresAt == made.expiresAt)
      #expect(PaymentHash(invoice.paymentHash) == made.paymentHash)

    case .makesAnInvoiceOverWordsToldElsewhere:
      let words =
        #"[["text/plain","eine Platte für 1 Tag"],["text/identifier","\#(String(repeating: "a", count: 200))"]]"#
      var request = bench.request("h", amount: 12_000, description: words)
      request.isDescriptionHashed = true
      let made = try await node.createInvoice(request)
      let invoice = try Invoice.parse(made.bolt11)
      #expect(invoice.descriptionHash == Array(words.utf8).withUnsafeBytes { Bytes32.sha256($0) }.array)
      #expect(invoice.description == nil)
      #expect(try await node.lookup(made.paymentHash)?.label?.hasSuffix("h") == true)
      #expect(try await node.createInvoice(request).bolt11 == made.bolt11)
      let preimage = try await bench.pay(made.bolt11)
      let settlement = try #require(try await node.settlements(after: nil, limit: 10).first)
      #expect(settlement.preimage == preimage && settlement.label == "h")

    case .answersTheSameLabelWithTheSameInvoice:
      let first = try await node.createInvoice(bench.request("same"))
      var again = try await node.createInvoice(bench.request("same"))
      // It lives for seconds here, and a busy machine may take them.
      if again.state == .expired { again.state = first.state }
      #expect(again == first)
      let other = try await node.createInvoice(bench.request("other"))
      #expect(other.paymentHash != first.paymentHash)
      try await bench.expire(first)
      #expect(try await node.createInvoice(bench.request("same")).bolt11 == first.bolt11)

    case .refusesTheLabelOfAnotherAmount:
      _ = try await node.createInvoice(bench.request("taken", amount: 1_000))
      await #expect(
        "taken",
        performing: {
          _ = try await node.createInvoice(bench.request("taken", amount: 2_000))
        }, throws: { ($0 as? NodeError)?.kind == .labelTaken })

    case .knowsItsInvoicesAndNoOthers:
      let made = try await node.createInvoice(bench.request("known"))
      #expect(made.label?.hasSuffix("known") == true)
      #expect(try await node.lookup(made.paymentHash) == made)
      #expect(try await node.lookup(Preimage.random().paymentHash) == nil)

    case .settlesWhatIsPaid:
      let made = try await node.createInvoice(bench.request("paid", amount: 5_000))
      let preimage = try await bench.pay(made.bolt11)
      #expect(preimage.paymentHash == made.paymentHash)
      let settlement = try #require(try await node.settlements(after: nil, limit: 10).first)
      #expect(settlement.paymentHash == made.paymentHash)
      #expect(settlement.preimage == preimage)
      #expect(settlement.received == 5_000)
      #expect(settlement.label == "paid")
      #expect(try await node.lookup(made.paymentHash)?.state == .settled(settlement))
      // A label that was paid stays the invoice that was paid.
      #expect(try await node.createInvoice(bench.request("paid", amount: 5_000)).state == .settled(settlement))

    case .deliversSettlementsInOrder:
      let hashes = try await payThree(node, bench)
      let all = try await bench.settlements(count: 3)
      #expect(all.map(\.paymentHash) == hashes)
      #expect(try await bench.settlements(count: 2, limit: 2) == Array(all[..<2]))
      #expect(try await bench.settlements(after: all[0].cursor, count: 2) == Array(all[1...]))
      #expect(try await bench.settlements(after: all[1].cursor, count: 1, limit: 1) == Array(all[2...]))
      #expect(Set(all.map(\.cursor)).count == 3)

    case .startsAtTheBeginningWithoutACursor:
      let hashes = try await payThree(node, bench)
      for _ in 0..<2 { #expect(try await bench.settlements(count: 3).map(\.paymentHash) == hashes) }

    case .wakesWhoWaits:
      let first = try await node.createInvoice(bench.request("1"))
      let second = try await node.createInvoice(bench.request("2"))
      _ = try await bench.pay(first.bolt11)
      let cursor = try await node.settlements(after: nil, limit: 1)[0].cursor
      async let waiting = node.settlements(after: cursor, limit: 10)
      async let alsoWaiting = node.settlements(after: cursor, limit: 10)
      _ = try await bench.pay(second.bolt11)
      #expect(try await waiting.map(\.paymentHash) == [second.paymentHash])
      #expect(try await alsoWaiting.map(\.paymentHash) == [second.paymentHash])

    case .letsAWaiterGoWhenCancelled:
      let waiting = Task { try await node.settlements(after: nil, limit: 10) }
      waiting.cancel()
      let found = try? await waiting.value  // An error is as good an end as an empty answer.
      #expect(found ?? [] == [])

    case .keepsEverythingAcrossARestart:
      try await keepsEverythingAcrossARestart(bench)

    case .expires:
      let made = try await node.createInvoice(bench.request("late"))
      try await bench.expire(made)
      #expect(try await node.lookup(made.paymentHash)?.state == .expired)
      await #expect(throws: (any Error).self) { _ = try await bench.pay(made.bolt11) }
      #expect(try await node.lookup(made.paymentHash)?.state == .expired)

    case .cancelsForGood:
      let made = try await node.createInvoice(bench.request("no more"))
      guard bench.cancels else {
        await saysThatItCannotCancel(node, made.paymentHash)
        return
      }
      for _ in 0..<2 { #expect(try await node.cancel(made.paymentHash) == .canceled) }
      await #expect(throws: (any Error).self) { _ = try await bench.pay(made.bolt11) }
      try await bench.restart()
      #expect(try await bench.node.lookup(made.paymentHash)?.state == (bench.forgetsCanceled ? nil : .canceled))
      await #expect(throws: (any Error).self) { _ = try await bench.pay(made.bolt11) }

    case .doesNotCancelWhatIsPaid:
      let made = try await node.createInvoice(bench.request("won"))
      let preimage = try await bench.pay(made.bolt11)
      guard bench.cancels else {
        await saysThatItCannotCancel(node, made.paymentHash)
        guard case .settled(let settlement) = try await node.lookup(made.paymentHash)?.state else {
          Issue.record("a settled invoice is not said to be settled")
          return
        }
        #expect(settlement.preimage == preimage)
        return
      }
      guard case .settled(let settlement) = try await node.cancel(made.paymentHash) else {
        Issue.record("a settled invoice is said to be cancelled")
        return
      }
      #expect(settlement.preimage == preimage)

    case .makesManyAtOnce:
      let hashes = try await withThrowingTaskGroup(of: (Int, PaymentHash).self) { group in
        // Each label is asked for by two at once.
        for index in 0..<40 {
          group.addTask { (index / 2, try await node.createInvoice(bench.request("many \(index / 2)")).paymentHash) }
        }
        return try await group.reduce(into: [Int: Set<PaymentHash>]()) { $0[$1.0, default: []].insert($1.1) }
      }
      #expect(hashes.count == 20)
      #expect(hashes.values.allSatisfy { $0.count == 1 })
      #expect(Set(hashes.values.flatMap { $0 }).count == 20)
    }
  }

  private func saysThatItCannotCancel(_ node: any LightningNode, _ hash: PaymentHash) async {
    await #expect(
      "says so",
      performing: {
        _ = try await node.cancel(hash)
      }, throws: { ($0 as? NodeError)?.kind == .cannotCancel })
  }

  private func keepsEverythingAcrossARestart(_ bench: some LightningNodeBench) async throws {
    var node = try await bench.node
    let info = try await node.info()
    let paid = try await node.createInvoice(bench.request("paid"))
    let open = try await node.createInvoice(bench.request("open"))
    let preimage = try await bench.pay(paid.bolt11)
    let before = try await node.settlements(after: nil, limit: 10)

    try await bench.restart()
    node = try await bench.node
    #expect(try await node.info() == info)
    #expect(try await node.settlements(after: nil, limit: 10) == before)
    #expect(before.map(\.preimage) == [preimage])
    #expect(try await node.lookup(open.paymentHash) == open)
    #expect(try await node.createInvoice(bench.request("open")) == open)

    _ = try await bench.pay(open.bolt11)
    let after = try await node.settlements(after: before[0].cursor, limit: 10)
    #expect(after.map(\.paymentHash) == [open.paymentHash])
  }

  private func payThree(
    _ node: any LightningNode, _ bench: some LightningNodeBench
  ) async throws -> [PaymentHash] {
    var hashes: [PaymentHash] = []
    for label in ["first", "second", "third"] {
      let made = try await node.createInvoice(bench.request(label))
      _ = try await bench.pay(made.bolt11)
      hashes.append(made.paymentHash)
    }
    return hashes
  }

}
