import AsyncHTTPClient
import L402
import Macaroons
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization
import Text
import Units
import Wire

/// A reverse proxy on the loopback for one disk: other programs write and read through it with whatever credential is
/// good at the moment, and never hold one. Who asks shows a secret that is good for as long as this lives.
public final class DoorProxy: Sendable {
  /// The header that carries the secret.
  public static let header = "X-Leasehold-Mount"
  public let secret = Bytes32.random().hex
  public let address: String
  private let client: LeaseholdClient
  private let lease: String
  private let listener: NIOAsyncChannel<Connection, Never>
  private let failed = Mutex<[String: String]>([:])
  private let told: @Sendable (_ path: String, _ why: String) -> Void

  private typealias Connection = NIOAsyncChannel<HTTPServerRequestPart, HTTPServerResponsePart>

  /// - Parameter told: hears of each change that the server refused.
  public init(
    _ client: LeaseholdClient, _ lease: String, told: @escaping @Sendable (_ path: String, _ why: String) -> Void
  ) async throws(ClientError) {
    self.client = client
    self.lease = lease
    self.told = told
    do {
      listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
        .bind(host: "127.0.0.1", port: 0) { channel in
          channel.eventLoop.makeCompletedFuture {
            try channel.pipeline.syncOperations.configureHTTPServerPipeline()
            return try Connection(wrappingChannelSynchronously: channel)
          }
        }
    } catch {
      throw .unreachable("no port of this machine can be listened on: \(LeaseholdClient.words(error))")
    }
    address = "http://127.0.0.1:\(listener.channel.localAddress?.port ?? 0)"
  }

  /// What was changed and is not on the server, and why, by path.
  public var failures: [String: String] { failed.withLock { $0 } }

  /// Serves until its task is cancelled.
  public func run() async {
    do {
      try await listener.executeThenClose { connections in
        try await withThrowingDiscardingTaskGroup { group in
          for try await connection in connections {
            // A connection that breaks ends itself and nobody else.
            group.addTask { try? await self.serve(connection) }
          }
        }
      }
    } catch {
      // Cancelled, or the listener is gone: nobody is served any more.
    }
  }

  private func serve(_ connection: Connection) async throws {
    try await connection.executeThenClose { inbound, outbound in
      let parts = RequestParts(inbound)
      while let head = try await parts.head() {
        var answered = try await answer(head, parts)
        if !parts.isAtEnd { answered.headers.replaceOrAdd(name: "Connection", value: "close") }
        try await outbound.write(
          .head(HTTPResponseHead(version: .http1_1, status: answered.status, headers: answered.headers)))
        if head.method != .HEAD, let body = answered.body {
          for try await piece in body { try await outbound.write(.body(.byteBuffer(piece))) }
        }
        try await outbound.write(.end(nil))
        // What is left of a body that nobody wanted would be taken for the next request.
        if !parts.isAtEnd { return }
      }
    }
  }

  private struct Answered {
    var status: HTTPResponseStatus
    var headers = HTTPHeaders()
    var body: HTTPClientResponse.Body?
  }

  private func answer(_ head: HTTPRequestHead, _ parts: RequestParts) async throws -> Answered {
    let mine = "/dav/\(lease)"
    guard head.headers.first(name: Self.header) == secret,
      head.uri.utf8.elementsEqual(mine.utf8) || head.uri.utf8.starts(with: (mine + "/").utf8)
    else { return Answered(status: .forbidden, headers: ["Content-Length": "0"]) }
    let changes = ![.GET, .HEAD, .OPTIONS, .PROPFIND].contains(head.method)
    do throws(ClientError) {
      let response = try await forward(head, parts)
      if changes { failed.withLock { $0[head.uri] = nil } }
      var headers = Self.endToEnd(response.headers)
      headers.remove(name: "WWW-Authenticate")
      if response.status == .noContent { headers.remove(name: "Content-Length") }
      return Answered(status: response.status, headers: headers, body: response.body)
    } catch {
      var status = HTTPResponseStatus.badGateway
      if case .problem(let problem) = error { status = HTTPResponseStatus(statusCode: problem.status) }
      if case .paymentRequired = error { status = .paymentRequired }
      // Tried again by whoever asked, with the credential that is good by then.
      if status == .unauthorized { status = .serviceUnavailable }
      // What is looked for and not there is no failure.
      if changes, status != .notFound, status != .methodNotAllowed {
        let words = "\(error)"
        let isNews = failed.withLock { $0.updateValue(words, forKey: head.uri) != words }
        if isNews { told(PercentCoding.decode(String(head.uri.dropFirst(mine.count))) ?? head.uri, words) }
      }
      return Answered(status: status, headers: ["Content-Length": "0"])
    }
  }

