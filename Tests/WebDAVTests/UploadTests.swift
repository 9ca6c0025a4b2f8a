import Foundation
import NIOCore
import TestKit
import Testing

@testable import WebDAV

@Suite struct UploadTests {
  @Test func aFileIsCreatedThenReplaced() async throws {
    let disk = try Disk()
    try await TestServer.with(disk) { server async throws in
      let created = try await server.send("PUT", "/file", body: "one")
      #expect(created.status == 201)
      let replaced = try await server.send("PUT", "/file", body: "two")
      #expect(replaced.status == 204)
      #expect(replaced.headers["etag"] != created.headers["etag"])
      #expect(try await server.send("GET", "/file").headers["etag"] == replaced.headers["etag"])
      #expect(try await server.send("PUT", "/file", ["Content-Range": "bytes 0-1/3"], body: "xx").status == 400)
      #expect(try await server.send("PUT", "/none/file", body: "x").status == 409)
      #expect(try await server.send("PUT", "/file/below", body: "x").status == 409)
      #expect(try await server.send("PUT", "/folder/", body: "x").status == 405)
      #expect(try await server.send("PUT", "/", body: "x").status == 405)
      #expect(try await server.send("PUT", "/empty", body: "").status == 201)
      #expect(server.gate.traffic.ingress == 6)
    }
    #expect(disk.read("file") == "two")
    #expect(disk.names == ["empty", "file"])
  }

  @Test func conditionsAreKept() async throws {
    let disk = try Disk()
    try await TestServer.with(disk) { server async throws in
      #expect(try await server.send("PUT", "/file", ["If-Match": "*"], body: "x").status == 412)
      let first = try await server.send("PUT", "/file", ["If-None-Match": "*"], body: "one")
      #expect(first.status == 201)
      #expect(try await server.send("PUT", "/file", ["If-None-Match": "*"], body: "two").status == 412)
      #expect(try await server.send("PUT", "/file", ["If-Match": "\"other\""], body: "two").status == 412)
      let etag = try #require(first.headers["etag"])
      #expect(try await server.send("PUT", "/file", ["If-Match": etag], body: "two").status == 204)
      #expect(try await server.send("DELETE", "/file", ["If-Match": etag]).status == 412)
    }
    #expect(disk.read("file") == "two")
  }

  /// Conditions are the client's word on every method, not only where a file is read or put.
  @Test func conditionsAreKeptByEveryMethod() async throws {
    let disk = try Disk()
    try disk.makeFolder("folder")
    try disk.write("x", to: "file")
    let patch =
      "<D:propertyupdate xmlns:D='DAV:'><D:set><D:prop><p xmlns='urn:p'>v</p></D:prop></D:set></D:propertyupdate>"
    try await TestServer.with(disk) { server async throws in
      for condition in [
        ["If-Match": "\"other\""], ["If-Unmodified-Since": "Sun, 06 Nov 1994 08:49:37 GMT"],
        ["If": "([\"other\"])"], ["If": "(<urn:uuid:other>)"],
      ] {
        func status(_ method: String, _ path: String, _ more: [String: String] = [:], body: String? = nil) async throws
          -> Int
        {
          try await server.send(method, path, condition.merging(more) { $1 }, body: body).status
        }
        let to = ["Destination": server.url + "/copy"]
        #expect(try await status("GET", "/file") == 412, "\(condition)")
        #expect(try await status("HEAD", "/file") == 412, "\(condition)")
        #expect(try await status("PROPFIND", "/file", ["Depth": "0"]) == 412, "\(condition)")
        #expect(try await status("PROPPATCH", "/file", body: patch) == 412, "\(condition)")
        #expect(try await status("PUT", "/file", body: "new") == 412, "\(condition)")
        #expect(try await status("DELETE", "/file") == 412, "\(condition)")
        #expect(try await status("COPY", "/file", to) == 412, "\(condition)")
        #expect(try await status("MOVE", "/file", to) == 412, "\(condition)")
        #expect(try await status("LOCK", "/file", body: LockTests.exclusive) == 412, "\(condition)")
        #expect(try await status("UNLOCK", "/file", ["Lock-Token": "<urn:x>"]) == 412, "\(condition)")
      }
      for condition in [["If-Match": "*"], ["If": "(<urn:uuid:other>)"]] {
        #expect(try await server.send("MKCOL", "/new", condition).status == 412)
      }
      #expect(try await server.send("OPTIONS", "/file", ["If-Match": "\"other\""]).status == 200)
    }
    #expect(disk.names == ["file", "folder"])
    #expect(disk.read("file") == "x")
  }

