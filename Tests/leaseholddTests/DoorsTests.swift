import Engine
import L402
import Leasing
import TestKit
import Testing

/// A narrowed credential at the disk door, over real HTTP and through the real engine: it does what it says, and
/// nothing gets out of its folder.
@Suite struct DoorsTests {
  static let methods = [
    "OPTIONS", "GET", "HEAD", "PROPFIND", "PUT", "MKCOL", "COPY", "MOVE", "PROPPATCH", "LOCK", "UNLOCK", "DELETE",
  ]
  static let reading: Set = ["OPTIONS", "GET", "HEAD", "PROPFIND"]

  static let lockinfo =
    "<D:lockinfo xmlns:D=\"DAV:\"><D:lockscope><D:shared/></D:lockscope><D:locktype><D:write/></D:locktype></D:lockinfo>"
  static let propertyupdate =
    "<D:propertyupdate xmlns:D=\"DAV:\"><D:set><D:prop><x xmlns=\"urn:x\">1</x></D:prop></D:set></D:propertyupdate>"

  private func headers(_ method: String, _ disk: Rented) -> [String: String] {
    switch method {
    case "COPY", "MOVE": ["Destination": disk.url("/photos/carried")]
    case "UNLOCK": ["Lock-Token": "<urn:none>"]
    default: [:]
    }
  }

