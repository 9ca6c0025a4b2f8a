import BOLT11
import Foundation
import HTTPServing
import Hummingbird
import L402
import Logging
import Macaroons
import TestKit
import Testing
import Units

/// The servers of the libraries' pages: they are what the pages show, and they work.
@Suite struct ExamplesTests {
  private static let now: Int64 = 1_900_000_000

  @Test(arguments: [
    ("MacaroonServer", "Macaroons", "NotesInThirtyLines"), ("FilmServer", "L402", "FilmsInThirtyLines"),
    ("InvoiceServer", "BOLT11", "InvoicesInThirtyLines"),
  ])
  func thePageShowsTheCode(file: String, room: String, page: String) throws {
    let examples = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    let root = examples.deletingLastPathComponent().deletingLastPathComponent()
    let code = try String(contentsOf: examples.appendingPathComponent("\(file).swift"), encoding: .utf8)
    let text = try String(
      contentsOf: root.appendingPathComponent("Sources/\(room)/\(room).docc/\(page).md"), encoding: .utf8)
    #expect(text.contains("```swift\n\(code)```\n"), "\(page) does not show \(file).swift as it is")
    #expect(code.utf8.count { $0 == UInt8(ascii: "\n") } <= 42, "that is not thirty lines")
  }

  @Test func notes() async throws {
    let key = MacaroonKey(rootKey: .random())
    try await serving(noteServer(key: key) { Int(Self.now) }) { base in
      let macaroon = try Macaroon(text: try await curl("-X", "POST", "\(base)/macaroon").body)
      func get(_ macaroon: Macaroon, _ path: String = "/note") async throws -> Int {
        try await curl("-H", "Authorization: \(macaroon.json)", base + path).status
      }
      #expect(try await get(macaroon) == 200)
      let lent = macaroon.adding(["path = /note", "until = \(Self.now + 1)"])
      #expect(try await get(lent) == 200)
      #expect(try await get(lent, "/other") == 403)
      #expect(try await get(lent.adding(["until = \(Self.now)"])) == 403)
      #expect(try await get(lent.adding(["weather = fine"])) == 403)
      #expect(try await get(lent.adding(thirdParty: [1], location: "", rootKey: [1])) == 401)
      let forged = Macaroon(location: "", identifier: [1], key: MacaroonKey(rootKey: .random()))
      #expect(try await get(forged) == 401)
      #expect(try await curl("\(base)/note").status == 401)
    }
  }

  @Test func films() async throws {
    let preimage = Preimage.random()
    let server = filmServer(keyring: MasterKeyring(key: .random()), now: { Self.now }) {
      (preimage.paymentHash, "lnbcrt1paid")
    }
    try await serving(server) { base in
      let asked = try await curl("\(base)/film")
      #expect(asked.status == 402)
      let challenge = try #require(Challenge(wwwAuthenticate: asked.headers("www-authenticate")))
      #expect(challenge.invoice == "lnbcrt1paid")
      let paid = try PresentedCredential(macaroon: challenge.macaroon, preimage: preimage)
      let shown = try await curl("-H", "Authorization: \(paid.authorization)", "\(base)/film")
      #expect(shown.status == 200)
      #expect(shown.body == "the film")
      let unpaid = try PresentedCredential(macaroon: challenge.macaroon, preimage: .random())
      let refused = try await curl("-H", "Authorization: \(unpaid.authorization)", "\(base)/film")
      #expect(refused.status == 401)
      #expect(refused.body.contains("wrong-preimage"))
      let narrowed = try paid.narrowed(by: ["leasehold_capabilities="])
      #expect(try await curl("-H", "Authorization: \(narrowed.authorization)", "\(base)/film").status == 403)
    }
  }

  @Test func invoices() async throws {
    let key = try NodeKey(bytes: [UInt8](repeating: 7, count: 32))
    try await serving(invoiceServer(key: key) { Instant(unixSeconds: Self.now) }) { base in
      let text = try await curl("-X", "POST", "\(base)/invoices/21").body
      #expect(try Invoice.parse(text).payee == key.nodeID)
      #expect(try await curl("\(base)/read/\(text)").body == "21000 msat on regtest, open")
      let other = text.last == "q" ? "p" : "q"
      #expect(try await curl("\(base)/read/\(text.dropLast())\(other)").status == 400)
      #expect(try await curl("-X", "POST", "\(base)/invoices/0").status == 400)
    }
  }

  /// Serves on a port of its own until `body` is done.
  private func serving(
    _ router: Router<BasicRequestContext>, _ body: @escaping @Sendable (String) async throws -> Void
  ) async throws {
    let (ports, running) = AsyncStream<Int>.makeStream()
    var logger = Logger(label: "example")
    logger.logLevel = .critical
    let application = Application(
      router: router, server: .guarded(), configuration: .init(address: .hostname("127.0.0.1", port: 0)),
      onServerRunning: { channel in running.yield(channel.localAddress?.port ?? 0) }, logger: logger)
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask {
        // Who does not begin to serve does not let anybody wait for a port.
        defer { running.finish() }
        try await application.run()
      }
      var ringing = ports.makeAsyncIterator()
      let port = await ringing.next()
      if port == nil { try await group.waitForAll() }
      try await body("http://127.0.0.1:\(#require(port))")
      group.cancelAll()
    }
  }
}

private struct Answer {
  var status: Int
  var head: [Substring]
  var body: String

  func headers(_ name: String) -> [String] {
    head.filter { $0.lowercased().hasPrefix(name + ":") }
      .map { $0.dropFirst(name.count + 1).trimmingCharacters(in: .whitespaces) }
  }
}

/// On a thread of its own: those of the concurrency runtime must be free for the server to answer.
private func curl(_ arguments: String...) async throws -> Answer {
  try await withCheckedThrowingContinuation { continuation in
    DispatchQueue.global().async { continuation.resume(with: Result { try waitForCurl(arguments) }) }
  }
}

private func waitForCurl(_ arguments: [String]) throws -> Answer {
  let process = Process()
  process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
  process.arguments = ["curl", "--silent", "--include", "--max-time", "60"] + arguments
  let output = Pipe()
  process.standardOutput = output
  try process.start()
  let text = String(decoding: try output.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
  process.waitUntilExit()
  let parts = text.split(separator: "\r\n\r\n", maxSplits: 1, omittingEmptySubsequences: false)
  let head = (parts.first ?? "").split(separator: "\r\n")
  let status = try #require(head.first?.split(separator: " ").dropFirst().first.flatMap { Int($0) })
  return Answer(status: status, head: head, body: parts.count > 1 ? String(parts[1]) : "")
}
