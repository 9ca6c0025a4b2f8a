import Engine
import Glibc

/// Runs the programs of other people: an array of arguments, never a shell; what they say is kept up to a bound; they
/// end in time or are killed, and what they have started with them.
struct Tool: Sendable {
  struct Outcome: Sendable {
    /// 128 + signal when it was killed.
    var code: Int32
    var standardOutput: [UInt8]
    var standardError: [UInt8]

    var text: String { String(decoding: standardOutput, as: UTF8.self) }
  }

  /// A name to be found in ``ForeignProgram/searchPath``, or an absolute path.
  var name: String

  init(_ name: String) {
    self.name = name
  }

  /// - Parameters:
  ///   - accepted: exit codes that are success.
  ///   - timeout: then it is killed.
  ///   - limit: bytes kept of each stream; the rest is read and dropped.
  /// - Throws: `.unavailable` when there is no such program, `.timedOut`, `.failed` with its own words otherwise.
  @discardableResult
  func run(
    _ arguments: [String], accepting accepted: Set<Int32> = [0], environment: [String: String] = [:],
    timeout: Duration = .seconds(30), limit: Int = 1 << 20
  ) async throws(DriverError) -> Outcome {
    let attempted = ([name] + arguments).joined(separator: " ")
    let output = try PipeEnds(ours: .reading)
    let error = try PipeEnds(ours: .reading)
    let program = ForeignProgram(
      path: try ForeignProgram.find(name, attempted: attempted), arguments: arguments, environment: environment,
      standardOutput: output.theirNumber, standardError: error.theirNumber, attempted: attempted)
    async let said = Self.bytes(of: output, limit: limit)
    async let complained = Self.bytes(of: error, limit: limit)
    let code: Result<Int32, DriverError>
    do throws(DriverError) {
      code = .success(
        try await program.run(within: timeout) {
          output.closeTheirs()
          error.closeTheirs()
        })
    } catch {
      code = .failure(error)
    }
    // Whoever it left behind may have the pipes still.
    for end in [output, error] {
      end.closeTheirs()
      end.endReading()
    }
    let outcome = Outcome(code: try code.get(), standardOutput: await said, standardError: await complained)
    guard accepted.contains(outcome.code) else {
      let words = outcome.standardError.isEmpty ? outcome.standardOutput : outcome.standardError
      let text = String(decoding: words.suffix(2_000), as: UTF8.self).split(separator: "\n").joined(separator: "; ")
      throw DriverError(.failed, attempted: attempted, words: "exit \(outcome.code): \(text)")
    }
    return outcome
  }

  /// What came until it could not be read any more.
  private static func bytes(of pipe: PipeEnds, limit: Int) async -> [UInt8] {
    var kept: [UInt8] = []
    do {
      while let bytes = try await pipe.read() {
        kept += bytes.prefix(max(0, limit - kept.count))
      }
    } catch {
      // The program's end says more than why its words were not all heard.
      return kept
    }
    return kept
  }
}
