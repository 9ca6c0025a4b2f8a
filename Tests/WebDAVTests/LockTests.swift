import L402
import Testing

@testable import WebDAV

@Suite struct LockTests {
  static let exclusive =
    "<D:lockinfo xmlns:D='DAV:'><D:lockscope><D:exclusive/></D:lockscope><D:locktype><D:write/></D:locktype>"
    + "<D:owner>me</D:owner></D:lockinfo>"

  @Test func aLockedFolderKeepsOthersOut() async throws {
    let disk = try Disk()
    try disk.makeFolder("folder/below")
    try await TestServer.with(disk) { server async throws in
      let lock = try await server.send("LOCK", "/folder", ["Depth": "infinity"], body: Self.exclusive)
      let token = try #require(lock.headers["lock-token"])
      #expect(lock.status == 200)
      #expect(try await server.send("PUT", "/folder/file", body: "x").status == 423)
      #expect(try await server.send("MKCOL", "/folder/new").status == 423)
      #expect(try await server.send("DELETE", "/folder").status == 423)
      #expect(try await server.send("DELETE", "/folder/below").status == 423)
      #expect(try await server.send("LOCK", "/folder/below", body: Self.exclusive).status == 423)
      #expect(try await server.send("PUT", "/free", body: "x").status == 201)
      #expect(try await server.send("MOVE", "/free", ["Destination": server.url + "/folder/x"]).status == 423)
      #expect(try await server.send("PUT", "/folder/file", ["If": "(\(token))"], body: "x").status == 201)
      let tagged = "<\(server.url)/folder> (\(token))"
      #expect(try await server.send("PUT", "/folder/file", ["If": tagged], body: "y").status == 204)
      #expect(try await server.send("PUT", "/folder/file", ["If": "(<urn:x>)"], body: "y").status == 412)
      #expect(try await server.send("UNLOCK", "/folder", ["Lock-Token": "<urn:x>"]).status == 409)
      #expect(try await server.send("UNLOCK", "/folder", ["Lock-Token": token]).status == 204)
      #expect(try await server.send("DELETE", "/folder").status == 204)
    }
  }

  @Test func locksEndByThemselves() throws {
    let table = LockTable()
    let now = ContinuousClock.now
    let path = try ResourcePath(encoded: "/a")
    func lock(_ exclusive: Bool) -> LockTable.Lock {
      LockTable.Lock(
        token: LockTable.makeToken(), path: path, isDeep: true, isExclusive: exclusive, owner: "", seconds: 10,
        expires: now + .seconds(10))
    }
    let first = lock(true)
    #expect(table.take(first, of: TestServer.lease, at: now) == .taken)
    #expect(table.take(lock(false), of: TestServer.lease, at: now) == .conflict(path))
    #expect(try table.covering(ResourcePath(encoded: "/a/b"), of: TestServer.lease, at: now).count == 1)
    #expect(try table.covering(ResourcePath(encoded: "/ab"), of: TestServer.lease, at: now).isEmpty)
    #expect(table.take(lock(false), of: TestServer.lease, at: now + .seconds(10)) == .taken)
    #expect(table.take(lock(false), of: TestServer.lease, at: now) == .taken)
    #expect(!table.release(first.token, covering: path, of: TestServer.lease, at: now))
    #expect(first.token.count == 45)
  }

  @Test func locksAreBounded() throws {
    let table = LockTable()
    for index in 0...LockTable.most {
      let lock = LockTable.Lock(
        token: "\(index)", path: try ResourcePath(encoded: "/\(index)"), isDeep: false, isExclusive: true, owner: "",
        seconds: 10, expires: .now + .seconds(10))
      #expect(table.take(lock, of: TestServer.lease, at: .now) == (index < LockTable.most ? .taken : .tooMany))
    }
  }

  @Test func ifHeadersAreRead() throws {
    let header = try IfHeader("<http://x/a> (<urn:1> [\"e\"]) (Not <urn:2>) <http://x/b> ([W/\"f\"])")
    #expect(header.lists.map(\.resource) == ["http://x/a", "http://x/a", "http://x/b"])
    #expect(header.lists[0].conditions == [.token("urn:1", not: false), .etag("\"e\"", not: false)])
    #expect(header.tokens == ["urn:1", "urn:2"])
    for text in ["", "()", "(<urn:1>", "<urn:1>", "(Not)", "urn:1", "(<a>) x"] {
      #expect(throws: DoorProblem.self, "\(text)") { try IfHeader(text) }
    }
  }
}
