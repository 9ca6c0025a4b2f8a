import HTTPServing
import HTTPTypes
import NIOCore
import NIOHTTP1
import NIOHTTPTypes

/// What comes from the container.
extension GatewayHandler: Upstream.Reader {
  var mayRead: Bool { context?.channel.isWritable ?? false }

  func upstreamHead(_ head: HTTPResponseHead) {
    guard let context, let call else { return }
    self.call?.heard = .now()
    if head.status == .switchingProtocols {
      guard call.forwarded.asksForUpgrade else { return giveUp(.broken) }
      return becomeTunnel(head)
    }
    guard var response = ReturnedHead.head(head, call.target, for: call.visitor, host: call.request.authority) else {
      return giveUp(.broken)
    }
    guard head.status.code >= 200 else {
      // Before the answer itself: as it comes.
      response.headerFields = [:]
      context.writeAndFlush(wrapOutboundOut(.head(response)), promise: nil)
      return
    }
    self.call?.status = response.status.code
    response.headerFields.append(HTTPField(name: .date, value: DateLine.shared.text()))
    let isUnmeasuredHead = call.request.method == .head && response.headerFields[.contentLength] == nil
    // The parser reads nothing behind a request for an upgrade; and an answer that comes before the end of its request
    // leaves the rest of that on the line.
    if call.forwarded.asksForUpgrade || isUnmeasuredHead || !call.requestEnded {
      response.headerFields[.connection] = "close"
    }
    context.write(wrapOutboundOut(.head(response)), promise: nil)
  }

  func upstreamBody(_ bytes: ByteBuffer) {
    guard let context else { return }
    call?.heard = .now()
    count(egress: bytes.readableBytes)
    if case .tunnel = state {
      // At once: what the decoder had left over comes when no read ends behind it.
      tunnel?.write(bytes)
      tunnel?.flush()
    } else {
      context.write(wrapOutboundOut(.body(bytes)), promise: nil)
    }
  }

  func upstreamEnded() {
    guard let upstream = call?.upstream, let target = call?.target, let visitor = call?.visitor else { return }
    if case .tunnel = state {
      tunnel?.closeOutput()
      return
    }
    if call?.status == nil { return giveUp(.broken) }
    upstream.reader = nil
    if call?.requestEnded == true { pool.give(upstream, .init(target, visitor)) } else { upstream.close() }
    finish()
  }

  func upstreamFailed() {
    guard let context, let call else { return }
    self.call?.upstream = nil
    if case .tunnel = state { return cut() }
    guard call.status == nil else { return cut() }
    // It was closed while nobody used it: nothing of it has been answered, and nothing was done by it.
    if call.isReused, !call.hasBody {
      self.call?.isReused = false
      self.call?.requestEnded = false
      state = .opening
      if call.requestEnded { held.prepend(.end(nil)) }
      return connect(context)
    }
    state = .opening
    refuse(PortFault.broken)
  }

  func upstreamFlush() { if case .tunnel = state { tunnel?.flush() } else { context?.flush() } }

  func upstreamWritability(_ isWritable: Bool) {
    guard isWritable else { return }
    if case .tunnel = state { tunnel?.resume() } else { drain() }
  }
}
