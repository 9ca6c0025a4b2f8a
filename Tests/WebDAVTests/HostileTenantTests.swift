import Foundation
import Glibc
import Synchronization
import TestKit
import Testing

@testable import Files
@testable import WebDAV

private final class Swapper: Sendable {
  let isDone = Atomic<Bool>(false)
  let swaps = Atomic<Int>(0)
}

/// A container with the same disk, at work while the door is.
@Suite struct HostileTenantTests {
  @Test func symbolicLinksLeadNowhere() async throws {
    let outside = try Disk()
    try outside.write("secret", to: "secret")
    try outside.makeFolder("folder")
    let disk = try Disk()
    symlink(outside.path("secret"), disk.path("file"))
    symlink(outside.root, disk.path("folder"))
    symlink("/proc/self/root", disk.path("magic"))
    try disk.write("mine", to: "mine")
    try await TestServer.with(disk) { server async throws in
      for path in ["/file", "/folder/secret", "/folder/", "/folder", "/magic/etc/passwd"] {
        for method in ["GET", "HEAD"] {
          #expect(try await server.send(method, path).status == 404, "\(method) \(path)")
        }
        #expect(try await server.send("PROPFIND", path, ["Depth": "0"]).status == 404, "\(path)")
        #expect(try await server.send("COPY", path, ["Destination": server.url + "/stolen"]).status == 404, "\(path)")
      }
      #expect(try await server.send("PUT", "/file", body: "x").status == 409)
      #expect(try await server.send("PUT", "/folder/new", body: "x").status == 409)
      #expect(try await server.send("MKCOL", "/folder/new").status == 409)
      #expect(try await server.send("DELETE", "/folder/secret").status == 404)
      #expect(try await server.send("MOVE", "/mine", ["Destination": server.url + "/folder/mine"]).status == 409)
      #expect(try await server.send("COPY", "/mine", ["Destination": server.url + "/file"]).status == 409)
      let listing = try await server.send("PROPFIND", "/", ["Depth": "1"])
      #expect(listing.status == 207)
      #expect(!listing.body.contains("folder"))
      #expect(listing.body.contains("mine"))
      #expect(try await server.send("DELETE", "/file").status == 204)
      #expect(try await server.send("DELETE", "/folder").status == 204)
    }
    #expect(outside.names == ["folder", "secret"])
    #expect(outside.read("secret") == "secret")
    #expect(disk.names == ["magic", "mine"])
  }

