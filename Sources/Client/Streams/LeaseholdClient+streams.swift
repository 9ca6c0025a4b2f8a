import AsyncHTTPClient
import L402
import Macaroons
import NIOCore
import Wire

extension LeaseholdClient {
  public enum ExecStream: Sendable, Hashable {
    case standardOutput
    case standardError
  }

  /// Runs a command in a compute lease's container, and hands on what it writes as it comes. Ending the task kills it.
  ///
  /// - Parameter line: hears every line of the answer as it came, if anybody wants it.
  /// - Returns: the command's exit code; 128 + signal for one that was killed.
  public func exec(
    _ lease: String, _ request: ExecRequest, line: (@Sendable ([UInt8]) throws(ClientError) -> Void)? = nil,
    output: @Sendable (ExecStream, [UInt8]) throws(ClientError) -> Void
  ) async throws(ClientError) -> Int32 {
    let response = try await send(
      Call(.POST, path(lease, "/exec"), body: json(request), as: .lease(lease), patience: .streaming))
    var lines = LineSplitter()
    var code: Int32?
    func take(_ bytes: [UInt8]) throws(ClientError) {
      guard !bytes.isEmpty else { return }
      try line?(bytes)
      let said: ExecLine
      do throws(JSONFault) { said = try JSON.decode(ExecLine.self, from: bytes) } catch {
        throw .unreadable("a line of the command's output")
      }
      if let error = said.error { throw .exec("the command was not run to its end: \(error)") }
      if let exit = said.exitCode { code = exit }
      guard let data = said.dataBase64 else { return }
      guard let data = Base64.decode(data) else { throw .unreadable("a line of the command's output") }
      try output(said.stream == "stderr" ? .standardError : .standardOutput, data)
    }
    try await Self.chunks(of: response) { (chunk) throws(ClientError) in
      for line in lines.take(chunk) { try take(line) }
    }
    if let last = lines.end() { try take(last) }
    guard let code else { throw .exec("the connection ended before the command did") }
    return code
  }

  /// A container's output, as text.
  ///
  /// - Parameters:
  ///   - tail: the last so many lines; all that is kept without it.
  ///   - follow: goes on for as long as the container does.
  public func logs(
    _ lease: String, tail: Int? = nil, follow: Bool = false, output: @Sendable ([UInt8]) throws(ClientError) -> Void
  ) async throws(ClientError) {
    let items = [("tail", tail.map { "\($0)" }), ("follow", follow ? "true" : nil)]
    let response = try await send(
      Call(.GET, path(lease, "/logs") + query(items), as: .lease(lease), patience: .streaming))
    try await Self.chunks(of: response) { (chunk) throws(ClientError) in try output(Array(chunk)) }
  }

  /// What happens to a lease, as it happens.
  ///
  /// - Parameters:
  ///   - since: the id of the last event seen; those after it come first.
  ///   - seen: returns whether to go on.
  public func events(
    _ lease: String, since: String? = nil, seen: @Sendable (ServerSentEvent) throws(ClientError) -> Bool
  ) async throws(ClientError) {
    var headers = [("Accept", "text/event-stream")]
    if let since { headers.append(("Last-Event-ID", since)) }
    let response = try await send(
      Call(.GET, path(lease, "/events"), headers: headers, as: .lease(lease), patience: .streaming))
    var reader = ServerSentEventReader()
    var body = response.body.makeAsyncIterator()
    while true {
      let chunk: ByteBuffer?
      do { chunk = try await body.next() } catch {
        throw .unreachable("the events broke off: \(Self.words(error))")
      }
      guard let chunk else { return }
      for event in reader.take(chunk.readableBytesView) where !(try seen(event)) { return }
    }
  }

  /// Hands on a body, chunk by chunk.
  static func chunks(
    of response: HTTPClientResponse, _ take: (ByteBufferView) throws(ClientError) -> Void
  ) async throws(ClientError) {
    var body = response.body.makeAsyncIterator()
    while true {
      let chunk: ByteBuffer?
      do { chunk = try await body.next() } catch {
        throw .unreachable("the answer broke off: \(words(error))")
      }
      guard let chunk else { return }
      try take(chunk.readableBytesView)
    }
  }
}
