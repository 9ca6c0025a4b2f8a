import Engine
import NIOCore
import NIOHTTP1
import NIOPosix

/// One connection to a port of a container, on the event loop of the client it serves.
///
/// It reads when it is told to: what comes is handed on at once, so nothing of it is kept here.
final class Upstream: ChannelInboundHandler {
  typealias InboundIn = HTTPClientResponsePart
  typealias OutboundOut = HTTPClientRequestPart

  /// Where its answers go. Called on the event loop.
  protocol Reader: AnyObject {
    func upstreamHead(_ head: HTTPResponseHead)
    func upstreamBody(_ bytes: ByteBuffer)
    /// The answer has ended. In a tunnel: the container has said all it will.
    func upstreamEnded()
    /// It is gone, or what came from it cannot be read.
    func upstreamFailed()
    func upstreamFlush()
    /// It takes more, or no more.
    func upstreamWritability(_ isWritable: Bool)
    /// Whether more may be read.
    var mayRead: Bool { get }
  }

  /// Kept while the connection is open: the right to have it.
  private let place: PortConnection
  private let rawBytes = RawBytes()
  private(set) var context: ChannelHandlerContext?
  weak var reader: (any Reader)?
  /// An answer is under way, and has ended so that another may follow.
  private var keepsAlive = false
  /// It carries bytes of another protocol now.
  private(set) var isTunnel = false
  private var becomesTunnel = false
  private var decoder: ByteToMessageHandler<HTTPResponseDecoder>?
  private var idle: Scheduled<Void>?
  /// It waits for the next request; called when it waits no more, because it is gone.
  private var gone: (() -> Void)?

  private init(_ place: PortConnection) { self.place = place }