  private static func endToEnd(_ headers: HTTPHeaders) -> HTTPHeaders {
    var headers = headers
    for name in ["Connection", "Keep-Alive", "Transfer-Encoding", "TE", "Trailer", "Upgrade", "Proxy-Connection"] {
      headers.remove(name: name)
    }
    return headers
  }

  private func forward(
    _ head: HTTPRequestHead, _ parts: RequestParts
  ) async throws(ClientError) -> HTTPClientResponse {
    var headers = Self.endToEnd(head.headers)
    for name in ["Host", "Authorization", "Content-Length", "Content-Type", "User-Agent", "Expect", Self.header] {
      headers.remove(name: name)
    }
    if let target = headers.first(name: "Destination"), target.hasPrefix(address) {
      headers.replaceOrAdd(name: "Destination", value: client.server.url(String(target.dropFirst(address.count))))
    }
    var call = Call(
      head.method, head.uri, headers: headers.map { ($0.name, $0.value) }, as: .lease(lease), patience: .streaming)
    guard head.method == .PUT else {
      let type = head.headers.first(name: "Content-Type") ?? "application/xml"
      let bytes = try await parts.collect()
      if !bytes.isEmpty { call.body = .bytes(bytes, type: type) }
      return try await client.send(call)
    }
    // It passes once: what would have to be sent again is found out before.
    try await client.refresh(lease)
    call.body = .passing(parts, length: head.headers.first(name: "Content-Length").flatMap { Int64($0) })
    let response = try await client.transmit(call)
    guard (200..<300).contains(response.status.code) else {
      let problem = await LeaseholdClient.problem(of: response)
      // Its clock and ours differ: the next try has what it takes.
      if problem.code == "credential-stale" { _ = try await client.swap(lease) }
      throw problem.status == 402 ? .paymentRequired(problem) : .problem(problem)
    }
    return response
  }
}

/// One request after the other, off one connection.
///
/// The iterator is used by one task at a time: by the connection's until a body is handed to the client, by the client's
/// until its answer is there, and no more by the connection's when the body was not read to its end. That is the argument
/// for sending it between them.
final class RequestParts: AsyncSequence, @unchecked Sendable {
  typealias Element = ByteBuffer

  private var iterator: NIOAsyncChannelInboundStream<HTTPServerRequestPart>.AsyncIterator
  private let atEnd = Mutex(true)

  init(_ inbound: NIOAsyncChannelInboundStream<HTTPServerRequestPart>) { iterator = inbound.makeAsyncIterator() }

  /// The request has been read whole.
  var isAtEnd: Bool { atEnd.withLock { $0 } }

  func head() async throws -> HTTPRequestHead? {
    guard let part = try await iterator.next(), case .head(let head) = part else { return nil }
    atEnd.withLock { $0 = false }
    return head
  }

  fileprivate func piece() async throws -> ByteBuffer? {
    guard !isAtEnd else { return nil }
    if case .body(let piece) = try await iterator.next() { return piece }
    atEnd.withLock { $0 = true }
    return nil
  }

  /// A small body.
  func collect() async throws(ClientError) -> [UInt8] {
    var bytes: [UInt8] = []
    do {
      while let piece = try await piece() {
        bytes += piece.readableBytesView
        guard bytes.count <= 1 << 20 else { break }
      }
    } catch {
      throw .unreachable("the request broke off")
    }
    return bytes
  }

  struct AsyncIterator: AsyncIteratorProtocol {
    let parts: RequestParts
    mutating func next() async throws -> ByteBuffer? { try await parts.piece() }
  }

  func makeAsyncIterator() -> AsyncIterator { AsyncIterator(parts: self) }
}

extension LeaseholdClient {
  /// Exchanges a credential that goes stale within two minutes.
  func refresh(_ lease: String) async throws(ClientError) {
    guard let end = try kept(lease)?.credential?.validUntil, end - now().unixSeconds < 120 else { return }
    // Where there is nothing to exchange it for, the door says what is the matter.
    _ = try? await swap(lease)
  }
}
