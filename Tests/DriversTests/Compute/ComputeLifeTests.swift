import Engine
import Foundation
import Leasing
import Ledger
import TestKit
import Testing
import Units

@testable import Drivers

@Suite(.serialized, .containerHost()) struct ComputeLifeTests {
  @Test func aContainerLivesAndLeavesNothing() async throws {
    try await ComputeHost.with { (host: ComputeHost) async throws in
      let spec = host.spec()
      let lease = try await host.container(spec)
      #expect(try await host.phase(lease) == .running)
      try await host.driver.provision(spec, generation: 1)
      #expect(try await host.driver.list().map(\.lease) == [lease])
      #expect(try await host.run("echo hi", in: lease) == (0, "hi\n", ""))
      let receipt = try await host.driver.destroy(lease, generation: 2)
      #expect(receipt.method == .discarded)
      #expect(try await host.phase(lease) == .absent)
      #expect(try await host.driver.destroy(lease, generation: 2).method == .absent)
      let late = await #expect(throws: DriverError.self) { try await host.driver.provision(spec, generation: 2) }
      #expect(late?.kind == .fenced)
      #expect(try await host.phase(lease) == .absent)
    }
  }

  @Test func theWritableLayerIsOverwrittenWhereAsked() async throws {
    var options = ComputeDriver.Options.quick
    options.erasure = .overwritten
    try await ComputeHost.with(options: options) { (host: ComputeHost) async throws in
      let lease = try await host.container()
      #expect(try await host.run("echo secret > /secret; sync", in: lease).code == 0)
      #expect(try await host.driver.destroy(lease, generation: 2).method == .overwritten)
    }
  }

  @Test func frozenItGetsNoProcessorTimeAndThawedItGoesOn() async throws {
    try await ComputeHost.with { (host: ComputeHost) async throws in
      let spec = host.spec(command: ["/bin/sh", "-c", "while :; do :; done"])
      let lease = try await host.container(spec)
      let group = host.driver.group(lease)
      let first = try #require(try group.cpuMicroseconds())
      try await host.eventually("it never ran") { try #require(try group.cpuMicroseconds()) > first }
      try await host.driver.suspend(lease, generation: 2)
      try await host.driver.suspend(lease, generation: 2)
      #expect(try await host.phase(lease) == .suspended)
      let frozen = try #require(try group.cpuMicroseconds())
      // Another container's work is the clock here: while it computes, this one stands still.
      let other = try await host.container()
      #expect(try await host.run("i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done", in: other).code == 0)
      #expect(try group.cpuMicroseconds() == frozen)
      let refused = await #expect(throws: DriverError.self) { try await host.run("true", in: lease) }
      #expect(refused?.kind == .failed)
      #expect(refused?.words == "the container is suspended")
      try await host.driver.resume(spec, generation: 3)
      try await host.driver.resume(spec, generation: 3)
      #expect(try await host.phase(lease) == .running)
      try await host.eventually("it does not go on") { try #require(try group.cpuMicroseconds()) > frozen }
      let old = await #expect(throws: DriverError.self) { try await host.driver.suspend(lease, generation: 2) }
      #expect(old?.kind == .fenced)
      #expect(try await host.phase(lease) == .running)
    }
  }

  @Test func itIsDestroyedWhileFrozen() async throws {
    try await ComputeHost.with { (host: ComputeHost) async throws in
      let lease = try await host.container()
      try await host.driver.suspend(lease, generation: 2)
      _ = try await host.driver.destroy(lease, generation: 3)
      #expect(try await host.phase(lease) == .absent)
    }
  }

  @Test func aCommandThatEndsLeavesTheLeaseHeld() async throws {
    try await ComputeHost.with { (host: ComputeHost) async throws in
      let lease = try await host.container(
        host.spec(command: ["/bin/sh", "-c", "echo $(cat /n 2>/dev/null)run; echo again- > /n"]))
      try await host.eventually("it did not end") { try await host.phase(lease) == .stopped }
      let refused = await #expect(throws: DriverError.self) { try await host.run("true", in: lease) }
      #expect(refused?.kind == .stopped)
      #expect(refused?.words == "the container is stopped")
      let before = try #require(try await host.driver.measure([lease]).first)
      try await host.driver.start(lease)
      try await host.eventually("it did not end") { try await host.phase(lease) == .stopped }
      let after = try #require(try await host.driver.measure([lease]).first)
      // The counters went on: what was used before the start is not lost, and not counted twice.
      #expect(after.incarnation == before.incarnation)
      #expect(try #require(after.counters[.cpu]) > (try #require(before.counters[.cpu])))
      var log: [UInt8] = []
      for try await part in try await host.driver.logs(of: lease, tail: nil, follow: true) { log += part }
      #expect(String(decoding: log, as: UTF8.self) == "run\nagain-run\n")
      var tail: [UInt8] = []
      for try await part in try await host.driver.logs(of: lease, tail: 1, follow: false) { tail += part }
      #expect(String(decoding: tail, as: UTF8.self) == "again-run\n")
    }
  }

  @Test func stopKeepsFilesAndStartRunsAgain() async throws {
    try await ComputeHost.with { (host: ComputeHost) async throws in
      let spec = host.spec()
      let lease = try await host.container(spec)
      try await host.run("echo kept > /kept", in: lease)
      try await host.driver.stop(lease)
      try await host.driver.stop(lease)
      #expect(try await host.phase(lease) == .stopped)
      // A repeated order does not undo what the renter wanted.
      try await host.driver.provision(spec, generation: 1)
      #expect(try await host.phase(lease) == .stopped)
      try await host.driver.suspend(lease, generation: 2)
      #expect(try await host.phase(lease) == .suspended)
      let refused = await #expect(throws: DriverError.self) { try await host.driver.start(lease) }
      #expect(refused?.words == "it is suspended")
      try await host.driver.resume(spec, generation: 3)
      #expect(try await host.phase(lease) == .stopped)
      try await host.driver.start(lease)
      try await host.driver.start(lease)
      #expect(try await host.run("cat /kept", in: lease).out == "kept\n")
    }
  }

  @Test func itGetsNoLessMemoryThanItUses() async throws {
    try await ComputeHost.with { (host: ComputeHost) async throws in
      var spec = host.spec(command: ["/bin/sh", "-c", "x=$(head -c 30000000 /dev/zero | tr '\\0' a); sleep 1000"])
      let lease = try await host.container(spec)
      try await host.eventually("it does not use it") {
        try #require(try await host.driver.measure([lease]).first?.levels[.memory]) > 24 << 20
      }
      spec.resources.memory = .mebibytes(16)
      let (smaller, generation) = (spec, Int64(2))
      let error = await #expect(throws: DriverError.self) {
        try await host.driver.resize(smaller, generation: generation)
      }
      #expect(error?.kind == .noSpace)
      #expect(try await host.phase(lease) == .running)
      // Nothing was changed, and with room for what it uses it is.
      spec.resources.memory = .mebibytes(56)
      try await host.driver.resize(spec, generation: 3)
      #expect(try await host.driver.commandState(of: lease)?.command == .running)
    }
  }

  @Test func howItsCommandEndedIsTold() async throws {
    try await ComputeHost.with { (host: ComputeHost) async throws in
      let ended = try await host.container(host.spec(command: ["/bin/sh", "-c", "exit 3"]))
      try await host.eventually("it did not end") { try await host.phase(ended) == .stopped }
      #expect(try await host.driver.commandState(of: ended)?.command == .ended(code: 3, outOfMemory: false))
      let greedy = try await host.container(
        host.spec(command: ["/bin/sh", "-c", "exec dd if=/dev/zero of=/dev/null bs=128M count=1"]))
      try await host.eventually("it did not end") { try await host.phase(greedy) == .stopped }
      #expect(try await host.driver.commandState(of: greedy)?.command == .ended(code: 137, outOfMemory: true))
      let idle = try await host.container()
      #expect(try await host.driver.commandState(of: idle)?.command == .running)
      try await host.driver.stop(idle)
      #expect(try await host.driver.commandState(of: idle)?.command == .stopped)
      try await host.driver.start(idle)
      #expect(try await host.driver.commandState(of: idle)?.command == .running)
      #expect(try await host.driver.commandState(of: .random()) == nil)
    }
  }

  @Test func whatIsNotThereIsAbsent() async throws {
    try await ComputeHost.with { (host: ComputeHost) async throws in
      let lease = LeaseID.random()
      #expect(try await host.phase(lease) == .absent)
      #expect(try await host.driver.measure([lease]).isEmpty)
      for verb in ["start", "stop", "exec", "logs", "suspend"] {
        let error = await #expect(throws: DriverError.self) {
          switch verb {
          case "start": try await host.driver.start(lease)
          case "stop": try await host.driver.stop(lease)
          case "exec": _ = try await host.run("true", in: lease)
          case "logs": _ = try await host.driver.logs(of: lease, tail: nil, follow: false)
          default: try await host.driver.suspend(lease, generation: 1)
          }
        }
        #expect(error?.kind == .absent, "\(verb)")
      }
      var spec = host.spec()
      spec.image?.path = "/nowhere"
      let error = await #expect(throws: DriverError.self) { try await host.driver.provision(spec, generation: 1) }
      #expect(error?.kind == .unavailable)
    }
  }

  @Test func anotherDriverFindsARunningContainer() async throws {
    try await ComputeHost.with { (host: ComputeHost) async throws in
      let lease = try await host.container()
      try await host.run("echo there > /tmp/x", in: lease)
      let other = try host.another()
      #expect(try await other.inspect(lease).phase == .running)
      #expect(try await other.inspect(lease).generation == 1)
      let stream = try await other.exec(ExecCommand(arguments: ["cat", "/tmp/x"]), in: lease)
      #expect(try await ComputeHost.collect(stream).out == "there\n")
      _ = try await other.destroy(lease, generation: 2)
      #expect(try await host.phase(lease) == .absent)
    }
  }

  @Test func itGrows() async throws {
    try await ComputeHost.with { (host: ComputeHost) async throws in
      var spec = host.spec()
      let lease = try await host.container(spec)
      let fill = "dd if=/dev/zero of=/big bs=1M count=60 2>/dev/null"
      #expect(try await host.run(fill, in: lease).code != 0)
      spec.resources = Resources(disk: .mebibytes(96), cpuMillis: 500, memory: .mebibytes(96), pids: 32)
      try await host.driver.resize(spec, generation: 2)
      #expect(try await host.run("exec dd if=/dev/zero of=/dev/null bs=80M count=1", in: lease).code == 0)
      // Not every daemon may grow a mounted file system; after a start it has grown in any case.
      try await host.driver.stop(lease)
      try await host.driver.start(lease)
      #expect(try await host.run(fill, in: lease).code == 0)
    }
  }

  @Test func theProbeHolds() async throws {
    try await ComputeHost.with { (host: ComputeHost) async throws in
      try await host.driver.probe()
      #expect(try HostFile.names(in: host.driver.fence.folder).isEmpty)
    }
  }

  @Test func itsCommandIsAskedToEndBeforeItIsKilled() async throws {
    var options = ComputeDriver.Options.quick
    options.stopPatience = .seconds(300)
    try await ComputeHost.with(options: options) { (host: ComputeHost) async throws in
      let lease = try await host.container(
        host.spec(
          command: ["/bin/sh", "-c", "trap 'echo bye; exit 3' TERM; echo on; while :; do sleep 0.05; done"]))
      let output = host.driver.bundle(lease).output
      try await host.eventually("it does not begin") { try HostFile.text(output) == "on\n" }
      try await host.driver.stop(lease)
      #expect(try HostFile.text(output) == "on\nbye\n")
    }
  }

  @Test func aCommandThatCannotBeStartedIsToldAsSuch() async throws {
    try await ComputeHost.with { (host: ComputeHost) async throws in
      let spec = host.spec(command: ["no-such-program"])
      let error = await #expect(throws: DriverError.self) { try await host.driver.provision(spec, generation: 1) }
      #expect(error?.kind == .cannotStart)
      #expect(error?.words == "exit 127: No such file or directory")
    }
  }
}
