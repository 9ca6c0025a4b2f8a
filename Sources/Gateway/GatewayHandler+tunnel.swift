import HTTPTypes
import NIOCore
import NIOHTTP1
import NIOHTTPTypes

/// Connections that have become something else.
extension GatewayHandler {
  var tunnel: ClientTunnel? {
    try? context?.pipeline.syncOperations.handler(type: ClientTunnel.self)  // There is one from the answer 101 on.
  }

  /// Both speak another protocol now, which is nobody else's: bytes pass as they are.
  func becomeTunnel(_ head: HTTPResponseHead) {
    guard let context, let upstream = call?.upstream else { return }
    var fields = HTTPFields()
    for (name, value) in head.headers {
      let lower = name.lowercased()
      let isShown = lower == "upgrade" || lower.hasPrefix("sec-websocket-")
      guard isShown, let field = HTTPField.Name(lower), HTTPField.isValidValue(value) else { continue }
      fields.append(HTTPField(name: field, value: value))
    }
    fields.append(HTTPField(name: .connection, value: "upgrade"))
    call?.status = 101
    state = .tunnel
    context.writeAndFlush(
      wrapOutboundOut(.head(HTTPResponse(status: .init(code: 101), headerFields: fields))), promise: nil)
    let tunnel = ClientTunnel(self, upstream)
    do {
      try context.pipeline.syncOperations.addHandler(tunnel, position: .first)
    } catch {
      return cut()
    }
    upstream.becomeTunnel()
    upstream.read()
  }

  func tunnelled(_ bytes: ByteBuffer) {
    call?.heard = .now()
    count(ingress: bytes.readableBytes)
  }
}

/// In front of everything on a client's connection that has become a tunnel.
final class ClientTunnel: ChannelDuplexHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private unowned let gateway: GatewayHandler
  private let upstream: Upstream
  private var context: ChannelHandlerContext?
  private var isReadWanted = false

  init(_ gateway: GatewayHandler, _ upstream: Upstream) {
    self.gateway = gateway
    self.upstream = upstream
  }

  func handlerAdded(context: ChannelHandlerContext) { self.context = context }
  func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let bytes = unwrapInboundIn(data)
    gateway.tunnelled(bytes)
    upstream.send(raw: bytes)
  }

  func channelReadComplete(context: ChannelHandlerContext) { upstream.flushRaw() }

  func read(context: ChannelHandlerContext) {
    if upstream.isWritable { context.read() } else { isReadWanted = true }
  }

  func resume() {
    guard isReadWanted else { return }
    isReadWanted = false
    context?.read()
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if case ChannelEvent.inputClosed? = event as? ChannelEvent { return upstream.closeOutput() }
    context.fireUserInboundEventTriggered(event)
  }

  func write(_ bytes: ByteBuffer) { context?.write(wrapOutboundOut(bytes), promise: nil) }
  func flush() { context?.flush() }

  func closeOutput() {
    guard let context else { return }
    flush()
    context.close(mode: .output, promise: nil)
  }
}
