import Client
import Foundation
import TestKit
import Testing
import Units

@testable import RenterKit

/// The command line as a shell has it: the program as it was built, a home of its own, and a shop to go to.
final class Storefront: Sendable {
  struct Outcome: Sendable {
    var status: Int32
    var output: String
    var error: String

    func document() throws -> [String: Any] {
      try #require(try JSONSerialization.jsonObject(with: Data(output.utf8)) as? [String: Any])
    }
  }

  let shop = Shop()
  let server: MiniServer
  let home: URL

  private init() async throws {
    let shop = shop
    server = try await MiniServer { shop.answer($0) }
    home = FileManager.default.temporaryDirectory.appendingPathComponent("leasehold-home-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: home, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: home) }

  static func open(_ body: (Storefront) async throws -> Void) async throws {
    let storefront = try await Storefront()
    do { try await body(storefront) } catch {
      await storefront.server.close()
      throw error
    }
    await storefront.server.close()
  }

  /// Beside the tests, for the same build made both.
  static let program: URL = {
    let tests =
      (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0]
    return URL(fileURLWithPath: tests).deletingLastPathComponent().appendingPathComponent("leasehold")
  }()

  /// - Parameter whileRunning: is handed the process, to be signalled.
  func run(
    _ arguments: [String], input: String = "", environment: [String: String] = [:],
    whileRunning: (@Sendable (Process) async -> Void)? = nil
  ) async throws -> Outcome {
    let process = Process()
    process.executableURL = Self.program
    process.arguments = arguments
    process.environment = [
      "HOME": home.path, "PATH": "/usr/bin:/bin", "LEASEHOLD_SERVER": server.address,
    ].merging(environment) { $1 }
    process.currentDirectoryURL = home
    let (input, output, error) = (try spool("in", input), try spool("out"), try spool("err"))
    process.standardInput = try FileHandle(forReadingFrom: input)
    process.standardOutput = try FileHandle(forWritingTo: output)
    process.standardError = try FileHandle(forWritingTo: error)
    let end = AsyncStream<Void>.makeStream()
    process.terminationHandler = { _ in end.continuation.finish() }
    try process.start()
    // Also when the test is over before the program is.
    defer { if process.isRunning { process.terminate() } }
    await whileRunning?(process)
    for await _ in end.stream {}
    let killed = process.terminationReason == .uncaughtSignal
    return Outcome(
      status: killed ? 128 + process.terminationStatus : process.terminationStatus,
      output: try String(contentsOf: output, encoding: .utf8), error: try String(contentsOf: error, encoding: .utf8))
  }

  func run(_ arguments: String..., environment: [String: String] = [:]) async throws -> Outcome {
    try await run(arguments, environment: environment)
  }

  /// Files rather than pipes: nobody has to empty them.
  private func spool(_ name: String, _ content: String = "") throws -> URL {
    let file = home.appendingPathComponent(".\(name)-\(UUID().uuidString)")
    try Data(content.utf8).write(to: file)
    return file
  }

  /// A lease with its credential kept.
  func rent() async throws -> String {
    let outcome = try await run("rent", "disk-small", "--yes", "--json", "--quiet")
    return try #require(try outcome.document()["id"] as? String)
  }

  func write(_ text: String, to name: String, mode: Int = 0o600) throws -> String {
    let file = home.appendingPathComponent(name)
    try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(text.utf8).write(to: file)
    try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: file.path)
    return file.path
  }
}

extension Storefront {
  static var now: Instant { LeaseholdClient.systemClock() }
}
