import AsyncHTTPClient
import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Units

/// One node's HTTP interface: its address, its certificate, and the headers that let us in.
///
/// Connections are kept for the next call. No redirect is followed: it could carry the secret elsewhere.
final class NodeHTTP: Sendable {
  struct Answer: Sendable {
    var status: Int
    var body: [UInt8]
  }

  enum Body: Sendable {
    case none
    case json([UInt8])
    case form(FormFields)
  }

  let address: NodeAddress
  let headers: [(String, String)]
  let secrets: [NodeSecret]
  let limits: RPCLimits
  let tls: TLSConfiguration
  private let client: HTTPClient
  /// For what stays open while somebody waits: no call ever waits for a connection of a stream.
  private let streaming: HTTPClient

  /// - Parameter headers: sent with everything; their values are taken for secrets.
  init(
    _ address: NodeAddress, headers: [(String, NodeSecret)], hiding secrets: [NodeSecret] = [], limits: RPCLimits
  ) throws(RPCError) {
    self.address = address
    self.headers = headers.map { ($0, $1.text) }
    self.secrets = secrets + headers.map { $1 }
    self.limits = limits
    tls = try address.tlsConfiguration()
    var configuration = HTTPClient.Configuration(tlsConfiguration: tls, redirectConfiguration: .disallow)
    configuration.timeout.connect = .seconds(limits.connect.count)
    configuration.httpVersion = .http1Only
    configuration.connectionPool.retryConnectionEstablishment = false
    configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 64
    client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    // Each payment that is held is watched by a stream, and strangers decide how many are, up to 400; beside them come
    // the settlements and the payments that are made.
    configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 1_024
    streaming = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
  }

  deinit {
    // They close idle connections in the background; there is nothing to be done about one that does not close.
    client.shutdown { _ in }
    streaming.shutdown { _ in }
  }

  /// One request and its whole answer, whatever its status; a proxy's word that the node is away counts as no answer.
  func send(
    _ method: HTTPMethod, _ path: String, query: FormFields = FormFields(), _ body: Body = .none, attempted: String,
    within limit: Seconds? = nil
  ) async throws(RPCError) -> Answer {
    let request = request(method, path, query, body)
    let answer = try await withDeadline(limit ?? limits.answer, attempted) { [self] in
      do {
        let response = try await client.execute(request, deadline: .distantFuture)
        let body = try await response.body.collect(upTo: limits.answerBytes)
        return Answer(status: Int(response.status.code), body: Array(buffer: body))
      } catch {
        throw trouble(error, attempted)
      }
    }
    guard !(502...504).contains(answer.status) else {
      throw RPCError(.lost, attempted: attempted, words: "HTTP status \(answer.status)")
    }
    return answer
  }

  /// The lines of a stream, until `take` returns `false`, the stream ends or the time is over. A stream that begins
  /// with an error status gives its lines too: `take` is told the status.
  func lines(
    _ method: HTTPMethod, _ path: String, query: FormFields = FormFields(), _ body: Body = .none, attempted: String,
    within limit: Seconds, _ take: @escaping @Sendable (_ status: Int, _ line: [UInt8]) throws(RPCError) -> Bool
  ) async throws(RPCError) {
    let request = request(method, path, query, body)
    try await withDeadline(limit, attempted) { [self] in
      do {
        let response = try await streaming.execute(request, deadline: .distantFuture)
        let status = Int(response.status.code)
        var splitter = LineSplitter(limit: limits.answerBytes)
        for try await part in response.body {
          guard let lines = splitter.take(part.readableBytesView) else {
            throw RPCError(.garbage, attempted: attempted, words: "a line over \(limits.answerBytes) bytes")
          }
          for line in lines where try !take(status, line) { return }
        }
        if let last = splitter.rest { _ = try take(status, last) }
      } catch {
        throw trouble(error, attempted)
      }
    }
  }

  private func request(_ method: HTTPMethod, _ path: String, _ query: FormFields, _ body: Body) -> HTTPClientRequest {
    var request = HTTPClientRequest(url: address.url(path, query))
    request.method = method
    for (name, value) in headers { request.headers.add(name: name, value: value) }
    switch body {
    case .none: break
    case .json(let bytes):
      request.headers.add(name: "Content-Type", value: "application/json")
      request.body = .bytes(ByteBuffer(bytes: bytes))
    case .form(let fields):
      request.headers.add(name: "Content-Type", value: "application/x-www-form-urlencoded")
      request.body = .bytes(ByteBuffer(string: fields.text))
    }
    return request
  }

  /// A refusal of this node, in its own words.
  func refusal(_ code: Int, attempted: String, words: String) -> RPCError {
    RPCError(.refused(code: code), attempted: attempted, words: RPCError.plain(words, hiding: secrets))
  }

  /// An error status without words that are known. Of the server's own kind (5xx) it does not say that nothing was done.
  func unexplained(_ status: Int, attempted: String) -> RPCError {
    RPCError(
      (400..<500).contains(status) ? .refused(code: status) : .garbage, attempted: attempted,
      words: "HTTP status \(status)")
  }

  private func trouble(_ error: any Error, _ attempted: String) -> RPCError {
    if let error = error as? RPCError { return error }
    if error is NIOTooManyBytesError {
      return RPCError(.garbage, attempted: attempted, words: "an answer over \(limits.answerBytes) bytes")
    }
    return RPCError(
      isOfConnecting(error) ? .notSent : .lost, attempted: attempted,
      words: RPCError.plain("\(error)", hiding: secrets))
  }
}

/// Whether a connection was refused, or its handshake failed: then nothing was sent on it.
func isOfConnecting(_ error: any Error) -> Bool {
  if error is NIOConnectionError || error is NIOSSLExtraError { return true }
  if let error = error as? IOError, error.errnoCode == ECONNREFUSED { return true }
  if let error = error as? NIOSSLError, case .handshakeFailed = error { return true }
  guard let error = error as? HTTPClientError else { return false }
  return [.connectTimeout, .tlsHandshakeTimeout, .getConnectionFromPoolTimeout].contains(error)
}

/// Cuts a stream into lines; empty ones are dropped.
struct LineSplitter {
  private var begun: [UInt8] = []
  private let limit: Int

  init(limit: Int) {
    self.limit = limit
  }

  /// The lines that are whole by now, or `nil` when one is longer than it may be.
  mutating func take(_ bytes: some Sequence<UInt8>) -> [[UInt8]]? {
    var lines: [[UInt8]] = []
    for byte in bytes {
      if byte == UInt8(ascii: "\n") {
        if !begun.isEmpty { lines.append(begun) }
        begun = []
      } else {
        guard begun.count < limit else { return nil }
        begun.append(byte)
      }
    }
    return lines
  }

  /// What came after the last line's end.
  var rest: [UInt8]? { begun.isEmpty ? nil : begun }
}
