import Foundation
import HTTPTypes
import L402
import Macaroons
import Testing
import Units
import Wire

@testable import HTTPAPI

@Suite struct StreamTests {
  private func box(_ door: Door) async throws -> (String, String) {
    let (lease, authorization) = try await door.rent(#"{"offer":"box"}"#)
    return ("/v1/leases/\(lease.id)", authorization)
  }

  @Test func aCommandIsLinesAndAnEnd() async throws {
    try await Bench.with { bench in
      try await bench.live { door in
        let (here, authorization) = try await box(door)
        let answer = try await door.ask(
          .post, here + "/exec", #"{"command":["echo","hi"],"stdin_base64":"aW4="}"#, authorization: authorization)
        #expect(answer.status == 200)
        #expect(answer.headers[.contentType] == "application/x-ndjson")
        let lines = try answer.text.split(separator: "\n").map { try JSON.decode(ExecLine.self, from: $0.utf8) }
        #expect(
          lines == [
            ExecLine(stream: "stdout", dataBase64: Base64.encode(Array("echo hi".utf8))),
            ExecLine(stream: "stderr", dataBase64: Base64.encode(Array("in".utf8))), ExecLine(exitCode: 3),
          ])
      }
    }
  }

  @Test(.timeLimit(.minutes(10))) func aCommandReadsTheBodyOfItsRequest() async throws {
    try await Bench.with { bench in
      try await bench.live { door in
        let (here, authorization) = try await box(door)
        let socket = try Socket(port: door.port)
        defer { socket.close() }
        try socket.send(
          "POST \(here)/exec HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: \(authorization)\r\n"
            + "Leasehold-Exec: {\"command\":[\"cat\"]}\r\nContent-Type: application/octet-stream\r\n"
            + "Transfer-Encoding: chunked\r\n\r\n")
        // It runs before there is anything to read, and answers while it reads.
        _ = try await socket.read(until: "stdout")
        try socket.send("5\r\nfirst\r\n")
        _ = try await socket.read(until: Base64.encode(Array("first".utf8)))
        let piece = String(repeating: "x", count: 1 << 20)
        for _ in 0..<24 { try socket.send("100000\r\n\(piece)\r\n") }
        try socket.send("0\r\n\r\n")
        let rest = String(decoding: try await socket.readBytesToEnd(), as: UTF8.self)
        #expect(rest.contains(Base64.encode(Array("\(5 + (24 << 20))".utf8))))
        #expect(rest.contains("\"exit_code\":3"))
      }
    }
  }

  @Test(.timeLimit(.minutes(10))) func aBodyThatBreaksOffEndsTheCommand() async throws {
    try await Bench.with { bench in
      try await bench.live { door in
        let (here, authorization) = try await box(door)
        let socket = try Socket(port: door.port)
        let wish = Base64.encode(Array(#"{"command":["cat"]}"#.utf8))
        try socket.send(
          "POST \(here)/exec HTTP/1.1\r\nHost: localhost\r\nAuthorization: \(authorization)\r\n"
            + "Leasehold-Exec: \(wish)\r\nContent-Type: application/octet-stream\r\nContent-Length: 100\r\n\r\nfirst")
        _ = try await socket.read(until: Base64.encode(Array("first".utf8)))
        socket.close()
        var drops = bench.containers.dropped.makeAsyncIterator()
        await drops.next()
      }
    }
  }

  @Test func whatSaysTheCommandIsChecked() async throws {
    try await Bench.with { bench in
      try await bench.live { door in
        let (here, authorization) = try await box(door)
        for (line, status) in [
          ("*", "400"), (#"{"command":[]}"#, "422"), (#"{"command":["a"],"stdin_base64":"eA=="}"#, "422"),
          (#"{"command":["a"],"x":1}"#, "422"), ("{", "400"),
        ] {
          let socket = try Socket(port: door.port)
          defer { socket.close() }
          try socket.send(
            "POST \(here)/exec HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
              + "Authorization: \(authorization)\r\nLeasehold-Exec: \(line)\r\nContent-Length: 1\r\n\r\nx")
          let answer = String(decoding: try await socket.readBytesToEnd(), as: UTF8.self)
          #expect(answer.hasPrefix("HTTP/1.1 \(status) "), "\(line)")
        }
      }
    }
  }

  @Test func aCommandThatCannotBeStartedSaysWhy() async throws {
    try await Bench.with { bench in
      try await bench.live { door in
        let (here, authorization) = try await box(door)
        for (command, code) in [("busy", "container-busy"), ("unstartable", "container-cannot-start")] {
          let refused = try await door.ask(
            .post, here + "/exec", #"{"command":["\#(command)"]}"#, authorization: authorization)
          #expect(refused.status == 409)
          #expect(try refused.problem.code == code)
        }
      }
    }
  }

  /// Nothing runs in it, so no command can: said so at once, and undone by starting it.
  @Test func aStoppedContainerSaysSo() async throws {
    try await Bench.with { bench in
      try await bench.live { door in
        let (here, authorization) = try await box(door)
        func exec() async throws -> Door.Answer {
          try await door.ask(.post, here + "/exec", #"{"command":["echo"]}"#, authorization: authorization)
        }
        #expect(try await door.ask(.post, here + "/stop", authorization: authorization).status == 204)
        let shown = try await door.ask(.get, here, authorization: authorization).document(LeaseDocument.self)
        #expect(
          shown.container
            == ContainerDocument(
              state: "ended", exitCode: 137, outOfMemory: true, restart: "on-failure", restarts: 2,
              restartsAt: Timestamp(Instant(unixSeconds: 1_800_000_000))))
        let refused = try await exec()
        #expect(refused.status == 409)
        let problem = try refused.problem
        #expect(problem.code == "container-stopped")
        #expect(problem.detail?.contains("start it first") == true)
        #expect(try await door.ask(.get, here + "/logs", authorization: authorization).status == 200)
        #expect(try await door.ask(.post, here + "/start", authorization: authorization).status == 204)
        #expect(try await exec().status == 200)
      }
    }
  }

  @Test func logsAreText() async throws {
    try await Bench.with { bench in
      try await bench.live { door in
        let (here, authorization) = try await box(door)
        let answer = try await door.ask(.get, here + "/logs?tail=5", authorization: authorization)
        #expect(answer.text == "tail 5 follow false\n")
        #expect(answer.headers[.logPosition] == "7")
        // From a position on, and from the first that is kept.
        for (asked, told) in [("9", "9"), ("3", "7")] {
          let part = try await door.ask(.get, here + "/logs?from=\(asked)&follow=true", authorization: authorization)
          #expect(part.text == "from \(asked) follow true\n")
          #expect(part.headers[.logPosition] == told)
        }
        for wrong in ["from=-1", "from=x", "from=9223372036854775808", "tail=1&from=1"] {
          let refused = try await door.ask(.get, here + "/logs?\(wrong)", authorization: authorization)
          #expect(try refused.status == 422 && refused.problem.field == "from", "\(wrong)")
        }
      }
    }
  }

  @Test func commandsAreChecked() async throws {
    try await Bench.with { bench in
      try await bench.live { door in
        let (here, authorization) = try await box(door)
        for body in [
          #"{"command":[]}"#, #"{"command":["a"],"stdin_base64":"*"}"#, #"{"command":["a"],"timeout_seconds":0}"#,
          #"{"command":["a"],"env":{"1":"x"}}"#, #"{"command":["a\u0000"]}"#,
          #"{"command":["","a"]}"#,
        ] {
          let answer = try await door.ask(.post, here + "/exec", body, authorization: authorization)
          #expect(answer.status == 422, "\(body)")
        }
      }
    }
  }

  @Test(.timeLimit(.minutes(5))) func goingAwayDropsTheCommand() async throws {
    try await Bench.with { bench in
      try await bench.live { door in
        let (here, authorization) = try await box(door)
        let socket = try Socket(port: door.port)
        let body = #"{"command":["sleep","1000"]}"#
        try socket.send(
          "POST \(here)/exec HTTP/1.1\r\nHost: localhost\r\nAuthorization: \(authorization)\r\n"
            + "Content-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)")
        _ = try await socket.read(until: "stdout")
        socket.close()
        var drops = bench.containers.dropped.makeAsyncIterator()
        await drops.next()
      }
    }
  }

  @Test(.timeLimit(.minutes(5))) func bodiesThatNeverEndAreGivenUp() async throws {
    try await Bench.with(bodyTimeout: .milliseconds(200)) { bench in
      try await bench.live { door in
        let socket = try Socket(port: door.port)
        defer { socket.close() }
        try socket.send(
          "POST /v1/leases HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{"
        )
        let answer = try await socket.read(until: "body-timeout")
        #expect(answer.hasPrefix("HTTP/1.1 408 "))
        // And the connection ends.
        _ = try await socket.readBytesToEnd()
        #expect(try await door.ask(.get, "/healthz").status == 200)
      }
    }
  }

  @Test(.timeLimit(.minutes(5))) func eventsComeAsTheyHappenAndEnd() async throws {
    try await Bench.with { bench in
      try await bench.live { door in
        let (lease, authorization) = try await door.rent()
        let here = "/v1/leases/\(lease.id)"
        let socket = try Socket(port: door.port)
        defer { socket.close() }
        try socket.send(
          "GET \(here)/events HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: \(authorization)\r\n\r\n"
        )
        let begun = try await socket.read(until: "event: provisioned")
        #expect(begun.contains("content-type: text/event-stream") || begun.contains("Content-Type: text/event-stream"))
        #expect(begun.contains("event: quoted"))
        #expect(begun.contains("event: paid"))
        let quiet = try await socket.read(until: ": still here")
        #expect(try await door.ask(.delete, here, authorization: authorization).status == 200)
        let ending = String(decoding: try await socket.readBytesToEnd(), as: UTF8.self)
        // The last thing said is the end of the lease, whole, and then the end of the body.
        let told = Self.events(begun + quiet + ending)
        #expect(told.map(\.name) == ["quoted", "paid", "provisioned", "closed"])
        #expect(told.map(\.id) == told.map(\.id).sorted())
        #expect(Set(told.map(\.id)).count == told.count)
        let data = try #require(told.last?.data)
        let last = try JSON.decode(FeedEvent.self, from: data.utf8)
        #expect(last.event == "closed")
        #expect(last.lease == lease.id)
        #expect(last.state == "closed")
        #expect(ending.hasSuffix("\r\n0\r\n\r\n"))

        // From wherever it was left, what comes is what had not come, and it ends as well.
        for seen in 1..<told.count {
          let rest = try await door.ask(
            .get, here + "/events", authorization: authorization, headers: [.lastEventID: "\(told[seen - 1].id)"])
          #expect(rest.status == 200)
          #expect(rest.headers[.contentType] == "text/event-stream")
          #expect(Self.events(rest.text) == Array(told[seen...]))
        }
        #expect(Self.events(try await door.ask(.get, here + "/events", authorization: authorization).text) == told)
        // Who has seen it all is told not to come back.
        let over = try await door.ask(
          .get, here + "/events", authorization: authorization, headers: [.lastEventID: "\(told.last?.id ?? 0)"])
        #expect(over.status == 204)
        #expect(over.body.isEmpty)
        for nonsense in ["x", "-1", "1.5"] {
          let answer = try await door.ask(
            .get, here + "/events", authorization: authorization, headers: [.lastEventID: nonsense])
          #expect(answer.status == 400)
        }
      }
    }
  }

  private struct Told: Hashable {
    var id: Int64
    var name: String
    var data: String
  }

  /// The events of a feed, as a client reads them; whatever else stands in it is passed over.
  private static func events(_ text: String) -> [Told] {
    var told: [Told] = []
    var (id, name): (Int64?, String?) = (nil, nil)
    for line in text.split(whereSeparator: \.isNewline) {
      if line.hasPrefix("id: ") { id = Int64(line.dropFirst(4)) }
      if line.hasPrefix("event: ") { name = String(line.dropFirst(7)) }
      if line.hasPrefix("data: "), let id, let name {
        told.append(Told(id: id, name: name, data: String(line.dropFirst(6))))
      }
    }
    return told
  }
}
