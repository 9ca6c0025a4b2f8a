import L402
import Ledger
import Testing
import Units

@testable import Engine

@Suite struct MintBudgetTests {
  private static let start = Instant(unixSeconds: 1_800_000_000)

  private static func address(_ number: Int) throws -> IPAddress {
    try #require(IPAddress("\(10 + number >> 16).\(number >> 8 & 255).\(number & 255).1"))
  }

  @Test func aClientHasItsShareAndGetsItBack() throws {
    let budget = MintBudget(perClient: 3, global: 100)
    let client = IPAddress("203.0.113.7")
    for _ in 0..<3 { #expect(budget.take(client, at: Self.start) == nil) }
    let wait = try #require(budget.take(client, at: Self.start))
    #expect(wait == 20)
    #expect(budget.take(client, at: Self.start + Seconds(Int64(wait)) - 1) != nil)
    #expect(budget.take(client, at: Self.start + Seconds(Int64(wait))) == nil)
    #expect(budget.take(IPAddress("203.0.113.8"), at: Self.start) == nil)
  }

  /// A household of IPv6 is one client: a /48.
  @Test func aNetworkIsOneClient() throws {
    let budget = MintBudget(perClient: 2, global: 100)
    #expect(budget.take(IPAddress("2001:db8:1::1"), at: Self.start) == nil)
    #expect(budget.take(IPAddress("2001:db8:1:ffff::2"), at: Self.start) == nil)
    #expect(budget.take(IPAddress("2001:db8:1:7::3"), at: Self.start) != nil)
    #expect(budget.take(IPAddress("2001:db8:2::1"), at: Self.start) == nil)
    #expect(IPAddress("2001:db8:1:7::3")?.partyText == "2001:db8:1::/48")
    #expect(IPAddress("203.0.113.7")?.partyText == "203.0.113.7")
  }

  @Test func allTogetherHaveOne() throws {
    let budget = MintBudget(perClient: 2, global: 10)
    for number in 0..<10 { #expect(try budget.take(Self.address(number), at: Self.start) == nil) }
    #expect(try budget.take(Self.address(11), at: Self.start) == 6)
    #expect(try budget.take(Self.address(11), at: Self.start + 6) == nil)
  }

  /// A flood of addresses makes nobody's account forgotten, and takes no more memory than one address.
  @Test func aFloodOfAddressesLetsNobodyInAgain() throws {
    let budget = MintBudget(perClient: 60, global: 10_000_000)
    let greedy = IPAddress("203.0.113.7")
    let modest = IPAddress("203.0.113.8")
    for _ in 0..<60 { _ = budget.take(greedy, at: Self.start) }
    #expect(budget.take(modest, at: Self.start) == nil)
    for number in 0..<100_000 { _ = try budget.take(Self.address(number), at: Self.start) }
    #expect(budget.take(greedy, at: Self.start) != nil)
    #expect(budget.take(modest, at: Self.start) == nil)
  }

  /// Sixty addresses ask without end and never pay: who asks for little finds room, for as long as that goes on.
  @Test func whoAsksWithoutEndLeavesRoomForOthers() throws {
    let budget = MintBudget(perClient: 60, global: 1_200)
    var served = 0
    for tick in 0..<3_000 {
      let now = Self.start.advanced(byMicroseconds: Int64(tick) * 100_000)
      for number in 0..<60 where budget.take(try Self.address(number), at: now) == nil { served += 1 }
      if tick % 7 == 0 {
        #expect(budget.take(try Self.address(1_000 + tick), at: now) == nil, "an honest buyer at tick \(tick)")
      }
    }
    #expect(served > 1_200, "what honest buyers leave is anybody's")
  }

  /// Renewals have a budget for each lease and one for all, and strangers none of it.
  @Test func renewalsAreApart() throws {
    let budget = MintBudget(MintBudget.Limits(perClient: 2, strangers: 4, perLease: 3, holders: 5))
    for number in 0..<40 { _ = budget.take(try Self.address(number), at: Self.start) }
    let (one, other) = (LeaseID(high: 1, low: 1), LeaseID(high: 1, low: 2))
    for _ in 0..<3 { #expect(budget.takeRenewal(of: one, at: Self.start) == .taken) }
    #expect(budget.takeRenewal(of: one, at: Self.start) == .tooManyOfThisLease(20))
    for _ in 0..<2 { #expect(budget.takeRenewal(of: other, at: Self.start) == .taken) }
    #expect(budget.takeRenewal(of: other, at: Self.start) == .tooManyOfAll(12))
    #expect(budget.takeRenewal(of: other, at: Self.start + 12) == .taken)
  }
}
