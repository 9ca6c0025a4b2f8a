import Testing

@testable import L402

@Suite struct ResourcePathTests {
  @Test(arguments: [
    ("/", "/"), ("//", "/"), ("/.", "/"), ("/a", "/a"), ("/a/", "/a"), ("/a//b/./c/", "/a/b/c"), ("/a%20b", "/a b"),
    ("/%61", "/a"), ("/%2e", "/"), ("/a%3Fb%23", "/a?b#"), ("/%252e%252e/x", "/%2e%2e/x"), ("/%252f", "/%2f"),
    ("/...", "/..."), ("/..a", "/..a"), ("/%C3%A9", "/é"), ("/a\\..\\b", "/a\\..\\b"), ("/a;b=../c", "/a;b=../c"),
    ("/a+b", "/a+b"),
  ])
  func oneSpelling(text: String, expected: String) throws {
    let path = try ResourcePath(encoded: text)
    #expect(path.description == expected)
    #expect(path.endsInSlash == text.hasSuffix("/"))
  }

  @Test(arguments: [
    ("", ResourcePath.Fault.relative), ("a", .relative), ("../a", .relative), ("%2fa", .relative), ("/..", .parent),
    ("/a/../b", .parent), ("/a/%2e%2e/b", .parent), ("/a/.%2E", .parent), ("/a/%2e.", .parent), ("/../", .parent),
    ("/a%2fb", .encodedSlash), ("/..%2f..%2fetc", .encodedSlash), ("/%2F", .encodedSlash), ("/a%00", .nul),
    ("/a\u{0}b", .nul), ("/%", .escape), ("/%4", .escape), ("/%4/1", .escape), ("/%zz", .escape), ("/%+1", .escape),
    ("/%c0%ae%c0%ae/", .encoding), ("/%ff", .encoding), ("/%c3", .encoding), ("/%c3/%a9", .encoding),
    ("/%ed%a0%80", .encoding),
  ])
  func refused(text: String, fault: ResourcePath.Fault) {
    #expect(throws: fault) { try ResourcePath(encoded: text) }
  }

  @Test func containsByWholeSegments() throws {
    let photos = try ResourcePath(encoded: "/photos")
    for inside in ["/photos", "/photos/", "/photos/x", "/photos//x/y"] {
      #expect(try photos.contains(ResourcePath(encoded: inside)))
    }
    for outside in ["/", "/photosx", "/photo", "/x/photos"] {
      #expect(try !photos.contains(ResourcePath(encoded: outside)))
    }
    #expect(ResourcePath.root.contains(photos))
    #expect(ResourcePath.root.contains(.root))
  }

  /// The file system tells a composed letter from a decomposed one, and so must the check.
  @Test func bytesAreComparedNotLetters() throws {
    let composed = try ResourcePath(encoded: "/%C3%A9")
    let decomposed = try ResourcePath(encoded: "/e%CC%81")
    #expect(composed.description == decomposed.description)
    #expect(composed != decomposed)
    #expect(!composed.contains(decomposed))
  }

  @Test(arguments: [
    ("http://host/dav/x/a%20b?q#f", "/dav/x/a b"), ("https://h:8402/", "/"), ("/dav/x", "/dav/x"),
    ("/dav/x?../y", "/dav/x"), ("//host/dav", "/dav"), ("http://user@host/a", "/a"),
  ])
  func uris(text: String, expected: String) throws {
    #expect(try ResourcePath(uri: text).description == expected)
  }

  @Test(arguments: ["http://host", "host/dav", "mailto:x", "", "http:/dav", "http://host?x/y", "http://h/a/../b"])
  func refusedURIs(text: String) {
    #expect(throws: ResourcePath.Fault.self) { try ResourcePath(uri: text) }
  }

  @Test func relative() throws {
    let prefix = try ResourcePath(encoded: "/dav/x")
    #expect(try ResourcePath(encoded: "/dav/x/a/b/").relative(to: prefix)?.description == "/a/b")
    #expect(try ResourcePath(encoded: "/dav/x/").relative(to: prefix) == .root)
    #expect(try ResourcePath(encoded: "/dav/xy").relative(to: prefix) == nil)
    #expect(try ResourcePath(encoded: "/a/b%20c").segments == ["a", "b c"])
  }
}
