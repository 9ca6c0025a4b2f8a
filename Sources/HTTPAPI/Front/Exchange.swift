import Engine
import HTTPTypes
import Hummingbird
import L402
import Ledger
import Logging
import NIOCore
import NIOHTTPTypes
import Wire

/// One request on its way to an answer.
struct Exchange: Sendable {
  let request: Request
  let parameters: Parameters
  let channel: any Channel
  let logger: Logger
  let requestID: String
  let configuration: HTTPAPI.Configuration
  /// The address that the request came by.
  let door: AddressedDoor?
  private let checked = CheckedCredential()

  init(
    request: Request, context: some HTTPAPIContext, configuration: HTTPAPI.Configuration, door: AddressedDoor? = nil
  ) {
    self.door = door
    self.request = request
    parameters = context.parameters
    channel = context.channel
    logger = context.logger
    requestID = context.requestID
    self.configuration = configuration
  }

  // MARK: Who asks

  /// - Throws: ``Problem`` for an `Idempotency-Key` that is none.
  func caller() throws(Problem) -> Caller {
    let headers = request.headers
    let key = headers[.idempotencyKey]
    if let key {
      guard (1...255).contains(key.utf8.count), key.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
        throw .badHeader("Idempotency-Key is 1 to 255 visible characters")
      }
    }
    let client = clientAddress
    var caller = Caller(
      authorization: headers[values: .authorization], method: request.method.rawValue, address: client.address,
      addressText: client.text, idempotencyKey: key, requestID: requestID)
    caller.checked = checked
    caller.door = door
    return caller
  }

  var clientAddress: (address: IPAddress?, text: String) {
    configuration.proxies.client(peer: channel.remoteAddress?.ipAddress, headers: request.headers)
  }

  /// Where whoever asks has found us, for what he is told to type: as configured, else as his request names us.
  var base: String { configuration.base(for: request) }

  /// Whether the server was called by a name of its own machine: what anybody else is known by says another.
  var isAskedAsLoopback: Bool {
    guard let authority = request.head.authority?.lowercased() else { return false }
    if authority == "[::1]" || authority.hasPrefix("[::1]:") { return true }
    let host = authority.prefix { $0 != ":" }
    return host == "localhost" || (host.hasPrefix("127.") && IPAddress(String(host)) != nil)
  }

  // MARK: What is named

  /// - Throws: `Refusal.unknownLease` for what is no lease id: nobody has such a lease.
  func lease() throws(Refusal) -> LeaseID {
    if let door { return door.address.lease }
    guard let text = parameters.get("lease"), let id = LeaseID(text) else { throw .unknownLease }
    return id
  }

  func parameter(_ name: String) -> String { parameters.get(name) ?? "" }

  /// A field of the query.
  ///
  /// - Throws: ``Problem`` when it stands there twice.
  func query(_ name: String) throws(Problem) -> String? {
    let found = request.uri.queryParameters.getAll(name)
    guard found.count <= 1 else { throw .invalid(name, "appears twice") }
    return found.first
  }

  /// `?limit=1..1000`, 100 when it is not given.
  func limit() throws(Problem) -> Int {
    guard let text = try query("limit") else { return 100 }
    guard let limit = Int(text), (1...1_000).contains(limit) else { throw .invalid("limit", "1 to 1000") }
    return limit
  }

  // MARK: The body

  /// The request's JSON, or `nil` when there is no body.
  ///
  /// - Throws: ``Problem`` 408, 413, 415; `JSONFault`.
  func document<Document: Decodable & Sendable>(_ type: Document.Type) async throws -> Document? {
    guard let bytes = try await body() else { return nil }
    return try JSON.decode(type, from: bytes, unknownFields: .refused)
  }

  /// The same where a body must be.
  func requiredDocument<Document: Decodable & Sendable>(_ type: Document.Type) async throws -> Document {
    try JSON.decode(type, from: try await body() ?? [], unknownFields: .refused)
  }

  /// Tells a client that waits for it to send its body. To be called when everything that can refuse the request without
  /// the body has done so.
  func invite() async throws {
    guard request.headers[.expect]?.lowercased() == "100-continue" else { return }
    try await channel.writeAndFlush(HTTPResponsePart.head(HTTPResponse(status: .continue)))
  }

  private func body() async throws -> [UInt8]? {
    let headers = request.headers
    let isChunked = headers.contains(.transferEncoding)
    let length = headers[.contentLength].flatMap { Int($0) } ?? 0
    guard isChunked || length > 0 else { return nil }
    guard Self.isJSON(headers[.contentType]) else {
      throw Problem(.unsupportedMediaType, .unsupportedMediaType, "the body must be application/json")
    }
    let limit = configuration.bodyLimit
    let tooLarge = Problem(.contentTooLarge, .tooLarge, "the body is over \(limit) bytes")
    guard length <= limit else { throw tooLarge }
    try await invite()
    let body = request.body
    return try await withThrowingTaskGroup(of: [UInt8]?.self) { group in
      group.addTask {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(length)
        for try await part in body {
          guard bytes.count + part.readableBytes <= limit else { throw tooLarge }
          bytes.append(contentsOf: part.readableBytesView)
        }
        // Part of a body is not a body.
        guard isChunked || bytes.count == length else {
          throw Problem(.badRequest, .badHeader, "the body is not as long as Content-Length says")
        }
        return bytes
      }
      let timeout = configuration.bodyTimeout
      group.addTask {
        try await Deadlines.shared.sleep(timeout)
        return nil
      }
      defer { group.cancelAll() }
      guard let first = try await group.next(), let bytes = first else {
        throw Problem(.requestTimeout, .bodyTimeout, "the body did not arrive in time")
      }
      return bytes
    }
  }

  static func isJSON(_ contentType: String?) -> Bool {
    guard let contentType else { return false }
    let type = contentType.prefix { $0 != ";" && $0 != " " }
    return type.lowercased() == "application/json"
  }
}

extension HTTPField.Name {
  static func named(_ name: String) -> HTTPField.Name {
    guard let name = HTTPField.Name(name) else { preconditionFailure("a header's name is a token") }
    return name
  }

  static let idempotencyKey = named("Idempotency-Key")
  static let link = named("Link")
  static let xForwardedFor = named("X-Forwarded-For")
  static let xForwardedHost = named("X-Forwarded-Host")
  static let forwarded = named("Forwarded")
  static let acceptAuthenticate = named("Accept-Authenticate")
  static let contentTypeOptions = named("X-Content-Type-Options")
  static let exec = named("Leasehold-Exec")
  static let logPosition = named("Log-Position")
  static let lastEventID = named("Last-Event-ID")
  static let host = named("Host")
  static let requestID = named("X-Request-ID")
  static let referrerPolicy = named("Referrer-Policy")
}
