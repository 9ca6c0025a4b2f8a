import Engine
import Leasing
import Ledger
import Store
import TestKit
import Testing
import Units

@Suite struct OutboxTableTests {
  private let lanes = Effect.Lane.allCases
  private let now = Sample.now

  /// Leaves rows of a lease to be done: a resource, an invoice and whatever `extra` says, all due.
  private func put(_ effects: [Effect], _ lease: Lease, _ tx: any StoreTransaction) throws -> Lease {
    var next = lease
    next.version += 1
    try tx.write([
      RecordedStep(before: lease, decision: Decision(lease: next, transfers: [], effects: effects), events: [], at: now)
    ])
    return next
  }

  @Test func orderHoldsWithinALeaseAndLane() async throws {
    try await TestStore.with { store in
      try await store.run { [self] tx in
        let lease = try put(
          [.cancelInvoices, .suspend(generation: 1), .cancelQuote, .resize(generation: 1)], try Sample.quote(1, tx), tx)
        let first = try tx.claimEffects(of: lanes, owner: "a", at: now, until: now + 15, limit: 10)
        #expect(Set(first.map(\.effect)) == [.cancelInvoices, .suspend(generation: 1)])
        #expect(Set(first.map(\.key)) == ["\(lease.id)/1/0", "\(lease.id)/1/1"])
        #expect(try tx.claimEffects(of: lanes, owner: "b", at: now, until: now + 15, limit: 10).isEmpty)
        for claim in first where claim.effect.lane == .resource {
          #expect(try tx.ownsClaim(claim.id, owner: "a") && !tx.ownsClaim(claim.id, owner: "b"))
          #expect(try !tx.finishEffect(claim.id, owner: "b"))
          #expect(try tx.finishEffect(claim.id, owner: "a"))
          #expect(try !tx.finishEffect(claim.id, owner: "a"))
        }
        let next = try tx.claimEffects(of: lanes, owner: "b", at: now, until: now + 15, limit: 10)
        #expect(next.map(\.effect) == [.resize(generation: 1)])
        #expect(try tx.claimEffects(of: [.notice], owner: "b", at: now + 60, until: now + 75, limit: 10).isEmpty)
      }
    }
  }

  @Test func anOlderGenerationNobodyHasInHandHoldsNothingUp() async throws {
    try await TestStore.with { store in
      try await store.run { [self] tx in
        _ = try put([.suspend(generation: 1), .resume(generation: 2)], try Sample.quote(1, tx), tx)
        let claims = try tx.claimEffects(of: lanes, owner: "a", at: now, until: now + 15, limit: 10)
        #expect(claims.map(\.effect) == [.suspend(generation: 1), .resume(generation: 2)])
      }
      try await store.run { [self] tx in
        _ = try put([.suspend(generation: 1)], try Sample.quote(2, tx), tx)
        let older = try tx.claimEffects(of: lanes, owner: "a", at: now, until: now + 15, limit: 10)
        let lease = try #require(try tx.lockLease(Sample.id(2)))
        _ = try put([.resume(generation: 2)], lease, tx)
        // In hand it is waited for; when the claim has lapsed it is not.
        #expect(try tx.claimEffects(of: lanes, owner: "b", at: now + 14, until: now + 20, limit: 10).isEmpty)
        let after = try tx.claimEffects(of: lanes, owner: "b", at: now + 15, until: now + 20, limit: 10)
        #expect(after.filter { $0.lease == lease.id }.map(\.effect).contains(.resume(generation: 2)))
        #expect(try !tx.renewClaim(older[0].id, owner: "a", until: now + 99))
      }
    }
  }

  @Test func whatIsLongInHandIsCounted() async throws {
    try await TestStore.with { store in
      try await store.run { [self] tx in
        _ = try put([.suspend(generation: 1)], try Sample.quote(1, tx), tx)
        let claim = try tx.claimEffects(of: lanes, owner: "a", at: now, until: now + 15, limit: 1)[0]
        #expect(try tx.overdueEffects(at: now + 14).slowEffects == 0)
        #expect(try tx.renewClaim(claim.id, owner: "a", until: now + 90))
        let slow = try tx.overdueEffects(at: now + 61)
        #expect(slow.slowEffects == 1)
        #expect(slow.oldestSlowEffect == now)
        // Whose claim has lapsed is in nobody's hands.
        #expect(try tx.overdueEffects(at: now + 90).slowEffects == 0)
        try tx.postponeEffect(claim.id, owner: "a", until: now + 60, error: "slow")
        #expect(try tx.overdueEffects(at: now + 89).slowEffects == 0)
      }
    }
  }

