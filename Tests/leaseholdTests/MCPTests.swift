import Foundation
import Synchronization
import Testing
import Wire

@testable import RenterKit
@testable import leasehold

/// `leasehold mcp`, as a client of the Model Context Protocol has it.
@Suite struct MCPTests {
  /// The program with its two pipes.
  private final class Conversation {
    private let process = Process()
    private let (input, output) = (Pipe(), Pipe())
    private let lines: InputLines
    private var last = 0

    init(_ storefront: Storefront, _ options: [String] = []) throws {
      process.executableURL = Storefront.program
      process.arguments = ["mcp"] + options
      process.environment = [
        "HOME": storefront.home.path, "PATH": "/usr/bin:/bin", "LEASEHOLD_SERVER": storefront.server.address,
      ]
      process.currentDirectoryURL = storefront.home
      process.standardInput = input
      process.standardOutput = output
      process.standardError = FileHandle.nullDevice
      lines = InputLines(output.fileHandleForReading.fileDescriptor)
      try process.start()
      // Else its end of the pipe is open here too, and nobody sees the end.
      try output.fileHandleForWriting.close()
    }

    func send(_ text: String) throws { try input.fileHandleForWriting.write(contentsOf: Data((text + "\n").utf8)) }

    func next() async throws -> JSONNode {
      guard case .bytes(let line)? = await lines.next() else { throw Ended() }
      return try JSONNode(parsing: line)
    }

    func ask(_ method: String, _ parameters: JSONNode = [:]) async throws -> JSONNode {
      last += 1
      let message: JSONNode = [
        "jsonrpc": "2.0", "id": .number("\(last)"), "method": .string(method), "params": parameters,
      ]
      try send(String(decoding: message.bytes, as: UTF8.self))
      let answer = try await next()
      #expect(answer["id"] == .number("\(last)"))
      #expect(answer["jsonrpc"] == "2.0")
      return answer
    }

    func call(_ tool: String, _ arguments: JSONNode = [:]) async throws -> JSONNode {
      let answer = try await ask("tools/call", ["name": .string(tool), "arguments": arguments])
      return try #require(answer["result"], "\(answer)")
    }

    /// - Returns: what it ended with.
    func end() async throws -> Int32 {
      try input.fileHandleForWriting.close()
      #expect(await lines.next() == nil)
      process.waitUntilExit()
      return process.terminationStatus
    }

    struct Ended: Error {}
  }

  private func text(_ result: JSONNode) throws -> String {
    try #require(result["content"]?.array?.first?["text"]?.string)
  }

