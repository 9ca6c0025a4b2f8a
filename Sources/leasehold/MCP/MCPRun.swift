import Foundation
import Subprocess
import Units
import Wire

/// One call of a tool: a run of this very program, for its budget, its consent and its files to be the same as ever.
struct MCPRun: Sendable {
  /// Of standard output, in bytes.
  private static let longest = 1 << 20

  /// Options that every run is given.
  let options: [String]

  /// What `tools/call` answers. A failure is told to the model, which may mend what it sent.
  func answer(_ tool: MCPTool, _ line: MCPTool.Line) async -> JSONNode {
    do {
      return try await run(tool, line)
    } catch let error as SubprocessError where error.code == .outputLimitExceeded {
      return Self.failure("more came out than \(Self.longest >> 10) KiB; ask for less")
    } catch is CancellationError {
      return Self.failure("broken off")
    } catch {
      return Self.failure("\(error)")
    }
  }

  private func run(_ tool: MCPTool, _ line: MCPTool.Line) async throws -> JSONNode {
    var platform = PlatformOptions()
    // A payment that is under way is written down at once; time to say so.
    platform.teardownSequence = [.gracefulShutDown(allowedDurationToNextStep: .seconds(5))]
    // Behind the verb, where no option can be taken for the command's own.
    let words = line.words.prefix(1) + ["--json"] + options + line.words.dropFirst()
    let result = try await Subprocess.run(
      Configuration(
        // Also when the file was replaced meanwhile.
        executable: .path("/proc/self/exe"), arguments: .init(Array(words)), environment: .inherit,
        platformOptions: platform),
      input: .inputWriter, output: .bytes(limit: Self.longest), error: .bytes(limit: Self.longest)
    ) { run in
      // What ends without reading it all says why. (Given as an array, what is not read ends this process: the library
      // traps, as of 1.0.2.)
      _ = try? await run.standardInputWriter.write(line.input)
      try await run.standardInputWriter.finish()
    }
    try Task.checkCancellation()
    let status: Int32 =
      switch result.terminationStatus {
      case .exited(let code): code
      case .signaled(let signal): 128 + signal
      }
    let output = result.standardOutput
    let said = String(decoding: result.standardError, as: UTF8.self)
    if tool.output == .command, let ran = Self.command(output) { return ran }
    guard status == 0 else { return Self.failure(said, status) }
    let remarks = said.trimmingCharacters(in: .whitespacesAndNewlines)
    var answer = tool.output == .bytes ? Self.contents(output) : Self.document(output)
    if !remarks.isEmpty { answer = Self.with(remarks, answer) }
    return answer
  }

  // MARK: - As the protocol tells it

  static func failure(_ words: String) -> JSONNode {
    ["content": [["type": "text", "text": .string(words)]], "isError": true]
  }

  /// The last line is a document that says what was wrong; those before it are remarks.
  private static func failure(_ said: String, _ status: Int32) -> JSONNode {
    let last = said.split(separator: "\n").last.map { Array($0.utf8) } ?? []
    guard let document = try? JSONNode(parsing: last), let error = document["error"] else {  // Said as it is.
      return failure(said.isEmpty ? "it ended with \(status)" : said)
    }
    let words = error["message"]?.string ?? said
    let kind: String? =
      switch ExitStatus(rawValue: status) {
      case .unpaid: "Nothing more was paid: it is too dear for max_sats or the budget, or the wallet has declined."
      case .noCapacity: "There is no place left."
      case .notFound: "There is no such thing."
      case .done, .failed, .usage, nil: nil
      }
    return failure([words, kind].compactMap { $0 }.joined(separator: "\n"))
  }

  private static func document(_ output: [UInt8]) -> JSONNode {
    let text = String(decoding: output, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
    let content: JSONNode = [["type": "text", "text": .string(text.isEmpty ? "done" : text)]]
    // One that is no object has no structure to tell.
    guard let node = try? JSONNode(parsing: Array(text.utf8)), node.members != nil else { return ["content": content] }
    return ["content": content, "structuredContent": node]
  }

  private static func contents(_ output: [UInt8]) -> JSONNode {
    if let text = String(validating: output, as: UTF8.self) {
      return ["content": [["type": "text", "text": .string(text)]]]
    }
    return [
      "content": [
        [
          "type": "resource",
          "resource": [
            "uri": "leasehold:///", "mimeType": "application/octet-stream",
            "blob": .string(Data(output).base64EncodedString()),
          ],
        ]
      ]
    ]
  }

  /// Lines as `exec --json` puts them out; `nil` when it does not say how the command ended.
  private static func command(_ output: [UInt8]) -> JSONNode? {
    var streams: [String: [UInt8]] = [:]
    var code: JSONNode?
    for line in output.split(separator: UInt8(ascii: "\n")) {
      guard let node = try? JSONNode(parsing: Array(line)) else { continue }  // Cut off: there is no code either.
      if let stream = node["stream"]?.string,
        let data = node["data_base64"]?.string.flatMap({ Data(base64Encoded: $0) })
      {
        streams[stream, default: []] += data
      } else if let exit = node["exit_code"] {
        code = exit
      }
    }
    guard let code else { return nil }
    func text(_ stream: String) -> String { String(decoding: streams[stream] ?? [], as: UTF8.self) }
    let document: JSONNode = [
      "exit_code": code, "stdout": .string(text("stdout")), "stderr": .string(text("stderr")),
    ]
    return [
      "content": [["type": "text", "text": .string(String(decoding: document.bytes, as: UTF8.self))]],
      "structuredContent": document,
    ]
  }

  /// What was said beside the result: what was paid, what ends soon.
  private static func with(_ remarks: String, _ answer: JSONNode) -> JSONNode {
    guard let members = answer.members else { return answer }
    return .object(
      members.map { member in
        guard member.name == "content", let content = member.value.array else { return member }
        return .init(name: member.name, value: .array(content + [["type": "text", "text": .string(remarks)]]))
      })
  }
}
