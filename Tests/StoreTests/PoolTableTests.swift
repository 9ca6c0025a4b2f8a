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
      Resources(disk: ByteCount(disk)), for: Sample.id(number), kind: kind, asUnpaidHold: share, pinned: pinned)
  }

  private func used(_ tx: any StoreTransaction) throws -> [String: Int64] {
    Dictionary(
      uniqueKeysWithValues: try tx.pools().filter { $0.dimension == "disk" && $0.kind == .disk }
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
        #expect(try tx.unpaidHolds(of: "203.0.113.7") == 2)
        #expect(try tx.unpaidHolds(of: "203.0.113.8") == 0)
        try tx.confirmAllocation(Sample.id(1))
        try tx.confirmAllocation(Sample.id(1))
        #expect(try tx.unpaidHolds(of: "203.0.113.7") == 1)
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
        #expect(try tx.pools().first { $0.dimension == "disk" }?.limit == 40)
        #expect(try tx.available(Resources(disk: 1), kind: .disk) == 0)
        try Sample.step(.quoteCanceled, try #require(try tx.lockLease(Sample.id(2))), tx)
        #expect(try tx.pools().first { $0.dimension == "disk" }?.limit == 20)
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

  @Test func nothingIsOversoldWhateverIsWritten() async throws {
    try await TestStore.with { store in
      try await store.run { [self] tx in try tx.setHosts([host("a", 10)]) }
      await #expect(throws: (any Error).self) { try await store.script("UPDATE pool SET used = capacity + 1") }
    }
  }
}
