import Foundation
import Glibc
import HTTPTypes
import TestKit
import Testing

@testable import WebDAV

/// Uploads that are broken off and taken up again.
@Suite struct PartTests {
  private static let key = "0123456789abcdef"

  private static func part(_ range: String, _ key: String = key) -> [String: String] {
    ["Content-Range": "bytes \(range)", "Upload-Key": key]
  }

  @Test func partsBecomeAFile() async throws {
    let disk = try Disk()
    try await TestServer.with(disk) { server async throws in
      #expect(try await server.send("PUT", "/file", Self.part("*/10")).headers["upload-offset"] == "0")
      let first = try await server.send("PUT", "/file", Self.part("0-3/10"), body: "0123")
      #expect(first.status == 202)
      #expect(first.headers["upload-offset"] == "4")
      // Nobody sees it before it is whole.
      #expect(try await server.send("GET", "/file").status == 404)
      #expect(!(try await server.send("GET", "/")).body.contains("put-"))
      let wrong = try await server.send("PUT", "/file", Self.part("6-9/10"), body: "6789")
      #expect(wrong.status == 409)
      #expect(wrong.headers["upload-offset"] == "4")
      #expect(wrong.body.contains("upload-offset"))
      #expect(try await server.send("PUT", "/file", Self.part("*/10")).headers["upload-offset"] == "4")
      // Another upload of the same name is another upload.
      let other = Self.part("*/10", "another-upload-of-it")
      #expect(try await server.send("PUT", "/file", other).headers["upload-offset"] == "0")
      let last = try await server.send("PUT", "/file", Self.part("4-9/10"), body: "456789")
      #expect(last.status == 201)
      #expect(last.headers["etag"] != nil)
      // The answer was lost: whoever asks is told that all is done, and may send the last part again.
      let asked = try await server.send("PUT", "/file", Self.part("*/10"))
      #expect(asked.status == 204)
      #expect(asked.headers["etag"] == last.headers["etag"])
      let again = try await server.send("PUT", "/file", Self.part("4-9/10"), body: "456789")
      #expect(again.status == 204)
      #expect(again.headers["etag"] == last.headers["etag"])
    }
    #expect(disk.read("file") == "0123456789")
    #expect(disk.names == ["file"])
  }

  @Test(.timeLimit(.minutes(5))) func whatCameBeforeABreakIsHeld() async throws {
    let disk = try Disk()
    try await TestServer.with(disk) { server async throws in
      var headers = Self.part("0-9/10")
      headers["Content-Length"] = "10"
      let wire = try await server.begin("PUT", "/file", headers)
      await wire.send("0123")
      wire.finishSending()
      _ = await wire.receiveAll()
      wire.close()
      // The connection may be seen to end before what came over it has been put down.
      var offset: String?
      while offset != "4" { offset = try await server.send("PUT", "/file", Self.part("*/10")).headers["upload-offset"] }
      #expect(try await server.send("PUT", "/file", Self.part("4-9/10"), body: "456789").status == 201)
      #expect(try await server.send("GET", "/file").body == "0123456789")
    }
    #expect(disk.names == ["file"])
  }

  @Test func twoDoNotWriteAtOnce() async throws {
    let disk = try Disk()
    try await TestServer.with(disk) { server async throws in
      var headers = Self.part("0-9/10")
      headers["Expect"] = "100-continue"
      headers["Content-Length"] = "10"
      let wire = try await server.begin("PUT", "/file", headers)
      #expect(String(decoding: await wire.receive(), as: UTF8.self).hasPrefix("HTTP/1.1 100"))
      #expect(try await server.send("PUT", "/file", Self.part("0-3/10"), body: "0123").status == 503)
      await wire.send("0123456789")
      #expect(Wire.parse(await wire.receiveAll()).status == 201)
      wire.close()
    }
  }

  @Test func lockedAndGuardedNamesAreNotReplaced() async throws {
    let disk = try Disk()
    try disk.write("old", to: "file")
    try await TestServer.with(disk) { server async throws in
      #expect(try await server.send("PUT", "/file", Self.part("0-3/10"), body: "0123").status == 202)
      let last = Self.part("4-9/10").merging(["If-None-Match": "*"]) { $1 }
      #expect(try await server.send("PUT", "/file", last, body: "456789").status == 412)
      #expect(try await server.send("LOCK", "/file", body: LockTests.exclusive).status == 200)
      #expect(try await server.send("PUT", "/file", Self.part("4-9/10"), body: "456789").status == 423)
    }
    #expect(disk.read("file") == "old")
  }

  @Test func anUploadCanBeGivenUp() async throws {
    let disk = try Disk()
    try disk.write("old", to: "file")
    try await TestServer.with(disk) { server async throws in
      #expect(try await server.send("PUT", "/file", Self.part("0-3/10"), body: "0123").status == 202)
      #expect(try await server.send("DELETE", "/file", Self.part("0-3/10")).status == 400)
      #expect(try await server.send("DELETE", "/file", Self.part("*/10")).status == 204)
      #expect(try await server.send("DELETE", "/file", Self.part("*/10")).status == 404)
    }
    #expect(disk.read("file") == "old")
    #expect(disk.names == ["file"])
  }

  @Test func badPartsAreRefused() async throws {
    let disk = try Disk()
    try await TestServer.with(disk) { server async throws in
      for range in ["0-3", "0-3/*", "3-2/10", "0-10/10", "*/0", "-1-3/10", "0-3/99999999999999999999", "*/10 "] {
        let reply = try await server.send("PUT", "/file", Self.part(range), body: "0123")
        #expect(reply.status == 400, "\(range)")
      }
      for key in ["short", String(repeating: "x", count: 65), "0123456789/abcdef"] {
        #expect(try await server.send("PUT", "/file", Self.part("0-3/10", key), body: "0123").status == 400, "\(key)")
      }
      #expect(try await server.send("PUT", "/file", Self.part("0-3/10"), body: "01234").status == 400)
      #expect(try await server.send("PUT", "/file", ["Upload-Key": Self.key], body: "0123").status == 400)
    }
    #expect(disk.names.isEmpty)
  }

  /// What cannot fit as a whole is refused with its first part, and nothing is left of it.
  @Test func roomIsReservedForTheWhole() async throws {
    guard geteuid() == 0 else { return Tool.skip("parts", "mounting needs root") }
    let disk = try Disk(size: 4 << 20)
    try await TestServer.with(disk) { server async throws in
      let reply = try await server.send("PUT", "/file", Self.part("0-3/\(8 << 20)"), body: "0123")
      #expect(reply.status == 507)
    }
    #expect(disk.names.isEmpty)
  }
}
