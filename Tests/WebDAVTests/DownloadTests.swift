import Foundation
import Glibc
import TestKit
import Testing

@testable import WebDAV

@Suite struct DownloadTests {
  @Test func rangesAreServed() async throws {
    let disk = try Disk()
    try disk.write("0123456789", to: "file.txt")
    try await TestServer.with(disk) { server async throws in
      for (range, status, body, header) in [
        ("bytes=0-3", 206, "0123", "bytes 0-3/10"), ("bytes=8-", 206, "89", "bytes 8-9/10"),
        ("bytes=-3", 206, "789", "bytes 7-9/10"), ("bytes=5-99999999999999999999", 206, "56789", "bytes 5-9/10"),
        ("bytes=0-1,2-3", 206, "0123", "bytes 0-3/10"), ("bytes=0-1,8-9", 200, "0123456789", nil),
        ("bytes=3-1", 200, "0123456789", nil), ("lines=1-2", 200, "0123456789", nil),
        ("bytes=0-0,-1", 200, "0123456789", nil),
      ] as [(String, Int, String, String?)] {
        let reply = try await server.send("GET", "/file.txt", ["Range": range])
        #expect(reply.status == status, "\(range)")
        #expect(reply.body == body, "\(range)")
        #expect(reply.headers["content-range"] == header, "\(range)")
      }
      let beyond = try await server.send("GET", "/file.txt", ["Range": "bytes=10-"])
      #expect(beyond.status == 416)
      #expect(beyond.headers["content-range"] == "bytes */10")
    }
  }

  @Test func validatorsWork() async throws {
    let disk = try Disk()
    try disk.write("text", to: "file.txt")
    try await TestServer.with(disk) { server async throws in
      let first = try await server.send("GET", "/file.txt")
      let etag = try #require(first.headers["etag"])
      let date = try #require(first.headers["last-modified"])
      let old = "Sun, 06 Nov 1994 08:49:37 GMT"
      for (headers, status) in [
        (["If-None-Match": etag], 304), (["If-None-Match": "W/" + etag], 304), (["If-None-Match": "\"x\""], 200),
        (["If-None-Match": "\"x\", " + etag], 304), (["If-Match": etag], 200), (["If-Match": "\"x\""], 412),
        (["If-Modified-Since": date], 304), (["If-Modified-Since": old], 200),
        (["If-Unmodified-Since": old], 412), (["If-Unmodified-Since": date], 200),
        (["If-None-Match": "\"x\"", "If-Modified-Since": date], 200), (["Range": "bytes=1-2", "If-Range": etag], 206),
        (["Range": "bytes=1-2", "If-Range": "\"x\""], 200), (["Range": "bytes=1-2", "If-Range": date], 206),
        (["Range": "bytes=1-2", "If-Range": old], 200),
      ] {
        #expect(try await server.send("GET", "/file.txt", headers).status == status, "\(headers)")
      }
      let head = try await server.send("HEAD", "/file.txt")
      #expect(head.status == 200)
      #expect(head.headers["content-length"] == "4")
      #expect(head.body.isEmpty)
      #expect(head.headers["etag"] == etag)
      #expect(try await server.send("GET", "/file.txt/").status == 404)
      #expect(try await server.send("GET", "/none").status == 404)
    }
  }

  @Test func nothingRunsInABrowser() async throws {
    let disk = try Disk()
    for name in ["a.html", "a.svg", "a.js", "a.xml", "a.pdf", "a", "a.HTML", "a.png", "a.txt"] {
      try disk.write("<script>", to: name)
    }
    try await TestServer.with(disk) { server async throws in
      for name in ["a.html", "a.svg", "a.js", "a.xml", "a.pdf", "a", "a.HTML"] {
        let reply = try await server.send("GET", "/" + name)
        #expect(reply.headers["content-disposition"] == "attachment", "\(name)")
        #expect(reply.headers["x-content-type-options"] == "nosniff")
      }
      #expect(try await server.send("GET", "/a.png").headers["content-disposition"] == nil)
      #expect(try await server.send("GET", "/a.txt").headers["content-type"] == "text/plain; charset=utf-8")
      let listing = try await server.send("GET", "/")
      #expect(listing.headers["content-type"] == "text/plain; charset=utf-8")
      #expect(listing.body.contains("a.svg\n"))
      #expect(try await server.send("GET", "/none").headers["x-content-type-options"] == "nosniff")
    }
  }

