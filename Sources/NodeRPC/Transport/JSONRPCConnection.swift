import NIOCore
import NIOPosix
import Synchronization
import Units

/// One connection that speaks JSON-RPC 2.0 over a unix socket. Requests go out as they come; replies are matched by
/// their id, in whatever order they arrive.
final class JSONRPCConnection: Sendable {
  private let channel: any Channel
  private let replies: Replies

  private init(_ channel: any Channel, _ replies: Replies) {
    self.channel = channel
    self.replies = replies
  }

  deinit { channel.close(promise: nil) }

  static func open(_ path: String, limits: RPCLimits, attempted: String) async throws(RPCError) -> JSONRPCConnection {
    // `sun_path` of Linux: longer ones are cut by no one, and refused by the kernel in other words.
    guard path.utf8.count <= 107 else {
      throw RPCError(.notSent, attempted: attempted, words: "the socket's path is over 107 bytes")
    }
    let replies = Replies()
    do {
      let channel = try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
        .connectTimeout(.seconds(limits.connect.count))
        .channelInitializer { channel in
          channel.eventLoop.makeCompletedFuture {
            try channel.pipeline.syncOperations.addHandler(ReplyReader(replies, limit: limits.answerBytes))
          }
        }
        .connect(unixDomainSocketPath: path).get()
      return JSONRPCConnection(channel, replies)
    } catch {
      throw RPCError(
        .notSent, attempted: attempted, words: "no connection to the socket: \(RPCError.plain("\(error)"))")
    }
  }

  /// Whether a call has a chance: the other end has not gone, as far as is known.
  var isOpen: Bool { replies.isOpen }

  func close() { channel.close(promise: nil) }

  /// Sends a request and waits for the reply with its id, as long as the task lives.
  func call(_ request: [UInt8], id: String, attempted: String) async throws(RPCError) -> [UInt8] {
    let result = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        guard replies.expect(id, continuation) else { return }
        channel.writeAndFlush(ByteBuffer(bytes: request)).whenFailure { [replies] _ in
          replies.end(.lost("the connection was lost"))
        }
      }
    } onCancel: {
      replies.answer(id, .failure(.lost("given up")))
    }
    switch result {
    case .success(let reply): return reply
    case .failure(let end): throw end.error(attempted)
    }
  }
}

/// Who waits for which reply.
private final class Replies: Sendable {
  typealias Waiter = CheckedContinuation<Result<[UInt8], End>, Never>

  enum End: Error {
    case lost(String)
    case garbage(String)

    func error(_ attempted: String) -> RPCError {
      switch self {
      case .lost(let words): RPCError(.lost, attempted: attempted, words: words)
      case .garbage(let words): RPCError(.garbage, attempted: attempted, words: words)
      }
    }
  }

  private struct State {
    var waiting: [String: Waiter] = [:]
    var end: End?
  }

  private let state = Mutex(State())

  var isOpen: Bool { state.withLock { $0.end == nil } }

  /// False when there is nothing to wait for any more; the waiter has been told.
  func expect(_ id: String, _ waiter: Waiter) -> Bool {
    let end: End? = state.withLock { state in
      if let end = state.end { return end }
      // Looked at under the lock: a cancellation from here on finds the waiter.
      if Task.isCancelled { return .lost("given up") }
      state.waiting[id] = waiter
      return nil
    }
    if let end { waiter.resume(returning: .failure(end)) }
    return end == nil
  }

  /// An id nobody waits for is one that was given up.
  func answer(_ id: String, _ result: Result<[UInt8], End>) {
    state.withLock { $0.waiting.removeValue(forKey: id) }?.resume(returning: result)
  }

  func end(_ end: End) {
    let waiters = state.withLock { state in
      if state.end == nil { state.end = end }
      defer { state.waiting = [:] }
      return state.waiting.values
    }
    for waiter in waiters { waiter.resume(returning: .failure(end)) }
  }
}

/// Cuts what arrives into replies.
///
/// A reply ends with its last bracket; Core Lightning writes an empty line behind it, which is not waited for, since what
/// stands in between (a proxy, another version) may not. An empty line anywhere else ends what is no reply.
private final class ReplyReader: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer

  private struct Envelope: Decodable { var id: String }

  private let replies: Replies
  private let limit: Int
  private var begun: [UInt8] = []
  private var brackets = JSONBrackets()
  /// Line ends that may still follow the last reply.
  private var trailing = 0

  init(_ replies: Replies, limit: Int) {
    self.replies = replies
    self.limit = limit
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    for byte in unwrapInboundIn(data).readableBytesView {
      if trailing > 0, begun.isEmpty, Self.isSpace(byte) {
        if byte == UInt8(ascii: "\n") { trailing -= 1 }
        continue
      }
      let isEmptyLine = byte == UInt8(ascii: "\n") && begun.last == UInt8(ascii: "\n")
      guard begun.count < limit else { return fail(.garbage("a reply over \(limit) bytes"), context) }
      begun.append(byte)
      let isWhole = brackets.close(with: byte)
      guard isWhole || isEmptyLine else { continue }
      guard deliver(context) else { return }
      begun = []
      brackets = JSONBrackets()
      trailing = isWhole ? 2 : 0
    }
  }

  private static func isSpace(_ byte: UInt8) -> Bool { byte == 32 || (9...13).contains(byte) }

  private func deliver(_ context: ChannelHandlerContext) -> Bool {
    do throws(RPCError) {
      let envelope = try Answer.read(begun, "reply", as: Envelope.self)
      replies.answer(envelope.id, .success(begun))
      return true
    } catch {
      fail(.garbage(error.words), context)
      return false
    }
  }

  func channelInactive(context: ChannelHandlerContext) {
    replies.end(.lost("the node closed the connection"))
    context.fireChannelInactive()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    fail(.lost("the connection was lost"), context)
  }

  private func fail(_ end: Replies.End, _ context: ChannelHandlerContext) {
    replies.end(end)
    context.close(promise: nil)
  }
}

/// Follows JSON by its brackets, as far as it takes to see where a value ends.
private struct JSONBrackets {
  private var depth = 0
  private var inString = false
  private var escaped = false

  /// Whether this byte closes the outermost bracket.
  mutating func close(with byte: UInt8) -> Bool {
    if inString {
      if escaped {
        escaped = false
      } else if byte == UInt8(ascii: "\\") {
        escaped = true
      } else if byte == UInt8(ascii: "\"") {
        inString = false
      }
      return false
    }
    switch byte {
    case UInt8(ascii: "\""): inString = true
    case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
    case UInt8(ascii: "}"), UInt8(ascii: "]"):
      depth -= 1
      return depth == 0
    default: break
    }
    return false
  }
}
