import Engine
import L402
import Leasing
import Ledger
import Lightning
import Testing
import Units

/// Unpaid challenges cost nothing lasting, whoever asks and how often.
@Suite struct LimitTests {
  @Test func theBudgetIsSpentBeforeTheNodeIsAsked() async throws {
    try await Platform.with { platform in
      let node = CountingNode(platform.node)
      let engine = platform.anotherEngine("two", node: node) {
        $0.mintsPerMinutePerClient = 2
        $0.mintsPerMinute = 5
      }
      try await engine.prepare()
      func quote(_ renter: Renter) async -> String { await refusal { try await renter.quote(engine: engine) } }
      let greedy = Renter(platform)
      #expect(await quote(greedy) == "nothing")
      #expect(await quote(greedy) == "nothing")
      let before = platform.postgres.pool.statementCount
      #expect(await quote(greedy) == "429")
      #expect(node.made == 2 && platform.postgres.pool.statementCount == before)
      // A /48 is one client.
      #expect(await quote(Renter(platform, address: "2001:db8:1::1")) == "nothing")
      #expect(await quote(Renter(platform, address: "2001:db8:1:2::1")) == "nothing")
      #expect(await quote(Renter(platform, address: "2001:db8:1:3::1")) == "429")
      // All together have a budget, too, and it comes back.
      #expect(await quote(Renter(platform, address: "198.51.100.1")) == "nothing")
      #expect(await quote(Renter(platform, address: "198.51.100.2")) == "429")
      #expect(node.made == 5)
      platform.clock.advance(by: 60)
      #expect(await quote(greedy) == "nothing")
    }
  }

  @Test func holdsAreFewPerClientAndMoreIsQuotedWithoutOne() async throws {
    try await Platform.with { platform in
      let one = Renter(platform, address: "2001:db8:1::1")
      let two = Renter(platform, address: "2001:db8:1:2::2")
      #expect(try await one.quote().held)
      #expect(try await two.quote().held)
      let third = try await one.quote()
      #expect(!third.held)
      // It can be bought all the same.
      let credential = try await one.pay(third)
      _ = try await platform.engine.rent(Renter.request, body: Array("disk/1".utf8), one.caller(credential))
      try await platform.settle()
      try await one.open(third.lease, credential)
    }
  }

  /// Of many at the same moment only so many hold something.
  @Test func holdsAreCountedUnderALock() async throws {
    try await Platform.with(connections: 8) { platform in
      let renter = Renter(platform)
      let held = await withTaskGroup(of: Bool.self) { group in
        for _ in 0..<8 {
          group.addTask {
            do { return try await renter.quote().held } catch { return false }
          }
        }
        return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
      }
      #expect(held == 2)
    }
  }

  @Test func unpaidHoldsLeaveRoomForPayers() async throws {
    try await Platform.with(catalog: .of([Catalog.disk], room: 4)) { platform in
      var held = 0
      for number in 1...6 {
        if try await Renter(platform, address: "198.51.100.\(number)").quote().held { held += 1 }
      }
      #expect(held == 2)
    }
  }

  /// More was asked for and left than one part of the sweep takes.
  @Test func whatNobodyPaidIsSweptToTheLastRow() async throws {
    try await Platform.with { platform in
      let renter = Renter(platform)
      let kept = try await renter.buy()
      for _ in 0..<3 { _ = try await renter.quote() }
      let stranger = Renter(platform, address: "198.51.100.9")
      _ = try await stranger.demand { try await platform.engine.renew(kept.id, periods: 1, stranger.caller()) }
      let most = try await renter.demand {
        try await platform.engine.renew(kept.id, periods: 24, renter.caller(kept.credential))
      }
      let renewed = try await renter.pay(most)
      _ = try await platform.engine.renew(kept.id, periods: 24, renter.caller(renewed))
      try await platform.pass(.day)
      try await platform.engine.sweep()
      try await platform.pass(.day * 2)
      try await platform.engine.sweep()
      let census = try await platform.postgres.transaction { tx in try tx.census() }
      #expect(census.values.reduce(0, +) == 1)
      let tokens = try await platform.postgres.transaction { tx in try tx.tokens(of: kept.id) }
      #expect(tokens.contains { $0.id == kept.token })
      #expect(!tokens.contains { $0.capabilities == "pay" })
    }
  }

  @Test func nobodyFillsTheDatabaseWithCredentials() async throws {
    try await Platform.with(settings: { $0.tokensPerLease = 5 }) { platform in
      let renter = Renter(platform)
      let lease = try await renter.buy()
      let caller = renter.caller(lease.credential)
      for _ in 0..<4 { _ = try await platform.engine.swap(lease.id, caller) }
      #expect(await refusal { try await platform.engine.swap(lease.id, caller) } == "409 too-many-credentials")
      _ = try await platform.engine.revokeAll(of: lease.id, requestID: "1")
    }
  }
}

/// Counts what is made.
private final class CountingNode: LightningNode {
  private let base: EmbeddedNode
  private let count = Locked(0)
  let name = "embedded"

  init(_ base: EmbeddedNode) { self.base = base }

  var made: Int { count.withLock { $0 } }

  func info() async throws(NodeError) -> NodeInfo { try await base.info() }
  func createInvoice(_ request: InvoiceRequest) async throws(NodeError) -> NodeInvoice {
    count.withLock { $0 += 1 }
    return try await base.createInvoice(request)
  }
  func lookup(_ paymentHash: PaymentHash) async throws(NodeError) -> NodeInvoice? { try await base.lookup(paymentHash) }
  func cancel(_ paymentHash: PaymentHash) async throws(NodeError) -> InvoiceState { try await base.cancel(paymentHash) }
  func settlements(after cursor: String?, limit: Int) async throws(NodeError) -> [NodeSettlement] {
    try await base.settlements(after: cursor, limit: limit)
  }
}
