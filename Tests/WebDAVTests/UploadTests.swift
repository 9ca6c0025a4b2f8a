import Foundation
import NIOCore
import Testing

@testable import WebDAV

@Suite struct UploadTests {
  @Test func aFileIsCreatedThenReplaced() async throws {
    let disk = try Disk()
    try await TestServer.with(disk) { server async throws in
      let created = try await server.send("PUT", "/file", body: "one")
      #expect(created.status == 201)
      let replaced = try await server.send("PUT", "/file", body: "two")
      #expect(replaced.status == 204 && replaced.headers["etag"] != created.headers["etag"])
      #expect(try await server.send("GET", "/file").headers["etag"] == replaced.headers["etag"])
      #expect(try await server.send("PUT", "/file", ["Content-Range": "bytes 0-1/3"], body: "xx").status == 400)
      #expect(try await server.send("PUT", "/none/file", body: "x").status == 409)
      #expect(try await server.send("PUT", "/file/below", body: "x").status == 409)
      #expect(try await server.send("PUT", "/folder/", body: "x").status == 405)
      #expect(try await server.send("PUT", "/", body: "x").status == 405)
      #expect(try await server.send("PUT", "/empty", body: "").status == 201)
      #expect(server.gate.traffic.ingress == 6)
    }
    #expect(disk.read("file") == "two" && disk.names == ["empty", "file"])
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

  @Test func oneOfManyWithIfNoneMatchWins() async throws {
    try await TestServer.with(try Disk()) { server async throws in
      let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
        for index in 0..<8 {
          group.addTask { try await server.send("PUT", "/f", ["If-None-Match": "*"], body: "\(index)").status }
        }
        return try await group.reduce(into: []) { $0.append($1) }
      }
      #expect(statuses.count { $0 == 201 } == 1 && statuses.count { $0 == 412 } == 7)
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
      #expect(disk.read("file") == "before" && disk.names == ["file"])
    }
    #expect(disk.read("file") == "before" && disk.names == ["file"])
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
      #expect(disk.read("file") == "before" && disk.names == ["file"])
      // The room is free again, and what fits is taken.
      #expect(try await server.send("PUT", "/second", body: String(body.prefix(2 << 20))).status == 201)
      #expect(try await server.send("PUT", "/third", body: String(body.prefix(1 << 20))).status == 201)
      #expect(try await server.send("COPY", "/second", ["Destination": server.url + "/file"]).status == 507)
      #expect(disk.read("file") == "before" && disk.names == ["file", "second", "third"])
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
      #expect(reply.status != 0 && reply.headers["connection"] == "close")
    }
  }

  @Test func filesBelongToTheLease() async throws {
    guard geteuid() == 0 else { return Tool.skip("owners", "chown needs root") }
    let disk = try Disk()
    var volume = disk.volume
    volume.uid = 123_456
    volume.gid = 123_457
    let tree = try VolumeTree(volume)
    try tree.makeDirectory(Place(folder: tree.root, name: "folder"))
    let pending = try PendingFile(Place(folder: tree.root, name: "file"), in: tree, expecting: 2 << 20)
    try pending.write([ByteBuffer(string: "hello "), ByteBuffer(string: "world")], at: 0)
    #expect(disk.names == ["folder"])
    #expect(try pending.install { _ throws(FileFault) in }.replaced == false)
    #expect(disk.read("file") == "hello world")
    for name in ["folder", "file"] {
      var status = stat()
      stat(disk.path(name), &status)
      #expect(status.st_uid == 123_456 && status.st_gid == 123_457)
      #expect(status.st_mode & 0o7777 == (name == "file" ? 0o644 : 0o755))
    }
  }
}
