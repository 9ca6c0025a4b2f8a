import NIOCore
import NIOHTTP1
import NIOPosix

/// A request as a test sees it.
struct MiniRequest: Sendable {
  var method: String
  var path: String
  var headers: HTTPHeaders
  var body: [UInt8]
}

/// What a test answers. `nil` for a body closes the connection instead.
struct MiniResponse: Sendable {
  var status: Int
  var headers: [(String, String)] = []
  var body: [UInt8]?
  /// The connection is closed after so many bytes of the body.
  var cutsOffAfter: Int?

  static let hangUp = MiniResponse(status: 0, body: nil)
}

/// HTTP/1.1 on a port of its own, answering with whatever a test says.
final class MiniServer: Sendable {
  private let channel: any Channel
  let address: String

  init(_ answer: @escaping @Sendable (MiniRequest) -> MiniResponse) async throws {
    channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.configureHTTPServerPipeline()
          try channel.pipeline.syncOperations.addHandler(Handler(answer))
        }
      }
      .bind(host: "127.0.0.1", port: 0).get()
    address = "http://127.0.0.1:\(channel.localAddress?.port ?? 0)"
  }

  func close() async { try? await channel.close() }

  private final class Handler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let answer: @Sendable (MiniRequest) -> MiniResponse
    private var request: MiniRequest?

    init(_ answer: @escaping @Sendable (MiniRequest) -> MiniResponse) { self.answer = answer }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      switch unwrapInboundIn(data) {
      case .head(let head):
        request = MiniRequest(method: head.method.rawValue, path: head.uri, headers: head.headers, body: [])
      case .body(let part): request?.body += part.readableBytesView
      case .end:
        guard let request else { return }
        let response = answer(request)
        guard let body = response.body else { return context.close(promise: nil) }
        var head = HTTPResponseHead(version: .http1_1, status: .init(statusCode: response.status))
        for (name, value) in response.headers { head.headers.add(name: name, value: value) }
        head.headers.replaceOrAdd(name: "Content-Length", value: "\(body.count)")
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        if let count = response.cutsOffAfter {
          context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: body.prefix(count))))), promise: nil)
          context.flush()
          return context.close(promise: nil)
        }
        context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: body)))), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
      }
    }
  }
}
