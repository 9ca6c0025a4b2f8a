import Foundation
import Glibc
import TestKit
import Testing

@testable import WebDAV

/// The programs that people use.
@Suite struct ClientTests {
  @Test(arguments: [("basic", 16), ("copymove", 13), ("props", 30), ("locks", 41), ("http", 4)])
  func litmus(suite: String, tests: Int) async throws {
    guard let tool = Tool.find("litmus", for: "litmus \(suite)") else { return }
    let work = try Disk()
    let outcome = try await TestServer.with(try Disk()) { server async throws in
      await Tool.run(tool, [server.url + "/"], in: work.root, environment: ["TESTS": suite])
    }
    #expect(outcome.status == 0, "\(outcome.output)")
    #expect(outcome.output.contains("of \(tests) tests run: \(tests) passed, 0 failed"), "\(outcome.output)")
    #expect(!outcome.output.contains("WARNING"), "\(outcome.output)")
  }

  @Test func rcloneCopiesChecksAndSyncs() async throws {
    guard let tool = Tool.find("rclone", for: "rclone") else { return }
    let here = try Disk()
    try here.makeFolder("tree/a b/ü")
    for index in 0..<20 {
      try here.write(String(repeating: "line \(index)\n", count: index * 997), to: "tree/\(index)")
    }
    try here.write("deep", to: "tree/a b/ü/ß 100%.txt")
    try await TestServer.with(try Disk()) { server async throws in
      let remote = ":webdav,vendor=other,url='\(server.url)':"
      let common = ["--config", "/dev/null", "--retries", "1"]
      let copy = await Tool.run(tool, common + ["copy", here.path("tree"), remote + "up"])
      #expect(copy.status == 0, "\(copy.output)")
      let check = await Tool.run(tool, common + ["check", "--download", here.path("tree"), remote + "up"])
      #expect(check.status == 0, "\(check.output)")
      #expect(server.disk.read("up/a b/ü/ß 100%.txt") == "deep")
      try here.write("changed and longer", to: "tree/3")
      let sync = await Tool.run(tool, common + ["sync", here.path("tree"), remote + "up"])
      #expect(sync.status == 0, "\(sync.output)")
      #expect(server.disk.read("up/3") == "changed and longer")
      let move = await Tool.run(tool, common + ["moveto", remote + "up/3", remote + "up/moved"])
      #expect(move.status == 0, "\(move.output)")
      #expect(server.disk.read("up/moved") == "changed and longer")
      let about = await Tool.run(tool, common + ["about", remote])
      #expect(about.output.contains("Free"), "\(about.output)")
      let purge = await Tool.run(tool, common + ["purge", remote + "up"])
      #expect(purge.status == 0, "\(purge.output)")
      #expect(server.disk.names.isEmpty)
    }
  }

  /// With this vendor rclone keeps times and compares checksums.
  @Test func rcloneTakesUsForOwnCloud() async throws {
    guard let tool = Tool.find("rclone", for: "rclone") else { return }
    let here = try Disk()
    try here.makeFolder("tree")
    for name in ["one", "two"] { try here.write("content of \(name)", to: "tree/\(name)") }
    @Sendable func touch(_ seconds: Int) {
      let times = [timespec(tv_sec: seconds, tv_nsec: 0), timespec(tv_sec: seconds, tv_nsec: 0)]
      utimensat(AT_FDCWD, here.path("tree/one"), times, 0)
    }
    touch(784_111_777)
    try await TestServer.with(try Disk()) { server async throws in
      let remote = ":webdav,vendor=owncloud,url='\(server.url)':"
      let common = ["--config", "/dev/null", "--retries", "1"]
      func run(_ arguments: String...) async -> Tool.Outcome {
        await Tool.run(tool, common + arguments, environment: ["TZ": "UTC"])
      }
      #expect(await run("copy", here.path("tree"), remote + "up").status == 0)
      #expect(await run("lsl", remote + "up").output.contains("1994-11-06 08:49:37"))
      let sums = await run("sha1sum", remote + "up")
      #expect(sums.output.contains("  one"), "\(sums.output)")
      #expect(sums.output.split(separator: " ").first?.count == 40, "\(sums.output)")
      let check = await run("check", here.path("tree"), remote + "up")
      #expect(check.status == 0, "\(check.output)")
      #expect(!check.output.contains("could not be checked"), "\(check.output)")
      // Only the time has changed: it is set, and nothing is sent again.
      let before = try await server.send("GET", "/up/one").headers["oc-checksum"]
      touch(784_111_778)
      #expect(await run("copy", here.path("tree"), remote + "up").status == 0)
      #expect(await run("lsl", remote + "up").output.contains("1994-11-06 08:49:38"))
      #expect(before != nil)
    }
  }
}
