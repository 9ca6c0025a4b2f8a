import Engine
import Testing

@testable import Drivers

struct ToolTests {
  @Test("both streams and the arguments as they are")
  func collects() async throws {
    let outcome = try await Tool("sh").run(["-c", "printf '%s' \"$1\"; printf err >&2", "sh", "a b; echo $HOME"])
    #expect(outcome.text == "a b; echo $HOME")
    #expect(outcome.standardError == Array("err".utf8))
    #expect(outcome.code == 0)
  }

  @Test("a failure carries the tool's words")
  func fails() async throws {
    await #expect {
      try await Tool("sh").run(["-c", "echo the disk is on fire >&2; exit 3"])
    } throws: {
      guard let error = $0 as? DriverError else { return false }
      return error.kind == .failed && error.words == "exit 3: the disk is on fire"
    }
    #expect(try await Tool("sh").run(["-c", "exit 3"], accepting: [3]).code == 3)
    #expect(try await Tool("sh").run(["-c", "kill -9 $$"], accepting: [137]).code == 137)
  }

  @Test("what is not installed is unavailable")
  func missing() async throws {
    await #expect {
      try await Tool("no-such-program-\(UInt64.random(in: .min ... .max))").run([])
    } throws: {
      ($0 as? DriverError)?.kind == .unavailable
    }
  }

  @Test("it ends in time, and what it says too much is dropped")
  func bounded() async throws {
    await #expect {
      try await Tool("sleep").run(["600"], timeout: .milliseconds(100))
    } throws: {
      ($0 as? DriverError)?.words.contains("not done after") == true
    }
    let outcome = try await Tool("sh").run(["-c", "head -c 3000000 /dev/zero"], limit: 1_000)
    #expect(outcome.standardOutput.count == 1_000)
  }

  @Test("what it has started dies with it when its time is over")
  func killsTheTree() async throws {
    let mark = Self.mark()
    let error = await #expect(throws: DriverError.self) {
      try await Tool("sh").run(["-c", "sleep \(mark) & (sleep \(mark) &); sleep \(mark)"], timeout: .seconds(1))
    }
    #expect(error?.kind == .timedOut)
    try await Self.none(mark)
  }

  @Test("its end is its own: what it leaves running is ended, and holds nobody up")
  func endsWithItsOwnEnd() async throws {
    let mark = Self.mark()
    let outcome = try await Tool("sh").run(["-c", "sleep \(mark) & echo said"], timeout: .seconds(600))
    #expect(outcome.text == "said\n")
    try await Self.none(mark)
  }

  @Test("a cancelled task kills it")
  func cancels() async throws {
    let mark = Self.mark()
    let task = Task { try await Tool("sh").run(["-c", "sleep \(mark)"], timeout: .seconds(600)) }
    while try Self.running(mark) == 0 { await Task.yield() }
    task.cancel()
    #expect(await task.result.isFailure)
    try await Self.none(mark)
  }

  /// Seconds that nobody else sleeps.
  private static func mark() -> String { "9\(UInt32.random(in: 100_000...999_999)).5" }

  private static func running(_ mark: String) throws -> Int {
    try HostFile.names(in: "/proc").filter { Int32($0) != nil }.count {
      // A process may end while it is looked at.
      ((try? HostFile.text("/proc/\($0)/cmdline")) ?? nil)?.contains("sleep\0\(mark)") == true
    }
  }

  private static func none(_ mark: String) async throws {
    // Killed, they are gone in a moment.
    #expect(try await Wait.until(.seconds(60)) { () throws(DriverError) in (try? running(mark)) == 0 })
  }
}

extension Result {
  var isFailure: Bool { if case .failure = self { true } else { false } }
}
