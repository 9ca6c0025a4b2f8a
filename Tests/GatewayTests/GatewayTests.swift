import Foundation
import Gateway
import Synchronization
import Testing

/// Requests to the port of a container, and what comes back: over real sockets on both sides.
@Suite struct GatewayTests {
  /// From memory, and when somebody has to be asked first.
  @Test(arguments: [true, false]) func aRequestGoesToThePort(_ remembers: Bool) async throws {
    try await Served.with(remembers: remembers) { served in
      let answer = try await served.ask("GET", "/echo?a=%2F&b", "X-App: 1\r\n")
      #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n"), "\(answer)")
      #expect(answer.contains("\r\n\r\nGET /echo?a=%2F&b HTTP/1.1\r\n"), "\(answer)")
      #expect(answer.contains("x-app: 1"))
      #expect(served.gate.statuses.withLock { $0 } == [200])
    }
  }

  @Test func theContainerSeesNoCredentialAndNoProxyButUs() async throws {
    try await Served.with { served in
      let answer = try await served.ask(
        "GET", "/echo",
        "X-Forwarded-For: 10.0.0.1\r\nForwarded: for=10.0.0.1\r\nCookie: leasehold=s; mine=1\r\nX-Hop: 1\r\n"
          + "Proxy-Authorization: x\r\n")
      let seen = try #require(served.behind.heads.first).lowercased()
      for secret in ["l402", "10.0.0.1", "leasehold=s", "proxy-authorization", "authorization"] {
        #expect(!seen.contains(secret), "\(secret) in \(seen)")
      }
      #expect(seen.contains("host: rent.example\r\n"))
      #expect(seen.contains("cookie: mine=1\r\n"))
      #expect(seen.contains("x-forwarded-for: 127.0.0.1\r\n"))
      #expect(seen.contains("forwarded: for=127.0.0.1;proto=http\r\n"))
      #expect(seen.contains("x-forwarded-prefix: /c/\(Served.lease)/8080\r\n"))
      #expect(answer.contains("HTTP/1.1 200"))
    }
  }

  @Test func whatBelongsToTheOriginStaysOurs() async throws {
    try await Served.with { served in
      let answer = try await served.ask("GET", "/origin").lowercased()
      #expect(answer.hasPrefix("http/1.1 302 "))
      #expect(answer.contains("location: /c/\(Served.lease)/8080/login?x=1\r\n"), "\(answer)")
      #expect(answer.contains("x-app: kept\r\n"))
      #expect(answer.contains("content-security-policy: sandbox "))
      #expect(!answer.contains("allow-same-origin"))
      #expect(answer.contains("x-content-type-options: nosniff\r\n"))
      for field in ["set-cookie", "service-worker", "strict-transport", "clear-site", "www-authenticate", "x-hop"] {
        #expect(!answer.contains(field), "\(field) in \(answer)")
      }
    }
  }

  /// A public page is anybody's under our own address: it asks nobody for a credential.
  @Test func aPublicPageHasNoForms() async throws {
    try await Served.with { served in
      func ask(_ credential: String) async throws -> String {
        try await served.ask(
          served.head("GET", "/origin", credential: credential, "Connection: close\r\n") + "\r\n"
        ).lowercased()
      }
      let stranger = try await ask("L402 anybody:")
      #expect(stranger.contains("content-security-policy: sandbox "))
      #expect(stranger.contains("form-action 'none'"))
      #expect(!stranger.contains("allow-forms"))
      let holder = try await ask("L402 good:")
      #expect(holder.contains("allow-forms"))
      #expect(!holder.contains("form-action"))
    }
  }

  /// A field that no HTTP knows is left out, and nothing is made of it.
  @Test func aFieldThatIsNoneIsLeftOut() async throws {
    try await Served.with { served in
      let answer = try await served.ask("GET", "/split").lowercased()
      #expect(!answer.contains("\u{1}"))
      #expect(answer.hasPrefix("http/1.1 200 ") || answer.hasPrefix("http/1.1 502 "), "\(answer)")
    }
  }

  @Test func whoMayNotIsToldByUsAndReachesNothing() async throws {
    try await Served.with { served in
      let answer = try await served.ask(
        served.head("POST", "/echo", credential: "L402 bad:", "Content-Length: 3\r\nConnection: close\r\n") + "\r\nabc")
      #expect(answer.hasPrefix("HTTP/1.1 401 "), "\(answer)")
      #expect(answer.hasSuffix("who are you"))
      #expect(served.behind.accepted.load(ordering: .relaxed) == 0)
      #expect(served.gate.statuses.withLock { $0 } == [401])
    }
  }

