import Foundation
import TestKit
import Testing

/// What a check costs in memory does not depend on the number of caveats: not one allocation is a caveat's.
///
/// Conditions whose values are lists of names or addresses, or paths, are the exception: they are kept decoded, for the
/// requests that will be held against them.
@Suite struct AllocationTests {
  @Test func noneIsACaveats() throws {
    let (counts, isOptimized) = try measured()
    // Without optimization generic code keeps temporaries on the heap, a few for each condition that is read; the walk
    // along the chain has none even so.
    for subject in isOptimized ? ["macaroon", "credential"] : ["macaroon"] {
      let three = try #require(counts["\(subject) 3"])
      #expect(counts["\(subject) 30"] == three, "\(subject): \(counts)")
      #expect(counts["\(subject) 300"] == three, "\(subject): \(counts)")
    }
    guard isOptimized else { return }
    // The bytes of the macaroon are taken over as they are.
    #expect(counts["macaroon 3"] == 0)
    #expect(counts["credential 3"] == 1, "the decoded bytes")
  }

  /// Runs the program that counts: the one that `scripts/test` has optimized, else the one beside this program.
  private func measured() throws -> (counts: [String: Int], isOptimized: Bool) {
    let optimized = ProcessInfo.processInfo.environment["LEASEHOLD_TEST_ALLOCATIONS"]
    let own = try #require(ProcessInfo.processInfo.arguments.first.map { URL(fileURLWithPath: $0) })
    let process = Process()
    process.executableURL =
      optimized.map { URL(fileURLWithPath: $0) }
      ?? own.resolvingSymlinksInPath().deletingLastPathComponent().appendingPathComponent("leasehold-allocations")
    let output = Pipe()
    process.standardOutput = output
    try process.start()
    let text = String(decoding: try output.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
    process.waitUntilExit()
    #expect(process.terminationStatus == 0)
    let pairs = text.split(separator: "\n").compactMap { line -> (String, Int)? in
      let words = line.split(separator: " ")
      guard words.count == 3, let count = Int(words[2]) else { return nil }
      return ("\(words[0]) \(words[1])", count)
    }
    return (Dictionary(uniqueKeysWithValues: pairs), optimized != nil)
  }
}
