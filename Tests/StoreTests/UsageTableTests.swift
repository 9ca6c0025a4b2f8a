import Engine
import Leasing
import Ledger
import TestKit
import Testing
import Units

@Suite struct UsageTableTests {
  private let minute = Instant(unixSeconds: 1_800_000_000)

  private func read(
    _ value: Int64, _ seconds: Int64, lease: UInt64 = 1, incarnation: Int64 = 1, meter: Meter = .egress
  ) -> MeterReading {
    MeterReading(
      lease: Sample.id(lease), incarnation: incarnation, meter: meter, value: .counter(value),
      at: minute + Seconds(seconds))
  }

  private func windows(_ tx: any StoreTransaction, _ meter: Meter = .egress) throws -> [Int64: Int64] {
    let windows = try tx.usage(of: Sample.id(1), after: nil, limit: 1_000).filter { $0.meter == meter }
    return Dictionary(grouping: windows) { $0.start.microseconds(since: minute) / 1_000_000 }
      .mapValues { $0.map(\.quantity).reduce(0, +) }
  }

  private func with(_ body: @escaping @Sendable (any StoreTransaction) throws -> Void) async throws {
    try await TestStore.with { store in
      try await store.run { tx in
        try Sample.active(1, tx)
        try body(tx)
      }
    }
  }

  @Test func aRepeatedReadingIsNothingAndALostOneHeals() async throws {
    try await with { [self] tx in
      let now = minute + 200
      try tx.ingest([read(100, 10)], at: now)
      try tx.ingest([read(100, 10)], at: now)
      #expect(try windows(tx) == [0: 100])
      try tx.ingest([read(130, 40)], at: now)
      try tx.ingest([read(90, 50)], at: now)
      try tx.ingest([read(120, 20)], at: now)
      #expect(try windows(tx) == [0: 130])
      // Two minutes were not read: what was used is spread over them.
      try tx.ingest([read(280, 160), read(280, 160)], at: now)
      #expect(try windows(tx) == [0: 155, 60: 75, 120: 50])
    }
  }

  @Test func incarnationsCountAnew() async throws {
    try await with { [self] tx in
      try tx.ingest([read(100, 10), read(40, 20, incarnation: 2)], at: minute + 100)
      #expect(try windows(tx) == [0: 140])
    }
  }

  @Test func levelsBecomeByteSeconds() async throws {
    try await with { [self] tx in
      func level(_ bytes: Int64, _ micros: Int64) -> MeterReading {
        MeterReading(
          lease: Sample.id(1), incarnation: 1, meter: .disk, value: .level(bytes),
          at: minute.advanced(byMicroseconds: micros))
      }
      let now = minute + 100
      try tx.ingest([level(1_000, 0)], at: now)
      try tx.ingest([level(1_000, 10_000_000)], at: now)
      #expect(try windows(tx, .disk) == [0: 10_000])
      // Fractions are carried: three thirds of a second of one byte are one byte-second.
      try tx.ingest([level(1, 10_333_333)], at: now)
      try tx.ingest([level(1, 10_666_666)], at: now)
      #expect(try windows(tx, .disk) == [0: 10_000])
      try tx.ingest([level(1, 11_000_000)], at: now)
      #expect(try windows(tx, .disk) == [0: 10_001])
    }
  }

  @Test func whatIsTooOldTooNewOrNobodysIsPassedOver() async throws {
    try await with { [self] tx in
      try tx.ingest([read(1, 10), read(5, 20, lease: 9)], at: minute + 10 + .day * 35)
      try tx.ingest([read(1, 310)], at: minute)
      #expect(try windows(tx) == [:])
      try tx.ingest([read(1, 299)], at: minute)
      #expect(try windows(tx) == [240: 1])
    }
  }

  @Test func whatComesLateGoesIntoTheNextOpenWindow() async throws {
    try await with { [self] tx in
      try tx.ingest([read(100, 10)], at: minute + 100)
      let unrated = try tx.lockUnratedUsage(closedBefore: minute + 60, of: nil, limit: 10)
      #expect(unrated.map(\.meter) == [.egress])
      let window = try #require(unrated.first?.windows.first)
      #expect(window.quantity == 100)
      #expect(window.charged == nil)
      #expect(window.start == minute)
      try tx.markRated([
        RatedWindow(
          lease: Sample.id(1), window: window, charged: 7, allowance: RatingState(period: 0, used: 100, remainder: 3))
      ])
      #expect(try tx.lockUnratedUsage(closedBefore: minute + 60, of: nil, limit: 10).isEmpty)
      try tx.ingest([read(150, 20)], at: minute + 100)
      #expect(try windows(tx) == [0: 100, 60: 50])
      let next = try tx.lockUnratedUsage(closedBefore: .distantFuture, of: Sample.id(1), limit: 10)
      #expect(next.first?.allowance == RatingState(period: 0, used: 100, remainder: 3))
      #expect(try tx.usage(of: Sample.id(1), after: minute, limit: 10).map(\.quantity) == [50])
    }
  }

