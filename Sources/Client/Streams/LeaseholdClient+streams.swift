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
  /// - Parameters:
  ///   - input: a descriptor that the command reads to its end, as fast as it takes it; what is behind it may be of any
  ///     length, and go on while the command answers.
  ///   - line: hears every line of the answer as it came, if anybody wants it.
  /// - Returns: the command's exit code; 128 + signal for one that was killed.
  public func exec(
    _ lease: String, _ request: ExecRequest, input: Int32? = nil,
    line: (@Sendable ([UInt8]) throws(ClientError) -> Void)? = nil,
    output: @Sendable (ExecStream, [UInt8]) throws(ClientError) -> Void
  ) async throws(ClientError) -> Int32 {
    var call = Call(.POST, path(lease, "/exec"), body: json(request), as: .lease(lease), patience: .streaming)
    let gate = Gate()
    // A proxy that wants all of a request before it hands anything on would wait for us as we for it.
    let patience = Task {
      do { try await Task.sleep(for: .seconds(5)) } catch { return }
      gate.open()
    }
    defer { patience.cancel() }
    if let input {
      // The rest of the input is not wanted when the command has ended: then the connection goes.
      call.headers = [("Leasehold-Exec", Base64.encode(JSON.encode(request))), ("Connection", "close")]
      call.body = .gated(try FileSource(.descriptor(input)) { _ in }, gate)
    }
    let response = try await send(call)
    gate.open()
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

  /// A container's output, as text, once.
  ///
  /// - Parameters:
  ///   - tail: the last so many lines; all that is kept without it.
  ///   - position: instead of `tail`: all that is kept of what was written from there on.
  ///   - follow: goes on for as long as the container and the connection do: ``followLogs(_:tail:output:)`` goes on after.
  ///   - begun: is told the position of the first byte; what follows has no gap.
  public func logs(
    _ lease: String, tail: Int? = nil, from position: Int64? = nil, follow: Bool = false,
    begun: (Int64) -> Void = { _ in }, output: ([UInt8]) throws(ClientError) -> Void
  ) async throws(ClientError) {
    let items = [
      ("tail", tail.map { "\($0)" }), ("from", position.map { "\($0)" }), ("follow", follow ? "true" : nil),
    ]
    let response = try await send(
      Call(.GET, path(lease, "/logs") + query(items), as: .lease(lease), patience: .streaming))
    if let start = response.headers.first(name: "Log-Position").flatMap({ Int64($0) }), start >= 0 { begun(start) }
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
