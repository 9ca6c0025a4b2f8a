import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import NIOWebSocket
import Synchronization

public struct HTTPCall: Sendable {
  public var method: String
  public var path: String
  public var query: [String: String]
  public var headers: [String: String]
  public var body: [UInt8]

  /// The fields of a form.
  var form: [String: String] { HTTPServer.pairs(String(decoding: body, as: UTF8.self)) }
  var json: [String: Any] { (try? JSONSerialization.jsonObject(with: Data(body)) as? [String: Any]) ?? [:] }
}

public enum HTTPReply: Sendable {
  case whole(status: Int, body: [UInt8])
  case lines(AsyncStream<[UInt8]>)

  public static func json(_ status: Int, _ object: Any) -> HTTPReply {
    .whole(status: status, body: jsonBytes(object))
  }
  public static func text(_ status: Int, _ text: String) -> HTTPReply { .whole(status: status, body: Array(text.utf8)) }
}

func jsonBytes(_ object: Any) -> [UInt8] {
  guard let data = try? JSONSerialization.data(withJSONObject: object, options: .fragmentsAllowed) else {
    preconditionFailure("a test's answer is JSON")
  }
  return Array(data)
}

/// HTTP/1.1 with streams of lines and WebSockets, with TLS when it has a certificate.
public final class HTTPServer: Sendable {
  public typealias Respond = @Sendable (HTTPCall) async -> HTTPReply

  public let faults = WireFaults()
  private let respond: Respond
  private let acceptsWebSocket: @Sendable (HTTPCall) -> Bool
  private let answersText: @Sendable (String) -> [String]
  private let tls: NIOSSLContext?
  private let connections = Connections()
  private let sockets = Mutex<[ObjectIdentifier: any Channel]>([:])
  private let socketCount = ChangeSignal()
  private let listener = Mutex<(channel: (any Channel)?, port: Int)>((nil, 0))

  /// - Parameters:
  ///   - certificate: PEM of a certificate and its key.
  ///   - texts: what is answered to a text that comes over a WebSocket.
  public init(
    certificate: (certificate: [UInt8], key: [UInt8])? = nil,
    webSockets: @escaping @Sendable (HTTPCall) -> Bool = { _ in false },
    texts: @escaping @Sendable (String) -> [String] = { _ in [] },
    _ respond: @escaping Respond
  ) throws {
    self.respond = respond
    acceptsWebSocket = webSockets
    answersText = texts
    tls = try certificate.map { pair in
      let chain = try NIOSSLCertificate.fromPEMBytes(pair.certificate).map { NIOSSLCertificateSource.certificate($0) }
      let key = try NIOSSLPrivateKey(bytes: pair.key, format: .pem)
      return try NIOSSLContext(
        configuration: .makeServerConfiguration(certificateChain: chain, privateKey: .privateKey(key)))
    }
  }

  public var url: String { "\(tls == nil ? "http" : "https")://127.0.0.1:\(listener.withLock { $0.port })" }

  /// Serves, on the port it had before if it had one.
  public func start() async throws {
    let before = listener.withLock { $0.port }
    if before != 0 { return try await listen(on: before) }
    // Below the ports that the system gives to whoever connects somewhere, and never one that was given out here before:
    // while the server is down its port stays free.
    for _ in 0..<100 {
      let port = Int.random(in: 20_000..<32_000)
      guard Self.portsGivenOut.withLock({ $0.insert(port).inserted }) else { continue }
      do {
        return try await listen(on: port)
      } catch let error as IOError where error.errnoCode == EADDRINUSE {}
    }
    throw IOError(errnoCode: EADDRINUSE, reason: "no port is free")
  }

  private static let portsGivenOut = Mutex<Set<Int>>([])

  private func listen(on port: Int) async throws {
    let channel = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelInitializer { [self] channel in
        connections.add(channel)
        return channel.eventLoop.makeCompletedFuture { try configure(channel) }
      }
      .bind(host: "127.0.0.1", port: port).get()
    listener.withLock { $0 = (channel, channel.localAddress?.port ?? 0) }
  }

  public func stop() async {
    let channel = listener.withLock { listener in
      defer { listener.channel = nil }
      return listener.channel
    }
    try? await channel?.close()  // Closed already is as good.
    await connections.closeAll()
  }

  // MARK: WebSockets

  /// Says something to everybody who listens.
  public func push(_ text: String) {
    for channel in sockets.withLock({ Array($0.values) }) {
      channel.writeAndFlush(WebSocketFrame(fin: true, opcode: .text, data: ByteBuffer(string: text)), promise: nil)
    }
  }

  /// Returns when somebody listens.
  public func listeners() async {
    while true {
      let seen = socketCount.count
      if sockets.withLock({ !$0.isEmpty }) { return }
      await socketCount.wait(beyond: seen)
    }
  }