  @Test func openWindowsAreNotRatedAndOthersLeasesArePassedOver() async throws {
    let minute = minute
    try await TestStore.with { store in
      try await store.run { [self] tx in
        for number in UInt64(1)...2 { try Sample.active(number, tx) }
        try tx.ingest([read(1, 10), read(1, 10, lease: 2), read(5, 70)], at: minute + 100)
        #expect(try tx.lockUnratedUsage(closedBefore: minute + 59, of: nil, limit: 10).isEmpty)
      }
      let barrier = Barrier()
      async let holder: Void = store.run { tx in
        _ = try tx.lockLease(Sample.id(1))
        barrier.signal("locked")
        barrier.wait("looked")
      }
      let seen = try await store.run { tx in
        barrier.wait("locked")
        defer { barrier.signal("looked") }
        return try tx.lockUnratedUsage(closedBefore: minute + 60, of: nil, limit: 10).map(\.lease.id)
      }
      try await holder
      #expect(seen == [Sample.id(2)])
    }
  }

  @Test func lastUseIsTheEndOfTheLastWindowInWhichAnythingMoved() async throws {
    try await with { [self] tx in
      #expect(try tx.lastUse(of: Sample.id(1)) == nil)
      try tx.ingest([read(5, 70), read(900, 200, meter: .disk)], at: minute + 200)
      #expect(try tx.lastUse(of: Sample.id(1)) == minute + 120)
    }
  }

  /// Ninety days on, two rated minutes are a part of their day; what is not rated stays, and nothing is lost of the sums,
  /// however often it is swept.
  @Test func whatIsOldAndRatedIsKeptByTheDay() async throws {
    try await TestStore.with { store in
      try await store.run { [self] tx in
        try Sample.active(1, tx)
        try tx.ingest([read(100, 10), read(130, 70), read(190, 130), read(7, 130, meter: .cpu)], at: minute + 200)
        for usage in try tx.lockUnratedUsage(closedBefore: minute + 130, of: nil, limit: 100) {
          try tx.markRated(
            usage.windows.map {
              RatedWindow(lease: usage.lease.id, window: $0, charged: 3, allowance: RatingState())
            })
        }
      }
      let before = try await store.run { tx in try tx.usage(of: Sample.id(1), after: nil, limit: 100) }
      let day = Instant(microseconds: minute.microseconds / 86_400_000_000 * 86_400_000_000)
      #expect(try await store.run { tx in try tx.sweep(at: Sample.now + .day * 89) } == 0)
      #expect(try await store.run { tx in try tx.usage(of: Sample.id(1), after: nil, limit: 100) } == before)
      let rated = before.filter { $0.charged != nil }
      #expect(rated.count == 2)
      let late = minute + .day * 90 + .hour
      #expect(try await store.run { tx in try tx.sweep(at: late) } == 2)
      #expect(try await store.run { tx in try tx.sweep(at: late) } == 0)
      let after = try await store.run { tx in try tx.usage(of: Sample.id(1), after: nil, limit: 100) }
      #expect(
        after.first
          == UsageWindow(
            incarnation: 1, meter: .egress, start: day, seconds: 86_400,
            quantity: rated.map(\.quantity).reduce(0, +), charged: 6))
      #expect(Array(after.dropFirst()) == before.filter { $0.charged == nil })
      // Later windows of the day join it.
      try await store.script("UPDATE usage_window SET charged_msat = 1")
      #expect(try await store.run { tx in try tx.sweep(at: late) } > 0)
      let all = try await store.run { tx in try tx.usage(of: Sample.id(1), after: nil, limit: 100) }
      #expect(all.allSatisfy { $0.start == day && $0.seconds == 86_400 })
      #expect(all.map(\.quantity).reduce(0, +) == before.map(\.quantity).reduce(0, +))
      #expect(try await store.run { tx in try tx.lastUse(of: Sample.id(1)) } == day + .day)
    }
  }
}
