import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import Units

/// One request, as often as it has to be sent.
struct Call: Sendable {
  enum Body: Sendable {
    case none
    case bytes([UInt8], type: String)
    /// Opened anew for every sending.
    case file(FileSource)
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
    case .file(let source):
      request.body = .stream(try source.open(), length: source.byteCount.map { .known($0) } ?? .unknown)
    }
    return request
  }
}

/// Text as it may stand in a path's segment or a query (RFC 3986): everything but unreserved characters is encoded.
func percentEncoded(_ text: String) -> String {
  let digits = Array("0123456789ABCDEF".utf8)
  var encoded: [UInt8] = []
  for byte in text.utf8 {
    switch byte {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
      UInt8(ascii: "~"):
      encoded.append(byte)
    default:
      encoded += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
    }
  }
  return String(decoding: encoded, as: UTF8.self)
}

/// `?a=b&c=d` of what is not nil; empty for nothing.
func query(_ items: [(String, String?)]) -> String {
  let parts = items.compactMap { name, value in value.map { "\(name)=\(percentEncoded($0))" } }
  return parts.isEmpty ? "" : "?" + parts.joined(separator: "&")
}
