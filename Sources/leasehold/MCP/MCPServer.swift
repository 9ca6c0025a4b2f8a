import Wire

/// A server of the Model Context Protocol (revision 2025-06-18, and those before it): JSON-RPC 2.0, a message a line.
///
/// It keeps nothing itself: each call of a tool is a run of the command line.
actor MCPServer {
  static let revisions = ["2025-06-18", "2025-03-26", "2024-11-05"]
  /// Calls at once; what comes beyond is refused.
  static let mostCalls = 16

  private let tools: [MCPTool]
  /// The most satoshis that one call may spend, whatever it was given; `nil`: what the budget allows.
  private let most: Int64?
  private let run: @Sendable (MCPTool, MCPTool.Line) async -> JSONNode
  private let send: @Sendable ([UInt8]) -> Void
  /// By the id of the request.
  private var calls: [JSONNode: Task<Void, Never>] = [:]

  init(
    tools: [MCPTool], most: Int64?, run: @escaping @Sendable (MCPTool, MCPTool.Line) async -> JSONNode,
    send: @escaping @Sendable ([UInt8]) -> Void
  ) {
    (self.tools, self.most, self.run, self.send) = (tools, most, run, send)
  }

  /// What a client sent in one line; `nil` for one that was too long.
  func take(_ line: [UInt8]?) {
    guard let line else { return answer(.null, error: -32_600, "the line is too long") }
    let message: JSONNode
    do {
      message = try JSONNode(parsing: line)
    } catch {
      return answer(.null, error: -32_700, "that is no JSON")
    }
    guard message.members != nil, message["jsonrpc"]?.string == "2.0" else {
      return answer(.null, error: -32_600, "that is no message of JSON-RPC 2.0")
    }
    // An answer to something we never ask.
    guard let method = message["method"]?.string else { return }
    guard let id = message["id"] else { return notified(method, message["params"]) }
    switch id {
    case .string, .number: break
    case .null, .bool, .array, .object: return answer(.null, error: -32_600, "an id is a string or a number")
    }
    switch method {
    case "initialize": answer(id, welcome(message["params"]))
    case "ping": answer(id, [:])
    case "tools/list": answer(id, ["tools": .array(tools.map(\.document))])
    case "tools/call": call(id, message["params"])
    default: answer(id, error: -32_601, "there is no method '\(method)'")
    }
  }

  /// Breaks off what is under way, and returns when all of it has ended.
  func end() async {
    for task in calls.values { task.cancel() }
    for task in calls.values { await task.value }
  }

  private func welcome(_ parameters: JSONNode?) -> JSONNode {
    let asked = parameters?["protocolVersion"]?.string
    return [
      "protocolVersion": .string(Self.revisions.first { $0 == asked } ?? Self.revisions[0]),
      "capabilities": ["tools": ["listChanged": false]],
      "serverInfo": ["name": "leasehold", "title": "Leasehold", "version": .string(Product.version)],
      "instructions": .string(
        """
        Rents disks and containers by the period, paid over Lightning from the user's wallet. Look at 'offers' first; what \
        spends needs max_sats, and stays within the user's budget. A lease whose time runs out is suspended and later \
        erased: 'list' says what ends when, 'renew' buys more time. Amounts in documents are in millisatoshis (msat): \
        1,000 are one satoshi.
        """),
    ]
  }

  private func notified(_ method: String, _ parameters: JSONNode?) {
    guard method == "notifications/cancelled", let id = parameters?["requestId"] else { return }
    calls[id]?.cancel()
  }

  private func call(_ id: JSONNode, _ parameters: JSONNode?) {
    let name = parameters?["name"]?.string ?? ""
    guard let tool = tools.first(where: { $0.name == name }) else {
      return answer(id, error: -32_602, "there is no tool '\(name)'")
    }
    guard calls[id] == nil else { return answer(id, error: -32_600, "a call with this id is under way") }
    guard calls.count < Self.mostCalls else {
      return answer(id, MCPRun.failure("too many calls at once: wait for one to end"))
    }
    let line: MCPTool.Line
    do throws(Complaint) {
      let given = try MCPArguments(parameters?["arguments"], for: tool.fields)
      if let most, let asked = given.integer(MCPTool.spending.name), asked > most {
        throw .usage("no call may spend more than \(most) sat here: say max_sats accordingly")
      }
      line = try tool.line(given)
    } catch {
      return answer(id, MCPRun.failure(error.description))
    }
    calls[id] = Task {
      let result = await run(tool, line)
      calls[id] = nil
      // Who has called it off waits for no answer.
      if !Task.isCancelled { answer(id, result) }
    }
  }

  private func answer(_ id: JSONNode, _ result: JSONNode) {
    send((["jsonrpc": "2.0", "id": id, "result": result] as JSONNode).bytes)
  }

  private func answer(_ id: JSONNode, error code: Int64, _ words: String) {
    let error: JSONNode = ["code": .number("\(code)"), "message": .string(words)]
    send((["jsonrpc": "2.0", "id": id, "error": error] as JSONNode).bytes)
  }
}