  @Test func whatIsNoPortIsTheRoutesToAnswer() async throws {
    try await Served.with { served in
      for path in ["/c/", "/c/x/80", "/c/\(Served.lease)", "/c/\(Served.lease)/0", "/c/\(Served.lease)/080", "/c"] {
        let answer = try await served.ask("GET \(path) HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        #expect(answer.hasPrefix("HTTP/1.1 404 "), "\(path): \(answer)")
      }
      #expect(served.behind.accepted.load(ordering: .relaxed) == 0)
    }
  }

  // MARK: Bodies

  @Test func bodiesPassBothWays() async throws {
    try await Served.with { served in
      let counted = try await served.ask("POST", "/count", "Content-Length: 3\r\n", body: "abc")
      #expect(counted.hasSuffix("\r\n\r\n3"), "\(counted)")
      let chunks = try await served.ask(
        "POST", "/count", "Transfer-Encoding: chunked\r\n", body: "3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n")
      #expect(chunks.hasSuffix("\r\n\r\n7"), "\(chunks)")
      let answer = try await served.ask("GET", "/chunked")
      #expect(answer.contains("one"), "\(answer)")
      #expect(answer.contains("two"), "\(answer)")
      let traffic = served.gate.traffic.withLock { $0 }
      #expect(traffic.requests == 3)
      #expect(traffic.ingress == 10)
      #expect(traffic.egress == 2 + 6)
    }
  }

  @Test func aHeadWithoutALengthHasNoBody() async throws {
    try await Served.with { served in
      let answer = try await served.ask("HEAD", "/echo")
      #expect(answer.hasPrefix("HTTP/1.1 200 "), "\(answer)")
    }
  }

  @Test func continueIsTheContainersToSay() async throws {
    try await Served.with { served in
      let bare = try served.connect()
      defer { bare.close() }
      bare.send(served.head("POST", "/count", "Content-Length: 3\r\nExpect: 100-continue\r\n") + "\r\n")
      #expect(await bare.read(until: "\r\n\r\n").hasPrefix("HTTP/1.1 100 "))
      bare.send("abc")
      #expect(await bare.read(until: "\r\n\r\n3").hasPrefix("HTTP/1.1 200 "))
      let refused = try await served.ask("POST", "/refuses", "Content-Length: 3\r\nExpect: 100-continue\r\n")
      #expect(refused.hasPrefix("HTTP/1.1 413 "), "\(refused)")
    }
  }

  @Test func eventsComeAsTheyAreSent() async throws {
    try await Served.with { served in
      let bare = try served.connect()
      bare.send(served.head("GET", "/events") + "\r\n")
      #expect(await bare.read(until: "data: one").contains("text/event-stream"))
      // The client goes, and so does its connection to the container.
      bare.close()
      for await _ in served.behind.endings { break }
    }
  }

  /// 64 MiB to who takes nothing: what is on its way is what buffers hold.
  @Test func whoTakesNothingIsSentNothing() async throws {
    try await Served.with { served in
      let bare = try served.connect()
      bare.send(served.head("GET", "/huge") + "\r\n")
      #expect(await bare.read().hasPrefix("HTTP/1.1 200 "))
      var before = -1
      // Until nothing moves any more.
      while true {
        let now = served.behind.taken.load(ordering: .relaxed)
        if now == before { break }
        before = now
        for _ in 0..<10 { _ = try await served.ask("GET /here HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n") }
      }
      #expect(before < 32 << 20)
      var count = 0
      // The first piece was read above.
      while count <= (64 << 20) - 65_536 {
        let more = await bare.read()
        if more.isEmpty { break }
        count += more.utf8.count
      }
      #expect(count > (64 << 20) - 65_536)
      bare.close()
    }
  }

  // MARK: Connections

  /// What a stranger has opened counts as his, whoever comes next.
  @Test func holdersAndStrangersHaveConnectionsOfTheirOwn() async throws {
    try await Served.with { served in
      let bare = try served.connect()
      defer { bare.close() }
      for (number, credential) in ["L402 good:", "L402 anybody:", "L402 good:", "L402 anybody:"].enumerated() {
        bare.send(served.head("GET", "/echo?\(number)", credential: credential) + "\r\n")
        #expect(await bare.read(until: "/echo?\(number) HTTP").contains("200 OK"))
      }
      #expect(served.gate.visitors.withLock { $0 } == [.holder, .stranger])
    }
  }

  @Test func oneConnectionServesManyRequestsOnBothSides() async throws {
    try await Served.with { served in
      let bare = try served.connect()
      defer { bare.close() }
      for number in 0..<5 {
        bare.send(served.head("GET", "/echo?\(number)") + "\r\n")
        #expect(await bare.read(until: "/echo?\(number) HTTP").contains("200 OK"))
        // Those of others go between them.
        bare.send("GET /here HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(await bare.read(until: "of the framework").contains("200 OK"))
      }
      #expect(served.behind.accepted.load(ordering: .relaxed) == 1)
    }
  }

  @Test func answersComeInTheOrderOfTheRequests() async throws {
    try await Served.with(remembers: false) { served in
      let answer = try await served.ask(
        "GET /here HTTP/1.1\r\nHost: a\r\n\r\n" + served.head("GET", "/echo?1") + "\r\n"
          + served.head("GET", "/echo?2") + "\r\nGET /here HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
      var rest = answer[...]
      for word in ["of the framework", "/echo?1 HTTP", "/echo?2 HTTP", "of the framework"] {
        let found = try #require(rest.range(of: word), "\(word) in \(answer)")
        rest = rest[found.upperBound...]
      }
    }
  }

  /// A kept connection that ended in the moment of the next request: it is asked again on a new one.
  @Test func aConnectionThatEndedUnusedIsNoFault() async throws {
    try await Served.with { served in
      let bare = try served.connect()
      defer { bare.close() }
      for _ in 0..<20 {
        bare.send(served.head("GET", "/once") + "\r\n")
        let answer = await bare.read(until: "once")
        #expect(answer.hasPrefix("HTTP/1.1 200 "), "\(answer)")
      }
    }
  }

  /// What changes something is never sent twice.
  @Test func whatChangesSomethingIsSentOnce() async throws {
    try await Served.with { served in
      let answer = try await served.ask("POST", "/close", "Content-Length: 0\r\n")
      #expect(answer.hasPrefix("HTTP/1.1 502 "), "\(answer)")
      #expect(served.behind.heads.count == 1)
    }
  }

  // MARK: Faults

  @Test(arguments: ["/close", "/garbage"]) func noAnswerIs502(_ path: String) async throws {
    try await Served.with { served in
      let answer = try await served.ask("GET", path)
      #expect(answer.hasPrefix("HTTP/1.1 502 "), "\(answer)")
      #expect(answer.hasSuffix("broken"))
    }
  }

  @Test func aPortThatIsShutIs502() async throws {
    try await Served.with { served in
      served.behind.stop()
      let answer = try await served.ask("GET", "/echo")
      #expect(answer.hasSuffix("refused"))
    }
  }

  @Test func noAnswerInTimeIs504() async throws {
    try await Served.with(rules: GatewayRules(answer: .milliseconds(50), watch: .milliseconds(20))) { served in
      let answer = try await served.ask("GET", "/silent")
      #expect(answer.hasPrefix("HTTP/1.1 504 "), "\(answer)")
    }
  }

  /// What has begun is cut off, so that nobody takes it for whole.
  @Test func halfAnAnswerIsCutOff() async throws {
    try await Served.with { served in
      let bare = try served.connect()
      defer { bare.close() }
      bare.send(served.head("GET", "/half") + "\r\n")
      let answer = await bare.readToEnd()
      #expect(answer.lowercased().contains("content-length: 100\r\n"))
      #expect(answer.hasSuffix("half"))
    }
  }

  @Test func aLeaseThatNoLongerServesIsCutOff() async throws {
    try await Served.with(rules: GatewayRules(watch: .milliseconds(20))) { served in
      let bare = try served.connect()
      defer { bare.close() }
      bare.send(served.head("GET", "/events") + "\r\n")
      _ = await bare.read(until: "data: one")
      served.gate.serves.store(false, ordering: .relaxed)
      #expect(await bare.readToEnd().contains("data: two") == false)
    }
  }

  // MARK: Other protocols

  @Test func aConnectionBecomesAnother() async throws {
    try await Served.with { served in
      let bare = try served.connect()
      defer { bare.close() }
      bare.send(served.head("GET", "/socket", "Connection: keep-alive, Upgrade\r\nUpgrade: echo\r\n") + "\r\n")
      let greeting = await bare.read(until: "hello ")
      #expect(greeting.hasPrefix("HTTP/1.1 101 "), "\(greeting)")
      // What came with the answer, in the same packet.
      #expect(greeting.hasSuffix("\r\n\r\nhello "))
      #expect(greeting.lowercased().contains("upgrade: echo\r\n"))
      #expect(!greeting.lowercased().contains("set-cookie"))
      for number in 0..<10 {
        bare.send("over and over \(number);")
        #expect(await bare.read(until: "\(number);").hasSuffix("\(number);"))
      }
      bare.finishSending()
      #expect(await bare.readToEnd() == "")
    }
  }

  /// The container speaks HTTP on; the connection ends, for nothing behind such a request is read.
  @Test func anUpgradeThatIsDeclinedIsAnAnswer() async throws {
    try await Served.with { served in
      let answer = try await served.ask(
        served.head("GET", "/echo", "Connection: Upgrade\r\nUpgrade: websocket\r\n") + "\r\n")
      #expect(answer.hasPrefix("HTTP/1.1 200 "), "\(answer)")
    }
  }
}
