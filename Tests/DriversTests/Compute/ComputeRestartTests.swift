import Engine
import Leasing
import Ledger
import TestKit
import Testing
import Units

@testable import Drivers

@Suite(.serialized, .containerHost()) struct ComputeRestartTests {
  private func spec(_ host: ComputeHost, _ script: String, _ policy: RestartPolicy?) -> ResourceSpec {
    var spec = host.spec(command: ["/bin/sh", "-c", script])
    spec.restart = policy
    return spec
  }

  private func ends(_ host: ComputeHost, _ lease: LeaseID) async throws {
    try await host.eventually("it did not end") { try await host.phase(lease) == .stopped }
  }

  private func commandState(_ host: ComputeHost, _ lease: LeaseID) async throws -> CommandState {
    try #require(try await host.driver.commandState(of: lease))
  }

  @Test func whatFailsIsStartedAgainAfterItsWait() async throws {
    try await ComputeHost.with { (host: ComputeHost) async throws in
      let lease = try await host.container(spec(host, "echo run; exit 3", .onFailure))
      let before = try #require(try await host.driver.measure([lease]).first)
      for (restarts, wait) in [(1, Seconds(10)), (2, 20), (3, 40)] {
        try await ends(host, lease)
        #expect(await host.driver.restartEnded() == [])
        let seen = try await commandState(host, lease)
        #expect(
          seen
            == CommandState(
              .ended(code: 3, outOfMemory: false), restart: .onFailure, restarts: Int64(restarts - 1),
              restartsAt: host.clock.now() + wait))
        host.clock.advance(by: wait - 1)
        #expect(await host.driver.restartEnded() == [])
        host.clock.advance(by: 1)
        // Whichever daemon looks next.
        #expect(await (try host.another()).restartEnded() == [lease])
        #expect(try await commandState(host, lease).restarts == Int64(restarts))
      }
      try await ends(host, lease)
      var log: [UInt8] = []
      for try await part in try await host.driver.logs(of: lease, tail: nil, follow: false) { log += part }
      #expect(String(decoding: log, as: UTF8.self) == "run\nrun\nrun\nrun\n")
      // Its meters go on.
      let after = try #require(try await host.driver.measure([lease]).first)
      #expect(after.incarnation == before.incarnation)
      #expect(try #require(after.counters[.cpu]) > (try #require(before.counters[.cpu])))
    }
  }

  @Test func whoAskedForNothingOrEndedWellStaysEnded() async throws {
    try await ComputeHost.with { (host: ComputeHost) async throws in
      let never = try await host.container(spec(host, "exit 3", nil))
      let well = try await host.container(spec(host, "exit 0", .onFailure))
      let always = try await host.container(spec(host, "exit 0", .always))
      for lease in [never, well, always] { try await ends(host, lease) }
      #expect(await host.driver.restartEnded() == [])
      host.clock.advance(by: 10)
      #expect(await host.driver.restartEnded() == [always])
      #expect(try await commandState(host, well).restartsAt == nil)
    }
  }

  @Test func wantOfMemoryIsAFailure() async throws {
    try await ComputeHost.with { (host: ComputeHost) async throws in
      let greedy = try await host.container(
        spec(host, "exec dd if=/dev/zero of=/dev/null bs=128M count=1", .onFailure))
      try await ends(host, greedy)
      #expect(try await commandState(host, greedy).command == .ended(code: 137, outOfMemory: true))
      #expect(await host.driver.restartEnded() == [])
      host.clock.advance(by: 10)
      #expect(await host.driver.restartEnded() == [greedy])
    }
  }

  @Test func whatIsStoppedOrSuspendedStaysSo() async throws {
    try await ComputeHost.with { (host: ComputeHost) async throws in
      let spec = spec(host, "exit 1", .always)
      let lease = try await host.container(spec)
      try await ends(host, lease)
      _ = await host.driver.restartEnded()
      try await host.driver.stop(lease)
      host.clock.advance(by: 3_600)
      #expect(await host.driver.restartEnded() == [])
      #expect(try await commandState(host, lease) == CommandState(.stopped, restart: .always))
      try await host.driver.start(lease)
      try await ends(host, lease)
      try await host.driver.suspend(lease, generation: 2)
      host.clock.advance(by: 3_600)
      #expect(await host.driver.restartEnded() == [])
      host.clock.advance(by: 3_600)
      #expect(await host.driver.restartEnded() == [])
      try await host.driver.resume(spec, generation: 3)
      #expect(await host.driver.restartEnded() == [])
      host.clock.advance(by: 10)
      #expect(await host.driver.restartEnded() == [lease])
      _ = try await host.driver.destroy(lease, generation: 4)
      host.clock.advance(by: 3_600)
      #expect(await host.driver.restartEnded() == [])
    }
  }

  @Test func oneThatCannotStartHoldsUpNoOther() async throws {
    try await ComputeHost.with { (host: ComputeHost) async throws in
      let broken = try await host.container(
        spec(host, "rm /bin/sh; exit 1", .always))
      let other = try await host.container(spec(host, "exit 1", .always))
      for lease in [broken, other] { try await ends(host, lease) }
      #expect(await host.driver.restartEnded() == [])
      host.clock.advance(by: 10)
      #expect(await host.driver.restartEnded() == [other])
      // It was one all the same, and waits longer for the next.
      #expect(await host.driver.restartEnded() == [])
      let state = try await commandState(host, broken)
      #expect(state.restarts == 1)
      #expect(state.restartsAt == host.clock.now() + 20)
    }
  }
}
