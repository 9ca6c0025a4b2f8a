import Dispatch
import Foundation
import Glibc
import Ledger
import Synchronization
import TestKit
import Testing

@testable import WebDAV

@Suite struct WorkTests {
  static let other = LeaseID(unixMilliseconds: 1_700_000_000_001, random: (7, 43))

  /// Copies of one renter stand still, more of them than there are threads for trees; another renter's do not.
  @Test func oneRentersTreesDoNotHoldUpAnothers() async throws {
    let disk = try Disk()
    try disk.makeFolder("folder/below")
    try disk.write("x", to: "mine")
    try await TestServer.with(disk) { server async throws in
      let hold = server.gate.hold(server.lease)
      defer { hold.letGo() }
      var wires: [Wire] = []
      defer { for wire in wires { wire.close() } }
      for index in 0..<8 {
        wires.append(try await server.begin("COPY", "/folder", ["Destination": server.url + "/copy\(index)"]))
      }
      for await _ in hold.reached { break }
      let base = "/dav/\(Self.other)"
      let moved = try await server.sendRaw(
        "MOVE", base + "/mine", ["Destination": "http://127.0.0.1:\(server.port)\(base)/moved"])
      #expect(moved.status == 201)
      #expect(disk.read("moved") == "x")
    }
  }

  @Test func aCopyWhoseClientHasGoneIsNotMade() async throws {
    let disk = try Disk()
    try disk.makeFolder("folder/below")
    try await TestServer.with(disk) { server async throws in
      let hold = server.gate.hold(server.lease)
      let first = try await server.begin("COPY", "/folder", ["Destination": server.url + "/first"])
      for await _ in hold.reached { break }
      let gone = try await server.begin("COPY", "/folder", ["Destination": server.url + "/gone"])
      gone.close()
      let last = try await server.begin("COPY", "/folder", ["Destination": server.url + "/last"])
      hold.letGo()
      #expect(Wire.parse(await first.receiveAll()).status == 201)
      #expect(Wire.parse(await last.receiveAll()).status == 201)
      first.close()
      last.close()
    }
    #expect(disk.names == ["first", "first/below", "folder", "folder/below", "last", "last/below"])
  }

  /// Its holes are not read: at a gibibyte a second this one would take twelve days.
  @Test func aCopyOfHolesIsMadeOfHoles() async throws {
    let disk = try Disk()
    try disk.write("begin", to: "sparse")
    let file = open(disk.path("sparse"), O_WRONLY)
    pwrite(file, "middle", 6, 1 << 32)
    let length = off_t(1) << 43
    try #require(ftruncate(file, length) == 0)
    close(file)
    try await TestServer.with(disk) { server async throws in
      #expect(try await server.send("COPY", "/sparse", ["Destination": server.url + "/copy"]).status == 201)
      let part = try await server.send("GET", "/copy", ["Range": "bytes=\(1 << 32)-\((1 << 32) + 5)"])
      #expect(part.body == "middle")
    }
    var status = stat()
    stat(disk.path("copy"), &status)
    #expect(status.st_size == length)
    #expect(status.st_blocks < 1_024)
  }

  @Test func aCopyThatCannotFitIsNotBegun() async throws {
    guard geteuid() == 0 else { return Tool.skip("room", "mounting needs root") }
    let disk = try Disk(size: 4 << 20)
    try disk.makeFolder("folder")
    for index in 0..<3 { try disk.write(String(repeating: "x", count: 1 << 20), to: "folder/\(index)") }
    try await TestServer.with(disk) { server async throws in
      let hold = server.gate.hold(server.lease)
      hold.letGo()
      let reply = try await server.send("COPY", "/folder", ["Destination": server.url + "/copy"])
      #expect(reply.status == 507)
      #expect(reply.body.contains("no-space"))
    }
    #expect(disk.names == ["folder", "folder/0", "folder/1", "folder/2"])
  }
}
