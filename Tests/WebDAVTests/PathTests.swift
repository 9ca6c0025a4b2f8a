import TestKit
import Testing

@testable import WebDAV

@Suite struct PathTests {
  @Test(arguments: [
    "/../x", "/a/../../x", "/%2e%2e/x", "/.%2e/x", "/%2E%2E%2Fx", "/a%2fb", "/a%2Fb", "/a%00b", "/a%", "/a%zz",
    "/%ff%fe", "/a#b", "/..%2f..%2fetc/passwd",
  ])
  func whatCanBeReadTwoWaysIsRefused(path: String) async throws {
    try await TestServer.with(try Disk()) { server async throws in
      for method in ["GET", "PUT", "DELETE", "PROPFIND", "MKCOL"] {
        #expect(try await server.send(method, path).status == 400, "\(method) \(path)")
      }
      let copy = try await server.send("COPY", "/x", ["Destination": server.url + path])
      #expect(copy.status == 400)
      #expect(server.gate.requests.isEmpty)
    }
  }

  @Test func nothingIsDecodedTwice() async throws {
    let disk = try Disk()
    try await TestServer.with(disk) { server async throws in
      #expect(try await server.send("PUT", "/%252e%252e", body: "x").status == 201)
      #expect(try await server.send("PUT", "/a%25%32%66b", body: "y").status == 201)
      #expect(try await server.send("PUT", "/caf%C3%A9%20%3F%23", body: "z").status == 201)
      let listing = try await server.send("PROPFIND", "/", ["Depth": "1"])
      #expect(listing.body.contains("\(server.base)/caf%C3%A9%20%3F%23<"))
    }
    #expect(disk.names == ["%2e%2e", "a%2fb", "café ?#"])
  }

  @Test func destinationsStayWithinTheLease() async throws {
    let disk = try Disk()
    try disk.write("x", to: "file")
    try await TestServer.with(disk) { server async throws in
      let other = "/dav/01hf7yat0000000000000000zz"
      for (destination, status) in [
        ("http://elsewhere.example\(server.base)/copy", 502), ("https://127.0.0.1:1\(server.base)/copy", 502),
        ("\(server.url)/../x", 400), ("ftp://127.0.0.1:\(server.port)\(server.base)/copy", 400),
        ("http://127.0.0.1:\(server.port)\(other)/copy", 403), ("\(other)/copy", 403), ("/etc/passwd", 404),
        ("copy", 400), ("//elsewhere.example\(server.base)/copy", 502), ("\(server.url)/", 403),
        ("\(server.url)/file", 403), ("\(server.url)/file/below", 409), ("\(server.url)/none/below", 409),
        ("\(server.url)/.leasehold~x", 403), ("\(server.base)/copy", 201),
      ] {
        #expect(try await server.send("COPY", "/file", ["Destination": destination]).status == status, "\(destination)")
      }
      #expect(try await server.send("MOVE", "/file").status == 400)
    }
    #expect(disk.names == ["copy", "file"])
  }

  @Test func theGateHearsEveryPathAndRight() async throws {
    try await TestServer.with(try Disk()) { server async throws in
      _ = try await server.send("PUT", "/a", ["Authorization": "L402 x:y"], body: "x")
      _ = try await server.send(
        "MOVE", "/a", ["Destination": server.url + "/b%20c", "If": "<\(server.url)/d> (Not <urn:x>)"])
      for method in ["OPTIONS", "GET", "HEAD", "PROPFIND"] { _ = try await server.send(method, "/p") }
      for method in ["PUT", "DELETE", "MKCOL", "COPY", "MOVE", "PROPPATCH", "LOCK", "UNLOCK"] {
        _ = try await server.send(method, "/p", ["Destination": server.url + "/q"])
      }
      let seen = server.gate.requests
      #expect(seen[0].caller.authorization == ["L402 x:y"] && seen[0].lease == server.lease)
      #expect(seen[0].path.description == "/a" && seen[0].caller.addressText == "127.0.0.1")
      #expect(seen[1].others.map(\.description) == ["/b c", "/d"])
      #expect(seen[2...].prefix(4).allSatisfy { $0.capability == .read })
      #expect(seen[6...].count == 8)
      #expect(seen[6...].allSatisfy { $0.capability.contains(.write) })
      // What is carried elsewhere can be read there.
      #expect(seen[6...].count { $0.capability == [.read, .write] } == 2)
    }
  }

  @Test func otherPathsAreNotOurs() async throws {
    try await TestServer.with(try Disk()) { server async throws in
      #expect(try await server.sendRaw("GET", "/elsewhere").body == "elsewhere")
      #expect(try await server.sendRaw("GET", "/dave").status == 404)
      #expect(try await server.sendRaw("GET", "/dav").status == 404)
      #expect(try await server.sendRaw("GET", "/dav/nonsense/x").status == 404)
      #expect(try await server.sendRaw("PATCH", server.base + "/x").status == 405)
      #expect(server.gate.requests.isEmpty)
    }
  }

  /// A client asks whether WebDAV is spoken before it has a path or a credential; and whether a `Destination` is ours,
  /// the configuration and a proxy in front say.
  @Test func theServerIsGreetedAboveTheLeases() async throws {
    try await TestServer.with(try Disk()) { server async throws in
      server.gate.shut()
      for path in ["/", "*", "/dav", "/dav/"] {
        let reply = try await server.sendRaw("OPTIONS", path)
        #expect(reply.status == 200, "\(path)")
        #expect(reply.headers["dav"] == "1, 2", "\(path)")
      }
      #expect(try await server.send("OPTIONS", "/").status == 402)
    }
  }

  @Test func aProxysNameIsOurs() async throws {
    let disk = try Disk()
    try disk.write("x", to: "file")
    try await TestServer.with(
      disk, authorities: ["rent.example"], forwardedHosts: { _, headers in headers[values: .via] }
    ) { server async throws in
      func copy(to destination: String, _ more: [String: String] = [:]) async throws -> Int {
        let headers = ["Destination": destination + server.base + "/copy"].merging(more) { $1 }
        return try await server.send("COPY", "/file", headers).status
      }
      #expect(try await copy(to: "https://rent.example") == 201)
      #expect(try await copy(to: "https://rent.example:443") == 204)
      #expect(try await copy(to: "https://other.example") == 502)
      #expect(try await copy(to: "https://other.example", ["Via": "Other.Example:443"]) == 204)
      #expect(try await copy(to: "") == 204)
    }
  }
}