  @Test func aFolderIsAllThatAPathOpens() async throws {
    try await Provider.with { provider in
      let disk = try await provider.rent()
      let friend = try disk.narrowed("leasehold_path=/photos")
      let before = try disk.outside()
      #expect(before["private/secret"] == Rented.secret)
      for method in Self.methods {
        for path in ["/private/secret", "/private/new", "/photosx/secret", "/photosx", "/photo", "/", "/Photos/a"] {
          let reply = try await disk.send(method, path, friend, headers(method, disk))
          #expect(reply.status == 403, "\(method) \(path)")
          if method != "HEAD" { #expect(reply.code == "narrowed-path", "\(method) \(path)") }
        }
      }
      #expect(try disk.outside() == before)
      // And inside it does everything.
      let lock = try await disk.send("LOCK", "/photos/a", friend, body: Self.lockinfo)
      let token = lock.text.split(separator: "\r\n").first { $0.lowercased().hasPrefix("lock-token: ") }?.dropFirst(12)
      let held = ["Lock-Token": String(token ?? "")]
      let inside: [(method: String, path: String, headers: [String: String], body: String?, status: Int)] = [
        ("UNLOCK", "/photos/a", held, nil, 204), ("OPTIONS", "/photos/", [:], nil, 200),
        ("GET", "/photos/a", [:], nil, 200), ("HEAD", "/photos/a", [:], nil, 200),
        ("PROPFIND", "/photos", ["Depth": "1"], nil, 207), ("PUT", "/photos/b", [:], "b", 201),
        ("MKCOL", "/photos/c", [:], nil, 201), ("PROPPATCH", "/photos/a", [:], Self.propertyupdate, 207),
        ("COPY", "/photos/a", ["Destination": disk.url("/photos/d")], nil, 201),
        ("MOVE", "/photos/d", ["Destination": disk.url("/photos/sub/d")], nil, 201),
        ("DELETE", "/photos/b", [:], nil, 204),
      ]
      #expect(lock.status == 200)
      for call in inside {
        let reply = try await disk.send(call.method, call.path, friend, call.headers, body: call.body)
        #expect(reply.status == call.status, "\(call.method) \(call.path)")
        #expect(!reply.text.contains("/private"))
      }
      #expect(try disk.outside() == before)
    }
  }

  /// The owner's lock on everything binds a friend, who does not learn its token and cannot take it off with it.
  @Test func aLockFromAboveIsNotTheFriends() async throws {
    try await Provider.with { provider in
      let disk = try await provider.rent()
      let owner = disk.credential.authorization
      let friend = try disk.narrowed("leasehold_path=/photos")
      let lock = try await disk.send("LOCK", "/", owner, body: Self.lockinfo)
      let line = lock.text.split(separator: "\r\n").first { $0.lowercased().hasPrefix("lock-token: ") }
      let token = String(try #require(line).dropFirst(12))
      #expect(lock.status == 200)
      let refused = try await disk.send("PUT", "/photos/b", friend, body: "b")
      #expect(refused.status == 423)
      #expect(refused.text.contains("a folder around this is locked"))
      #expect(try await disk.send("PUT", "/photos/b", owner, body: "b").text.contains("/dav/\(disk.lease) is locked"))
      #expect(try await !disk.send("PROPFIND", "/photos/a", friend).text.contains("urn:uuid"))
      #expect(try await disk.send("PROPFIND", "/photos/a", owner).text.contains("urn:uuid"))
      let taken = try await disk.send("UNLOCK", "/photos/a", friend, ["Lock-Token": token])
      #expect(taken.status == 403)
      #expect(taken.code == "narrowed-path")
      #expect(try await disk.send("PUT", "/photos/b", friend, body: "b").status == 423)
      #expect(try await disk.send("UNLOCK", "/photos/a", owner, ["Lock-Token": token]).status == 204)
      #expect(try await disk.send("PUT", "/photos/b", friend, body: "b").status == 201)
    }
  }

  @Test func onlyWhatIsAllowedIsDone() async throws {
    try await Provider.with { provider in
      let disk = try await provider.rent()
      let before = try disk.outside()
      #expect(before["private/secret"] == Rented.secret)
      let readOnly = try disk.narrowed("leasehold_capabilities=read")
      let getOnly = try disk.narrowed("leasehold_method=GET,HEAD")
      let writeOnly = try disk.narrowed("leasehold_capabilities=write")
      let elsewhere = try disk.narrowed("leasehold_source=203.0.113.0/24")
      let here = try disk.narrowed("leasehold_source=127.0.0.0/8")
      func code(_ method: String, _ credential: String?, _ more: [String: String] = [:]) async throws -> String {
        let reply = try await disk.send(
          method, "/photos/a", credential, headers(method, disk).merging(more) { $1 })
        // A HEAD has no body to say why in.
        return method == "HEAD" ? "\(reply.status)" : reply.code ?? "none"
      }
      for method in Self.methods {
        let isHead = method == "HEAD"
        let isReading = Self.reading.contains(method)
        if !isReading { #expect(try await code(method, readOnly) == "narrowed-capability", "\(method)") }
        if isReading || ["COPY", "MOVE"].contains(method) {
          #expect(try await code(method, writeOnly) == (isHead ? "403" : "narrowed-capability"), "\(method)")
        }
        if !["GET", "HEAD"].contains(method) {
          #expect(try await code(method, getOnly) == "narrowed-method", "\(method)")
          // What a header says the method is does not count.
          let overridden = try await code(method, getOnly, ["X-HTTP-Method-Override": "GET"])
          #expect(overridden == "narrowed-method", "\(method)")
        }
        // Nobody is believed who is no proxy of ours.
        for header in ["X-Forwarded-For", "Forwarded"] {
          let value = header == "Forwarded" ? "for=203.0.113.5" : "203.0.113.5"
          #expect(
            try await code(method, elsewhere, [header: value]) == (isHead ? "403" : "narrowed-source"), "\(method)")
        }
        #expect(
          try await code(method, nil) == (isHead ? "401" : "credential-required"), "\(method)")
      }
      #expect(try disk.outside() == before)
      for method in Self.reading {
        for credential in [readOnly, here] {
          #expect(try await disk.send(method, "/photos/a", credential).status < 300, "\(method)")
        }
      }
      #expect(try await disk.send("GET", "/photos/a", getOnly).status == 200)
      #expect(try await disk.send("PUT", "/photos/b", writeOnly, body: "b").status == 201)
      #expect(try await disk.send("DELETE", "/photos/a", here).status == 204)
    }
  }

  /// Ways of spelling what lies outside `/photos`.
  static let spellings = [
    "/photos/../private/secret", "/photos/%2e%2e/private/secret", "/photos/.%2e/private/secret",
    "/photos/%2E%2E%2Fprivate%2Fsecret", "/photos%2f..%2fprivate/secret", "/photos/%252e%252e/private/secret",
    "/photos/%252e%252e%252fprivate%252fsecret", "/photos/%25252e%25252e/private/secret",
    "/photos/..%255cprivate/secret", "/photos/..\\private\\secret", "/photos/..%5cprivate%5csecret",
    "/photos\\..\\private\\secret", "/photos/%00/../../private/secret", "/photos/a%00/../../private/secret",
    "/photos/%c0%ae%c0%ae/private/secret", "/photos/%ef%bc%8e%ef%bc%8e/private/secret", "/photos;/../private/secret",
    "/photos//..//private/secret", "//private/secret", "/./private/secret", "/photos/./../private/secret",
    "/private/secret?/photos/a", "/private/secret#/photos/a", "/private%2fsecret", "/%70rivate/secret",
  ]

  @Test func noSpellingOfAPathGetsOut() async throws {
    try await Provider.with { provider in
      let disk = try await provider.rent()
      let friend = try disk.narrowed("leasehold_path=/photos")
      let before = try disk.outside()
      #expect(before["private/secret"] == Rented.secret)
      for path in Self.spellings {
        for method in Self.methods {
          // A PUT without a body would empty the file.
          let reply = try await disk.send(method, path, friend, headers(method, disk))
          #expect((200..<500).contains(reply.status), "\(method) \(path)")
          #expect(!reply.text.contains(Rented.secret), "\(method) \(path)")
        }
        #expect(try disk.outside() == before, "\(path)")
      }
    }
  }

  @Test func noHeaderNamesAWayOut() async throws {
    try await Provider.with { provider in
      let disk = try await provider.rent()
      let friend = try disk.narrowed("leasehold_path=/photos")
      let before = try disk.outside()
      #expect(before["private/secret"] == Rented.secret)
      for path in Self.spellings + ["/private/new", "/photosx/new", "/", "/private"] {
        for address in [disk.url(path), "/dav/\(disk.lease)\(path)"] {
          for method in ["COPY", "MOVE"] {
            for source in ["/photos/a", "/photos/sub"] {
              let reply = try await disk.send(method, source, friend, ["Destination": address])
              #expect((200..<500).contains(reply.status), "\(method) \(address)")
              #expect(!reply.text.contains(Rented.secret), "\(method) \(address)")
              // What was carried within the folder is put back.
              if method == "MOVE", reply.status < 300 {
                _ = try await disk.send("PUT", "/photos/a", friend, body: "a")
                _ = try await disk.send("MKCOL", "/photos/sub", friend)
              }
            }
          }
        }
        #expect(try disk.outside() == before, "\(path)")
      }
      // From outside to inside: it could be read there.
      for method in ["COPY", "MOVE"] {
        let reply = try await disk.send(
          method, "/private/secret", friend, ["Destination": disk.url("/photos/stolen")])
        #expect(reply.code == "narrowed-path")
      }
      // A condition on what lies outside would tell whether it is so.
      for method in Self.methods {
        for path in ["/private/secret", "/%70rivate/secret", "//private/./secret", "/"] {
          for address in [disk.url(path), "/dav/\(disk.lease)\(path)"] {
            let conditions = ["If": "<\(address)> ([\"x\"]) <\(disk.url("/photos/a"))> (Not <urn:x>)"]
            let reply = try await disk.send(
              method, "/photos/a", friend, headers(method, disk).merging(conditions) { $1 })
            #expect(reply.status == 403, "\(method) \(address)")
            if method != "HEAD" { #expect(reply.code == "narrowed-path", "\(method) \(address)") }
          }
        }
      }
      #expect(try disk.outside() == before)
    }
  }

  /// Each request is an event of its own: a door that gave all the same name would wake a lease once and never again.
  @Test func eachRequestWakesAnIdleDisk() async throws {
    try await Provider.with { provider in
      let disk = try await provider.rent()
      for _ in 0..<2 {
        provider.clock.advance(by: 601)
        try await provider.engine.money.metering.lookForIdleness()
        #expect(try await provider.engine.operator.lease(disk.lease).record.lease.state.name == .suspended)
        #expect(try await disk.send("GET", "/photos/a", try disk.narrowed("leasehold_path=/photos")).status == 200)
        #expect(try await provider.engine.operator.lease(disk.lease).record.lease.state.name == .active)
      }
      // It was frozen and thawed each time, and not just let through.
      #expect(provider.folders.driver.calls.count { $0.verb == .resume } == 2)
    }
  }
}
