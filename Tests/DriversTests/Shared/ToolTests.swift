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
}
