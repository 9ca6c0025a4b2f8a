import Glibc
import TestKit
import Testing

@testable import WebDAV

@Suite struct PropertyTests {
  @Test func quotaComesFromTheVolume() async throws {
    try await TestServer.with(try Disk()) { server async throws in
      let body =
        "<propfind xmlns='DAV:'><prop><quota-available-bytes/><quota-used-bytes/><x xmlns='y'/></prop></propfind>"
      let reply = try await server.send("PROPFIND", "/", ["Depth": "0"], body: body)
      #expect(reply.body.contains("<D:quota-available-bytes>4000</D:quota-available-bytes>"))
      #expect(reply.body.contains("<D:quota-used-bytes>1000</D:quota-used-bytes>"))
      #expect(reply.body.contains("<x xmlns=\"y\"/></D:prop><D:status>HTTP/1.1 404"))
    }
  }

  @Test func endlessDepthIsRefused() async throws {
    try await TestServer.with(try Disk()) { server async throws in
      for headers in [["Depth": "infinity"], [:]] {
        let reply = try await server.send("PROPFIND", "/", headers)
        #expect(reply.status == 403)
        #expect(reply.body.contains("propfind-finite-depth"))
      }
      #expect(try await server.send("PROPFIND", "/", ["Depth": "2"]).status == 400)
    }
  }

  @Test func storedPropertiesTravel() async throws {
    let disk = try Disk()
    try disk.write("x", to: "file")
    let body =
      "<D:propertyupdate xmlns:D='DAV:'><D:set><D:prop><p xmlns='urn:p' k='v&quot;'>a<q/>&lt;b</p></D:prop></D:set>"
      + "</D:propertyupdate>"
    let probe = "<D:propfind xmlns:D='DAV:'><D:prop><p xmlns='urn:p'/></D:prop></D:propfind>"
    try await TestServer.with(disk) { server async throws in
      #expect(try await server.send("PROPPATCH", "/file", body: body).body.contains("200 OK"))
      #expect(try await server.send("COPY", "/file", ["Destination": server.url + "/copy"]).status == 201)
      let reply = try await server.send("PROPFIND", "/copy", ["Depth": "0"], body: probe)
      #expect(reply.body.contains("<p xmlns=\"urn:p\" k=\"v&quot;\">a<q/>&lt;b</p>"), "\(reply.body)")
      let live =
        "<D:propertyupdate xmlns:D='DAV:'><D:set><D:prop><D:getetag>x</D:getetag><p xmlns='urn:p'>new</p></D:prop>"
      let refused = try await server.send("PROPPATCH", "/copy", body: live + "</D:set></D:propertyupdate>")
      #expect(refused.body.contains("403 Forbidden"))
      #expect(refused.body.contains("424 Failed Dependency"))
      #expect(try await server.send("PROPFIND", "/copy", ["Depth": "0"], body: probe).body.contains("<q/>"))
    }
  }

  @Test func propertiesAreBounded() async throws {
    let disk = try Disk()
    try disk.write("x", to: "file")
    @Sendable func patch(_ names: [String]) -> String {
      "<D:propertyupdate xmlns:D='DAV:'><D:set><D:prop>" + names.map { "<\($0) xmlns='urn:p'>v</\($0)>" }.joined()
        + "</D:prop></D:set></D:propertyupdate>"
    }
    try await TestServer.with(disk) { server async throws in
      let many = try await server.send("PROPPATCH", "/file", body: patch((0...DeadProperties.most).map { "p\($0)" }))
      #expect(many.status == 507)
      #expect(many.body.contains("too-many-properties"))
      let large = try await server.send(
        "PROPPATCH", "/file", body: patch((0..<60).map { "p\($0)" + String(repeating: "x", count: 200) }))
      #expect(large.status == 507)
      // What is asked for is answered for each member: names have a length too.
      let long = (0..<20).map { "<p\($0) xmlns='urn:\(String(repeating: "x", count: 500))'/>" }.joined()
      let probe = "<D:propfind xmlns:D='DAV:'><D:prop>\(long)</D:prop></D:propfind>"
      #expect(try await server.send("PROPFIND", "/", ["Depth": "1"], body: probe).status == 413)
    }
  }

