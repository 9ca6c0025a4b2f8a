import Testing
import Units

@testable import Engine

/// A wall clock that leaps forward takes nobody's money along.
@Suite struct ClockLeapTests {
  @Test func aLeapIsChargedToNobody() async throws {
    try await Platform.with { platform in
      let engine = platform.engine
      let renter = Renter(platform)
      let (id, _) = try await renter.rent(engine: engine)
      platform.clock.advance(by: 600)
      try await platform.settle()
      let before = try await platform.lease(id).charged(to: platform.clock.now()).account.balance
      let from = platform.clock.now()
      try await engine.work.heartbeat.clockJumped(from: from, to: from + .day * 2)
      platform.clock.advance(by: .day * 2)
      try await platform.settle()
      let lease = try await platform.lease(id)
      #expect(lease.state.name == .active)
      #expect(lease.account.balance == before)
      #expect(lease.paidUntil == from + .day * 2 + 3_000)
      // Time that goes by is charged as ever, and the leap once.
      try await platform.pass(1_000)
      #expect(try await platform.lease(id).charged(to: platform.clock.now()).paidUntil == from + .day * 2 + 3_000)
      #expect(try await engine.operator.audit().findings == [])
    }
  }

  /// Another daemon's clock may have leapt to where ours is not.
  @Test func whatOursHasNotReachedIsNone() async throws {
    try await Platform.with { platform in
      let engine = platform.engine
      let renter = Renter(platform)
      let (id, _) = try await renter.rent(engine: engine)
      let now = platform.clock.now()
      try await engine.work.heartbeat.clockJumped(from: now, to: now + .day * 2)
      try await platform.pass(3_601)
      #expect(try await platform.state(id) == "suspended")
    }
  }
}
