import Foundation
import HTTPTypes
import L402
import Macaroons
import Testing
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
        #expect(answer.status == 200 && answer.headers[.contentType] == "application/x-ndjson")
        let lines = try answer.text.split(separator: "\n").map { try JSON.decode(ExecLine.self, from: $0.utf8) }
        #expect(
          lines == [
            ExecLine(stream: "stdout", dataBase64: Base64.encode(Array("echo hi".utf8))),
            ExecLine(stream: "stderr", dataBase64: Base64.encode(Array("in".utf8))), ExecLine(exitCode: 3),
          ])
      }
    }
  }

  @Test func logsAreText() async throws {
    try await Bench.with { bench in
      try await bench.live { door in
        let (here, authorization) = try await box(door)
        let answer = try await door.ask(.get, here + "/logs?tail=5", authorization: authorization)
        #expect(answer.text == "tail 5 follow false\n")
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
        #expect(begun.contains("event: quoted") && begun.contains("event: paid"))
        _ = try await socket.read(until: ": still here")
        #expect(try await door.ask(.delete, here, authorization: authorization).status == 200)
        _ = try await socket.read(until: "event: closed")
        _ = try await socket.readBytesToEnd()

        // From where it was left.
        let all = begun.split(whereSeparator: \.isNewline).filter { $0.hasPrefix("id: ") }.compactMap {
          Int64($0.dropFirst(4).trimmingCharacters(in: .whitespaces))
        }
        let last = try #require(all.last)
        let rest = try await door.ask(
          .get, here + "/events", authorization: authorization, headers: [.lastEventID: "\(last)"])
        #expect(!rest.text.contains("event: paid") && rest.text.contains("event: closed"))
      }
    }
  }
}
