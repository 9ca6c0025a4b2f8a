import Foundation
import NIOCore
import NIOPosix
import Synchronization

/// JSON-RPC over a unix socket, as Core Lightning serves it: requests without any mark between them, each answered when
/// its answer is ready.
public final class UnixServer: Sendable {
  public typealias Respond = @Sendable (_ request: [UInt8]) async -> [UInt8]

  public let path: String
  public let faults = WireFaults()
  /// What is written behind each reply.
  private let terminator: String
  private let respond: Respond
  private let connections = Connections()
  private let listener = Mutex<(any Channel)?>(nil)

  public init(path: String, terminator: String = "\n\n", _ respond: @escaping Respond) {
    self.path = path
    self.terminator = terminator
    self.respond = respond
  }

  public func start() async throws {
    try? FileManager.default.removeItem(atPath: path)  // None, or one left by a server that was stopped.
    let (faults, connections, terminator, respond) = (faults, connections, terminator, respond)
    let channel = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
      .childChannelInitializer { channel in
        connections.add(channel)
        return channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandlers(
            WireCutter(faults), RequestReader(faults, terminator, respond))
        }
      }
      .bind(unixDomainSocketPath: path).get()
    listener.withLock { $0 = channel }
  }

  public func stop() async {
    let channel = listener.withLock { listener in
      defer { listener = nil }
      return listener
    }
    try? await channel?.close()  // Closed already is as good.
    await connections.closeAll()
  }
}

/// Cuts what arrives into JSON objects by their brackets.
private final class RequestReader: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer

  private let faults: WireFaults
  private let terminator: String
  private let respond: UnixServer.Respond
  private var begun: [UInt8] = []
  private var depth = 0
  private var inString = false
  private var escaped = false

  init(_ faults: WireFaults, _ terminator: String, _ respond: @escaping UnixServer.Respond) {
    self.faults = faults
    self.terminator = terminator
    self.respond = respond
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    for byte in unwrapInboundIn(data).readableBytesView {
      if depth == 0, byte != UInt8(ascii: "{") { continue }
      begun.append(byte)
      if inString {
        if escaped {
          escaped = false
        } else if byte == UInt8(ascii: "\\") {
          escaped = true
        } else if byte == UInt8(ascii: "\"") {
          inString = false
        }
        continue
      }
      switch byte {
      case UInt8(ascii: "\""): inString = true
      case UInt8(ascii: "{"): depth += 1
      case UInt8(ascii: "}"): depth -= 1
      default: break
      }
      if depth == 0 {
        answer(begun, context.channel)
        begun = []
      }
    }
  }

  private func answer(_ request: [UInt8], _ channel: any Channel) {
    let (faults, terminator, respond) = (faults, terminator, respond)
    let work = Task {
      let reply = await respond(request)
      guard await faults.mayAnswer(String(decoding: request, as: UTF8.self)) else { return }
      // Whoever has gone does not hear it.
      try? await channel.writeAndFlush(ByteBuffer(bytes: faults.rewritten(reply) + Array(terminator.utf8)))
    }
    channel.closeFuture.whenComplete { _ in work.cancel() }
  }
}
