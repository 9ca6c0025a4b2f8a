import Engine
import L402
import Ledger
import TestKit
import Testing
import Units

@testable import WebDAV

/// Files for who comes by an address of a lease: all that he is told begins with it, and nobody else is told of it.
@Suite struct AddressTests {
  private static let secret = "01jdnk3vexs6yqk2dk7b8t2f9m"

  private static func door() -> AddressedDoor {
    let lease = LeaseID(unixMilliseconds: 1_700_000_000_000, random: (.random(in: 0...UInt64.max), 43))
    return AddressedDoor(
      secret: secret,
      address: LeaseAddress(
        token: TokenID(epoch: 1), lease: lease, kind: .disk, paymentHash: Preimage.random().paymentHash,
        capabilities: [.read, .write], path: nil, soldAs: nil, createdAt: Instant(unixSeconds: 0)))
  }

  @Test func pathsBeginWithTheAddress() async throws {
    let door = Self.door()
    let disk = try Disk()
    try disk.write("x", to: "file")
    try await TestServer.with(disk, address: door) { server async throws in
      let here = "http://127.0.0.1:\(server.port)/d/\(Self.secret)"
      func send(
        _ method: String, _ path: String, _ headers: [String: String] = [:], body: String? = nil
      ) async throws -> Reply { try await server.sendRaw(method, path, headers, body: body) }
      let listed = try await send("PROPFIND", "/d/\(Self.secret)/", ["Depth": "1"])
      #expect(listed.status == 207)
      #expect(listed.body.contains("<D:href>/d/\(Self.secret)/file</D:href>"), "\(listed.body)")
      #expect(!listed.body.contains("/dav/"))
      #expect(try await send("PROPFIND", "/d/\(Self.secret)", ["Depth": "0"]).status == 207)
      #expect(try await send("GET", "/d/\(Self.secret)/file").body == "x")
      // Where things go may be said either way; what is seen by another address is another lease's.
      for (place, status) in [
        (here + "/copy", 201), ("/d/\(Self.secret)/copy2", 201), ("/dav/\(door.address.lease)/copy3", 201),
        ("/dav/\(server.lease)/copy4", 403), ("/d/01jdnk3vexs6yqk2dk7b8t2f9n/copy5", 404),
        ("/d/\(Self.secret)/../x", 400),
      ] {
        #expect(
          try await send("COPY", "/d/\(Self.secret)/file", ["Destination": place]).status == status, "\(place)")
      }
      #expect(try await send("GET", "/dav/\(door.address.lease)/copy2").body == "x")
      #expect(server.gate.requests.first?.caller.door == door)
      // A lock is told to each by the address that he came by.
      let lock =
        "<D:lockinfo xmlns:D='DAV:'><D:lockscope><D:exclusive/></D:lockscope><D:locktype><D:write/></D:locktype>"
        + "</D:lockinfo>"
      let locked = try await send("LOCK", "/d/\(Self.secret)/file", body: lock)
      #expect(locked.status == 200)
      #expect(locked.body.contains("<D:lockroot><D:href>/d/\(Self.secret)/file</D:href></D:lockroot>"))
      let seen = try await send("PROPFIND", "/dav/\(door.address.lease)/file", ["Depth": "0"])
      #expect(seen.body.contains("<D:lockroot><D:href>/dav/\(door.address.lease)/file</D:href></D:lockroot>"))
      #expect(!seen.body.contains(Self.secret))
      let token = locked.headers["lock-token"] ?? ""
      let written = try await send(
        "PUT", "/d/\(Self.secret)/file", ["If": "<\(here)/file> (\(token))"], body: "y")
      #expect(written.status == 204, "\(written.status)")
    }
  }
}
