import HTTPServing
import Hummingbird
import NIOCore
import ServingKit

/// A server with a few routes, and bare connections to it.
struct Served: Sendable {
  let port: Int

  static func with(
    _ rules: ConnectionRules = ConnectionRules(), prompt: PromptAnswers.Answer? = nil,
    _ body: @escaping @Sendable (Served) async throws -> Void
  ) async throws {
    let router = Router()
    router.get("") { _, _ in "here" }
    router.get("stream") { _, _ in
      Response(
        status: .ok,
        body: ResponseBody { writer in
          try await writer.write(ByteBuffer(string: "one"))
          try await writer.write(ByteBuffer(string: "two"))
          try await writer.finish(nil)
        })
    }
    router.get("large") { _, _ in
      Response(status: .ok, body: ResponseBody(byteBuffer: ByteBuffer(repeating: 0x61, count: 65_536)))
    }
    // Never comes to an end by itself.
    router.get("wait") { _, _ in
      Response(
        status: .ok,
        body: ResponseBody { writer in
          try await writer.write(ByteBuffer(string: "waiting"))
          try await Task.sleep(for: .seconds(3_600))
        })
    }
    router.post("echo") { request, _ in
      do {
        return String(buffer: try await request.body.collect(upTo: 1 << 20))
      } catch {
        return BrokenRequest.isCause(of: error) ? "broken" : "\(error)"
      }
    }
    var answers: (@Sendable (String?) -> PromptAnswers.Answer)?
    if let prompt { answers = { _ in prompt } }
    try await Serving.with(router, .guarded(rules, prompt: answers)) { try await body(Served(port: $0)) }
  }

  func connect(from source: String = "127.0.0.1") throws -> Bare { try Bare(port: port, from: source) }

  /// Everything that comes back, until the server closes.
  func ask(_ text: String, from source: String = "127.0.0.1") async throws -> String {
    let bare = try connect(from: source)
    defer { bare.close() }
    bare.send(text)
    return await bare.readToEnd()
  }
}
