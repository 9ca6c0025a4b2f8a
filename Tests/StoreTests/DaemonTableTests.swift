import Engine
import Leasing
import Ledger
import TestKit
import Testing
import Units

@Suite struct DaemonTableTests {
  @Test func aHeartbeatTellsOfTheOneBeforeWhosever() async throws {
    try await TestStore.with { store in
      let now = Sample.now
      func beat(_ daemon: String, _ moment: Instant) async throws -> Instant? {
        try await store.run { tx in try tx.beat(daemon: daemon, at: moment) }
      }
      #expect(try await beat("a", now) == nil)
      #expect(try await beat("b", now + 5) == now)
      #expect(try await beat("a", now + 7) == now + 5)
      // A clock that goes back takes nothing back.
      #expect(try await beat("a", now + 1) == now + 7)
      #expect(try await beat("b", now + 9) == now + 7)
      let swept = try await store.run { tx in try tx.sweep(at: now + .day * 31) }
      #expect(swept == 2)
    }
  }

  @Test func outagesAreKeptInOrder() async throws {
    try await TestStore.with { store in
      let now = Sample.now
      try await store.run { tx in
        try tx.recordOutage(from: now + 100, to: now + 200, leapt: true)
        try tx.recordOutage(from: now, to: now + 50, leapt: false)
        try tx.recordOutage(from: now, to: now + 50, leapt: false)
        #expect(
          try tx.outages(endedAfter: now) == [
            Lease.Outage(from: now, to: now + 50), Lease.Outage(from: now + 100, to: now + 200, leapt: true),
          ])
        #expect(try tx.outages(endedAfter: now + 50).count == 1)
      }
      #expect(await store.refusal { tx in try tx.recordOutage(from: now, to: now, leapt: false) } == .invariant)
    }
  }
}
