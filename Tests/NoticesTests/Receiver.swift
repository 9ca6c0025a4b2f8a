import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// A request that arrived at a receiver.
struct Received: Sendable {
  var headers: [String: String]
  var path: String
  var body: [UInt8]
}

/// Somebody's webhook on a port of its own, with whatever manners a test gives it.
final class Receiver: Sendable {
  enum Manner: Sendable {
    case status(Int, headers: [(String, String)] = [])
    /// Takes the request and says nothing.
    case silent
    /// Says 200 and never ends its body.
    case endless
    /// Never ends its head.
    case endlessHead
  }

  private let channel: any Channel
  private let taken = Mutex<[Received]>([])
  let port: Int

  var requests: [Received] { taken.withLock { $0 } }

  init(_ manner: Manner) async throws {
    let sink = Sink()
    channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.configureHTTPServerPipeline(withErrorHandling: false)
          try channel.pipeline.syncOperations.addHandler(Handler(manner) { sink.take($0) })
        }
      }
      .bind(host: "127.0.0.1", port: 0).get()
    port = channel.localAddress?.port ?? 0
    sink.target.withLock { $0 = self }
  }

  func close() async { try? await channel.close() }  // It may be closed already.

  private final class Sink: Sendable {
    let target = Mutex<Receiver?>(nil)
    func take(_ request: Received) { target.withLock { $0 }?.taken.withLock { $0.append(request) } }
  }

  private final class Handler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let manner: Manner
    private let take: (Received) -> Void
    private var request: Received?

    init(_ manner: Manner, _ take: @escaping (Received) -> Void) {
      self.manner = manner
      self.take = take
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      switch unwrapInboundIn(data) {
      case .head(let head):
        let headers = Dictionary(head.headers.map { ($0.name.lowercased(), $0.value) }) { first, _ in first }
        request = Received(headers: headers, path: head.uri, body: [])
      case .body(let part): request?.body += part.readableBytesView
      case .end:
        if let request { take(request) }
        answer(context)
      }
    }

    private func answer(_ context: ChannelHandlerContext) {
      var head = HTTPResponseHead(version: .http1_1, status: .ok)
      switch manner {
      case .silent: return
      case .status(let status, let headers):
        head.status = .init(statusCode: status)
        for (name, value) in headers { head.headers.add(name: name, value: value) }
        head.headers.add(name: "Content-Length", value: "0")
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
      case .endless:
        context.writeAndFlush(wrapOutboundOut(.head(head)), promise: nil)
        more(context)
      case .endlessHead:
        for number in 0..<100_000 { head.headers.add(name: "x-\(number)", value: String(repeating: "x", count: 64)) }
        context.writeAndFlush(wrapOutboundOut(.head(head)), promise: nil)
      }
    }

    private func more(_ context: ChannelHandlerContext) {
      let part = ByteBuffer(repeating: 0x78, count: 65_536)
      let loop = NIOLoopBound(context, eventLoop: context.eventLoop)
      let handler = NIOLoopBound(self, eventLoop: context.eventLoop)
      context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(part)))).whenSuccess {
        handler.value.more(loop.value)
      }
    }
  }
}
