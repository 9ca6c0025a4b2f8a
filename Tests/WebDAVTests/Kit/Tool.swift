import Foundation
import TestKit

/// A program of somebody else's, run against the server.
enum Tool {
  struct Outcome: Sendable {
    var status: Int32
    var output: String
  }

  /// Where it is; `nil`, and a line in the skip log, when it is not installed.
  static func find(_ name: String, for suite: String) -> String? {
    for folder in ["/usr/bin", "/usr/local/bin"] where FileManager.default.isExecutableFile(atPath: "\(folder)/\(name)")
    {
      return "\(folder)/\(name)"
    }
    skip(suite, "\(name) is not installed")
    return nil
  }

  static func skip(_ suite: String, _ reason: String) {
    guard let log = ProcessInfo.processInfo.environment["LEASEHOLD_SKIP_LOG"] else { return }
    let line = Data("SKIPPED \(suite): \(reason)\n".utf8)
    if let file = FileHandle(forWritingAtPath: log) {
      file.seekToEndOfFile()
      file.write(line)
    } else {
      _ = FileManager.default.createFile(atPath: log, contents: line)
    }
  }

  static func run(
    _ path: String, _ arguments: [String], in folder: String? = nil, environment: [String: String] = [:]
  ) async -> Outcome {
    await Wire.blocking {
      let process = Process()
      process.executableURL = URL(fileURLWithPath: path)
      process.arguments = arguments
      if let folder { process.currentDirectoryURL = URL(fileURLWithPath: folder) }
      process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
      let pipe = Pipe()
      process.standardOutput = pipe
      process.standardError = pipe
      process.standardInput = FileHandle.nullDevice
      do {
        try process.start()
      } catch {
        return Outcome(status: -1, output: "\(error)")
      }
      let output = pipe.fileHandleForReading.readDataToEndOfFile()
      process.waitUntilExit()
      return Outcome(status: process.terminationStatus, output: String(decoding: output, as: UTF8.self))
    }
  }
}
