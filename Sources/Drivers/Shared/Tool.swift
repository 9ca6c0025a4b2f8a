import Engine
import Subprocess

/// Runs the programs of other people: an array of arguments, never a shell; what they say is kept up to a bound; they
/// end in time or are killed.
struct Tool: Sendable {
  struct Outcome: Sendable {
    /// 128 + signal when it was killed.
    var code: Int32
    var standardOutput: [UInt8]
    var standardError: [UInt8]

    var text: String { String(decoding: standardOutput, as: UTF8.self) }
  }

  /// A name to be found in ``searchPath``, or an absolute path.
  var name: String

  init(_ name: String) {
    self.name = name
  }

  /// Where Debian and its kin keep what an administrator runs; a daemon's own `PATH` often lacks the `sbin`s.
  static let searchPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

  /// - Parameters:
  ///   - accepted: exit codes that are success.
  ///   - timeout: then it is killed.
  ///   - limit: bytes kept of each stream; the rest is read and dropped.
  /// - Throws: `.unavailable` when there is no such program, `.failed` with its own words otherwise.
  @discardableResult
  func run(
    _ arguments: [String], accepting accepted: Set<Int32> = [0], environment: [String: String] = [:],
    timeout: Duration = .seconds(30), limit: Int = 1 << 20
  ) async throws(DriverError) -> Outcome {
    let attempted = ([name] + arguments).joined(separator: " ")
    let outcome: Outcome?
    do {
      outcome = try await withThrowingTaskGroup(of: Outcome?.self) { group in
        group.addTask { try await collect(arguments, environment: environment, limit: limit) }
        group.addTask {
          try await Task.sleep(for: timeout)
          return nil
        }
        defer { group.cancelAll() }
        return try await group.next() ?? nil
      }
    } catch let error as SubprocessError where error.code == .executableNotFound {
      throw DriverError(.unavailable, attempted: attempted, words: "there is no \(name) on this host")
    } catch {
      throw DriverError(.failed, attempted: attempted, words: "\(error)")
    }
    guard let outcome else {
      throw DriverError(.failed, attempted: attempted, words: "not done after \(timeout)")
    }
    guard accepted.contains(outcome.code) else {
      let words = outcome.standardError.isEmpty ? outcome.standardOutput : outcome.standardError
      let said = String(decoding: words.suffix(2_000), as: UTF8.self).split(separator: "\n").joined(separator: "; ")
      throw DriverError(.failed, attempted: attempted, words: "exit \(outcome.code): \(said)")
    }
    return outcome
  }

  private func collect(
    _ arguments: [String], environment: [String: String], limit: Int
  ) async throws -> Outcome {
    var variables: [Environment.Key: String] = ["PATH": Self.searchPath, "LC_ALL": "C"]
    for (key, value) in environment {
      if let key = Environment.Key(rawValue: key) { variables[key] = value }
    }
    let result = try await Subprocess.run(
      name.hasPrefix("/") ? .path(.init(name)) : .name(name), arguments: .init(arguments),
      environment: .custom(variables), input: .none, output: .sequence, error: .sequence
    ) { execution in
      async let output = Self.bytes(of: execution.standardOutput, limit: limit)
      async let error = Self.bytes(of: execution.standardError, limit: limit)
      return try await (output, error)
    }
    let code: Int32 =
      switch result.terminationStatus {
      case .exited(let code): code
      case .signaled(let signal): 128 + signal
      }
    return Outcome(code: code, standardOutput: result.closureResult.0, standardError: result.closureResult.1)
  }

  private static func bytes(of sequence: SubprocessOutputSequence, limit: Int) async throws -> [UInt8] {
    var kept: [UInt8] = []
    for try await buffer in sequence {
      let room = limit - kept.count
      if room > 0 { buffer.withUnsafeBytes { kept += $0.prefix(room) } }
    }
    return kept
  }
}
