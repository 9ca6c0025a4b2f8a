import Engine
import L402
import Leasing
import Testing

/// Pages as a browser gets them, through every door of the daemon.
@Suite struct PagesTests {
  private func post(_ path: String, _ headers: String, _ body: String, _ provider: Provider) async throws
    -> Rented.Reply
  {
    try await Rented.reply(
      to: "POST \(path) HTTP/1.1\r\nHost: 127.0.0.1:\(provider.port)\r\n\(headers)\r\n\(body)", port: provider.port)
  }

  /// A page that refuses is an answer of the route's: the connection ends behind it all the same.
  @Test(arguments: ["/qr", "/order", "/lease", "/rent/disk"])
  func whatIsRefusedIsNotReadForEver(path: String) async throws {
    try await Provider.with { provider in
      let chunk = "100\r\n" + String(repeating: "a", count: 256) + "\r\n"
      // Too much of it, and it has not come to its end.
      let reply = try await post(
        path, "Content-Type: application/x-www-form-urlencoded\r\nTransfer-Encoding: chunked\r\n",
        String(repeating: chunk, count: 300), provider)
      #expect(reply.status == 422)
      #expect(reply.text.lowercased().contains("connection: close"))
    }
  }

  @Test func aPictureIsOfNoMoreThanItHolds() async throws {
    try await Provider.with { provider async throws in
      func status(_ count: Int, _ headers: String = "") async throws -> Int {
        try await post(
          "/qr", "Connection: close\r\nContent-Length: \(count)\r\n\(headers)", String(repeating: "7", count: count),
          provider
        ).status
      }
      #expect(try await status(2_900) == 200)
      #expect(try await status(2_901) == 422)
      #expect(try await status(1, "Sec-Fetch-Site: cross-site\r\n") == 403)
      #expect(try await status(1, "Sec-Fetch-Site: same-origin\r\n") == 200)
    }
  }

  /// Its script asks for what comes after that: from the beginning, each event of the past would load the page once more.
  @Test func aPageSaysUpToWhereItShows() async throws {
    try await Provider.with { provider in
      let disk = try await provider.rent()
      let credential = disk.credential.authorization
      let caller = Caller(
        authorization: [credential], method: "GET", address: IPAddress("127.0.0.1"), addressText: "127.0.0.1",
        requestID: "test")
      for path in ["", "/history", "/usage", "/files"] {
        let page = try await disk.send("GET", path, credential, door: "/lease/")
        #expect(page.status == 200)
        let shown = page.text.split(separator: "data-last=\"").dropFirst().first.flatMap {
          Int64($0.prefix { $0 != "\"" })
        }
        let events = try await provider.engine.reader.events(of: disk.lease, after: 0, limit: 100, caller)
        #expect(events.count > 2)
        #expect(shown == events.last?.sequence, "\(path)")
      }
      let history = try await disk.send("GET", "/history", credential, door: "/lease/").text
      let newest = try #require(history.firstRange(of: "Made ready"))
      #expect(try newest.lowerBound < #require(history.firstRange(of: "Asked for")).lowerBound)
    }
  }
}