  @Test func aModelRentsAndUsesALease() async throws {
    try await Storefront.open { storefront in
      let model = try Conversation(storefront)
      let welcome = try await model.ask("initialize", ["protocolVersion": "2025-03-26", "capabilities": [:]])
      #expect(welcome["result"]?["protocolVersion"] == "2025-03-26")
      #expect(welcome["result"]?["serverInfo"]?["name"] == "leasehold")
      try model.send(#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#)
      let listed = try #require(try await model.ask("tools/list")["result"]?["tools"]?.array)
      #expect(listed.compactMap { $0["name"]?.string } == MCPTool.all.map(\.name))

      let offers = try await model.call("offers")
      #expect(offers["isError"] == nil)
      #expect(offers["structuredContent"]?["items"]?.array?.contains { $0["id"] == "disk-small" } == true)
      let rented = try await model.call("rent", ["offer": "disk-small", "max_sats": 1_000, "name": "notes"])
      #expect(rented["isError"] == nil, "\(rented)")
      let lease = try #require(rented["structuredContent"]?["id"]?.string)
      // What was paid is told beside it.
      #expect(rented["content"]?.array?.count == 2)
      let written = try await model.call("put", ["lease": "notes", "path": "/a b", "text": "--json\u{1F600}\n"])
      #expect(written["isError"] == nil, "\(written)")
      #expect(try text(try await model.call("get", ["lease": "notes", "path": "/a b"])) == "content")
      let renewed = try await model.call("renew", ["lease": "notes", "max_sats": 1_000])
      #expect(renewed["structuredContent"]?["id"] == .string(lease))
      let kept = try await model.call("release", ["lease": "notes", "erase_data": false])
      #expect(kept["isError"] == true)
      #expect(try await model.end() == 0)
    }
  }

  @Test func whatSpendsIsBoundedAndSaysSo() async throws {
    try await Storefront.open { storefront in
      let model = try Conversation(storefront, ["--max-sats", "500"])
      let unbounded = try await model.call("rent", ["offer": "disk-small"])
      #expect(try text(unbounded).contains("'max_sats' is missing"))
      let tooMuch = try await model.call("rent", ["offer": "disk-small", "max_sats": 501])
      #expect(try text(tooMuch).contains("no call may spend more than 500 sat"))
      let tooLittle = try await model.call("rent", ["offer": "disk-small", "max_sats": 0])
      #expect(tooLittle["isError"] == true)
      #expect(storefront.shop.state.withLock { $0.leases.isEmpty })
      #expect(try await model.end() == 0)
    }
  }

  @Test func aModelThatMayOnlyLookHasNoOtherTools() async throws {
    try await Storefront.open { storefront in
      let model = try Conversation(storefront, ["--read-only"])
      let listed = try #require(try await model.ask("tools/list")["result"]?["tools"]?.array)
      #expect(listed.allSatisfy { $0["annotations"]?["readOnlyHint"] == true })
      #expect(listed.contains { $0["name"] == "offers" })
      let refused = try await model.ask("tools/call", ["name": "rent", "arguments": ["offer": "disk-small"]])
      #expect(refused["error"]?["code"] == -32_602)
      #expect(try await model.end() == 0)
    }
  }

  /// Nothing of a model's becomes an option.
  @Test(
    arguments: [
      ("show", ["lease": "--server=http://elsewhere.example"]), ("show", ["lease": ""]), ("show", [:]),
      ("show", ["lease": 7]), ("show", ["lease": "@last", "more": true]), ("get", ["lease": "a:b", "path": "/x"]),
      ("exec", ["lease": "@last", "command": []]), ("exec", ["lease": "@last", "command": ["a\u{0}b"]]),
      ("exec", ["lease": "@last", "command": "ls"]), ("rent", ["offer": "-h", "max_sats": 1]),
      ("rent", ["offer": "box", "max_sats": -1]), ("rent", ["offer": "box", "max_sats": 1, "env": ["A=B": "c"]]),
      ("logs", ["lease": "@last", "tail": 1_000_000]), ("put", ["lease": "@last", "path": "/x", "text": 1]),
    ] as [(String, JSONNode)])
  func badArgumentsAreToldAndNothingRuns(_ tool: String, _ arguments: JSONNode) async throws {
    let (sent, server) = served { _, _ in
      Issue.record("it ran")
      return [:]
    }
    await server.take(try request(1, tool, arguments))
    let answer = try #require(sent.first)
    #expect(answer["result"]?["isError"] == true)
    #expect(answer["result"]?["content"]?.array?.first?["text"]?.string?.isEmpty == false)
  }

  @Test func linesAreMadeOfWhatIsGiven() throws {
    func words(_ name: String, _ given: JSONNode) throws -> [String] {
      let tool = try #require(MCPTool.all.first { $0.name == name })
      return try tool.line(MCPArguments(given, for: tool.fields)).words
    }
    #expect(
      try words(
        "rent",
        ["offer": "box", "max_sats": 5, "env": ["A": "--b"], "command": ["--version"], "image": "--x", "periods": 2])
        == ["rent", "--wait", "--max-sats=5", "--periods=2", "--image=--x", "--env=A=--b", "box", "--", "--version"])
    #expect(try words("ls", ["lease": "@last"]) == ["ls", "@last:/"])
    #expect(try words("rm", ["lease": "a", "path": "b", "recursive": true]) == ["rm", "--recursive", "a:/b"])
    #expect(
      try words("exec", ["lease": "a", "command": ["-x", "--"], "input": ""])
        == ["exec", "--timeout=60", "--interactive", "a", "--", "-x", "--"])
  }

  @Test(
    arguments: [
      ("{", -32_700), ("[]", -32_600), (#"{"jsonrpc":"1.0","id":1,"method":"ping"}"#, -32_600),
      (#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#, -32_600), (#"{"jsonrpc":"2.0","id":1,"method":"no"}"#, -32_601),
      (#"{"jsonrpc":"2.0","id":1,"method":"tools/call"}"#, -32_602), (nil, -32_600),
    ] as [(String?, Int64)])
  func whatIsNoRequestIsRefused(_ line: String?, _ code: Int64) async throws {
    let (sent, server) = served { _, _ in [:] }
    await server.take(line.map { Array($0.utf8) })
    #expect(sent.first?["error"]?["code"]?.integer == code)
  }

  @Test func whatNeedsNoAnswerGetsNone() async throws {
    let (sent, server) = served { _, _ in [:] }
    for line in [
      #"{"jsonrpc":"2.0","method":"notifications/initialized"}"#, #"{"jsonrpc":"2.0","id":9,"result":{}}"#,
      #"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":4}}"#,
    ] { await server.take(Array(line.utf8)) }
    #expect(sent.first == nil)
  }

  /// Who calls a call off is told nothing of it, and what ran is ended; more at once than is served are refused.
  @Test func callsAreBoundedAndBrokenOff() async throws {
    let (ended, over) = AsyncStream.makeStream(of: Void.self)
    let (sent, server) = served { _, _ in
      let (never, open) = AsyncStream.makeStream(of: Void.self)
      for await _ in never {}
      withExtendedLifetime(open) {}
      over.yield()
      return [:]
    }
    for id in 0..<MCPServer.mostCalls { await server.take(try request(id, "offers", [:])) }
    await server.take(try request(99, "offers", [:]))
    #expect(sent.count == 1)
    #expect(sent.first?["id"] == 99)
    #expect(sent.first?["result"]?["isError"] == true)
    await server.take(Array(#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":3}}"#.utf8))
    var ends = ended.makeAsyncIterator()
    await ends.next()
    await server.end()
    #expect(sent.count == 1)
  }

  private final class Sent: Sendable {
    private let messages = Mutex<[JSONNode]>([])
    var first: JSONNode? { messages.withLock { $0.first } }
    var count: Int { messages.withLock { $0.count } }
    func add(_ bytes: [UInt8]) {
      guard let node = try? JSONNode(parsing: bytes) else { return _ = Issue.record("no JSON was sent") }
      messages.withLock { $0.append(node) }
    }
  }

  private func served(
    _ run: @escaping @Sendable (MCPTool, MCPTool.Line) async -> JSONNode
  ) -> (Sent, MCPServer) {
    let sent = Sent()
    return (sent, MCPServer(tools: MCPTool.all, most: nil, run: run, send: { sent.add($0) }))
  }

  private func request(_ id: Int, _ tool: String, _ arguments: JSONNode) throws -> [UInt8] {
    let message: JSONNode = [
      "jsonrpc": "2.0", "id": .number("\(id)"), "method": "tools/call",
      "params": ["name": .string(tool), "arguments": arguments],
    ]
    return message.bytes
  }
}