  @Test func checksumsAreComparedAndKept() async throws {
    let disk = try Disk()
    let sha = "SHA1:a9993e364706816aba3e25717850c26c9cd0d89d"
    let probe =
      "<propfind xmlns='DAV:'><prop><checksums xmlns='http://owncloud.org/ns'/></prop></propfind>"
    try await TestServer.with(disk) { server async throws in
      let bad = try await server.send("PUT", "/file", ["OC-Checksum": sha], body: "abd")
      #expect(bad.status == 400)
      #expect(bad.body.contains(#""code":"checksum-mismatch""#))
      #expect(try await server.send("PUT", "/file", ["OC-Checksum": "SHA1:00"], body: "abc").status == 400)
      #expect(disk.names.isEmpty)
      #expect(try await server.send("PUT", "/file", ["OC-Checksum": sha], body: "abc").status == 201)
      let seen = try await server.send("PROPFIND", "/", ["Depth": "1"], body: probe)
      #expect(seen.body.contains("<checksum>\(sha) MD5:900150983cd24fb0d6963f7d28e17f72</checksum>"), "\(seen.body)")
      #expect(try await server.send("GET", "/file").headers["oc-checksum"]?.hasPrefix(sha + " MD5:") == true)
      // A tenant has changed it: the sum is of something else.
      try disk.write("other", to: "file")
      #expect(try await server.send("GET", "/file").headers["oc-checksum"] == nil)
      #expect(!(try await server.send("PROPFIND", "/", ["Depth": "1"], body: probe)).body.contains(sha))
      let md5 = ["Content-MD5": "kAFQmDzST7DWlj99KOF/cg=="]
      #expect(try await server.send("PUT", "/file", md5, body: "abc").status == 204)
      #expect(
        try await server.send("GET", "/file").headers["oc-checksum"]?.hasSuffix(" MD5:900150983cd24fb0d6963f7d28e17f72")
          == true)
    }
  }

  @Test func encodedBodiesAreRefused() async throws {
    let disk = try Disk()
    try await TestServer.with(disk) { server async throws in
      #expect(try await server.send("PUT", "/file", ["Content-Encoding": "gzip"], body: "x").status == 415)
      #expect(try await server.send("PUT", "/file", ["Content-Encoding": "identity"], body: "x").status == 201)
    }
  }

  @Test func oneOfManyWithIfNoneMatchWins() async throws {
    try await TestServer.with(try Disk()) { server async throws in
      let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
        for index in 0..<8 {
          group.addTask { try await server.send("PUT", "/f", ["If-None-Match": "*"], body: "\(index)").status }
        }
        return try await group.reduce(into: []) { $0.append($1) }
      }
      #expect(statuses.count { $0 == 201 } == 1)
      #expect(statuses.count { $0 == 412 } == 7)
    }
  }

  @Test func theClientIsToldToGoOnOnceItIsLetIn() async throws {
    try await TestServer.with(try Disk()) { server async throws in
      let wire = try Wire(port: server.port)
      defer { wire.close() }
      let head = "Host: 127.0.0.1\r\nExpect: 100-continue\r\nConnection: close\r\nContent-Length: 4\r\n\r\n"
      await wire.send("PUT \(server.base)/file HTTP/1.1\r\n" + head)
      #expect(String(decoding: await wire.receive(), as: UTF8.self).hasPrefix("HTTP/1.1 100 Continue"))
      await wire.send("body")
      #expect(Wire.parse(await wire.receiveAll()).status == 201)

      let refused = try Wire(port: server.port)
      defer { refused.close() }
      await refused.send("PUT \(server.base)/none/file HTTP/1.1\r\n" + head)
      #expect(String(decoding: await refused.receive(), as: UTF8.self).hasPrefix("HTTP/1.1 409"))
    }
  }

  @Test(arguments: [true, false])
  func aBrokenUploadLeavesWhatWasThere(chunked: Bool) async throws {
    let disk = try Disk()
    try disk.write("before", to: "file")
    try await TestServer.with(disk) { server async throws in
      let wire = try Wire(port: server.port)
      let framing = chunked ? "Transfer-Encoding: chunked" : "Content-Length: 1000"
      await wire.send("PUT \(server.base)/file HTTP/1.1\r\nHost: x\r\n\(framing)\r\n\r\n")
      await wire.send(chunked ? "5\r\nhello\r\n" : "hello")
      wire.finishSending()
      let answer = await wire.receiveAll()
      wire.close()
      #expect(!answer.hasPrefix("HTTP/1.1 2"))
      // The connection has ended, and so has the request: nothing of it is to come.
      #expect(disk.read("file") == "before")
      #expect(disk.names == ["file"])
    }
    #expect(disk.read("file") == "before")
    #expect(disk.names == ["file"])
  }

  @Test(arguments: [true, false])
  func anUploadThatStallsEnds(chunked: Bool) async throws {
    let disk = try Disk()
    try await TestServer.with(disk, idle: .milliseconds(200)) { server async throws in
      let wire = try Wire(port: server.port)
      defer { wire.close() }
      let framing = chunked ? "Transfer-Encoding: chunked" : "Content-Length: 1000"
      await wire.send("PUT \(server.base)/file HTTP/1.1\r\nHost: x\r\n\(framing)\r\n\r\n")
      await wire.send(chunked ? "5\r\nhello\r\n" : "hello")
      #expect(Wire.parse(await wire.receiveAll()).status == 408)
    }
    #expect(disk.names.isEmpty)
  }

  @Test func anUploadEndsWhenTheLeaseDoes() async throws {
    let disk = try Disk()
    try await TestServer.with(disk) { server async throws in
      let wire = try Wire(port: server.port)
      defer { wire.close() }
      let head = "Host: x\r\nExpect: 100-continue\r\nContent-Length: 1000000000\r\n\r\n"
      await wire.send("PUT \(server.base)/file HTTP/1.1\r\n" + head)
      _ = await wire.receive()
      server.gate.shut()
      #expect(Wire.parse(await wire.receiveAll()).status == 503)
    }
    #expect(disk.names.isEmpty)
  }

  @Test(arguments: [true, false])
  func aFullDiskHarmsNothing(chunked: Bool) async throws {
    guard let disk = try? Disk(size: 4 << 20) else { return Tool.skip("full disk", "tmpfs cannot be mounted") }
    try disk.write("before", to: "file")
    try await TestServer.with(disk) { server async throws in
      let body = String(repeating: "0123456789abcdef", count: (6 << 20) / 16)
      let reply: Reply
      if chunked {
        let wire = try Wire(port: server.port)
        defer { wire.close() }
        await wire.send("PUT \(server.base)/file HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        await wire.send(String(body.utf8.count, radix: 16) + "\r\n" + body + "\r\n0\r\n\r\n")
        reply = Wire.parse(await wire.receiveAll())
      } else {
        reply = try await server.send("PUT", "/file", body: body)
      }
      #expect(reply.status == 507)
      #expect(disk.read("file") == "before")
      #expect(disk.names == ["file"])
      // The room is free again, and what fits is taken.
      #expect(try await server.send("PUT", "/second", body: String(body.prefix(2 << 20))).status == 201)
      #expect(try await server.send("PUT", "/third", body: String(body.prefix(1 << 20))).status == 201)
      #expect(try await server.send("COPY", "/second", ["Destination": server.url + "/file"]).status == 507)
      #expect(disk.read("file") == "before")
      #expect(disk.names == ["file", "second", "third"])
      #expect(try await server.send("DELETE", "/second").status == 204)
      #expect(try await server.send("PUT", "/file", body: "after").status == 204)
    }
    #expect(disk.read("file") == "after")
  }

  @Test(arguments: ["GET", "OPTIONS", "DELETE", "FOO"])
  func aBodyThatNobodyReadsIsNotTakenForEver(method: String) async throws {
    let disk = try Disk()
    try disk.write("text", to: "file")
    try await TestServer.with(disk) { server async throws in
      let wire = try Wire(port: server.port)
      defer { wire.close() }
      await wire.send("\(method) \(server.base)/file HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
      await wire.send("5\r\nhello\r\n")
      // It ends although the body does not.
      let reply = Wire.parse(await wire.receiveAll())
      #expect(reply.status != 0)
      #expect(reply.headers["connection"] == "close")
    }
  }
}
