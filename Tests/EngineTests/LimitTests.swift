import Engine
import L402
import Leasing
import Ledger
import Lightning
import TestKit
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
      #expect(node.made == 2)
      #expect(platform.postgres.pool.statementCount == before)
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

  /// What strangers ask for is nothing to who holds a lease.
  @Test func strangersDoNotKeepHoldersFromRenewing() async throws {
    try await Platform.with(settings: {
      $0.mintsPerMinutePerClient = 2
      $0.mintsPerMinute = 3
      $0.renewalsPerMinutePerLease = 2
    }) { platform in
      let engine = platform.engine
      let renter = Renter(platform)
      let (id, credential) = try await renter.rent(engine: engine)
      for number in 1...10 {
        _ = await refusal { try await Renter(platform, address: "198.51.100.\(number)").quote(engine: engine) }
      }
      #expect(await refusal { try await Renter(platform, address: "198.51.100.99").quote(engine: engine) } == "429")
      for periods in [Int64(1), 2] {
        #expect(
          try await renter.demand { try await engine.renew(id, periods: periods, renter.caller(credential)) }.purpose
            == .renewal)
      }
      // A lease's own budget is its own affair: it does not live on for it.
      #expect(await refusal { try await engine.renew(id, periods: 3, renter.caller(credential)) } == "429")
      platform.clock.advance(by: 3_601)
      try await platform.settle()
      #expect(try await platform.state(id) == "suspended")
    }
  }

  @Test func whomOurLimitsRefuseIsSparedForIt() async throws {
    try await Platform.with(settings: { $0.renewalsPerMinute = 1 }) { platform in
      let engine = platform.engine
      let (one, two) = (Renter(platform), Renter(platform, address: "198.51.100.2"))
      let first = try await one.rent(engine: engine)
      let second = try await two.rent(engine: engine)
      platform.clock.advance(by: 3_590)
      _ = try await one.demand { try await engine.renew(first.id, periods: 1, one.caller(first.credential)) }
      #expect(await refusal { try await engine.renew(second.id, periods: 1, two.caller(second.credential)) } == "429")
      try await platform.pass(20)
      #expect(try await platform.state(first.id) == "suspended")
      #expect(try await platform.state(second.id) == "active")
      // He may renew now; who does not is suspended as anybody.
      try await platform.pass(70)
      #expect(try await platform.state(second.id) == "suspended")
    }
  }

  /// A quote that could not be given an invoice keeps nothing from others.
  @Test func aQuoteWithoutAnInvoiceTakesNoRoom() async throws {
    try await Platform.with(catalog: .of([Catalog.disk], room: 2)) { platform in
      let node = SwitchedNode(platform.node)
      let engine = platform.anotherEngine(node: node)
      try await engine.prepare()
      node.goAway()
      for number in 1...4 {
        #expect(
          await refusal { try await Renter(platform, address: "198.51.100.\(number)").quote(engine: engine) } == "503")
      }
      let pools = try await platform.postgres.transaction { tx in try tx.pools() }
      #expect(pools.allSatisfy { $0.used == 0 })
      #expect(try await platform.postgres.transaction { tx in try tx.census() }.values.reduce(0, +) == 0)
      node.comeBack()
      #expect(try await Renter(platform, address: "198.51.100.9").quote(engine: engine).hasCapacity)
    }
  }

  @Test func holdsAreFewPerClientAndMoreIsQuotedWithoutOne() async throws {
    try await Platform.with { platform in
      let one = Renter(platform, address: "2001:db8:1::1")
      let two = Renter(platform, address: "2001:db8:1:2::2")
      #expect(try await one.quote().hasCapacity)
      #expect(try await two.quote().hasCapacity)
      let third = try await one.quote()
      #expect(!third.hasCapacity)
      // It can be bought all the same.
      let credential = try await one.pay(third)
      _ = try await platform.engine.rent(Renter.request, body: Array("disk/1".utf8), one.caller(credential)).bought
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
            do { return try await renter.quote().hasCapacity } catch { return false }
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
        if try await Renter(platform, address: "198.51.100.\(number)").quote().hasCapacity { held += 1 }
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
      _ = try await platform.engine.renew(kept.id, periods: 24, renter.caller(renewed)).bought
      try await platform.pass(.minute * 15)
      try await platform.engine.work.sweeper.sweep()
      // What was quoted without being paid is gone an hour later.
      try await platform.pass(.minute * 46)
      try await platform.engine.work.sweeper.sweep()
      let census = try await platform.postgres.transaction { tx in try tx.census() }
      #expect(census.values.reduce(0, +) == 1)
      let tokens = try await platform.postgres.transaction { tx in try tx.tokens(of: kept.id) }
      #expect(tokens.contains { $0.id == kept.token })
      #expect(!tokens.contains { $0.capabilities == "pay" })
    }
  }

  /// However often a delegate swaps and lends on, nothing piles up, and the owner is refused nothing.
  @Test func nobodyFillsTheDatabaseWithCredentials() async throws {
    try await Platform.with(settings: {
      $0.loansPerCredential = 3
      $0.subloansPerLease = 5
    }) { platform in
      let engine = platform.engine
      let owner = Renter(platform)
      let lease = try await owner.buy()
      let caller = owner.caller(lease.credential)
      let idle = try narrowed(lease.credential, "leasehold_capabilities=", "leasehold_path=/nothing")
      func rows() async throws -> Int { try await platform.postgres.transaction { try $0.tokens(of: lease.id).count } }
      let before = try await rows()
      for _ in 0..<20 {
        // Of the same credential, and of what came of it.
        var held = idle
        for _ in 0..<3 { held = try minted(try await engine.swap(lease.id, owner.caller(held)), like: held) }
        #expect(await refusal { try await owner.open(lease.id, held, .read, path: "/a") }.hasPrefix("403"))
      }
      #expect(try await rows() == before)
      func lend(_ held: String, _ caveats: [String] = ["leasehold_path=/nothing"]) async throws -> String {
        try minted(try await engine.narrow(lease.id, caveats: caveats, owner.caller(held)), like: held)
      }
      var children: [String] = []
      for _ in 0..<3 { children.append(try await lend(idle)) }
      #expect(await refusal { _ = try await lend(idle) } == "409 too-many-credentials")
      children.append(try await lend(children[0]))
      children.append(try await lend(children[3]))
      #expect(await refusal { _ = try await lend(children[4]) } == "409 too-many-credentials")
      // The owner's own are counted apart.
      _ = try await engine.swap(lease.id, caller)
      for _ in 0..<3 { _ = try await lend(lease.credential, ["leasehold_capabilities=read"]) }
      #expect(
        await refusal { _ = try await lend(lease.credential, ["leasehold_capabilities=read"]) }
          == "409 too-many-credentials")
      let rotated = try minted(try await engine.rotate(lease.id, caller), like: lease.credential)
      for held in [lease.credential, idle] + children {
        #expect(await refusal { try await owner.open(lease.id, held) } == "401 credential-revoked")
      }
      try await owner.open(lease.id, rotated)
      _ = try await lend(rotated, ["leasehold_capabilities=read"])
    }
  }

  /// Whoever lost the answer of a swap still has what was swapped, and asks again.
  @Test func aSwapEndsNobodysCredential() async throws {
    try await Platform.with { platform in
      let engine = platform.engine
      let owner = Renter(platform)
      let lease = try await owner.buy()
      let caller = owner.caller(lease.credential)
      let first = try await engine.swap(lease.id, caller)
      let second = try await engine.swap(lease.id, caller)
      for held in [first, second] { try await owner.open(lease.id, try minted(held, like: lease.credential)) }
      try await owner.open(lease.id, lease.credential)
      _ = try await engine.operator.keys.begin(requestID: "1")
      platform.clock.advance(by: 600)
      let third = try await engine.swap(lease.id, caller)
      let again = try await engine.swap(lease.id, caller)
      #expect(third.token.epoch == 2)
      #expect(again.token == third.token)
      #expect(try await engine.swap(lease.id, owner.caller(minted(again, like: lease.credential))).token == third.token)
      // What was swapped is what the old one was: one revocation ends both.
      try await engine.revoke(lease.token, of: lease.id, owner.caller(minted(again, like: lease.credential)))
      for held in [lease.credential, try minted(third, like: lease.credential)] {
        #expect(await refusal { try await owner.open(lease.id, held) } == "401 credential-revoked")
      }
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
