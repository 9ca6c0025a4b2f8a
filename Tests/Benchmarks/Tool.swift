import Foundation

/// A program of others that we measure with or against.
enum Tool {
  /// What it says on standard output; a fault with all its words when it fails.
  static func run(_ command: [String]) async throws -> String {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = command
    let output = Pipe()
    process.standardOutput = output
    process.standardError = output
    return try await withCheckedThrowingContinuation { continuation in
      // A thread of its own: reading blocks, and the measured side lives on Swift's own threads.
      Thread.detachNewThread {
        do {
          try process.run()
          let words = String(decoding: try output.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
          process.waitUntilExit()
          if process.terminationStatus == 0 {
            continuation.resume(returning: words)
          } else {
            continuation.resume(throwing: BenchFault("\(command[0]): \(words)"))
          }
        } catch {
          continuation.resume(throwing: error)
        }
      }
    }
  }

  /// The first number behind `name`.
  static func number(after name: String, in words: String) throws -> Double {
    guard let range = words.range(of: name),
      let number = Double(words[range.upperBound...].drop { $0 == " " }.prefix { $0.isNumber || $0 == "." })
    else { throw BenchFault("no \(name) in: \(words)") }
    return number
  }
}