  @Test func aFolderSwappedForALinkMidRequestLeadsNowhere() async throws {
    let outside = try Disk()
    try outside.write("secret", to: "file")
    let disk = try Disk()
    try disk.makeFolder("folder")
    try disk.write("mine", to: "folder/file")
    symlink(outside.root, disk.path("link"))
    let swapper = Swapper()
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask {
        await Wire.blocking {
          let root = Descriptor(owning: open(disk.root, O_RDONLY | O_DIRECTORY))
          while !swapper.isDone.load(ordering: .relaxed) {
            try? root.exchange("folder", with: root, "link")
            swapper.swaps.wrappingAdd(1, ordering: .relaxed)
          }
        }
      }
      defer { swapper.isDone.store(true, ordering: .relaxed) }
      let bodies = try await TestServer.with(disk) { server async throws in
        var bodies: Set<String> = []
        for round in 0..<60 {
          bodies.insert(try await server.send("GET", "/folder/file").body.prefix(8).description)
          _ = try await server.send("PUT", "/folder/new\(round)", body: "x")
          _ = try await server.send("MKCOL", "/folder/made\(round)")
          _ = try await server.send("DELETE", "/folder/file2")
        }
        return bodies
      }
      #expect(!bodies.contains("secret"))
      #expect(bodies.contains("mine"))
    }
    #expect(swapper.swaps.load(ordering: .relaxed) > 50)
    #expect(outside.names == ["file"])
    #expect(outside.read("file") == "secret")
  }

  @Test func pipesAndDevicesAreNotOpened() async throws {
    let disk = try Disk()
    mkfifo(disk.path("pipe"), 0o666)
    let device = mknod(disk.path("device"), S_IFCHR | 0o666, makedev(1, 5))
    try await TestServer.with(disk) { server async throws in
      for name in ["/pipe"] + (device == 0 ? ["/device"] : []) {
        #expect(try await server.send("GET", name).status == 404)
        #expect(try await server.send("PUT", name, body: "x").status == 409)
        #expect(try await server.send("COPY", name, ["Destination": server.url + "/copy"]).status == 404)
        #expect(try await server.send("MOVE", name, ["Destination": server.url + "/copy"]).status == 404)
        #expect(try await server.send("LOCK", name, body: LockTests.exclusive).status == 409)
        #expect(try await server.send("DELETE", name).status == 204)
      }
    }
    #expect(disk.names.isEmpty)
    if device != 0 { Tool.skip("devices", "mknod needs root") }
  }

  @Test func aDeepTreeIsDeletedAndNotCopied() async throws {
    let disk = try Disk()
    try disk.makeFolder("top")
    await Wire.blocking {
      // Deeper than any path could say.
      var folder = open(disk.path("top"), O_RDONLY | O_DIRECTORY)
      for _ in 0..<3000 {
        mkdirat(folder, "d", 0o755)
        close(openat(folder, "file", O_CREAT | O_WRONLY, 0o644))
        let next = openat(folder, "d", O_RDONLY | O_DIRECTORY)
        close(folder)
        folder = next
      }
      close(folder)
    }
    try await TestServer.with(disk) { server async throws in
      #expect(try await server.send("COPY", "/top", ["Destination": server.url + "/copy"]).status == 409)
      #expect(try FileManager.default.contentsOfDirectory(atPath: disk.root) == ["top"])
      #expect(try await server.send("DELETE", "/top").status == 204)
    }
    #expect(disk.names.isEmpty)
  }

  @Test func aWideTreeIsCopiedMovedAndDeleted() async throws {
    let disk = try Disk()
    for folder in 0..<10 {
      try disk.makeFolder("top/\(folder)")
      for file in 0..<300 { try disk.write("\(file)", to: "top/\(folder)/\(file)") }
    }
    symlink("/etc/passwd", disk.path("top/link"))
    mkfifo(disk.path("top/pipe"), 0o666)
    try await TestServer.with(disk) { server async throws in
      #expect(try await server.send("COPY", "/top", ["Destination": server.url + "/copy"]).status == 201)
      #expect(disk.read("copy/9/299") == "299")
      #expect(disk.names.count { $0.hasPrefix("copy") } == disk.names.count { $0.hasPrefix("top") } - 2)
      #expect(try await server.send("MOVE", "/copy", ["Destination": server.url + "/top/1"]).status == 204)
      #expect(disk.read("top/1/9/299") == "299")
      #expect(disk.read("top/1/299") == nil)
      let listing = try await server.send("PROPFIND", "/top/2", ["Depth": "1"])
      #expect(listing.body.ranges(of: "<D:response>").count == 301)
      #expect(try await server.send("DELETE", "/top").status == 204)
    }
    #expect(disk.names.isEmpty)
  }

  @Test func setUserIDDoesNotSurviveACopy() async throws {
    let disk = try Disk()
    try disk.write("program", to: "program")
    chmod(disk.path("program"), 0o6755)
    try await TestServer.with(disk) { server async throws in
      #expect(try await server.send("COPY", "/program", ["Destination": server.url + "/copy"]).status == 201)
      #expect(try await server.send("PUT", "/program", body: "other").status == 204)
    }
    for name in ["copy", "program"] {
      var status = stat()
      stat(disk.path(name), &status)
      #expect(status.st_mode & 0o7777 == 0o755)
    }
  }

  private func makedev(_ major: UInt, _ minor: UInt) -> dev_t { dev_t(major << 8 | minor) }
}
