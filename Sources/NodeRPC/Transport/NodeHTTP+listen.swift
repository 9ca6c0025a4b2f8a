import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import NIOWebSocket
import Units

extension NodeHTTP {
  /// Opens a WebSocket (RFC 6455) and hands each text over, until the connection ends or the task is cancelled; the
  /// end is always an error.
  ///
  /// The other end is asked for a sign of life every 15 seconds and taken for gone after 45 without one, so that a
  /// connection that died unheard is not waited on for ever.
  ///
  /// - Parameter onOpen: called once, before the first text.
  func listen(
    _ path: String, attempted: String, onOpen: @escaping @Sendable () -> Void,
    onText: @escaping @Sendable ([UInt8]) -> Void
  ) async throws(RPCError) {
    do {
      guard let socket = try await connect(path).get() else {
        throw RPCError(.notSent, attempted: attempted, words: "the node opens no WebSocket here")
      }
      try await socket.executeThenClose { inbound, outbound in
        onOpen()
        try await withThrowingTaskGroup(of: Void.self) { group in
          group.addTask {
            while true {
              try await sleep(15)
              try await outbound.write(WebSocketFrame.masked(.ping, ByteBuffer()))
            }
          }
          group.addTask {
            for try await frame in inbound {
              switch frame.opcode {
              case .text: onText(Array(buffer: frame.unmaskedData))
              case .ping: try await outbound.write(WebSocketFrame.masked(.pong, frame.unmaskedData))
              case .connectionClose: return
              default: break
              }
            }
          }
          // Whichever ends first ends both.
          try await group.next()
          group.cancelAll()
        }
      }
      throw RPCError(.lost, attempted: attempted, words: "the WebSocket was closed")
    } catch let error as RPCError {
      throw error
    } catch {
      throw RPCError(
        isOfConnecting(error) ? .notSent : .lost, attempted: attempted,
        words: RPCError.plain("\(error)", hiding: secrets))
    }
  }

  private typealias Socket = NIOAsyncChannel<WebSocketFrame, WebSocketFrame>

  /// `nil` when the node answered something other than an upgrade.
  private func connect(_ path: String) async throws -> EventLoopFuture<Socket?> {
    let context = address.isSecure ? try NIOSSLContext(configuration: tls) : nil
    let limit = min(limits.answerBytes, 1 << 20)
    let host = address.host
    var fields = HTTPHeaders(headers)
    fields.add(name: "Host", value: "\(host.contains(":") ? "[\(host)]" : host):\(address.port)")
    fields.add(name: "Content-Length", value: "0")
    let head = HTTPRequestHead(version: .http1_1, method: .GET, uri: address.prefix + path, headers: fields)
    return try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
      .connectTimeout(.seconds(limits.connect.count))
      .connect(host: host, port: address.port) { channel in
        channel.eventLoop.makeCompletedFuture {
          if let context {
            // What is not an address is a name.
            let isName = (try? SocketAddress(ipAddress: host, port: 0)) == nil
            try channel.pipeline.syncOperations.addHandler(
              try NIOSSLClientHandler(context: context, serverHostname: isName ? host : nil))
          }
          return try Self.upgrade(channel, head, limit: limit)
        }
      }
  }

  private static func upgrade(
    _ channel: any Channel, _ head: HTTPRequestHead, limit: Int
  ) throws -> EventLoopFuture<Socket?> {
    let upgrader = NIOTypedWebSocketClientUpgrader<Socket?>(
      maxFrameSize: limit,
      upgradePipelineHandler: { channel, _ in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandlers([
            NIOWebSocketFrameAggregator(
              minNonFinalFragmentSize: 0, maxAccumulatedFrameCount: 256, maxAccumulatedFrameSize: limit),
            IdleStateHandler(readTimeout: .seconds(45)),
            SilenceEnds(),
          ])
          let socket = try Socket(wrappingChannelSynchronously: channel)
          // Where the connection ends before the upgrade is reported, nobody ever has it. It lives until its channel is
          // closed, for its writer traps when it goes before.
          channel.closeFuture.whenComplete { _ in withExtendedLifetime(socket) {} }
          return socket
        }
      })
    return try channel.pipeline.syncOperations.configureUpgradableHTTPClientPipeline(
      configuration: .init(
        upgradeConfiguration: NIOTypedHTTPClientUpgradeConfiguration(
          upgradeRequestHead: head, upgraders: [upgrader],
          notUpgradingCompletionHandler: { channel in
            channel.close(promise: nil)
            return channel.eventLoop.makeSucceededFuture(nil)
          })))
  }
}

/// Closes a channel on which nothing has arrived for too long.
private final class SilenceEnds: ChannelInboundHandler {
  typealias InboundIn = WebSocketFrame

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if event is IdleStateHandler.IdleStateEvent {
      context.close(promise: nil)
    } else {
      context.fireUserInboundEventTriggered(event)
    }
  }
}

extension WebSocketFrame {
  /// A client masks what it sends.
  fileprivate static func masked(_ opcode: WebSocketOpcode, _ data: ByteBuffer) -> WebSocketFrame {
    WebSocketFrame(fin: true, opcode: opcode, maskKey: .random(), data: data)
  }
}
