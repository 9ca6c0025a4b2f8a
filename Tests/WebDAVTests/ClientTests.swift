import Foundation
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
}
