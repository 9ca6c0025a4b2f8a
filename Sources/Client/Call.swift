import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import Text
import Units

/// One request, as often as it has to be sent.
struct Call: Sendable {
  enum Body: Sendable {
    case none
    case bytes([UInt8], type: String)
    /// Opened anew for every sending.
    case file(FileSource)
    /// Passed on as it comes, and gone then.
    case passing(RequestParts, length: Int64?)
    /// Read once, and not before the gate is open.
    case gated(FileSource, Gate)
  }

  /// Whose credential goes with it.
  enum Authority: Sendable {
    case nobody
    /// The kept credential of a lease.
    case lease(String)
    /// The kept credential if there is one.
    case perhaps(String)
    case credential(Credential)
    /// An `Authorization` line as it is.
    case line(String)
  }

  /// How long the answer may take.
  enum Patience: Sendable {
    /// Until the answer is complete.
    case seconds(Int64)
    /// The answer streams for as long as it likes; connecting still has a limit.
    case streaming
  }

  var method: HTTPMethod
  /// Percent-encoded, with its query.
  var path: String
  var headers: [(String, String)] = []
  var body: Body = .none
  var authority: Authority = .nobody
  var patience: Patience = .seconds(60)

  init(
    _ method: HTTPMethod, _ path: String, headers: [(String, String)] = [], body: Body = .none,
    as authority: Authority = .nobody, patience: Patience = .seconds(60)
  ) {
    self.method = method
    self.path = path
    self.headers = headers
    self.body = body
    self.authority = authority
    self.patience = patience
  }

  func request(to server: ServerAddress, authorization: String?) throws(ClientError) -> HTTPClientRequest {
    var request = HTTPClientRequest(url: server.url(path))
    request.method = method
    request.headers.add(name: "User-Agent", value: "leasehold")
    for (name, value) in headers { request.headers.add(name: name, value: value) }
    if let authorization { request.headers.add(name: "Authorization", value: authorization) }
    switch body {
    case .none: break
    case .bytes(let bytes, let type):
      request.headers.add(name: "Content-Type", value: type)
      request.body = .bytes(ByteBuffer(bytes: bytes))
    case .passing(let parts, let length):
      request.body = .stream(parts, length: length.map { .known($0) } ?? .unknown)
    case .file(let source):
      request.body = .stream(try source.open(), length: source.byteCount.map { .known($0) } ?? .unknown)
    case .gated(let source, let gate):
      request.headers.add(name: "Content-Type", value: "application/octet-stream")
      request.body = .stream(GatedPieces(pieces: try source.open(), gate: gate), length: .unknown)
    }
    return request
  }
}

/// `?a=b&c=d` of what is not nil; empty for nothing.
func query(_ items: [(String, String?)]) -> String {
  let parts = items.compactMap { name, value in value.map { "\(name)=\(PercentCoding.encode($0))" } }
  return parts.isEmpty ? "" : "?" + parts.joined(separator: "&")
}
