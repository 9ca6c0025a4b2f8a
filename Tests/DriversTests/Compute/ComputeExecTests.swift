import Engine
import Ledger
import Synchronization
import TestKit
import Testing
import Units

@testable import Drivers

@Suite(.serialized, .containerHost()) struct ComputeExecTests {
  @Test func inputOutputAndCodesComeThrough() async throws {
    try await ComputeHost.with { (host: ComputeHost) async throws in
      let lease = try await host.container()
      #expect(try await host.run("cat; echo bad >&2; exit 7", in: lease, input: "in\n") == (7, "in\n", "bad\n"))
      #expect(try await host.run("kill -9 $$", in: lease).code == 137)
      #expect(try await host.run("true", in: lease, input: String(repeating: "unread", count: 100_000)).code == 0)
      #expect(try await host.run("wc -c", in: lease, input: String(repeating: "x", count: 300_000)).out == "300000\n")
      let unknown = try await host.driver.exec(ExecCommand(arguments: ["nothing-like-this"]), in: lease)
      #expect(try await ComputeHost.collect(unknown).code == 127)
      let environment = try await host.driver.exec(
        ExecCommand(arguments: ["/bin/sh", "-c", "echo $A-$HOME"], environment: ["A": "b c"]), in: lease)
      #expect(try await ComputeHost.collect(environment).out == "b c-/root\n")
      #expect(try HostFile.names(in: host.driver.bundle(lease).commands).isEmpty)
      // Only the container's own process is left.
      let group = host.driver.runGroup(lease)
      try await host.eventually("a command's group is left") { try group.children().isEmpty }
    }
  }

  @Test func outputStreamsWhileTheCommandRuns() async throws {
    try await ComputeHost.with { (host: ComputeHost) async throws in
      let lease = try await host.container()
      let stream = try await host.driver.exec(
        ExecCommand(arguments: ["/bin/sh", "-c", "echo first; while [ ! -e /go ]; do sleep 0.05; done; echo last"]),
        in: lease)
      var iterator = stream.makeAsyncIterator()
      #expect(try await iterator.next() == .standardOutput(Array("first\n".utf8)))
      try await host.run("touch /go", in: lease)
      #expect(try await iterator.next() == .standardOutput(Array("last\n".utf8)))
      #expect(try await iterator.next() == .exited(code: 0))
      #expect(try await iterator.next() == nil)
    }
  }

  @Test func aSlowReaderHoldsTheCommandBack() async throws {
    try await ComputeHost.with { (host: ComputeHost) async throws in
      let lease = try await host.container()
      let stream = try await host.driver.exec(
        ExecCommand(arguments: ["/bin/sh", "-c", "head -c 8000000 /dev/zero; echo end >&2"]), in: lease)
      var bytes = 0
      for try await piece in stream {
        if case .standardOutput(let part) = piece { bytes += part.count }
      }
      #expect(bytes == 8_000_000)
    }
  }

  @Test func timeOverKillsAllOfIt() async throws {
    try await ComputeHost.with { (host: ComputeHost) async throws in
      let lease = try await host.container()
      let error = await #expect(throws: ComputeHost.Broken.self) {
        try await host.run("setsid sleep 1001 & (sleep 1002 &); sleep 1003", in: lease, timeout: 1)
      }
      #expect(error?.reason == "killed: it took longer than 1 s")
      #expect(try await host.run("ps | grep -c 'sleep 100[123]' ", in: lease).out == "0\n")
      #expect(try await host.phase(lease) == .running)
    }
  }

  @Test func droppingTheStreamKillsAllOfIt() async throws {
    try await ComputeHost.with { (host: ComputeHost) async throws in
      let lease = try await host.container()
      do {
        let stream = try await host.driver.exec(
          ExecCommand(arguments: ["/bin/sh", "-c", "setsid sleep 1001 & echo on; exec sleep 1002"]), in: lease)
        for try await _ in stream { break }
      }
      let group = host.driver.runGroup(lease)
      try await host.eventually("it lives on") { try group.children().isEmpty }
      #expect(try await host.run("ps | grep -c 'sleep 100[12]' ", in: lease).out == "0\n")
      // A reader that is cancelled is as good as gone.
      let (started, continuation) = AsyncStream<Void>.makeStream()
      let task = Task {
        // Nobody waits for a word of what did not begin.
        defer { continuation.finish() }
        let stream = try await host.driver.exec(
          ExecCommand(arguments: ["/bin/sh", "-c", "echo on; exec sleep 1003"]), in: lease)
        for try await _ in stream { continuation.yield() }
      }
      for await _ in started { break }
      task.cancel()
      _ = await task.result
      try await host.eventually("it lives on") { try group.children().isEmpty }
    }
  }

  @Test func aCommandMayLeaveSomethingRunning() async throws {
    try await ComputeHost.with { (host: ComputeHost) async throws in
      let lease = try await host.container()
      #expect(try await host.run("sleep 1001 >/dev/null 2>&1 </dev/null &", in: lease).code == 0)
      #expect(try await host.run("ps | grep -c 'sleep 100[1]' ", in: lease).out == "1\n")
      try await host.driver.stop(lease)
      #expect(try await host.phase(lease) == .stopped)
    }
  }

  @Test func aChildThatHoldsTheOutputHoldsNobodyUp() async throws {
    try await ComputeHost.with { (host: ComputeHost) async throws in
      let lease = try await host.container()
      #expect(try await host.run("sleep 1001 & yes > /dev/stderr & echo out", in: lease, timeout: nil).out == "out\n")
      #expect(try await host.run("ps | grep -c 'sleep 100[1]' ", in: lease).out == "1\n")
    }
  }

  @Test func whatIsLeftRunningIsReapedAndItsGroupsGo() async throws {
    try await ComputeHost.with { (host: ComputeHost) async throws in
      let lease = try await host.container(host.spec(command: ["sleep", "100000"], pids: 24))
      // More than the limit, had any stayed.
      for _ in 0..<20 { #expect(try await host.run("(true &); true & true", in: lease).code == 0) }
      try await host.eventually("dead processes stay") { try #require(try host.driver.group(lease).tasks()) == 2 }
      #expect(try await host.run("true", in: lease).code == 0)
      #expect(try host.driver.runGroup(lease).children().count <= 1)
    }
  }

  @Test func inputStreamsAsItIsTaken() async throws {
    try await ComputeHost.with { (host: ComputeHost) async throws in
      let lease = try await host.container()
      let piece = [UInt8](repeating: 65, count: 1 << 16)
      let asked = Mutex(0)
      let next: @Sendable () async throws -> [UInt8]? = {
        asked.withLock { asked in
          asked += 1
          return asked <= 640 ? piece : nil
        }
      }
      let counted = try await host.driver.exec(ExecCommand(arguments: ["wc", "-c"]), input: .stream(next), in: lease)
      #expect(try await ComputeHost.collect(counted).out == "\(640 << 16)\n")
      // One that takes nothing is given no more than the pipe holds, and its end ends the giving.
      asked.withLock { $0 = 0 }
      let deaf = try await host.driver.exec(
        ExecCommand(arguments: [
          "/bin/sh", "-c", "head -c 1 >/dev/null; echo on; while [ ! -e /go ]; do sleep 0.05; done",
        ]),
        input: .stream(next), in: lease)
      var iterator = deaf.makeAsyncIterator()
      #expect(try await iterator.next() == .standardOutput(Array("on\n".utf8)))
      #expect(asked.withLock { $0 } <= 4)
      try await host.run("touch /go", in: lease)
      #expect(try await iterator.next() == .exited(code: 0))
    }
  }

  @Test func anInputThatBreaksOffEndsTheCommand() async throws {
    try await ComputeHost.with { (host: ComputeHost) async throws in
      let lease = try await host.container()
      struct Gone: Error {}
      let stream = try await host.driver.exec(
        ExecCommand(arguments: ["/bin/sh", "-c", "sleep 1001 & cat"]), input: .stream({ throw Gone() }), in: lease)
      await #expect(throws: ComputeHost.Broken.self) { try await ComputeHost.collect(stream) }
      #expect(try await host.run("ps | grep -c 'sleep 100[1]' ", in: lease).out == "0\n")
    }
  }
}
