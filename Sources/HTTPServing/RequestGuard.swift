import NIOCore
import NIOHTTP1

/// Stands between the HTTP parser and the framework, on one connection: turns away what is no request, answers what
/// cannot be parsed, keeps HTTP/1.0 from what it does not know, and ends connections that stand still.
///
/// Requests are answered in the order in which they came, and several may have come before the first is answered.
final class RequestGuard: ChannelDuplexHandler, RemovableChannelHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias InboundOut = HTTPServerRequestPart
  typealias OutboundIn = HTTPServerResponsePart
  typealias OutboundOut = HTTPServerResponsePart

  /// A request that was handed on and whose answer is not at its end.
  private struct Asked {
    var isHTTP10: Bool
    /// After its answer the connection ends.
    var isLast: Bool
    /// The answer has begun.
    var isAnswered = false
  }

  private let rules: ConnectionRules
  private let visit: Doorkeeper.Visit
  private var asked: [Asked] = []
  /// A request is being read, and whether it is the last of ``asked``: its answer may be at its end before it is.
  private var isReading = false
  private var isReadingAsked = false
  /// What is to be answered after them, in the place of something that is no request.
  private var refusal: RequestRules.Refusal?
  /// Nothing that comes is looked at any more.
  private var isDeaf = false
  /// The last answer of this connection was given: what else is written is dropped.
  private var isOver = false
  /// Closes the connection: see ``ConnectionRules``.
  private var patience: Scheduled<Void>?
  private var isClosing = false

  init(_ rules: ConnectionRules, _ visit: Doorkeeper.Visit) {
    self.rules = rules
    self.visit = visit
  }

  // MARK: The connection

  func channelActive(context: ChannelHandlerContext) {
    close(context, in: rules.firstHead)
    context.fireChannelActive()
  }

  func channelInactive(context: ChannelHandlerContext) {
    patience?.cancel()
    context.fireChannelInactive()
  }

  func handlerRemoved(context: ChannelHandlerContext) { patience?.cancel() }

  /// A client that takes nothing of its answer is not waited for without end.
  func channelWritabilityChanged(context: ChannelHandlerContext) {
    if !isClosing {
      if context.channel.isWritable { patience?.cancel() } else { close(context, in: rules.idle) }
    }
    context.fireChannelWritabilityChanged()
  }

  private func close(_ context: ChannelHandlerContext, in time: TimeAmount) {
    patience?.cancel()
    let channel = context.channel
    patience = context.eventLoop.scheduleTask(in: time) { channel.close(promise: nil) }
  }

  // MARK: What comes

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard !isDeaf else { return }
    switch Self.unwrapInboundIn(data) {
    case .head(let head):
      patience?.cancel()
      visit.isBusy = true
      do throws(RequestRules.Refusal) {
        try RequestRules.check(head)
      } catch {
        return refuse(error, context: context)
      }
      (isReading, isReadingAsked) = (true, true)
      asked.append(Asked(isHTTP10: head.version.minor == 0, isLast: !head.isKeepAlive))
    case .body: break
    case .end: (isReading, isReadingAsked) = (false, false)
    }
    context.fireChannelRead(data)
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    guard error is HTTPParserError else { return context.fireErrorCaught(error) }
    guard !isDeaf else { return }
    refuse(
      RequestRules.Refusal(status: 400, code: .badRequest, detail: "the request cannot be read"), context: context)
    context.fireErrorCaught(BrokenRequest())
  }

  /// Answers in the place of the framework, when what was asked before has its answer. Nothing is read after that.
  private func refuse(_ refusal: RequestRules.Refusal, context: ChannelHandlerContext) {
    isDeaf = true
    if isReading {
      // Its answer came before its end, or is on its way: there is no second one.
      guard isReadingAsked else { return end(context, after: context.eventLoop.makeSucceededVoidFuture()) }
      guard asked.last?.isAnswered == false else { return asked[asked.count - 1].isLast = true }
      asked.removeLast()
    }
    self.refusal = refusal
    if asked.isEmpty { answer(refusal, context: context) }
  }

  private func answer(_ refusal: RequestRules.Refusal, context: ChannelHandlerContext) {
    let text =
      "{\"type\":\"urn:leasehold:problem:\(refusal.code)\",\"title\":\"\(refusal.code)\","
      + "\"status\":\(refusal.status),\"code\":\"\(refusal.code)\",\"detail\":\"\(refusal.detail)\"}"
    let head = HTTPResponseHead(
      version: .http1_1, status: HTTPResponseStatus(statusCode: Int(refusal.status)),
      headers: [
        "content-type": "application/problem+json", "content-length": "\(text.utf8.count)", "connection": "close",
        "cache-control": "no-store", "x-content-type-options": "nosniff",
      ])
    context.write(Self.wrapOutboundOut(.head(head)), promise: nil)
    context.write(Self.wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: text)))), promise: nil)
    let written = context.eventLoop.makePromise(of: Void.self)
    context.writeAndFlush(Self.wrapOutboundOut(.end(nil)), promise: written)
    end(context, after: written.futureResult)
  }

  /// A connection that is closed with bytes unread is reset, and the client may never see its answer: it gets a moment
  /// to read it.
  private func end(_ context: ChannelHandlerContext, after written: EventLoopFuture<Void>) {
    (isOver, isDeaf) = (true, true)
    let context = NIOLoopBound(context, eventLoop: context.eventLoop)
    let mine = NIOLoopBound(self, eventLoop: context.eventLoop)
    written.whenComplete { _ in
      mine.value.isClosing = true
      mine.value.close(context.value, in: .seconds(2))
      context.value.close(mode: .output, promise: nil)
    }
  }

  // MARK: What is answered

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    guard !isOver else {
      promise?.succeed()
      return
    }
    switch Self.unwrapOutboundIn(data) {
    case .head(let head): write(head, context: context, promise: promise)
    case .body: context.write(data, promise: promise)
    case .end: writeEnd(data, context: context, promise: promise)
    }
  }

  private func write(_ head: HTTPResponseHead, context: ChannelHandlerContext, promise: EventLoopPromise<Void>?) {
    guard !asked.isEmpty else { return context.write(Self.wrapOutboundOut(.head(head)), promise: promise) }
    guard head.status.code >= 200 else {
      // HTTP/1.0 knows no answers before the answer (RFC 9110 §15.2).
      guard !asked[0].isHTTP10 else {
        promise?.succeed()
        return
      }
      return context.writeAndFlush(Self.wrapOutboundOut(.head(head)), promise: promise)
    }
    var head = head
    asked[0].isAnswered = true
    if asked[0].isHTTP10 {
      let isMeasured = head.headers.contains(name: "content-length") || !head.status.mayHaveResponseBody
      if !isMeasured {
        // No chunks: the end of the connection is the end of the answer. The encoder goes by the version.
        head.version = .http1_0
        asked[0].isLast = true
      }
      head.headers.replaceOrAdd(name: "connection", value: asked[0].isLast ? "close" : "keep-alive")
    } else if head.headers["connection"].contains(where: { $0.lowercased() == "close" }) {
      asked[0].isLast = true
    }
    context.write(Self.wrapOutboundOut(.head(head)), promise: promise)
  }

  private func writeEnd(_ end: NIOAny, context: ChannelHandlerContext, promise: EventLoopPromise<Void>?) {
    guard !asked.isEmpty else { return context.write(end, promise: promise) }
    let done = asked.removeFirst()
    visit.isBusy = !asked.isEmpty
    if asked.isEmpty { isReadingAsked = false }
    if done.isLast {
      let written = promise ?? context.eventLoop.makePromise(of: Void.self)
      context.writeAndFlush(end, promise: written)
      self.end(context, after: written.futureResult)
    } else {
      context.write(end, promise: promise)
      if let refusal, asked.isEmpty { answer(refusal, context: context) }
    }
  }
}
