import L402
import Leasing
import Ledger
import Lightning
import TestKit
import Testing
import Units

@testable import Engine

/// Credit spent on another lease.
@Suite struct CreditTests {
  @Test func creditBuysTimeOfAnotherLeaseOnce() async throws {
    try await Platform.with { platform in
      let engine = platform.engine
      let renter = Renter(platform)
      let old = try await renter.credited()
      let new = try await renter.rent()
      let until = try #require(try await platform.lease(new.id).paidUntil)
      for _ in 1...3 {
        let spent = try await engine.spendCredit(
          of: old.id, on: new.id, 1_800_000, renter.caller(old.credential, key: "first"))
        #expect(spent.move.amount == 1_800_000)
        #expect(spent.credit == 1_800_000)
      }
      #expect(try await platform.lease(new.id).paidUntil == until + 1_800)
      // Another key is another move; without an amount it is of all there is.
      let rest = try await engine.spendCredit(of: old.id, on: new.id, nil, renter.caller(old.credential, key: "second"))
      #expect(rest.move.amount == 1_800_000)
      #expect(rest.credit == .zero)
      #expect(try await platform.lease(new.id).paidUntil == until + 3_600)
      let again = try await engine.spendCredit(
        of: old.id, on: new.id, nil, renter.caller(old.credential, key: "second"))
      #expect(again.move == rest.move)
      let audit = try await engine.operator.audit()
      #expect(audit.findings == [])
      #expect(audit.totals["move"] == .zero)
      #expect(audit.totals["credit"] == .zero)
      let told = try await engine.reader.events(
        of: new.id, after: 0, limit: 100, renter.caller(new.credential, method: "GET"))
      #expect(told.last?.feedName == .paid)
      #expect(told.last?.evidence["from"] == old.id.description)
    }
  }

  @Test func eachRefusalHasItsNameAndMovesNothing() async throws {
    try await Platform.with { platform in
      let engine = platform.engine
      let renter = Renter(platform)
      let old = try await renter.credited()
      let new = try await renter.rent()
      let quoted = try await renter.quote("big")
      func asking(
        _ amount: Millisatoshi? = 1_000, on target: LeaseID? = nil, key: String? = "k", credential: String? = nil
      ) async -> String {
        await refusal {
          try await engine.spendCredit(
            of: old.id, on: target ?? new.id, amount, renter.caller(credential ?? old.credential, key: key))
        }
      }
      #expect(await asking(key: nil) == "invalid-field Idempotency-Key")
      #expect(await asking(0) == "invalid-field amount_msat")
      #expect(await asking(3_600_001) == "invalid-field amount_msat")
      #expect(await asking(on: LeaseID.fresh(at: engine.clock.now())) == "invalid-field to")
      #expect(await asking(on: quoted.lease) == "409 not-paid-yet")
      #expect(await asking(on: old.id) == "409 target-closed")
      let before = try await platform.lease(new.id).account.balance
      #expect(await asking(1_000, key: "taken") == "nothing")
      #expect(await asking(1_001, key: "taken") == "idempotency-conflict")
      #expect(await asking(nil, key: "taken") == "idempotency-conflict")
      #expect(await asking(1_000, on: old.id, key: "taken") == "idempotency-conflict")
      #expect(await asking(nil, key: "rest") == "nothing")
      #expect(await asking(nil) == "409 no-credit")
      #expect(try await platform.lease(new.id).account.balance == before + 3_600_000)
      #expect(try await engine.operator.audit().findings == [])
    }
  }