  @Test func namesInTheStandardsNamespaceAreNotStored() async throws {
    let disk = try Disk()
    try disk.write("x", to: "file")
    let body = "<D:propertyupdate xmlns:D='DAV:'><D:set><D:prop><D:mine>v</D:mine></D:prop></D:set></D:propertyupdate>"
    try await TestServer.with(disk) { server async throws in
      #expect(try await server.send("PROPPATCH", "/file", body: body).body.contains("403 Forbidden"))
      let time = body.replacing("mine", with: "lastmodified").replacing(">v<", with: ">784111777<")
      #expect(try await server.send("PROPPATCH", "/file", body: time).body.contains("200 OK"))
      #expect(try await server.send("HEAD", "/file").headers["last-modified"] == "Sun, 06 Nov 1994 08:49:37 GMT")
    }
  }

  @Test func aTenantCannotBreakTheAnswer() {
    for text in ["</D:prop>", "<a><b></a>", "<!DOCTYPE a><properties xmlns='urn:leasehold:properties'/>", "\u{0}"] {
      #expect(DeadProperties(stored: Array(text.utf8)).elements.isEmpty)
    }
  }

  @Test func entitiesAreRefused() async throws {
    let laughs =
      "<!DOCTYPE x [<!ENTITY a 'ha'><!ENTITY b '&a;&a;'>]><D:propfind xmlns:D='DAV:'><D:prop><x>&b;</x></D:prop></D:propfind>"
    let file = "<!DOCTYPE x [<!ENTITY a SYSTEM 'file:///etc/passwd'>]><D:propfind xmlns:D='DAV:'>&a;</D:propfind>"
    try await TestServer.with(try Disk()) { server async throws in
      for body in [laughs, file, "<a", "<propfind/>", "<D:x xmlns:D='DAV:'/>", "<a:b xmlns:a=''/>"] {
        let reply = try await server.send("PROPFIND", "/", ["Depth": "0"], body: body)
        #expect(reply.status == 400, "\(body)")
      }
      let deep = String(repeating: "<a>", count: 100) + String(repeating: "</a>", count: 100)
      #expect(try await server.send("PROPFIND", "/", ["Depth": "0"], body: deep).status == 413)
      let long = "<a>" + String(repeating: "\n", count: 300_000) + "</a>"
      #expect(try await server.send("PROPFIND", "/", ["Depth": "0"], body: long).status == 413)
    }
  }

  @Test func namesAreWrittenSafely() async throws {
    let disk = try Disk()
    try disk.write("x", to: "<&>\"'\u{1}\n")
    try await TestServer.with(disk) { server async throws in
      let body = "<propfind xmlns='DAV:'><prop><displayname/></prop></propfind>"
      let reply = try await server.send("PROPFIND", "/", ["Depth": "1"], body: body)
      #expect(reply.body.contains("<D:displayname>&lt;&amp;&gt;&quot;'\u{FFFD}&#10;</D:displayname>"))
      #expect(reply.body.contains("/%3C%26%3E%22%27%01%0A</D:href>"))
    }
  }

  /// A member does not repeat what its address, its folder or another property says; who names it gets it.
  @Test func aListingOfEverythingIsLean() async throws {
    let disk = try Disk()
    let count = 200
    for index in 0..<count { try disk.write("x", to: "file-\(index)") }
    try await TestServer.with(disk) { server async throws in
      let reply = try await server.send("PROPFIND", "/", ["Depth": "1"])
      #expect(reply.body.ranges(of: "<D:response>").count == count + 1)
      #expect(reply.body.utf8.count < (count + 2) * 400)
      #expect(reply.body.ranges(of: "<D:supportedlock>").count == 1)
      for name in ["getcontentlength", "getcontenttype", "getetag"] {
        #expect(reply.body.ranges(of: "<D:\(name)>").count == count, "\(name)")
      }
      let including = "<propfind xmlns='DAV:'><allprop/><include><supportedlock/><creationdate/></include></propfind>"
      let more = try await server.send("PROPFIND", "/", ["Depth": "1"], body: including)
      #expect(more.body.ranges(of: "<D:supportedlock>").count == count + 1)
      #expect(more.body.ranges(of: "<D:creationdate>").count == count + 1)
    }
  }
}
