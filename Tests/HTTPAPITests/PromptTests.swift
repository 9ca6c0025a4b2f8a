import Foundation
import HTTPTypes
import Hummingbird
import L402
import Ledger
import Testing
import Wire

@testable import Engine
@testable import HTTPAPI
@testable import HTTPServing

/// What is answered on the event loop is what the routes answer, and whoever is refused there is refused here.
@Suite struct PromptTests {
  private struct Asked: Sendable {
    var name: String
    var head: String
    /// Whether memory is to be enough for it.
    var isPrompt: Bool
  }

  /// One request on a connection that goes on, and what came first.
  private static func ask(_ door: Door, _ head: String) async throws -> Door.Answer {
    let socket = try Socket(port: door.port)
    defer { socket.close() }
    // Without this nothing is believed after two seconds: nobody beats here.
    door.bench.engine.doorCache.listenerIsAlive()
    try socket.send(
      "\(head)Host: 127.0.0.1\r\n\r\nDELETE /last HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
    var bytes = try await socket.readBytesToEnd()
    let end = try #require(bytes.firstRange(of: Array("\r\n\r\n".utf8)))
    let length = try Door.Answer(Array(bytes[..<end.upperBound])).headers[.contentLength].flatMap { Int($0) } ?? 0
    let isHead = head.hasPrefix("HEAD ")
    bytes = Array(bytes[..<(end.upperBound + (isHead ? 0 : length))])
    return try Door.Answer(bytes)
  }

  /// Without what differs from request to request.
  private static func comparable(_ answer: Door.Answer) throws -> [String] {
    let headers = answer.headers.filter { $0.name != .date }.map { "\($0.name.rawName): \($0.value)" }
    let body = answer.text.replacing(/"request":"[0-9a-f]+"/, with: "")
    guard headers.contains("Content-Type: application/json"), !body.isEmpty else {
      return ["\(answer.status)"] + headers + [body]
    }
    // Links stand in no order.
    let json = try JSONSerialization.jsonObject(with: Data(body.utf8))
    let sorted = try JSONSerialization.data(withJSONObject: json, options: [.sortedKeys, .fragmentsAllowed])
    return ["\(answer.status)"] + headers + [String(decoding: sorted, as: UTF8.self)]
  }

  private static func isPrompt(_ bench: Bench, _ head: String) -> Bool {
    let lines = head.split(separator: "\r\n")
    let words = lines[0].split(separator: " ")
    guard let method = HTTPRequest.Method(String(words[0])) else { return false }
    var request = HTTPRequest(method: method, scheme: "http", authority: "127.0.0.1", path: String(words[1]))
    for line in lines.dropFirst() {
      let parts = line.split(separator: ":", maxSplits: 1)
      guard parts.count == 2, let name = HTTPField.Name(String(parts[0])) else { return false }
      request.headerFields.append(HTTPField(name: name, value: parts[1].drop { $0 == " " }.description))
    }
    guard PromptAnswers.isPlain(request) else { return false }
    bench.engine.doorCache.listenerIsAlive()
    return bench.api.promptAnswers(to: "127.0.0.1")(request) != nil
  }

  @Test func theRoutesSayTheSame() async throws {
    try await Bench.with { bench in
      try await bench.live { prompt in
        try await bench.live(isPrompt: false) { general in
          for asked in try await Self.table(general) {
            let answers = try await (Self.ask(prompt, asked.head), Self.ask(general, asked.head))
            #expect(try Self.comparable(answers.0) == Self.comparable(answers.1), "\(asked.name)")
            #expect(Self.isPrompt(bench, asked.head) == asked.isPrompt, "\(asked.name): \(answers.0.status)")
          }
        }
      }
    }
  }

  private static func table(_ door: Door) async throws -> [Asked] {
    let (lease, mine) = try await door.rent()
    let (others, theirs) = try await door.rent()
    let (box, boxed) = try await door.rent(#"{"offer":"box","image":"busybox"}"#)
    let here = "/v1/leases/\(lease.id)"
    for (id, proof) in [(lease.id, mine), (others.id, theirs), (box.id, boxed)] {
      // Read once, so that it is known.
      #expect(try await door.ask(.get, "/v1/leases/\(id)", authorization: proof).status == 200)
    }
    let lent = try await door.ask(
      .post, here + "/credentials", #"{"caveats":["leasehold_capabilities=read"]}"#, authorization: mine)
    let minted = try lent.document(MintedCredential.self)
    let revoked = "L402 \(minted.macaroon):\(mine.suffix(64))"
    let ended = try await door.ask(.delete, here + "/credentials/\(minted.token)", authorization: mine)
    #expect(ended.status == 204)
    func get(_ path: String, _ proof: String?, _ more: String = "") -> String {
      "GET \(path) HTTP/1.1\r\n" + (proof.map { "Authorization: \($0)\r\n" } ?? "") + more
    }
    var table: [Asked] = []
    func both(_ name: String, _ proof: String?, _ credential: Bool, _ own: Bool) {
      table.append(Asked(name: "credential, \(name)", head: get("/v1/credential", proof), isPrompt: credential))
      table.append(Asked(name: "lease, \(name)", head: get(here, proof), isPrompt: own))
    }
    both("mine", mine, true, true)
    both("none", nil, false, false)
    both("garbage", "L402 garbage:garbage", false, false)
    both("a forgery", "L402 \(mine.dropFirst(5).dropLast(64))\(String(repeating: "0", count: 64))", false, false)
    both("another scheme", "Basic YTpi", false, false)
    both("another lease's", theirs, true, false)
    both("revoked", revoked, false, false)
    both("run out", try narrowed(mine, "leasehold_valid_until=1000000000"), true, false)
    both("for paying only", try narrowed(mine, "leasehold_capabilities=pay"), true, false)
    both("for reading", try narrowed(mine, "leasehold_capabilities=read"), true, true)
    both("for a folder", try narrowed(mine, "leasehold_path=/photos"), true, true)
    both("for another method", try narrowed(mine, "leasehold_method=POST"), true, false)
    both("for this method", try narrowed(mine, "leasehold_method=GET"), true, true)
    both("from elsewhere", try narrowed(mine, "leasehold_source=203.0.113.0/24"), true, false)
    both("from here", try narrowed(mine, "leasehold_source=127.0.0.0/8"), true, true)
    both("as another variant", try narrowed(mine, "leasehold_variant=x"), true, false)
    both("with a condition nobody knows", try narrowed(mine, "leasehold_x=y"), false, false)
    table += [
      Asked(name: "twice", head: get(here, mine, "Authorization: \(mine)\r\n"), isPrompt: true),
      Asked(name: "two of them", head: get(here, mine, "Authorization: \(theirs)\r\n"), isPrompt: false),
      Asked(name: "a container", head: get("/v1/leases/\(box.id)", boxed), isPrompt: false),
      Asked(name: "no lease", head: get("/v1/leases/\(String(repeating: "0", count: 26))", mine), isPrompt: false),
      Asked(name: "no id", head: get("/v1/leases/\(String(repeating: "U", count: 26))", mine), isPrompt: false),
      Asked(name: "a query", head: get(here + "?a=b", mine), isPrompt: false),
      Asked(name: "a slash", head: get(here + "/", mine), isPrompt: false),
      Asked(name: "a doubled slash", head: get("/" + here, mine), isPrompt: false),
      Asked(name: "a key that is none", head: get(here, mine, "Idempotency-Key: \r\n"), isPrompt: false),
      Asked(name: "a key", head: get(here, mine, "Idempotency-Key: a\r\n"), isPrompt: false),
      Asked(name: "HEAD", head: "HEAD \(here) HTTP/1.1\r\nAuthorization: \(mine)\r\n", isPrompt: false),
      Asked(name: "POST", head: "POST /v1/credential HTTP/1.1\r\nContent-Length: 0\r\n", isPrompt: false),
      Asked(name: "health", head: get("/healthz", nil), isPrompt: true),
      Asked(name: "offers", head: get("/v1/offers", nil), isPrompt: false),
    ]
    return table
  }

  /// What was written is seen by the next request, and what cannot be heard is not believed.
  @Test func nothingIsAnsweredFromBefore() async throws {
    try await Bench.with { bench in
      try await bench.live { door in
        let (lease, mine) = try await door.rent()
        let here = "/v1/leases/\(lease.id)"
        let head = "GET \(here) HTTP/1.1\r\nAuthorization: \(mine)\r\n"
        func flags() async throws -> LeaseFlags { try await Self.ask(door, head).document(LeaseDocument.self).flags }
        #expect(try await flags().protected == false)
        #expect(Self.isPrompt(bench, head))
        let id = try #require(LeaseID(lease.id))
        _ = try await bench.engine.operator.operate(.protect(true), on: id, requestID: "test")
        #expect(!Self.isPrompt(bench, head))
        #expect(try await flags().protected)
        #expect(Self.isPrompt(bench, head))
        bench.engine.doorCache.listenerWasLost()
        let request = HTTPRequest(
          method: .get, scheme: "http", authority: "a", path: here, headerFields: [.authorization: mine])
        #expect(bench.api.promptAnswers(to: "127.0.0.1")(request) == nil)
        // Revoked elsewhere, and told.
        let shown = try #require(try PresentedCredential.parse(authorization: [mine]))
        #expect(try await flags().protected)
        #expect(Self.isPrompt(bench, head))
        bench.engine.access.revocations.insert([shown.identifier.token])
        #expect(!Self.isPrompt(bench, head))
        #expect(try await Self.ask(door, head).status == 401)
      }
    }
  }

  /// Behind a proxy the address is what the proxy says, on the event loop as elsewhere.
  @Test func theProxysWordIsTaken() async throws {
    try await Bench.with { bench in
      try await bench.live { door in
        let (lease, mine) = try await door.rent()
        let proof = try narrowed(mine, "leasehold_source=203.0.113.0/24")
        var configuration = bench.api.configuration
        configuration.proxies = TrustedProxies([try #require(AddressRange("127.0.0.0/8"))])
        let api = HTTPAPI(engine: bench.engine, configuration: configuration)
        #expect(try await door.ask(.get, "/v1/leases/\(lease.id)", authorization: mine).status == 200)
        func answers(_ forwarded: String?, from peer: String) -> Bool {
          var request = HTTPRequest(
            method: .get, scheme: "http", authority: "a", path: "/v1/leases/\(lease.id)",
            headerFields: [.authorization: proof])
          if let forwarded { request.headerFields[.xForwardedFor] = forwarded }
          bench.engine.doorCache.listenerIsAlive()
          return api.promptAnswers(to: peer)(request) != nil
        }
        #expect(answers("203.0.113.7", from: "127.0.0.1"))
        #expect(!answers("198.51.100.7", from: "127.0.0.1"))
        #expect(!answers(nil, from: "127.0.0.1"))
        #expect(!answers("203.0.113.7", from: "198.51.100.1"))
        #expect(answers(nil, from: "203.0.113.7"))
      }
    }
  }
}
