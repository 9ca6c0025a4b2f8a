import Engine
import Leasing
import Ledger
import TestKit
import Testing
import Units

@Suite struct PoolTableTests {
  private func host(_ name: String, _ disk: Int64, _ kind: Kind = .disk, uid: UInt32 = 100_000) -> HostCapacity {
    HostCapacity(
      host: name, kind: kind, limit: Resources(disk: ByteCount(disk), cpuMillis: 10, memory: 10, pids: 10), uidBase: uid
    )
  }

  /// Allocates for a lease that is there.
  private func take(
    _ number: UInt64, _ disk: Int64, _ tx: any StoreTransaction, share: Double? = nil, pinned: String? = nil,
    kind: Kind = .disk
  ) throws -> Placement? {
    if try tx.lease(Sample.id(number)) == nil { try Sample.quote(number, tx) }
    return try tx.allocate(
      Resources(disk: ByteCount(disk)), for: Sample.id(number), kind: kind, asUnpaid: share, pinned: pinned)
  }

  private func used(_ tx: any StoreTransaction) throws -> [String: Int64] {
    Dictionary(
      uniqueKeysWithValues: try tx.pools().filter { $0.dimension == .disk && $0.kind == .disk }
        .map { ($0.host, $0.used) })
  }

  @Test func theTightestHostThatFitsIsTaken() async throws {
    try await TestStore.with { store in
      try await store.run { [self] tx in
        try tx.setHosts([host("big", 1_000), host("small", 100)])
        #expect(try tx.available(Resources(disk: 50), kind: .disk) == 22)
        #expect(try take(1, 50, tx) == Placement(host: "small", uidBase: 100_000))
        #expect(try take(2, 60, tx)?.host == "big")
        #expect(try take(3, 50, tx) == Placement(host: "small", uidBase: 165_536))
        #expect(try take(4, 10, tx, pinned: "small") == nil)
        #expect(try take(4, 10, tx, pinned: "big") == Placement(host: "big", uidBase: 165_536))
        #expect(try take(5, 931, tx) == nil)
        #expect(try used(tx) == ["big": 70, "small": 100])
        #expect(try tx.placement(of: Sample.id(3)) == Placement(host: "small", uidBase: 165_536))
        #expect(try tx.lease(Sample.id(3))?.placement == Placement(host: "small", uidBase: 165_536))
      }
    }
  }

