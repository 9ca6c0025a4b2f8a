import HTTPServing
import HTTPTypes
import Synchronization
import Testing

/// What is answered on the event loop keeps its place among what is not.
@Suite struct PromptAnswersTests {
  /// Counts what it answers.
  private final class Prompt: Sendable {
    let answered = Atomic<Int>(0)

    @Sendable func answer(_ request: HTTPRequest) -> PromptAnswers.Reply? {
      guard request.path == "/prompt" || request.path == "/large" else { return nil }
      answered.add(1, ordering: .relaxed)
      let body = Array((request.path == "/large" ? String(repeating: "a", count: 65_536) : "prompt").utf8)
      return PromptAnswers.Reply(.ok, [.contentType: "text/plain", .contentLength: "\(body.count)"], body: body)
    }
  }

  private static let last = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"

  @Test func answersComeInTheOrderOfTheRequests() async throws {
    let prompt = Prompt()
    try await Served.with(prompt: prompt.answer) { served in
      let ask = "GET /prompt HTTP/1.1\r\nHost: a\r\n\r\n"
      let answer = try await served.ask(ask + ask + "GET /stream HTTP/1.1\r\nHost: a\r\n\r\n" + Self.last)
      let order = ["prompt", "prompt", "one", "two", "here"]
      var rest = answer[...]
      for word in order {
        let found = try #require(rest.range(of: word), "\(word) in \(answer)")
        rest = rest[found.upperBound...]
      }
      #expect(prompt.answered.load(ordering: .relaxed) == 2)
      #expect(answer.contains("Date: ") || answer.contains("date: "))
    }
  }

  /// Behind one that is under way nothing overtakes; that goes the long way and finds no such route.
  @Test func nothingOvertakes() async throws {
    let prompt = Prompt()
    try await Served.with(prompt: prompt.answer) { served in
      let answer = try await served.ask(
        "GET /stream HTTP/1.1\r\nHost: a\r\n\r\nGET /prompt HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
      #expect(answer.hasPrefix("HTTP/1.1 200 "), "\(answer)")
      #expect(answer.contains("HTTP/1.1 404 "), "\(answer)")
      #expect(prompt.answered.load(ordering: .relaxed) == 0)
    }
  }

  /// What says more than a plain `GET` is answered as ever.
  @Test(arguments: [
    "HEAD /prompt HTTP/1.1\r\nHost: a\r\n", "POST /prompt HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n",
    "GET /prompt HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n",
    "GET /prompt HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n",
    "GET /prompt HTTP/1.1\r\nHost: a\r\nConnection: close\r\n",
    "GET /prompt HTTP/1.1\r\nHost: a\r\nContent-Type: a/b\r\n",
    "GET /prompt HTTP/1.1\r\nHost: a\r\nIdempotency-Key: a\r\n",
    "GET /prompt HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: h2c\r\n",
  ]) func isNotPlain(_ head: String) async throws {
    let prompt = Prompt()
    try await Served.with(prompt: prompt.answer) { served in
      let answer = try await served.ask(head + "\r\n" + Self.last)
      #expect(answer.hasPrefix("HTTP/1.1 404 "), "\(answer)")
      #expect(prompt.answered.load(ordering: .relaxed) == 0)
    }
  }

  @Test func anOldClientIsAnsweredInItsTongue() async throws {
    let prompt = Prompt()
    try await Served.with(prompt: prompt.answer) { served in
      let answer = try await served.ask("GET /prompt HTTP/1.0\r\n\r\n")
      #expect(answer.hasSuffix("prompt"), "\(answer)")
      #expect(answer.lowercased().contains("connection: close"), "\(answer)")
      #expect(prompt.answered.load(ordering: .relaxed) == 1)
    }
  }

  /// Who asks and asks and takes nothing fills no memory: what he does not take is not made.
  @Test func whoTakesNothingIsNotAnsweredAhead() async throws {
    let prompt = Prompt()
    try await Served.with(prompt: prompt.answer) { served in
      let count = 2_000
      let bare = try served.connect()
      let ask = "GET /large HTTP/1.1\r\nHost: a\r\n\r\n"
      bare.send(String(repeating: ask, count: count) + Self.last)
      let answer = await bare.readToEnd()
      bare.close()
      #expect(answer.ranges(of: "HTTP/1.1 200 ").count == count + 1)
      #expect(answer.hasSuffix("here"))
      // Of 128 MiB, what the channel and the kernel hold.
      #expect(prompt.answered.load(ordering: .relaxed) < count)
    }
  }
}