  private func configure(_ channel: any Channel) throws {
    let pipeline = channel.pipeline.syncOperations
    if let tls { try pipeline.addHandler(NIOSSLServerHandler(context: tls)) }
    try pipeline.addHandler(WireCutter(faults))
    let upgrader = NIOWebSocketServerUpgrader(
      shouldUpgrade: { [acceptsWebSocket] channel, head in
        channel.eventLoop.makeSucceededFuture(acceptsWebSocket(HTTPServer.call(head, [])) ? HTTPHeaders() : nil)
      },
      upgradePipelineHandler: { [self] channel, _ in
        sockets.withLock { $0[ObjectIdentifier(channel)] = channel }
        channel.closeFuture.whenComplete { [self] _ in
          sockets.withLock { _ = $0.removeValue(forKey: ObjectIdentifier(channel)) }
        }
        socketCount.ring()
        return channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(PongHandler(answersText))
        }
      })
    let handler = CallHandler(faults, respond)
    let bound = NIOLoopBound(handler, eventLoop: channel.eventLoop)
    try pipeline.configureHTTPServerPipeline(
      withServerUpgrade: (
        upgraders: [upgrader],
        completionHandler: { context in
          context.pipeline.syncOperations.removeHandler(bound.value, promise: nil)
        }
      ))
    try pipeline.addHandler(handler)
  }

  static func call(_ head: HTTPRequestHead, _ body: [UInt8]) -> HTTPCall {
    let parts = head.uri.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    return HTTPCall(
      method: head.method.rawValue, path: String(parts[0]).removingPercentEncoding ?? "",
      query: parts.count > 1 ? pairs(String(parts[1])) : [:],
      headers: Dictionary(head.headers.map { ($0.name.lowercased(), $0.value) }) { first, _ in first }, body: body)
  }

  static func pairs(_ text: String) -> [String: String] {
    var pairs: [String: String] = [:]
    for part in text.split(separator: "&") {
      let sides = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      pairs[String(sides[0]).removingPercentEncoding ?? ""] =
        sides.count > 1 ? String(sides[1]).removingPercentEncoding ?? "" : ""
    }
    return pairs
  }
}

/// Collects a request, and writes what is answered to it.
private final class CallHandler: ChannelInboundHandler, RemovableChannelHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias OutboundOut = HTTPServerResponsePart

  private let faults: WireFaults
  private let respond: HTTPServer.Respond
  private var head: HTTPRequestHead?
  private var body: [UInt8] = []

  init(_ faults: WireFaults, _ respond: @escaping HTTPServer.Respond) {
    self.faults = faults
    self.respond = respond
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch unwrapInboundIn(data) {
    case .head(let head):
      self.head = head
      body = []
    case .body(let part): body += part.readableBytesView
    case .end:
      guard let head else { return }
      answer(HTTPServer.call(head, body), context.channel)
    }
  }

  private func answer(_ call: HTTPCall, _ channel: any Channel) {
    let (faults, respond) = (faults, respond)
    let work = Task {
      let reply = await respond(call)
      guard await faults.mayAnswer(call.method + " " + call.path) else { return }
      switch reply {
      case .whole(let status, let body):
        let body = faults.rewritten(body)
        var head = HTTPResponseHead(version: .http1_1, status: .init(statusCode: status))
        head.headers.add(name: "Content-Length", value: "\(body.count)")
        channel.write(HTTPServerResponsePart.head(head), promise: nil)
        channel.write(HTTPServerResponsePart.body(.byteBuffer(ByteBuffer(bytes: body))), promise: nil)
        channel.writeAndFlush(HTTPServerResponsePart.end(nil), promise: nil)
      case .lines(let lines):
        var head = HTTPResponseHead(version: .http1_1, status: .ok)
        head.headers.add(name: "Transfer-Encoding", value: "chunked")
        var isFirst = true
        for await line in lines {
          if isFirst { channel.write(HTTPServerResponsePart.head(head), promise: nil) }
          isFirst = false
          let bytes = ByteBuffer(bytes: faults.rewritten(line) + Array("\n".utf8))
          channel.writeAndFlush(HTTPServerResponsePart.body(.byteBuffer(bytes)), promise: nil)
        }
        if isFirst { channel.write(HTTPServerResponsePart.head(head), promise: nil) }
        channel.writeAndFlush(HTTPServerResponsePart.end(nil), promise: nil)
      }
    }
    channel.closeFuture.whenComplete { _ in work.cancel() }
  }
}

/// Answers a sign of life with one, and texts with what the test says.
private final class PongHandler: ChannelInboundHandler {
  typealias InboundIn = WebSocketFrame
  typealias OutboundOut = WebSocketFrame

  private let answers: @Sendable (String) -> [String]

  init(_ answers: @escaping @Sendable (String) -> [String]) { self.answers = answers }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let frame = unwrapInboundIn(data)
    switch frame.opcode {
    case .text:
      for text in answers(String(buffer: frame.unmaskedData)) {
        context.write(
          wrapOutboundOut(WebSocketFrame(fin: true, opcode: .text, data: ByteBuffer(string: text))), promise: nil)
      }
      context.flush()
    case .ping:
      context.writeAndFlush(
        wrapOutboundOut(WebSocketFrame(fin: true, opcode: .pong, data: frame.unmaskedData)), promise: nil)
    case .connectionClose: context.close(promise: nil)
    default: break
    }
  }
}
