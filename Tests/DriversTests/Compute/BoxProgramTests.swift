import Engine
import Foundation
import Glibc
import TestKit
import Testing

@testable import Drivers

/// ``BoxProgram`` on the host, as it is in a container: whatever is true here is true there.
struct BoxProgramTests {
  /// Runs it over a command, and says how it ended and what it reported.
  private func over(
    _ command: [String], path: String = ForeignProgram.searchPath
  ) async throws -> (code: Int32, report: BoxProgram.Report) {
    let folder = FileManager.default.temporaryDirectory.path + "/box-\(UInt64.random(in: .min ... .max))"
    try HostFile.makeFolder(folder, mode: 0o700)
    defer { #expect(throws: Never.self) { try FileManager.default.removeItem(atPath: folder) } }
    let box = try BoxProgram(folder: folder)
    // A second time it is found.
    _ = try BoxProgram(folder: folder)
    #expect(try HostFile.names(in: folder) == [".init"])
    let status = try Descriptor(opening: folder + "/status", O_RDWR | O_CREAT)
    let program = ForeignProgram(
      path: box.path, arguments: box.entering([], status: folder + "/status", [box.path, "run"] + command),
      environment: ["PATH": path], attempted: "box")
    let code = try await program.run(within: .seconds(300))
    _ = consume status
    return (code, BoxProgram.Report(try HostFile.bytes(folder + "/status") ?? []))
  }

  @Test func codesAndSignalsComeThrough() async throws {
    let seven = try await over(["sh", "-c", "exit 7"])
    #expect(seven.code == 7)
    #expect(seven.report.began)
    #expect(seven.report.code == 7)
    let killed = try await over(["sh", "-c", "kill -9 $$"])
    #expect(killed.code == 137)
    #expect(killed.report.code == 137)
    // What is sent to it, the command gets.
    let told = try await over(["sh", "-c", "trap 'exit 5' USR1; kill -USR1 $PPID; while :; do sleep 0.01; done"])
    #expect(told.code == 5)
  }

  @Test func whatCannotBeStartedIsSaid() async throws {
    let missing = try await over(["no-such-program"])
    #expect(missing.code == 127)
    #expect(missing.report.failure == ENOENT)
    #expect(missing.report.failureCode == 127)
    #expect(!missing.report.began)
    let folder = try await over(["/"])
    #expect(folder.code == 126)
    #expect(folder.report.failureCode == 126)
    let empty = try await over([""])
    #expect(empty.report.failureCode == 127)
    let long = try await over([String(repeating: "x", count: 5_000)])
    #expect(long.report.failureCode == 126)
    let nowhere = try await over(["sh"], path: "/nowhere:/etc/passwd:")
    #expect(nowhere.report.failureCode == 127)
    let second = try await over(["sh", "-c", "exit 3"], path: "/nowhere:/bin")
    #expect(second.code == 3)
  }

  @Test func whatItCannotEnterItDoesNotRun() async throws {
    let folder = FileManager.default.temporaryDirectory.path + "/box-\(UInt64.random(in: .min ... .max))"
    try HostFile.makeFolder(folder, mode: 0o700)
    defer { #expect(throws: Never.self) { try FileManager.default.removeItem(atPath: folder) } }
    let box = try BoxProgram(folder: folder)
    let program = ForeignProgram(
      path: box.path,
      arguments: box.entering([folder + "/none/cgroup.procs"], status: "/dev/null", ["/bin/touch", folder + "/ran"]),
      attempted: "box")
    #expect(try await program.run(within: .seconds(300)) == 125)
    #expect(!HostFile.exists(folder + "/ran"))
  }
}
