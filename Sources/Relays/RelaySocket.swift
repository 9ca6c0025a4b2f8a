import L402
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import NIOWebSocket

/// A WebSocket (RFC 6455) to a relay, for one conversation.
struct RelaySocket: Sendable {
  private typealias Channel = NIOAsyncChannel<WebSocketFrame, WebSocketFrame>

  let relay: RelayAddress
  let tls: TLSConfiguration
  let mark: SentMark
  /// For a connection, with TLS and upgrade; the whole of it is bounded by whoever asks.
  private static let connecting = TimeAmount.seconds(5)

  /// Holds the conversation: begins it, hands over each text, and does what it answers, until `body` has what it wants.
  ///
  /// - Returns: what `conclude` made of the first reaction that it has an answer to.
  func talk<Answer: Sendable>(
    _ conversation: RelayConversation, at addresses: [SocketAddress],
    conclude: @escaping @Sendable (RelayConversation.Reaction) throws -> Answer?
  ) async throws -> Answer {
    guard let channel = try await open(addresses) else {
      throw RelayFault(.notSent, "it opens no WebSocket")
    }
    return try await channel.executeThenClose { inbound, outbound in
      var conversation = conversation
      do {
        let first = conversation.begin()
        if conversation.wasSent { mark.set() }
        try await outbound.write(.masked(.text, first))
        for try await frame in inbound {
          switch frame.opcode {
          case .text:
            let reaction = conversation.hear(Array(buffer: frame.unmaskedData))
            if case .send(let text) = reaction {
              mark.set()
              try await outbound.write(.masked(.text, text))
            }
            if case .fail(let fault) = reaction { throw fault }
            if let answer = try conclude(reaction) { return answer }
          case .ping:
            // Counted with the texts: whoever only pings is not listened to for ever.
            if case .fail(let fault) = conversation.hear([]) { throw fault }
            try await outbound.write(
              WebSocketFrame(fin: true, opcode: .pong, maskKey: .random(), data: frame.unmaskedData))
          case .connectionClose:
            throw RelayFault(.notSent, "it closed the connection").after(sending: conversation.wasSent)
          default: break
          }
        }
        throw RelayFault(.notSent, "it closed the connection").after(sending: conversation.wasSent)
      } catch let fault as RelayFault {
        throw fault
      } catch let error as CancellationError {
        throw error
      } catch {
        throw RelayFault(.notSent, "the connection broke").after(sending: conversation.wasSent)
      }
    }
  }

  private func open(_ addresses: [SocketAddress]) async throws -> Channel? {
    var last = RelayFault(.notSent, "it cannot be reached")
    for address in addresses {
      do {
        return try await open(address).get()
      } catch let error as CancellationError {
        throw error
      } catch is NIOSSLError {
        last = RelayFault(.notSent, "its certificate is not for its name, or not trusted here")
      } catch {
        last = RelayFault(.notSent, "it cannot be reached")
      }
    }
    throw last
  }

  private func open(_ address: SocketAddress) async throws -> EventLoopFuture<Channel?> {
    let context = relay.isSecure ? try NIOSSLContext(configuration: tls) : nil
    var fields = HTTPHeaders()
    fields.add(name: "Host", value: relay.authority)
    fields.add(name: "Content-Length", value: "0")
    let head = HTTPRequestHead(version: .http1_1, method: .GET, uri: relay.target, headers: fields)
    let name = IPAddress(relay.host) == nil ? relay.host : nil
    return try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
      .connectTimeout(Self.connecting)
      .connect(to: address) { channel in
        channel.eventLoop.makeCompletedFuture {
          if let context {
            try channel.pipeline.syncOperations.addHandler(
              try NIOSSLClientHandler(context: context, serverHostname: name))
          }
          return try Self.upgrade(channel, head)
        }
      }
  }

  private static func upgrade(
    _ channel: any NIOCore.Channel, _ head: HTTPRequestHead
  ) throws -> EventLoopFuture<Channel?> {
    let limit = RelayConversation.longestText
    let upgrader = NIOTypedWebSocketClientUpgrader<Channel?>(
      maxFrameSize: limit,
      upgradePipelineHandler: { channel, _ in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(
            NIOWebSocketFrameAggregator(
              minNonFinalFragmentSize: 0, maxAccumulatedFrameCount: 64, maxAccumulatedFrameSize: limit))
          let socket = try Channel(wrappingChannelSynchronously: channel)
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

extension WebSocketFrame {
  /// A client masks what it sends.
  fileprivate static func masked(_ opcode: WebSocketOpcode, _ text: String) -> WebSocketFrame {
    WebSocketFrame(fin: true, opcode: opcode, maskKey: .random(), data: ByteBuffer(string: text))
  }
}
