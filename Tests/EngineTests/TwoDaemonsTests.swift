import L402
import Leasing
import Ledger
import TestKit
import Testing
import Units

@testable import Engine

/// What daemons on one database do at the same moment.
@Suite(.timeLimit(.minutes(5))) struct TwoDaemonsTests {
  /// Does it so many times at once.
  ///
  /// - Returns: what was refused, in order of words.
  private func atOnce<T: Sendable>(
    _ times: Int, _ body: @escaping @Sendable (Int) async throws -> T
  ) async -> [String] {
    await withTaskGroup(of: String.self) { group in
      for number in 0..<times { group.addTask { await refusal { try await body(number) } } }
      return await group.reduce(into: [String]()) { $0.append($1) }
    }.sorted()
  }

  @Test func theBoundOnHeldPaymentsHoldsForManyQuotes() async throws {
    try await Platform.with(
      connections: 12,
      settings: {
        $0.heldPayments = 2
        $0.unpaidAllocationsPerClient = 1
      }
    ) { platform in
      let engines = [
        platform.engine,
        platform.anotherEngine {
          $0.heldPayments = 2
          $0.unpaidAllocationsPerClient = 1
        },
      ]
      try await engines[1].prepare()
      let quotes = try await withThrowingTaskGroup(of: PaymentDemand.self) { group in
        for number in 0..<10 {
          group.addTask {
            try await Renter(platform, address: "198.51.100.1").quote(engine: engines[number % 2])
          }
        }
        return try await group.reduce(into: [PaymentDemand]()) { $0.append($1) }
      }
      let holds = try await platform.postgres.transaction { tx in
        try quotes.map { try tx.invoice($0.paymentHash)?.holdEpoch }
      }
      #expect(holds.count == 10, "\(holds)")
      #expect(holds.count { $0 != nil } == 4, "\(holds)")
    }
  }

  // MARK: Refunds

  @Test func anInvoiceIsPaidOnceWhoeverIsAsked() async throws {
    try await Platform.with(connections: 12) { platform in
      let engines = [platform.engine, platform.anotherEngine()]
      try await engines[1].prepare()
      let renter = Renter(platform)
      let (first, second) = (try await renter.credited(), try await renter.credited())
      var hashes: [PaymentHash] = []
      func invoice() async throws -> String {
        let made = try await platform.node.createInvoice(
          InvoiceRequest(
            label: "wallet/\(hashes.count)", amount: 1_000_000, description: "to a wallet", expiry: 3_600))
        hashes.append(made.paymentHash)
        return made.bolt11
      }
      func credit(_ ids: LeaseID...) async throws -> Millisatoshi {
        var sum = Millisatoshi.zero
        for id in ids { sum = sum + (try await platform.lease(id)).account.credit }
        return sum
      }

      let own = try await invoice()
      let same = await atOnce(4) {
        try await engines[$0 % 2].refund(first.id, to: own, renter.caller(first.credential))
      }
      #expect(same == Array(repeating: "nothing", count: 4))
      #expect(try await credit(first.id) == 2_580_000)
      #expect(try await platform.effects(first.id).count { $0.claim.effect.name == "payout" } == 1)

      let shared = try await invoice()
      let two = await atOnce(4) { number in
        let lease = number < 2 ? first : second
        return try await engines[number % 2].refund(lease.id, to: shared, renter.caller(lease.credential))
      }
      #expect(two == ["422 invoice-taken", "422 invoice-taken", "nothing", "nothing"])
      #expect(try await credit(first.id, second.id) == 5_160_000)

      try await platform.settle()
      #expect(try await credit(first.id, second.id) == 5_200_000)
      for hash in hashes {
        guard case .settled = try await platform.node.lookup(hash)?.state else {
          Issue.record("an invoice is not paid")
          continue
        }
      }
      #expect(try await platform.engine.operator.audit().findings == [])
    }
  }

  // MARK: Rates

  /// Two sources that contradict each other, before anything is known: one of them was first, and the other does not
  /// become the rate by being read often.
  @Test func sourcesThatDisagreeAreNeverBelievedBoth() async throws {
    let sources = ["100000", "200000", "100000", "200000"].map { ScriptedRates($0) }
    try await Platform.with(connections: 12, catalog: FiatTests.catalog, rates: [sources[0]]) { platform in
      var engines = [platform.engine]
      for source in sources.dropFirst() {
        engines.append(platform.anotherEngine("reads \(engines.count)", rates: [source]))
      }
      for engine in engines { try await engine.prepare() }
      let all = engines
      func kept() async throws -> [BelievedRate] {
        try await platform.postgres.transaction { tx in try tx.exchangeRates() }
      }
      #expect(try await kept().isEmpty)
      var believed: String?
      // In less time than it takes a leap to be believed.
      for _ in 0..<4 {
        let answers = await atOnce(4) { try await all[$0].doubts.rates.read(sources[$0]) }
        #expect(answers == Array(repeating: "nothing", count: 4))
        let known = try #require(try await kept().first)
        let rate = known.accepted.perBitcoin.description
        #expect(try await kept().count == 1 && (believed ?? rate) == rate)
        #expect(["100000", "200000"].contains(rate))
        #expect(known.doubted?.rate.perBitcoin.description != rate)
        believed = rate
        platform.clock.advance(by: 60)
      }
      sources[0].say("1000000")
      try await all[0].doubts.rates.read(sources[0])
      let words = await atOnce(2) { try await all[$0].doubts.rates.confirm(.usd) }
      #expect(words == ["409 nothing-to-confirm", "nothing"])
      let known = try #require(try await kept().first)
      #expect(known.accepted.perBitcoin.description == "1000000")
      #expect(known.doubted == nil)
    }
  }

  // MARK: Keys

  @Test func epochsAreBegunAndRetiredOneAfterTheOther() async throws {
    try await Platform.with(connections: 12) { platform in
      let engines = [platform.engine, platform.anotherEngine()]
      try await engines[1].prepare()
      let begun = try await withThrowingTaskGroup(of: UInt16.self) { group in
        for engine in engines { group.addTask { try await engine.operator.keys.begin(requestID: "begin").key.epoch } }
        return try await group.reduce(into: [UInt16]()) { $0.append($1) }
      }
      #expect(begun.sorted() == [2, 3])
      platform.clock.advance(by: KeyEpochs.notice)
      try await engines[0].operator.keys.retire(3, requestID: "end")
      // The last two, each while the other one is still there to serve.
      let retired = await atOnce(2) { try await engines[$0].operator.keys.retire(UInt16($0 + 1), requestID: "end") }
      #expect(retired == ["409 last-epoch", "nothing"])
      let serving = try await engines[0].operator.keys.views().filter { $0.key.retiredAt == nil }
      #expect(serving.map(\.state) == [.minting])
    }
  }

  @Test func theFirstDaemonsOfAllAreTwo() async throws {
    try await TestStore.with(connections: 12) { store in
      let platform = try Platform(on: store)
      defer { platform.node.close() }
      let engines = (0..<4).map { platform.anotherEngine("first \($0)") }
      let answers = await atOnce(4) { try await engines[$0].access.keys.prepare() }
      #expect(answers == Array(repeating: "nothing", count: 4))
      let epochs = try await engines[0].operator.keys.views()
      // It mints at once, for all of them.
      #expect(epochs.map(\.key.epoch) == [1])
      #expect(epochs.map(\.state) == [.minting])
      #expect(engines.allSatisfy { $0.access.keys.keyring.currentEpoch == 1 })
    }
  }

  // MARK: Sweeping

  @Test func whatIsSweptByTwoIsCountedOnce() async throws {
    try await Platform.with(connections: 12, catalog: VariantTests.catalog) { platform in
      let engines = [platform.engine, platform.anotherEngine()]
      try await engines[1].prepare()
      let renter = Renter(platform)
      for _ in 0..<30 { _ = try await renter.quote() }
      func quoted() async throws -> [Int64] { try await platform.engine.operator.variants.figures().map(\.quoted) }
      let before = try await quoted()
      #expect(before.reduce(0, +) == 30)
      #expect(before.count { $0 > 0 } == 2)
      try await platform.pass(700)
      platform.clock.advance(by: .day * 3)
      let answers = await atOnce(4) { try await engines[$0 % 2].work.sweeper.sweep() }
      #expect(answers == Array(repeating: "nothing", count: 4))
      #expect(try await platform.engine.operator.leases(LeaseQuery(limit: 100)).isEmpty)
      #expect(try await quoted() == before)
    }
  }

  // MARK: The node

  /// A daemon that reaches the node says nothing about it, so that the word of one that does not stands. One whose own
  /// trouble is over says so once, and may be heard last; at the next beat of the other that is set right.
  @Test func whoReachesTheNodeDoesNotTalkOverWhoDoesNot() async throws {
    try await Platform.with(connections: 12) { platform in
      let (away, flickering) = (SwitchedNode(platform.node), SwitchedNode(platform.node))
      let cutOff = platform.anotherEngine("cut off", node: away)
      let mended = platform.anotherEngine("mended", node: flickering)
      for engine in [cutOff, mended] { try await engine.prepare() }
      func kept() async throws -> (trouble: NodeTrouble, seenAt: Instant)? {
        try await platform.postgres.transaction { tx in try tx.nodeTrouble(of: platform.node.name) }
      }
      let all = [platform.engine, cutOff, mended]
      away.goAway()
      await cutOff.doubts.node.ask()
      let trouble = NodeTrouble(troubleSince: platform.clock.now())
      for _ in 0..<4 {
        platform.clock.advance(by: 10)
        #expect(await atOnce(3) { try await all[$0].work.heartbeat.beat() } == Array(repeating: "nothing", count: 3))
        #expect(try await kept()?.trouble == trouble)
        #expect(try await kept()?.seenAt == platform.clock.now())
      }
      flickering.goAway()
      await mended.doubts.node.ask()
      let since = platform.clock.now()
      platform.clock.advance(by: 1)
      flickering.comeBack()
      await mended.doubts.node.askIfInTrouble()
      let over = NodeTrouble(troubleSince: since, backAt: platform.clock.now())
      #expect(mended.doubts.health.snapshot.trouble == over)
      #expect(await atOnce(3) { try await all[$0].work.heartbeat.beat() } == Array(repeating: "nothing", count: 3))
      #expect([trouble, over].contains(try await kept()?.trouble))
      #expect(await atOnce(3) { try await all[$0].work.heartbeat.beat() } == Array(repeating: "nothing", count: 3))
      #expect(try await kept()?.trouble == trouble)
      // So whoever comes next counts from when it fell silent for the first of them.
      let next = platform.anotherEngine("next", node: away)
      try await next.prepare()
      #expect(next.doubts.node.outage?.since == trouble.troubleSince)
    }
  }
}