  /// The giver's credential decides; the lease that gets it gains money, and nobody gains a way in.
  @Test func onlyTheGiversCredentialGivesAndNobodyGetsIn() async throws {
    try await Platform.with { platform in
      let engine = platform.engine
      let renter = Renter(platform)
      let friend = Renter(platform, address: "198.51.100.9")
      let old = try await renter.credited()
      let new = try await friend.rent()
      func asking(_ credential: String?) async -> String {
        await refusal {
          try await engine.spendCredit(of: old.id, on: new.id, 1_000, renter.caller(credential, key: "k"))
        }
      }
      #expect(await asking(nil) == "401 credential-required")
      #expect(await asking(new.credential) == "403 wrong-lease")
      #expect(
        await asking(try narrowed(old.credential, "leasehold_capabilities=read,write,exec,control,pay")).hasPrefix(
          "403"))
      #expect(await asking(try narrowed(old.credential, "leasehold_max_msat=999")).hasPrefix("403"))
      #expect(await asking(try narrowed(old.credential, "leasehold_method=GET")).hasPrefix("403"))
      #expect(try await platform.lease(old.id).account.credit == 3_600_000)
      // A friend's lease may be paid for, and stays the friend's.
      #expect(await asking(try narrowed(old.credential, "leasehold_max_msat=1000")) == "nothing")
      #expect(await refusal { try await renter.open(new.id, old.credential) } == "403 wrong-lease")
      #expect(
        await refusal { try await engine.reader.lease(new.id, renter.caller(old.credential)) } == "403 wrong-lease")
      // What was revoked gives nothing.
      let rotated = try await renter.rent()
      let lent = try await engine.narrow(
        rotated.id, caveats: ["leasehold_capabilities=refund"], renter.caller(rotated.credential))
      let borrowed = try minted(lent, like: rotated.credential)
      try await engine.revoke(lent.token, of: rotated.id, renter.caller(rotated.credential, method: "DELETE"))
      #expect(
        await refusal {
          try await engine.spendCredit(of: rotated.id, on: new.id, nil, renter.caller(borrowed, key: "k"))
        } == "401 credential-revoked")
    }
  }

  @Test func itBringsASuspendedLeaseBack() async throws {
    try await Platform.with { platform in
      let renter = Renter(platform)
      let old = try await renter.credited()
      let new = try await renter.rent()
      try await platform.pass(.hour + 1)
      #expect(try await platform.state(new.id) == "suspended")
      #expect(platform.driver.resources.values.allSatisfy { $0.phase == .suspended })
      _ = try await platform.engine.spendCredit(of: old.id, on: new.id, nil, renter.caller(old.credential, key: "k"))
      try await platform.settle()
      #expect(try await platform.state(new.id) == "active")
      #expect(try await platform.lease(new.id).paidUntil == platform.clock.now() + .hour)
      try await renter.open(new.id, new.credential)
      #expect(try await platform.engine.operator.audit().findings == [])
    }
  }

  @Test func aLeaseSpendsItsOwnCredit() async throws {
    try await Platform.with { platform in
      let engine = platform.engine
      let renter = Renter(platform)
      let (id, credential) = try await renter.rent()
      // More arrived than was asked for.
      let demand = try await renter.demand { try await engine.renew(id, periods: 1, renter.caller(credential)) }
      try await renter.pay(demand)
      guard case .settled(var settlement)? = try await platform.node.lookup(demand.paymentHash)?.state else {
        Issue.record("the node does not know that it was paid")
        return
      }
      settlement.received = settlement.received + 600_000
      try await engine.money.bookings.book(settlement, advancing: false)
      let before = try await platform.lease(id)
      #expect(before.account.credit == 600_000)
      _ = try await engine.spendCredit(of: id, on: id, nil, renter.caller(credential, key: "k"))
      let after = try await platform.lease(id)
      #expect(after.account.credit == .zero)
      #expect(after.version == before.version + 1)
      #expect(after.paidUntil == before.paidUntil.map { $0 + 600 })
      #expect(try await engine.operator.audit().findings == [])
    }
  }

  /// Same key and different ones, in both directions, by two daemons.
  @Test func manyAtOnceMoveNoMoreThanThereIs() async throws {
    try await Platform.with(connections: 12) { platform in
      let renter = Renter(platform)
      let first = try await renter.credited()
      let second = try await renter.credited()
      let (left, right) = (try await renter.rent(), try await renter.rent())
      let engines = [platform.engine, platform.anotherEngine("two")]
      try await engines[1].prepare()
      let answers = await withTaskGroup(of: String.self) { group in
        for (giver, taker) in [(first, left), (second, right), (first, right), (second, left)] {
          for key in ["a", "b"] {
            for engine in engines {
              group.addTask {
                await refusal {
                  try await engine.spendCredit(
                    of: giver.id, on: taker.id, 1_000_000, renter.caller(giver.credential, key: "\(taker.id)\(key)"))
                }
              }
            }
          }
        }
        return await group.reduce(into: [String]()) { $0.append($1) }
      }
      // Four keys to each giver, of which three find enough: both askings of a key are answered alike.
      #expect(answers.filter { $0 == "nothing" }.count == 12, "\(answers)")
      #expect(answers.filter { $0 == "invalid-field amount_msat" }.count == 4, "\(answers)")
      for giver in [first, second] { #expect(try await platform.lease(giver.id).account.credit == 600_000) }
      let held = try await platform.lease(left.id).account.balance + platform.lease(right.id).account.balance
      #expect(held == 13_200_000)
      #expect(try await platform.engine.operator.audit().findings == [])
    }
  }

  /// The daemon dies at its first act, its second …, and the renter asks again: it has moved once.
  @Test(arguments: Mortality.Blow.allCases)
  func noDeathMovesTwice(_ blow: Mortality.Blow) async throws {
    try await TestStore.withDatabase { database in
      let observer = TestStore.store(on: database, connections: 3)
      let platform = try Platform(on: observer)
      defer { platform.node.close() }
      try await platform.engine.prepare()
      let renter = Renter(platform)
      let new = try await renter.rent()
      var deaths = 0
      for victim in 1...200 {
        let old = try await renter.credited()
        let held = try await platform.lease(new.id).account.balance
        let mortality = Mortality(at: victim, blow, counting: .everyStatement)
        let store = TestStore.store(on: database, connections: 3, faultHook: mortality.hook)
        let dying = platform.anotherEngine(
          "dying \(victim)", on: TestTimeStore(store, clock: platform.clock), node: MortalNode(platform.node, mortality)
        )
        do {
          try await dying.prepare()
          _ = try await dying.spendCredit(of: old.id, on: new.id, nil, renter.caller(old.credential, key: "k"))
        } catch  where mortality.isDead {
          // Nobody hears what it would have said.
        }
        await store.pool.close()
        let spent = try await platform.engine.spendCredit(
          of: old.id, on: new.id, nil, renter.caller(old.credential, key: "k"))
        #expect(spent.move.amount == 3_600_000, "\(mortality.lastAct)")
        #expect(spent.credit == .zero, "\(mortality.lastAct)")
        #expect(try await platform.lease(new.id).account.balance == held + 3_600_000, "\(mortality.lastAct)")
        #expect(try await platform.engine.operator.audit().findings == [], "\(mortality.lastAct)")
        guard mortality.isDead else { break }
        deaths += 1
      }
      #expect(deaths > 10)
      #expect(deaths < 200)
      await observer.pool.close()
    }
  }
}