  @Test func capacityAndUidsComeBackAtTheEnd() async throws {
    try await TestStore.with { store in
      try await store.run { [self] tx in
        try tx.setHosts([host("a", 100)])
        for number in UInt64(1)...3 { #expect(try take(number, 30, tx, share: 1) != nil) }
        try tx.confirmAllocation(Sample.id(2))
        for number in UInt64(1)...2 {
          try Sample.step(.quoteCanceled, try #require(try tx.lockLease(Sample.id(number))), tx)
        }
        #expect(try used(tx) == ["a": 30])
        #expect(try tx.placement(of: Sample.id(1)) == nil)
        // The lowest free slot is given out again.
        #expect(try take(4, 30, tx) == Placement(host: "a", uidBase: 100_000))
        #expect(try tx.audit().findings == [])
      }
    }
  }

  @Test func unpaidHoldsStayWithinTheirShareAndAreCounted() async throws {
    try await TestStore.with { store in
      try await store.run { [self] tx in
        try tx.setHosts([host("a", 100)])
        #expect(try take(1, 30, tx, share: 0.5) != nil)
        #expect(try take(2, 30, tx, share: 0.5) == nil)
        #expect(try take(3, 20, tx, share: 0.5) != nil)
        #expect(try tx.unpaidAllocations(of: "203.0.113.7") == 2)
        #expect(try tx.unpaidAllocations(of: "203.0.113.8") == 0)
        try tx.confirmAllocation(Sample.id(1))
        try tx.confirmAllocation(Sample.id(1))
        #expect(try tx.unpaidAllocations(of: "203.0.113.7") == 1)
        #expect(try take(2, 30, tx, share: 0.5) != nil)
        // The first hold may take more than the share: a share of one disk is no disk.
        try tx.setHosts([host("b", 10)])
        #expect(try take(4, 10, tx, share: 0.5, pinned: "b") != nil)
        #expect(try tx.audit().findings == [])
      }
    }
  }

  @Test func sizesChangeWhereThereIsRoom() async throws {
    try await TestStore.with { store in
      try await store.run { [self] tx in
        try tx.setHosts([host("a", 100)])
        _ = try take(1, 30, tx)
        _ = try take(2, 30, tx)
        #expect(try tx.reallocate(Sample.id(1), to: Resources(disk: 70)))
        #expect(try !tx.reallocate(Sample.id(1), to: Resources(disk: 71)))
        #expect(try used(tx) == ["a": 100])
        #expect(try tx.reallocate(Sample.id(1), to: Resources(disk: 10)))
        #expect(try used(tx) == ["a": 40])
        #expect(try !tx.reallocate(Sample.id(9), to: Resources(disk: 1)))
        // A smaller host keeps what is used, and sells nothing before that is gone.
        try tx.setHosts([host("a", 20)])
        #expect(try tx.pools().first { $0.dimension == .disk }?.limit == 40)
        #expect(try tx.available(Resources(disk: 1), kind: .disk) == 0)
        try Sample.step(.quoteCanceled, try #require(try tx.lockLease(Sample.id(2))), tx)
        #expect(try tx.pools().first { $0.dimension == .disk }?.limit == 20)
        #expect(try tx.available(Resources(disk: 1), kind: .disk) == 10)
        #expect(try tx.audit().findings == [])
      }
    }
  }

  @Test func uidsAreTheHostsAndNotAKinds() async throws {
    try await TestStore.with(connections: 8) { store in
      try await store.run { [self] tx in
        try tx.setHosts([host("a", 1_000), host("a", 1_000, .compute)])
        for number in UInt64(1)...16 { try Sample.quote(number, tx) }
      }
      let placements = try await withThrowingTaskGroup(of: Placement?.self) { group in
        for number in UInt64(1)...16 {
          group.addTask { [self] in
            try await store.run { tx in
              try self.take(number, 10, tx, kind: number % 2 == 0 ? .disk : .compute)
            }
          }
        }
        return try await group.reduce(into: [Placement?]()) { $0.append($1) }
      }
      #expect(Set(placements.compactMap { $0?.uidBase }) == Set((0..<16).map { 100_000 + 65_536 * $0 }))
    }
  }

  /// A slot is owned or on the list, and never both: however many are taken at once, given back, and taken again.
  @Test func everySlotIsOwnedOrFree() async throws {
    try await TestStore.with(connections: 8) { store in
      let count = UInt64(70)
      try await store.run { [self] tx in
        try tx.setHosts([host("a", 10_000)])
        for number in 1...count { try Sample.quote(number, tx) }
      }
      func allTake(_ numbers: [UInt64]) async throws -> [UInt32] {
        try await withThrowingTaskGroup(of: Placement?.self) { group in
          for number in numbers { group.addTask { try await store.run { tx in try self.take(number, 10, tx) } } }
          return try await group.reduce(into: []) { if let taken = $1 { $0.append(taken.uidBase) } }
        }
      }
      #expect(Set(try await allTake(Array(1...count))).count == Int(count))
      try await store.run { tx in
        for number in UInt64(10)..<20 {
          try Sample.step(.quoteCanceled, try #require(try tx.lockLease(Sample.id(number))), tx)
        }
      }
      let again = Array(count + 1...count + 20)
      try await store.run { tx in for number in again { try Sample.quote(number, tx) } }
      let taken = try await allTake(again)
      #expect(Set(taken).count == 20)
      // More at once than stand on the list below are taken from what follows.
      #expect(taken.allSatisfy { $0 < 100_000 + 65_536 * 128 })
      let ranges = try await store.pool.withConnection { session in
        try session.query(
          """
          SELECT r.next_slot, (SELECT count(*) FROM uid_slot_free), (SELECT count(*) FROM allocation),
                 (SELECT count(DISTINCT slot) FROM (SELECT slot FROM uid_slot_free
                                                    UNION ALL SELECT slot FROM allocation) s)
            FROM uid_range r
          """
        ) { (next: Int64(try $0.int32(0)), free: try $0.int64(1), owned: try $0.int64(2), different: try $0.int64(3)) }
      }
      let range = try #require(ranges.first)
      #expect(range.owned == Int64(count) - 10 + 20)
      #expect(range.free + range.owned == range.next)
      #expect(range.different == range.next)
    }
  }

  @Test func aHostSellsNoMoreThanItHasUidsFor() async throws {
    try await TestStore.with { store in
      try await store.run { [self] tx in
        try tx.setHosts([host("a", 10_000, uid: UInt32.max - 65_536 * 2)])
        #expect(try take(1, 1, tx) != nil)
        #expect(try take(2, 1, tx) != nil)
        #expect(try take(3, 1, tx) == nil)
        #expect(try used(tx) == ["a": 2])
        try Sample.step(.quoteCanceled, try #require(try tx.lockLease(Sample.id(1))), tx)
        #expect(try take(4, 1, tx)?.uidBase == UInt32.max - 65_536 * 2)
        #expect(try take(5, 1, tx) == nil)
      }
    }
  }

  @Test func nothingIsOversoldWhateverIsWritten() async throws {
    try await TestStore.with { store in
      try await store.run { [self] tx in try tx.setHosts([host("a", 10)]) }
      await #expect(throws: (any Error).self) { try await store.script("UPDATE pool SET used = capacity + 1") }
    }
  }
}