  /// Opens a channel on a connected socket. On `loop`.
  static func open(_ place: PortConnection, on loop: any EventLoop) -> EventLoopFuture<NIOLoopBound<Upstream>> {
    guard let number = place.take() else { return loop.makeFailedFuture(ChannelError.alreadyClosed) }
    let upstream = NIOLoopBound(Upstream(place), eventLoop: loop)
    return ClientBootstrap(group: loop)
      .channelOption(.autoRead, value: false)
      .channelOption(.allowRemoteHalfClosure, value: true)
      .channelOption(.writeBufferWaterMark, value: .init(low: 64 << 10, high: 256 << 10))
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          let decoder = ByteToMessageHandler(
            HTTPResponseDecoder(leftOverBytesStrategy: .forwardBytes, informationalResponseStrategy: .forward))
          upstream.value.decoder = decoder
          let pipeline = channel.pipeline.syncOperations
          try pipeline.addHandler(HTTPRequestEncoder())
          try pipeline.addHandler(decoder)
          try pipeline.addHandler(upstream.value)
        }
      }
      .withConnectedSocket(number)
      .map { _ in upstream }
  }

  var isActive: Bool { context?.channel.isActive ?? false }
  var isWritable: Bool { context?.channel.isWritable ?? false }
  /// Whether the next request may use it: only behind an answer that ended.
  var isReusable: Bool { isActive && keepsAlive && !isTunnel }

  func read() { context?.read() }

  func send(_ part: HTTPClientRequestPart) {
    guard let context else { return }
    if case .head = part { keepsAlive = false }
    context.write(wrapOutboundOut(part), promise: nil)
  }

  func flush() { context?.flush() }

  func close() {
    context?.close(promise: nil)
  }

  // MARK: Tunnel

  /// Behind the answer that was read last, bytes pass as they are.
  func becomeTunnel() { becomesTunnel = true }

  /// The decoder gives up the bytes it holds.
  private func removeDecoder() {
    guard let context, let decoder else { return }
    isTunnel = true
    self.decoder = nil
    context.pipeline.syncOperations.removeHandler(decoder, promise: nil)
  }

  /// Past the encoder, which knows requests alone: from the head of the pipeline.
  func send(raw bytes: ByteBuffer) {
    guard let context else { return }
    raw(context)?.write(NIOAny(bytes), promise: nil)
  }

  func flushRaw() {
    guard let context else { return }
    raw(context)?.flush()
  }

  /// As if from the encoder: what it writes goes to the socket.
  private func raw(_ context: ChannelHandlerContext) -> ChannelHandlerContext? {
    // It is there as long as we are.
    try? context.pipeline.syncOperations.context(handlerType: HTTPRequestEncoder.self)  // Nothing to be told of.
  }

  func closeOutput() { context?.channel.close(mode: .output, promise: nil) }

  // MARK: Waiting for the next request

  /// Kept open for another; closed when none comes, or the container ends it.
  func rest(for time: TimeAmount, _ gone: @escaping () -> Void) {
    guard let context else { return }
    reader = nil
    self.gone = gone
    idle = context.eventLoop.assumeIsolated().scheduleTask(in: time) { [weak self] in self?.close() }
    // So that its end is noticed.
    context.read()
  }

  func wake(for reader: any Reader) {
    idle?.cancel()
    idle = nil
    gone = nil
    self.reader = reader
  }

  // MARK: ChannelInboundHandler

  func handlerAdded(context: ChannelHandlerContext) { self.context = context }

  func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    // What nobody asked for.
    guard let reader else { return close() }
    if isTunnel { return reader.upstreamBody(rawBytes.unwrapInboundIn(data)) }
    switch unwrapInboundIn(data) {
    case .head(let head):
      if head.status.code >= 200 || head.status == .switchingProtocols {
        keepsAlive = head.isKeepAlive && head.status != .switchingProtocols
      }
      reader.upstreamHead(head)
    case .body(let bytes): reader.upstreamBody(bytes)
    // Trailers are of the hop: chunked framing may be left out by the next.
    case .end: if becomesTunnel { removeDecoder() } else { reader.upstreamEnded() }
    }
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    guard let reader else { return }
    reader.upstreamFlush()
    if reader.mayRead { context.read() }
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    reader?.upstreamWritability(context.channel.isWritable)
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    guard case ChannelEvent.inputClosed? = event as? ChannelEvent else {
      return context.fireUserInboundEventTriggered(event)
    }
    guard isTunnel, let reader else { return close() }
    reader.upstreamEnded()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    reader?.upstreamFailed()
    reader = nil
    close()
  }

  func channelInactive(context: ChannelHandlerContext) {
    idle?.cancel()
    gone?()
    gone = nil
    let reader = reader
    self.reader = nil
    reader?.upstreamFailed()
  }
}

/// What passes once there is a tunnel.
private final class RawBytes: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
}

/// Connections that wait for their next request, of one event loop.
final class UpstreamPool {
  struct Key: Hashable {
    var target: PortTarget
    /// Each kind has places of its own, and what one has opened is not the other's.
    var visitor: PortVisitor

    init(_ target: PortTarget, _ visitor: PortVisitor) {
      self.target = target
      self.visitor = visitor
      self.target.path = ""
    }
  }
  private var waiting: [Key: [Upstream]] = [:]
  private let rules: GatewayRules

  init(_ rules: GatewayRules) { self.rules = rules }

  func take(_ key: Key) -> Upstream? {
    while let last = waiting[key]?.popLast() {
      if waiting[key]?.isEmpty == true { waiting[key] = nil }
      if last.isActive { return last }
    }
    return nil
  }

  func give(_ upstream: Upstream, _ key: Key) {
    // Strangers have fewer places, and what waits on one loop is of no use on another.
    let most = key.visitor == .holder ? rules.mostIdle : rules.mostIdle / 4
    guard upstream.isReusable, waiting[key]?.count ?? 0 < most else { return upstream.close() }
    waiting[key, default: []].append(upstream)
    upstream.rest(for: rules.idle) { [self] in
      waiting[key]?.removeAll { $0 === upstream }
      if waiting[key]?.isEmpty == true { waiting[key] = nil }
    }
  }
}
