import NIOHTTP1
import Testing

@testable import HTTPServing

/// What is no request, byte by byte.
@Suite struct RequestTests {
  @Test(arguments: [
    ("GET / HTTP/1.1\r\n\r\n", 400),
    ("GET / HTTP/1.1\r\nHost:\r\n\r\n", 400),
    ("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400),
    ("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400),
    ("GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400),
    ("GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", 400),
    ("GET / HTTP/1.1\r\nHost: a:99999\r\n\r\n", 400),
    ("GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", 400),
    ("GET / HTTP/1.1\r\nHost: [::1]:8402\r\nConnection: close\r\n\r\n", 200),
    ("GET / HTTP/1.1\r\nHost: rent.example:443\r\nConnection: close\r\n\r\n", 200),
    ("GET / HTTP/1.0\r\n\r\n", 200),
    ("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
    ("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501),
    ("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", 400),
    ("POST /echo HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    ("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n0\r\n\r\n", 400),
    ("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcdef\r\n0\r\n\r\n", 400),
    ("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    ("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: -3\r\n\r\nabc", 400),
    ("NONSENSE\r\n\r\n", 400),
  ]) func isAnsweredAsItDeserves(_ request: String, _ status: Int) async throws {
    try await Served.with { served in
      let answer = try await served.ask(request)
      #expect(answer.hasPrefix("HTTP/1.1 \(status) "), "\(answer)")
      #expect(answer.ranges(of: "HTTP/1.1 ").count == 1, "one answer: \(answer)")
      if status != 200 { #expect(answer.contains("\"code\":\"")) }
    }
  }

  @Test(arguments: [
    ("NONSENSE\r\n\r\n", 400, "bad-request"), ("GET / HTTP/1.1\r\n\r\n", 400, "bad-header"),
    ("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", 501, "transfer-coding"),
  ]) func theAnswerNamesTheRule(_ request: String, _ status: Int, _ code: String) async throws {
    try await Served.with { served in
      let answer = try await served.ask(request)
      #expect(answer.hasPrefix("HTTP/1.1 \(status) "))
      #expect(answer.contains("\"code\":\"\(code)\""), "\(answer)")
    }
  }

  /// The parser knows no other today; who is given one by another parser says so.
  @Test func anotherVersionIsNotSpoken() throws {
    let head = HTTPRequestHead(version: .init(major: 2, minor: 0), method: .GET, uri: "/", headers: ["host": "a"])
    let refusal = try #require(throws: RequestRules.Refusal.self) { try RequestRules.check(head) }
    #expect("\(refusal.status) \(refusal.code)" == "505 http-version")
  }

  /// What was asked before the nonsense has its answer first.
  @Test func answersComeInOrder() async throws {
    try await Served.with { served in
      let answer = try await served.ask("GET /stream HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\n\r\n")
      #expect(answer.hasPrefix("HTTP/1.1 200 "), "\(answer)")
      #expect(answer.contains("two\r\n0\r\n\r\nHTTP/1.1 400 "), "\(answer)")
    }
  }

  @Test func aBodyThatBreaksOffIsABadRequest() async throws {
    try await Served.with { served in
      let bare = try served.connect()
      bare.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc")
      bare.finishSending()
      #expect(await bare.readToEnd().hasPrefix("HTTP/1.1 400 "))
      bare.close()
    }
  }

  @Test func anOldClientGetsNoChunks() async throws {
    try await Served.with { served in
      let answer = try await served.ask("GET /stream HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n")
      #expect(answer.hasSuffix("\r\n\r\nonetwo"), "\(answer)")
      #expect(!answer.lowercased().contains("chunked"), "\(answer)")
      // Where it is told how long the answer is, it may ask again.
      let bare = try served.connect()
      for _ in 0..<2 {
        bare.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
        #expect(await bare.read(until: "here").lowercased().contains("connection: keep-alive"))
      }
      bare.close()
    }
  }

  @Test func aConnectionIsUsedAgain() async throws {
    try await Served.with { served in
      let bare = try served.connect()
      for _ in 0..<3 {
        bare.send("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n")
        #expect(await bare.read(until: "body").hasPrefix("HTTP/1.1 200"))
      }
      bare.close()
    }
  }
}
