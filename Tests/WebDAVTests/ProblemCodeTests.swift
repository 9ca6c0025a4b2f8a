import Foundation
import Ledger
import TestKit
import Testing

@testable import Files
@testable import WebDAV

/// Each word that the disk's door refuses with, and what brings it about.
@Suite struct ProblemCodeTests {
  private static let other = LeaseID(unixMilliseconds: 1_700_000_000_001, random: (7, 43))

  @Test func eachRefusalSaysItsWord() async throws {
    let disk = try Disk()
    try disk.makeFolder("folder/below")
    try disk.makeFolder("locked")
    try disk.write("0123456789", to: "file")
    try FileManager.default.createSymbolicLink(atPath: disk.path("link"), withDestinationPath: "/etc/passwd")
    try await TestServer.with(disk) { server async throws in
      func said(
        _ method: String, _ path: String, _ headers: [String: String] = [:], body: String? = nil
      ) async throws -> String {
        try await server.send(method, path, headers, body: body).refusal
      }
      func to(_ path: String) -> [String: String] { ["Destination": server.url + path] }

      #expect(try await said("PATCH", "/file") == "405 unknown-method")
      #expect(try await said("GET", "/a%zz") == "400 bad-path")
      #expect(try await server.sendRaw("GET", "/dav/nobody/file").refusal == "404 unknown-lease")
      #expect(try await said("GET", "/none") == "404 not-found")
      #expect(try await said("PUT", "/\(ReservedName.prefix)x", body: "x") == "403 reserved-name")
      #expect(try await said("GET", "/file", ["Expect": "more"]) == "417 bad-header")
      #expect(try await said("GET", "/file", ["If-Match": "\"other\""]) == "412 precondition-failed")
      #expect(try await said("GET", "/file", ["Range": "bytes=99-"]) == "416 range-not-satisfiable")

      #expect(try await said("PUT", "/file", ["Content-Encoding": "gzip"], body: "x") == "415 content-encoding")
      #expect(try await said("PUT", "/folder", body: "x") == "405 is-folder")
      #expect(try await said("PUT", "/none/file", body: "x") == "409 no-parent")
      #expect(try await said("PUT", "/link", body: "x") == "409 not-served")
      #expect(try await said("PUT", "/" + String(repeating: "a", count: 300), body: "x") == "414 name-too-long")
      let sum = "SHA1:" + String(repeating: "0", count: 40)
      #expect(try await said("PUT", "/file", ["OC-Checksum": sum], body: "x") == "400 checksum-mismatch")

      #expect(try await said("MKCOL", "/new", body: "x") == "415 body-refused")
      #expect(try await said("MKCOL", "/folder") == "405 exists")
      #expect(try await said("DELETE", "/") == "403 root")
      #expect(try await said("MOVE", "/folder", to("/folder/below/x")) == "403 same-place")
      let kept = to("/folder").merging(["Overwrite": "F"]) { $1 }
      #expect(try await said("COPY", "/file", kept) == "412 exists")
      #expect(try await said("COPY", "/file", ["Destination": "http://other.example/dav/x/y"]) == "502 other-server")
      let elsewhere = "http://127.0.0.1:\(server.port)/dav/\(Self.other)/file"
      #expect(try await said("COPY", "/file", ["Destination": elsewhere]) == "403 wrong-lease")

      #expect(try await said("PROPFIND", "/", body: "<propfind") == "400 malformed-xml")
      #expect(try await said("LOCK", "/file", body: "<lockinfo xmlns='DAV:'/>") == "422 bad-lock")
      let long = LockTests.exclusive.replacing("me", with: String(repeating: "m", count: LockTable.longestOwner))
      #expect(try await said("LOCK", "/file", body: long) == "413 too-large")
      #expect(try await said("UNLOCK", "/file", ["Lock-Token": "<urn:x>"]) == "409 lock-token-matches-request-uri")
      #expect(try await said("LOCK", "/file", ["If": "(Not <urn:x>)"]) == "412 lock-token-matches-request-uri")
      #expect(try await server.send("LOCK", "/locked", body: LockTests.exclusive).status == 200)
      #expect(try await said("LOCK", "/locked", body: LockTests.exclusive) == "423 no-conflicting-lock")
      #expect(try await said("PUT", "/locked/file", body: "x") == "423 lock-token-submitted")
    }
  }

  @Test func anUploadSaysWhereItGoesOnAndWhatItMisses() async throws {
    let disk = try Disk()
    try await TestServer.with(disk) { server async throws in
      let key = "Upload-Key"
      let mark = String(repeating: "k", count: 16)
      let ahead = [key: mark, "Content-Range": "bytes 4-7/8"]
      #expect(try await server.send("PUT", "/file", ahead, body: "4567").refusal == "409 upload-offset")
      let wire = try await server.begin(
        "PUT", "/file", [key: mark, "Content-Range": "bytes 0-7/8", "Transfer-Encoding": "chunked"])
      defer { wire.close() }
      await wire.send("3\r\nabc\r\n0\r\n\r\n")
      #expect(Wire.parse(await wire.receiveAll()).refusal == "400 truncated")
    }
  }

  /// What a disk can answer, and nobody brings about at will.
  @Test func eachFaultOfADiskHasItsWord() {
    let words: [(FileFault.Kind, String)] = [
      (.absent, "404 not-found"), (.exists, "405 exists"), (.notDirectory, "409 no-parent"),
      (.isDirectory, "405 is-folder"), (.notEmpty, "409 not-empty"), (.notServed, "409 not-served"),
      (.noSpace, "507 no-space"), (.forbidden, "403 read-only"), (.otherFileSystem, "409 other-volume"),
      (.nameTooLong, "414 name-too-long"), (.tooDeep, "409 too-deep"), (.unsupported, "403 unsupported"),
      (.busy, "503 busy"), (.stopped, "503 stopped"), (.failed, "500 disk-failure"),
    ]
    for (kind, word) in words {
      let problem = DoorProblem(FileFault(kind, "x"), writing: true)
      #expect("\(problem.status) \(problem.code)" == word)
      // Who only reads is told of an absence, not of a conflict.
      let reading = DoorProblem(FileFault(kind, "x"), writing: false)
      let isAbsence = [.notDirectory, .notServed].contains(kind)
      #expect("\(reading.status) \(reading.code)" == (isAbsence ? "404 not-found" : word))
    }
  }

  @Test func aDoorThatIsGivenUpAsksToComeAgain() async throws {
    let disk = try Disk()
    try await TestServer.with(disk) { server async throws in
      server.gate.fail(with: CancellationError())
      #expect(try await server.send("GET", "/file").refusal == "503 stopping")
      struct Surprise: Error {}
      server.gate.fail(with: Surprise())
      #expect(try await server.send("GET", "/file").refusal == "500 internal")
    }
  }
}

extension Reply {
  /// Status and word of a problem document; the status alone of anything else.
  fileprivate var refusal: String {
    guard let start = body.range(of: "\"code\":\"")?.upperBound else { return "\(status)" }
    return "\(status) \(body[start...].prefix { $0 != "\"" })"
  }
}
