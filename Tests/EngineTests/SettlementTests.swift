import L402
import Leasing
import Ledger
import TestKit
import Testing
import Units

@testable import Engine

@Suite struct SettlementTests {
  @Test(.timeLimit(.minutes(5))) func oneSettlementHeardOfInEveryWayIsOnePayment() async throws {
    try await Platform.with(connections: 12) { platform in
      let one = platform.engine
      let two = platform.anotherEngine()
      try await two.prepare()
      let renter = Renter(platform)
      try await withThrowingTaskGroup(of: Void.self) { following in
        for engine in [one, two] { following.addTask { await engine.money.settlementFollower.follow() } }
        for round in 1...5 {
          let quote = try await renter.quote()
          let credential = try await renter.pay(quote)
          try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await one.money.settlementSweep.run() }
            group.addTask { try await two.money.settlementSweep.run() }
            group.addTask { _ = try await one.reader.lease(quote.lease, renter.caller(credential, method: "GET")) }
            group.addTask {
              _ = try await two.rent(Renter.request, body: Array("disk/1".utf8), renter.caller(credential)).bought
            }
            try await group.waitForAll()
          }
          // Both followers have come past it too.
          let last = try await platform.node.settlements(after: nil, limit: 100).last?.cursor
          try await waits { try await platform.postgres.transaction { tx in try tx.cursor(of: "embedded") } == last }
          let lease = try await platform.lease(quote.lease)
          #expect(lease.account.balance == 3_600_000)
          #expect(lease.account.credit == .zero)
          let audit = try await one.operator.audit()
          #expect(audit.payments == Int64(round))
          #expect(audit.findings == [])
          try await platform.settle()
          _ = try await one.release(quote.lease, renter.caller(credential, method: "DELETE"))
          try await platform.settle()
        }
        following.cancelAll()
        try await following.waitForAll()
      }
    }
  }

  @Test func theSameKeyAtTheSameMomentIsOneQuote() async throws {
    try await Platform.with(connections: 10) { platform in
      let renter = Renter(platform)
      let two = platform.anotherEngine()
      let key = "0123456789abcdef012345"
      let quotes = try await withThrowingTaskGroup(of: PaymentDemand.self) { group in
        for number in 0..<8 {
          group.addTask { try await renter.quote(engine: number % 2 == 0 ? platform.engine : two, key: key) }
        }
        return try await group.reduce(into: [PaymentDemand]()) { $0.append($1) }
      }
      #expect(Set(quotes.map(\.lease)).count == 1)
      #expect(Set(quotes.map(\.challenge.invoice)).count == 1)
      #expect(try await platform.engine.operator.overview().census == [.quoted: 1])
      #expect(
        await refusal {
          try await platform.engine.rent(
            LeaseRequest(offer: "big"), body: [9], renter.caller(key: key))
        } == "idempotency-conflict")
      #expect(
        await refusal {
          try await platform.engine.rent(Renter.request, body: [9], renter.caller(key: "too short"))
        } == "invalid-field Idempotency-Key")
      // To its last second the same invoice; after it, none.
      platform.clock.advance(by: 590)
      #expect(try await renter.quote(key: key).challenge.invoice == quotes[0].challenge.invoice)
      platform.clock.advance(by: 10)
      #expect(await refusal { try await renter.quoteRefusing(key: key) } == "409 invoice-expired")
    }
  }

  @Test func aSettledRenewalIsBookedOnceAndAnsweredForAMinute() async throws {
    try await Platform.with(connections: 10) { platform in
      let engine = platform.engine
      let renter = Renter(platform)
      let (id, credential) = try await renter.rent()
      let demand = try await renter.demand { try await engine.renew(id, periods: 2, renter.caller(credential)) }
      #expect(demand.amount == 7_200_000)
      let again = try await renter.demand { try await engine.renew(id, periods: 2, renter.caller(credential)) }
      #expect(again.challenge.invoice == demand.challenge.invoice)
      let renewed = try await renter.pay(demand)
      let answers = await withTaskGroup(of: String.self) { group in
        for _ in 0..<8 {
          group.addTask { await refusal { try await engine.renew(id, periods: 2, renter.caller(renewed)) } }
        }
        return await group.reduce(into: [String]()) { $0.append($1) }
      }
      // At once they are repetitions of one; a minute later it is a wish of its own.
      #expect(answers.allSatisfy { $0 == "nothing" })
      #expect(try await platform.lease(id).account.balance == 10_800_000)
      platform.clock.advance(by: 61)
      #expect(await refusal { try await engine.renew(id, periods: 2, renter.caller(renewed)) } == "402")
    }
  }

  @Test func aKeyPresentsARenewalAgain() async throws {
    try await Platform.with { platform in
      let engine = platform.engine
      let renter = Renter(platform)
      let (id, credential) = try await renter.rent()
      let demand = try await renter.demand { try await engine.renew(id, periods: 1, renter.caller(credential)) }
      let renewed = try await renter.pay(demand)
      for _ in 0..<3 {
        let record = try await engine.renew(id, periods: 1, renter.caller(renewed, key: "0123456789abcdef012345"))
          .bought
        #expect(record.lease.account.balance == 7_200_000)
      }
      #expect(
        await refusal {
          try await engine.renew(id, periods: 1, renter.caller(renewed, key: "another key of 22 characters"))
        } == "402")
    }
  }

  @Test func theLastPlaceGoesToOne() async throws {
    try await Platform.with(connections: 12, catalog: .of([Catalog.disk], room: 1)) { platform in
      let renters = (0..<6).map { Renter(platform, address: "198.51.100.\($0)") }
      let quotes = await withTaskGroup(of: PaymentDemand?.self) { group in
        for renter in renters {
          group.addTask {
            do { return try await renter.quote() } catch { return nil }
          }
        }
        return await group.reduce(into: [PaymentDemand]()) { if let quote = $1 { $0.append(quote) } }
      }
      #expect(quotes.filter(\.hasCapacity).count == 1)
      // Whoever holds nothing and pays all the same gets the money back as credit.
      for quote in quotes {
        _ = try await platform.node.payOwn(quote.challenge.invoice)
        try await platform.engine.money.settlementFollower.bookNext()
      }
      try await platform.settle()
      let leases = try await platform.postgres.transaction { tx in try tx.leases(LeaseQuery()) }.map(\.lease)
      #expect(leases.filter { $0.state.name == .active }.count == 1)
      #expect(leases.filter { $0.isClosed }.allSatisfy { $0.account.credit == 3_600_000 })
      #expect(try await platform.engine.operator.audit().findings == [])
    }
  }

  @Test func paymentAgainstExpiryLosesNothing() async throws {
    try await Platform.with(connections: 10) { platform in
      let engine = platform.engine
      let two = platform.anotherEngine()
      try await two.prepare()
      let renter = Renter(platform)
      for _ in 0..<6 {
        let (id, credential) = try await renter.rent()
        let demand = try await renter.demand { try await engine.renew(id, periods: 1, renter.caller(credential)) }
        let lease = try await platform.lease(id)
        platform.clock.set(to: try #require(lease.paidUntil) - 70)
        try await platform.settle()
        try await renter.pay(demand)
        platform.clock.advance(by: 70)
        try await withThrowingTaskGroup(of: Void.self) { group in
          group.addTask { _ = try await two.work.scheduler.wakeDueLeases() }
          group.addTask { try await engine.money.settlementSweep.run() }
          try await group.waitForAll()
        }
        try await platform.settle()
        let after = try await platform.lease(id)
        #expect(after.state.name == .active)
        #expect(after.account.balance == 3_600_000)
        #expect(platform.driver.resource(id)?.phase == .running)
        _ = try await engine.release(id, renter.caller(credential, method: "DELETE"))
        try await platform.settle()
      }
      try await platform.expectRest()
    }
  }

  @Test func whatCannotBeBookedShieldsItsLeaseAndIsTriedAgain() async throws {
    try await Platform.with { platform in
      let engine = platform.engine
      let renter = Renter(platform)
      let (id, credential) = try await renter.rent()
      try await engine.money.settlementFollower.bookNext()
      let demand = try await renter.demand { try await engine.renew(id, periods: 1, renter.caller(credential)) }
      try await renter.pay(demand)
      // A constraint stands in the way for a while.
      try await platform.postgres.pool.withConnection {
        try $0.script("ALTER TABLE payment ADD CONSTRAINT no_more CHECK (booked_at < '2001-01-01') NOT VALID")
      }
      try await engine.money.settlementFollower.bookNext()
      #expect(try await engine.operator.overview().unbooked.map(\.lease) == [id])
      try await platform.pass(3_601)
      #expect(try await platform.state(id) == "active")
      #expect(try await engine.operator.overview().parked.map(\.lease) == [id])
      try await platform.postgres.pool.withConnection { try $0.script("ALTER TABLE payment DROP CONSTRAINT no_more") }
      try await engine.money.settlementSweep.run()
      #expect(try await engine.operator.overview().unbooked.isEmpty)
      try await platform.pass(6)
      let lease = try await platform.lease(id)
      #expect(lease.state.name == .active)
      #expect(lease.account.balance > 3_500_000)
      #expect(try await engine.operator.audit().findings == [])
    }
  }
}

extension Renter {
  /// Asks under a key that is spent.
  func quoteRefusing(key: String) async throws {
    _ = try await quoteEngine.rent(Renter.request, body: Array("disk/1".utf8), caller(key: key)).bought
  }
}