  @Test func aLargeFileComesWholeAndIsCounted() async throws {
    let disk = try Disk()
    let text = String(repeating: "0123456789abcdef", count: (9 << 20) / 16)
    try disk.write(text, to: "large")
    try await TestServer.with(disk) { server async throws in
      #expect(try await server.send("GET", "/large").body == text)
      let part = try await server.send("GET", "/large", ["Range": "bytes=1048575-5242881"])
      #expect(part.body == String(text.utf8.dropFirst(1_048_575).prefix(4_194_307)))
      #expect(server.gate.traffic.egress == (9 << 20) + 4_194_307)
      #expect(server.gate.traffic.requests == 2)
    }
  }

  @Test func aDownloadEndsWhenTheLeaseDoes() async throws {
    let disk = try Disk()
    try disk.write("", to: "sparse")
    truncate(disk.path("sparse"), 1 << 40)
    try await TestServer.with(disk) { server async throws in
      let wire = try Wire(port: server.port)
      defer { wire.close() }
      await wire.send("GET \(server.base)/sparse HTTP/1.1\r\nHost: x\r\n\r\n")
      _ = await wire.receive()
      // The client reads nothing more: the write that is under way can only be ended from outside.
      server.gate.shut()
      while await wire.receive(1 << 20).count > 0 {}
      #expect(server.gate.traffic.egress < 1 << 40)
    }
  }

  @Test func aClientThatTakesNothingIsCutOff() async throws {
    let disk = try Disk()
    try disk.write("", to: "sparse")
    truncate(disk.path("sparse"), 1 << 40)
    try await TestServer.with(disk, idle: .milliseconds(200)) { server async throws in
      let wire = try Wire(port: server.port)
      defer { wire.close() }
      await wire.send("GET \(server.base)/sparse HTTP/1.1\r\nHost: x\r\n\r\n")
      await Wire.blocking { [port = server.port] in
        // Ends when the server has closed its side: the peer's port is no longer in the table of connections.
        let mine = String(format: ":%04X", port)
        let deadline = Date().addingTimeInterval(20)
        while Date() < deadline {
          let table = (try? String(contentsOfFile: "/proc/net/tcp", encoding: .utf8)) ?? ""
          let open = table.split(separator: "\n").contains {
            let fields = $0.split(separator: " ")
            return fields.count > 3 && fields[1].hasSuffix(mine) && fields[3] == "01"
          }
          if !open { return }
        }
        Issue.record("the connection is still open")
      }
    }
  }

  /// What is remembered of a file is worth as much as the file is the same.
  @Test func aSmallFileIsReadAsItIs() async throws {
    let outside = try Disk()
    try outside.makeFolder("folder")
    try outside.write("secret", to: "folder/file")
    let disk = try Disk()
    try disk.makeFolder("folder")
    try disk.write("one", to: "folder/file")
    try await TestServer.with(disk) { server async throws in
      for _ in 0..<3 { #expect(try await server.send("GET", "/folder/file").body == "one") }
      let part = try await server.send("GET", "/folder/file", ["Range": "bytes=1-"])
      #expect(part.status == 206)
      #expect(part.body == "ne")
      #expect(part.headers["content-length"] == "2")
      try disk.write("longer", to: "folder/file")
      #expect(try await server.send("GET", "/folder/file").body == "longer")
      #expect(rename(disk.path("folder"), disk.path("away")) == 0)
      #expect(symlink(outside.path("folder"), disk.path("folder")) == 0)
      #expect(try await server.send("GET", "/folder/file").status == 404)
      #expect(server.gate.traffic.egress == 3 * 3 + 2 + 6)
    }
  }

  /// A volume is frozen or unmounted between requests, whoever has a connection and has not taken what was sent.
  @Test(.needs(.root)) func nothingIsHeldOpenBetweenRequests() async throws {
    let disk = try Disk(size: 4 << 20)
    try disk.write(String(repeating: "x", count: 60_000), to: "file")
    try await TestServer.with(disk) { server async throws in
      let wire = try Wire(port: server.port)
      defer { wire.close() }
      let host = "Host: 127.0.0.1:\(server.port)"
      for request in [
        "GET \(server.base)/file HTTP/1.1\r\n\(host)\r\n\r\n", "GET \(server.base)/file HTTP/1.1\r\n\(host)\r\n\r\n",
        "PUT \(server.base)/new HTTP/1.1\r\n\(host)\r\nContent-Length: 5\r\n\r\nhello",
        "PROPFIND \(server.base)/ HTTP/1.1\r\n\(host)\r\nDepth: 1\r\n\r\n",
      ] { await wire.send(request) }
      var come = ""
      while !come.contains("</D:multistatus>") {
        let piece = await wire.receive()
        try #require(!piece.isEmpty)
        come += String(decoding: piece, as: UTF8.self)
      }
      #expect(umount2(disk.root, 0) == 0, "errno \(errno)")
    }
  }
}
