import Engine
import Foundation
import Glibc
import Leasing
import Ledger
import Synchronization
import TestKit
import Testing
import Units

@testable import Drivers

/// What a renter does to the drivers from inside of a container.
@Suite(.serialized, .containerHost()) struct ComputeHostileTests {
  private static let trap = "rm -f /etc/passwd; mkfifo /etc/passwd"

  @Test func aRuntimeThatNeverReturnsIsKilled() async throws {
    var options = ComputeDriver.Options.quick
    options.runtimePatience = .seconds(10)
    try await ComputeHost.with(options: options) { (host: ComputeHost) async throws in
      let lease = try await host.container()
      #expect(try await host.run(Self.trap, in: lease).code == 0)
      // A command reads it before it begins.
      let error = await #expect(throws: ComputeHost.Broken.self) { try await host.run("true", in: lease) }
      #expect(error?.reason == "the command did not start in time")
      try await host.eventually("the runtime stays") { try host.processes().isEmpty }
      try await Self.untilDone { try await host.driver.stop(lease) }
      let late = await #expect(throws: DriverError.self) { try await host.driver.start(lease) }
      #expect(late?.kind == .timedOut)
      #expect(try host.processes() == [])
      #expect(try await host.phase(lease) == .stopped)
      // Whose lease it is may resume it: only nothing runs.
      let spec = host.spec(lease)
      try await Self.untilDone { try await host.driver.suspend(lease, generation: 2) }
      try await Self.untilDone { try await host.driver.resume(spec, generation: 3) }
      #expect(try await host.phase(lease) == .stopped)
    }
  }

  /// As the engine does it: on a busy machine the runtime may not be done in time, and is asked again.
  private static func untilDone(_ body: () async throws -> Void) async throws {
    for _ in 0..<10 {
      do {
        return try await body()
      } catch {
        guard (error as? DriverError)?.kind == .timedOut else { throw error }
      }
    }
    try await body()
  }

  @Test(arguments: [true, false])
  func whatHangsIsSuspendedOrDestroyedAllTheSame(_ isSuspended: Bool) async throws {
    var options = ComputeDriver.Options.quick
    options.runtimePatience = .seconds(3_600)
    try await ComputeHost.with(options: options) { (host: ComputeHost) async throws in
      let lease = try await host.container()
      #expect(try await host.run(Self.trap, in: lease).code == 0)
      try await host.driver.stop(lease)
      let driver = host.driver
      let hanging = Task { () -> DriverError.Kind? in
        do throws(DriverError) {
          try await driver.start(lease)
          return nil
        } catch {
          return error.kind
        }
      }
      // Also the runtime itself is inside of limits.
      let group = driver.runtime.groups.group(lease)
      try await host.eventually("it does not begin") { try !group.processes().isEmpty }
      if isSuspended {
        try await driver.suspend(lease, generation: 2)
        #expect(try await host.phase(lease) == .suspended)
      } else {
        _ = try await driver.destroy(lease, generation: 2)
        #expect(try await host.phase(lease) == .absent)
      }
      #expect(await hanging.value == .fenced)
    }
  }

  @Test func theRuntimeDoesNotStandByACommand() async throws {
    try await ComputeHost.with { (host: ComputeHost) async throws in
      let lease = try await host.container()
      let stream = try await host.driver.exec(
        ExecCommand(arguments: ["/bin/sh", "-c", "echo on; exec sleep 1001"]), in: lease)
      var iterator = stream.makeAsyncIterator()
      #expect(try await iterator.next() == .standardOutput(Array("on\n".utf8)))
      // What stays is a program of a few pages, inside of the runtime's limits.
      let group = host.driver.runtime.groups.group(lease)
      try await host.eventually("the runtime stays") { try group.processes().count == 1 }
      let stays = try #require(try group.processes().first)
      #expect(try HostFile.text("/proc/\(stays)/cmdline")?.hasPrefix(host.driver.runtime.box.path) == true)
      #expect(try HostFile.names(in: "/proc/\(stays)/task").count == 1)
      #expect(try host.processes().count == 1)
    }
  }

  @Test func onlySoManyCommandsRunAtOnce() async throws {
    var options = ComputeDriver.Options.quick
    options.commands = (ofOne: 3, all: 4)
    options.logReaders = (ofOne: 2, all: 2)
    try await ComputeHost.with(options: options) { (host: ComputeHost) async throws in
      let driver = host.driver
      let lease = try await host.container()
      let other = try await host.container()
      func sleeper(_ lease: LeaseID) async throws -> AsyncThrowingStream<ExecOutput, any Error> {
        try await driver.exec(ExecCommand(arguments: ["sleep", "1001"]), in: lease)
      }
      var running: [AsyncThrowingStream<ExecOutput, any Error>] = []
      for _ in 0..<3 { running.append(try await sleeper(lease)) }
      let fourth = await #expect(throws: DriverError.self) { _ = try await sleeper(lease) }
      #expect(fourth?.kind == .tooMany)
      #expect(fourth?.words == "3 commands of one lease at once")
      // The neighbour does not feel it, until the host has enough.
      running.append(try await sleeper(other))
      let fifth = await #expect(throws: DriverError.self) { _ = try await sleeper(other) }
      #expect(fifth?.kind == .tooMany)
      running = []
      // A place is free when what had it is dead.
      try await host.eventually("no place becomes free") {
        do throws(DriverError) {
          running = [try await driver.exec(ExecCommand(arguments: ["sleep", "1001"]), in: lease)]
          return true
        } catch {
          #expect(error.kind == .tooMany)
          return false
        }
      }
      var logs = [try await driver.logs(of: lease, tail: nil, follow: true)]
      logs.append(try await driver.logs(of: lease, tail: nil, follow: true))
      let third = await #expect(throws: DriverError.self) {
        _ = try await driver.logs(of: lease, tail: 1, follow: false)
      }
      #expect(third?.kind == .tooMany)
      logs = []
      _ = try await driver.logs(of: lease, tail: 1, follow: false)
    }
  }

  @Test func aLeaseOnItsOwnLogBlocksNobody() async throws {
    try await ComputeHost.with { (host: ComputeHost) async throws in
      let lease = try await host.container(
        host.spec(command: ["/bin/sh", "-c", "yes 0123456789 | head -c 2000000"]))
      try await host.eventually("it did not end") { try await host.phase(lease) == .stopped }
      // Its holder is told of who wants to open it, by a signal that ends who does not expect it.
      signal(SIGIO, SIG_IGN)
      let held = try Descriptor(opening: host.driver.bundle(lease).output, O_RDWR)
      let (setLease, writing) = (Int32(1_024), Int32(F_WRLCK))
      // A program that is just being started may have a copy of it for a moment, here as below.
      try await host.eventually("it is open elsewhere") {
        if fcntl(held.number, setLease, writing) == 0 { return true }
        try #require(errno == EAGAIN)
        return false
      }
      let refused = await #expect(throws: DriverError.self) {
        _ = try await host.driver.logs(of: lease, tail: 5, follow: false)
      }
      #expect(refused?.kind == .busy)
      // And hides it from no meter.
      #expect(try await host.driver.measure([lease]).count == 1)
      _ = consume held
      try await host.eventually("it is busy still") {
        do {
          _ = try await host.driver.logs(of: lease, tail: 5, follow: false)
          return true
        } catch let error as DriverError where error.kind == .busy {
          return false
        }
      }
    }
  }
}
