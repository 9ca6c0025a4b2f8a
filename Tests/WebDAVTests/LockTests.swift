import L402
import TestKit
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

  /// A lock may begin above what somebody was lent: it binds him, and he neither sees nor touches it.
  @Test func aLockFromAboveIsNotTheDelegates() async throws {
    let disk = try Disk()
    try disk.makeFolder("folder/lent/below")
    try await TestServer.with(disk) { server async throws in
      let friend = ["Authorization": "friend"]
      server.gate.narrow("friend", to: try ResourcePath(encoded: "/folder/lent"))
      let root = "\(server.base)/folder is locked"
      let lock = try await server.send("LOCK", "/folder", ["Depth": "infinity"], body: Self.exclusive)
      let token = try #require(lock.headers["lock-token"])
      func with(_ more: [String: String]) -> [String: String] { friend.merging(more) { $1 } }

      for (method, path) in [("PUT", "/folder/lent/x"), ("MKCOL", "/folder/lent/y"), ("DELETE", "/folder/lent/below")] {
        let refused = try await server.send(method, path, friend, body: method == "PUT" ? "x" : nil)
        #expect(refused.status == 423, "\(method)")
        #expect(refused.body.contains("a folder around this is locked"), "\(method)")
        #expect(!refused.body.contains(server.base + "/folder is"))
        #expect(!refused.body.contains("urn:uuid"))
        // The owner is told which.
        #expect(try await server.send(method, path, body: method == "PUT" ? "x" : nil).body.contains(root), "\(method)")
      }
      #expect(try await server.send("LOCK", "/folder/lent/x", friend, body: Self.exclusive).status == 423)
      let seen = try await server.send("PROPFIND", "/folder/lent", with(["Depth": "1"]))
      #expect(seen.status == 207)
      #expect(seen.body.contains("<D:lockdiscovery/>"))
      #expect(!seen.body.contains("<D:lockroot>"))
      #expect(try await server.send("PROPFIND", "/folder/lent", ["Depth": "1"]).body.contains("<D:lockroot>"))

      // Not with the token either.
      let taken = try await server.send("UNLOCK", "/folder/lent/below", with(["Lock-Token": token]))
      #expect(taken.status == 403)
      #expect(taken.body.contains("narrowed-path"))
      let refreshed = try await server.send("LOCK", "/folder/lent/below", with(["If": "(\(token))"]))
      #expect(refreshed.status == 412)
      #expect(!refreshed.body.contains("<D:lockroot>"))
      #expect(try await server.send("PUT", "/folder/lent/x", friend, body: "x").status == 423)
      #expect(try await server.send("LOCK", "/folder/lent", ["If": "(\(token))"]).status == 200)
      #expect(try await server.send("UNLOCK", "/folder/lent", ["Lock-Token": token]).status == 204)

      // What begins within is his to take and to leave.
      let own = try await server.send("LOCK", "/folder/lent", friend, body: Self.exclusive)
      let mine = try #require(own.headers["lock-token"])
      #expect(try await server.send("PROPFIND", "/folder/lent", with(["Depth": "0"])).body.contains("<D:lockroot>"))
      #expect(try await server.send("UNLOCK", "/folder/lent/below", with(["Lock-Token": mine])).status == 204)
      #expect(try await server.send("PUT", "/folder/lent/x", friend, body: "x").status == 201)
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
    #expect(table.release(first.token, covering: path, of: TestServer.lease, at: now) == .unknown)
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

  @Test func locksOnOneResourceAreFew() async throws {
    let disk = try Disk()
    for index in 0..<40 { try disk.write("x", to: "file\(index)") }
    let owner = String(repeating: "o", count: 900)
    @Sendable func shared(_ owner: String) -> String {
      Self.exclusive.replacing("exclusive", with: "shared").replacing("me", with: owner)
    }
    try await TestServer.with(disk) { server async throws in
      for _ in 0..<LockTable.deepest {
        #expect(try await server.send("LOCK", "/", ["Depth": "infinity"], body: shared(owner)).status == 200)
      }
      #expect(try await server.send("LOCK", "/", ["Depth": "infinity"], body: shared(owner)).status == 507)
      let more = try await server.send("LOCK", "/file1", body: shared(owner))
      #expect(more.status == 507)
      #expect(more.body.contains(#""code":"too-many-locks""#))
      let long = String(repeating: "o", count: 1_100)
      #expect(try await server.send("LOCK", "/", body: shared(long)).status == 413)
      // Each member tells of each lock, and the folder alone of the owners.
      let reply = try await server.send("PROPFIND", "/", ["Depth": "1"])
      #expect(reply.body.ranges(of: "<D:activelock>").count == 41 * LockTable.deepest)
      #expect(reply.body.ranges(of: owner).count == LockTable.deepest)
    }
  }

  @Test func ownersAndPathsOfAllLocksAreBounded() throws {
    let table = LockTable()
    func take(_ index: Int) throws -> LockTable.Taking {
      table.take(
        LockTable.Lock(
          token: "\(index)", path: try ResourcePath(encoded: "/\(index)"), isDeep: false, isExclusive: true,
          owner: String(repeating: "o", count: 1_000), seconds: 10, expires: .now + .seconds(10)),
        of: TestServer.lease, at: .now)
    }
    let taken = try (0..<LockTable.most).map(take).prefix { $0 == .taken }
    #expect(taken.count == 65)
    #expect(try take(1_000) == .tooMany)
  }

  /// A lock on a name that nothing bears makes a file, and so changes the folder around it.
  @Test func aLockedFolderGetsNoNewNameByALock() async throws {
    let disk = try Disk()
    try disk.makeFolder("folder")
    try await TestServer.with(disk) { server async throws in
      let lock = try await server.send("LOCK", "/folder", ["Depth": "0"], body: Self.exclusive)
      let token = try #require(lock.headers["lock-token"])
      #expect(try await server.send("LOCK", "/folder/new", body: Self.exclusive).status == 423)
      #expect(disk.names == ["folder"])
      let tagged = ["If": "<\(server.url)/folder> (\(token))"]
      #expect(try await server.send("LOCK", "/folder/new", tagged, body: Self.exclusive).status == 201)
      // What was refused has left no lock behind.
      #expect(try await server.send("PROPFIND", "/folder/new", ["Depth": "0"]).body.ranges(of: "urn:uuid").count == 1)
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