  @Test func whatIsPostponedComesBackLaterWithItsError() async throws {
    try await TestStore.with { store in
      try await store.run { [self] tx in
        let lease = try put([.cancelQuote], try Sample.quote(1, tx), tx)
        let claim = try tx.claimEffects(of: lanes, owner: "a", at: now, until: now + 15, limit: 1)[0]
        #expect(try tx.renewClaim(claim.id, owner: "a", until: now + 30))
        #expect(try tx.claimEffects(of: lanes, owner: "b", at: now + 29, until: now + 99, limit: 1).isEmpty)
        try tx.postponeEffect(claim.id, owner: "b", until: now, error: "not mine")
        #expect(try tx.effects(of: lease.id)[0].claim.attempts == 0)
        try tx.postponeEffect(claim.id, owner: "a", until: now + 60, error: "too bad")
        #expect(try tx.effects(of: lease.id).map(\.lastError) == ["too bad"])
        #expect(try tx.nextDeadline() == now + 60)
        #expect(try tx.claimEffects(of: lanes, owner: "b", at: now + 59, until: now + 99, limit: 1).isEmpty)
        let again = try tx.claimEffects(of: lanes, owner: "b", at: now + 60, until: now + 99, limit: 1)
        #expect(again.map(\.attempts) == [1] && again[0].key == claim.key)
        let overdue = try tx.overdueEffects(at: now + 60)
        #expect(overdue.outboxRows == 1)
        #expect(overdue.oldestOutboxRow == now + 60)
      }
    }
  }

  @Test func twoClaimersShareTheRows() async throws {
    try await TestStore.with { store in
      try await store.run { [self] tx in
        for number in 1...6 { _ = try put([.cancelQuote], try Sample.quote(UInt64(number), tx), tx) }
      }
      let lanes = lanes
      let now = now
      let barrier = Barrier()
      async let one = store.run { tx in
        let claims = try tx.claimEffects(of: lanes, owner: "a", at: now, until: now + 15, limit: 3)
        barrier.signal("claimed")
        barrier.wait("looked")
        return claims.map(\.id)
      }
      async let two = store.run { tx in
        barrier.wait("claimed")
        defer { barrier.signal("looked") }
        return try tx.claimEffects(of: lanes, owner: "b", at: now, until: now + 15, limit: 10).map(\.id)
      }
      let (first, second) = try await (one, two)
      #expect(first.count == 3)
      #expect(second.count == 3)
      #expect(Set(first).isDisjoint(with: second))
    }
  }

  /// A host's effects are left to the daemon that has it, and do not make others look; what is no host's is anybody's.
  @Test func effectsOnResourcesAreClaimedWhereTheyAreDone() async throws {
    try await TestStore.with { store in
      let limit = Resources(disk: 1_000)
      try await store.run { [self] tx in
        try tx.setHosts(["here", "there"].map { HostCapacity(host: $0, kind: .disk, limit: limit, uidBase: 100_000) })
        for (number, host) in [(1, "here"), (2, "there")] {
          let lease = try Sample.quote(UInt64(number), tx)
          let place = try tx.allocate(
            Resources(disk: 100), for: lease.id, kind: .disk, asUnpaid: nil, pinned: host)
          #expect(place?.host == host)
          _ = try put([.suspend(generation: 1)], lease, tx)
        }
        _ = try put([.cancelQuote], try Sample.quote(3, tx), tx)
        let here = try tx.claimEffects(of: lanes, on: ["here"], owner: "a", at: now, until: now + 15, limit: 10)
        #expect(Set(here.map(\.lease)) == [Sample.id(1), Sample.id(3)])
        #expect(try tx.claimEffects(of: lanes, on: ["here"], owner: "a", at: now, until: now + 15, limit: 10).isEmpty)
        for claim in here { #expect(try tx.finishEffect(claim.id, owner: "a")) }
        let elsewhere = try #require(try tx.nextDeadline(on: ["here"]))
        #expect(elsewhere > now)
        #expect(try tx.nextDeadline(on: ["there"]) == now)
        let there = try tx.claimEffects(of: lanes, on: ["there"], owner: "b", at: now, until: now + 15, limit: 10)
        #expect(there.map(\.lease) == [Sample.id(2)])
        // Whose claim lapses is claimed there again, and nowhere else.
        #expect(
          try tx.claimEffects(of: lanes, on: ["here"], owner: "a", at: now + 20, until: now + 30, limit: 9).isEmpty)
        #expect(
          try tx.claimEffects(of: lanes, on: ["there"], owner: "c", at: now + 20, until: now + 30, limit: 9).count == 1)
      }
    }
  }
}
